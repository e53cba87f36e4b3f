from itertools import pairwise

import numpy as np
import pytest

from features.faces import Faces
from zoo.inference.tracking import RESTING_LEAD, Agreement, Held, Tracker, hold, steady
from zoo.labels import FIVE, SEVEN, SIX, LabelSet
from zoo.models.resting import Reference
from zoo.prediction import Prediction

RATE = 20.0
SIZE = (640, 480)
OVAL = np.random.default_rng(0).uniform(-1, 1, (468, 3)) * [35, 50, 10]
for _point, _place in {33: (-25, -20), 133: (-8, -20), 362: (8, -20), 263: (25, -20)}.items():
    OVAL[_point, :2] = _place
for _point, _place in {61: (-15, 25), 291: (15, 25), 10: (0, -50), 152: (0, 50)}.items():
    OVAL[_point, :2] = _place


def faces_at(*centres, scale: float = 1.0) -> Faces:
    """Faces of 100 pixels height around these points."""
    if not centres:
        return Faces.empty(SIZE)
    return Faces(np.array([OVAL * scale + [x, y, 0] for x, y in centres], np.float32), SIZE)


def numbers_of(frames) -> list[list[int]]:
    tracker = Tracker()
    return [tracker.follow(faces, i / RATE) for i, faces in enumerate(frames)]


def test_eight_faces_keep_their_numbers_whatever_their_order():
    rng = np.random.default_rng(1)
    places = np.array([(60 + 160 * (i % 4), 100 + 220 * (i // 4)) for i in range(8)], float)
    tracker, number_at = Tracker(), {}
    for t in range(60):
        order = rng.permutation(8)
        moved = places + 20 * np.sin(t / 5 + np.arange(8))[:, None]
        for i, number in zip(order, tracker.follow(faces_at(*moved[order]), t / RATE), strict=True):
            assert number_at.setdefault(i, number) == number
    assert sorted(number_at.values()) == list(range(1, 9))


def test_two_faces_cross_and_stay_themselves():
    ways = [((100 + 9 * t, 240), (540 - 9 * t, 260)) for t in range(50)]
    assert numbers_of(faces_at(*way) for way in ways) == [[1, 2]] * 50


def test_a_face_hidden_behind_another_while_crossing_is_the_same_when_it_comes_out():
    frames = []
    for t in range(50):
        front, back = (100 + 9 * t, 240), (540 - 9 * t, 250)
        hidden = abs(front[0] - back[0]) < 70
        frames.append(faces_at(front) if hidden else faces_at(back, front))
    seen = numbers_of(frames)
    assert [1] not in seen and [2] in seen  # the one in front goes on as itself
    assert all(numbers == [1, 2] for numbers in seen if len(numbers) == 2)


@pytest.mark.parametrize(("lost", "number"), [(0.3, 1), (0.6, 1), (1.5, 2)])
def test_a_lost_face_keeps_its_number_for_a_while(lost, number):
    tracker = Tracker()
    assert tracker.follow(faces_at((300, 200)), 0.0) == [1]
    assert tracker.follow(faces_at(), 0.05) == []
    assert tracker.follow(faces_at((320, 205)), lost) == [number]


@pytest.mark.parametrize(("pause", "number"), [(1.0, 1), (5.0, 2)])
def test_a_slow_server_is_not_a_loss(pause, number):
    tracker = Tracker()
    tracker.follow(faces_at((300, 200)), 0.0)
    assert tracker.follow(faces_at((310, 200)), pause) == [number]


def test_six_faces_that_fidget_keep_their_numbers_at_two_frames_a_second():
    rng = np.random.default_rng(2)
    places = np.array([(60 + 250 * (i % 3), 100 + 250 * (i // 3)) for i in range(6)], float)
    tracker = Tracker()
    for t in range(40):
        moved = places + rng.uniform(-45, 45, 2)  # face heights of 100
        assert tracker.follow(faces_at(*moved), t / 2) == [1, 2, 3, 4, 5, 6]


def test_a_cut_to_a_closer_view_is_not_another_face():
    """As in the example clip of the Video tab, after one second."""
    assert numbers_of([faces_at((210, 116)), faces_at((233, 196), scale=1.8)]) == [[1], [1]]


def test_another_face_far_away_is_another():
    assert numbers_of([faces_at((100, 200)), faces_at((500, 200))]) == [[1], [2]]
    assert numbers_of([faces_at((200, 200)), faces_at((200, 200), scale=3.0)]) == [[1], [2]]


def answers(*rows) -> list[Prediction]:
    return [Prediction(np.array([row]), FIVE) for row in rows]


def switches(labels: list[str]) -> int:
    return sum(a != b for a, b in pairwise(labels))


def run(sequence: list[Prediction], labels: LabelSet, rate: float = RATE) -> list:
    states, state = [], None
    for i, answer in enumerate(sequence):
        state = steady(state, answer, labels, i / rate)
        states.append(state)
    return states


def test_flicker_is_cut_to_a_tenth_or_less():
    rng = np.random.default_rng(2)
    noisy = rng.dirichlet([1.0, 5.0, 1.0, 1.0, 4.5], 600)  # half a minute between happy and neutral
    sequence = answers(*noisy)
    raw = switches([answer.names[0] for answer in sequence])
    shown = switches([state.held.label for state in run(sequence, FIVE)])
    assert raw > 150
    assert shown <= raw / 10


@pytest.mark.parametrize("rate", [8.0, 25.0])
def test_a_clear_change_is_shown_within_a_second_at_any_rate(rate):
    happy, sad = (0.02, 0.9, 0.02, 0.02, 0.04), (0.02, 0.02, 0.9, 0.02, 0.04)
    count = round(2 * rate)
    labels = [state.held.label for state in run(answers(*[happy] * count, *[sad] * count), FIVE, rate)]
    at = labels.index("sad") - count
    assert 0.25 * rate <= at <= 0.8 * rate
    assert set(labels[:count]) == {"happy"}


def test_averages_are_probabilities_and_come_to_the_newest():
    last = run(answers(*np.eye(5)[[0] * 3 + [2] * 60]), FIVE)[-1]
    assert last.probs.sum() == pytest.approx(1, abs=1e-5)
    assert last.probs[2] > 0.99


def test_a_short_lead_or_a_small_one_changes_nothing():
    held = Held("happy")
    small, large = np.array([0.0, 0.45, 0.55, 0, 0]), np.array([0.0, 0.2, 0.8, 0, 0])
    for t in range(20):
        assert hold(held, small, FIVE, t / RATE) == held
    rising = hold(held, large, FIVE, 0.0)
    assert rising == Held("happy", "sad", 0.0)
    assert hold(rising, small, FIVE, 0.1) == held
    assert hold(rising, large, FIVE, 0.2).label == "happy"
    assert hold(rising, large, FIVE, 0.25) == Held("sad")


def test_other_labels_on_the_fly_keep_the_average():
    seven = Prediction(np.array([[0.1, 0.05, 0.05, 0.2, 0.1, 0.1, 0.4]]), SEVEN)
    before = steady(None, seven, SEVEN, 0.0)
    after = steady(before, seven, SIX, 0.05)
    assert before.held.label == "neutral" and after.held.label == "happy"
    np.testing.assert_allclose(after.probs, before.probs, atol=1e-6)


def test_back_at_rest_the_label_goes_back_to_neutral():
    reference = Reference.of(Prediction(np.array([[0.1, 0.1, 0.1, 0.1, 0.4, 0.1, 0.1]]), SEVEN))
    smile = reference.applied(Prediction(np.array([[0.02, 0.02, 0.02, 0.8, 0.1, 0.02, 0.02]]), SEVEN))
    rest = reference.applied(Prediction(np.array([[0.1, 0.1, 0.1, 0.1, 0.4, 0.1, 0.1]]), SEVEN))
    state = None
    for i in range(20):
        state = steady(state, smile, SEVEN, i / 15, RESTING_LEAD)
    assert state.held.label == "happy"
    for i in range(20, 60):
        state = steady(state, rest, SEVEN, i / 15, RESTING_LEAD)
    assert state.held.label == "neutral"


def test_agreement_counts_frames():
    assert Agreement().rate == 1.0
    counted = Agreement().plus(True).plus(False).plus(True).plus(True)
    assert counted.rate == 0.75 and counted.frames == 4
