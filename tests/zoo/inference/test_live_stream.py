import base64
import io
import json
import os
import platform
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from features import images
from features.face_tracking import Readers
from features.image_files import read_jpeg
from features.images import ImageError
from tests.waiting import begun, ended, wait_for
from zoo.inference import live_sessions
from zoo.inference.live_sessions import FullError, Viewers
from zoo.inference.live_stream import OFFER_SECONDS, PREFIX, READINGS, REST_SECONDS, Options, Viewer, read_frame
from zoo.labels import OWN, SEVEN, SIX, LabelSet
from zoo.models import registry
from zoo.models.resting import FRAMES, Reference
from zoo.prediction import Prediction
from zoo.sessions.memory import give_back_memory
from zoo.sessions.pages import Everyone

RATE = 20.0


def data_url(image: np.ndarray, kind: str = "JPEG") -> str:
    stored = io.BytesIO()
    Image.fromarray(image).save(stored, kind)
    return PREFIX + base64.b64encode(stored.getvalue()).decode()


@pytest.fixture(scope="module")
def frame(portrait) -> np.ndarray:
    return cv2.resize(portrait[:384], (320, 240), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def pair(frame) -> np.ndarray:
    """Two faces, the right one mirrored."""
    left = frame[:, 60:220]
    return np.ascontiguousarray(np.concatenate([left, left[:, ::-1]], axis=1))


@pytest.fixture
def models(two_models):
    return [registry.load(name, two_models) for name in ("first", "second")]


@pytest.fixture
def viewer():
    opened = Viewer()
    yield opened
    opened.close()


def test_a_frame_comes_back_as_it_was_sent(frame):
    read = read_frame(data_url(frame))
    assert read.shape == frame.shape and read.dtype == np.uint8
    assert np.abs(read.astype(int) - frame).mean() < 6


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "not a camera frame"),
        (["data:image/jpeg;base64,"], "not a camera frame"),
        ("data:image/png;base64,AAAA", "not a camera frame"),
        ("http://127.0.0.1/a.jpg", "not a camera frame"),
        (PREFIX + "A" * 400_000, "characters"),
        (PREFIX + "?!", "not a JPEG"),
        (PREFIX, "not a JPEG"),
        (data_url(np.zeros((8, 8, 3), np.uint8), "PNG"), "not a JPEG"),
        (data_url(np.zeros((4000, 4000, 3), np.uint8)), "pixels"),
        (data_url(np.zeros((240, 320, 3), np.uint8))[:400], "not a JPEG|damaged"),
    ],
    ids=["none", "list", "png", "address", "long", "letters", "empty", "png-inside", "large", "cut"],
)
def test_what_is_not_a_small_jpeg_is_refused_in_a_sentence(text, words):
    with pytest.raises(ImageError, match=words):
        read_frame(text)


def test_a_frame_that_is_a_program_is_not_run(eps):
    with pytest.raises(ImageError, match="not a JPEG"):
        read_frame(PREFIX + base64.b64encode(eps.read_bytes()).decode())


def test_large_frames_are_refused_before_they_are_decoded(monkeypatch):
    monkeypatch.setattr("features.images.load", lambda data: pytest.fail("was decoded"))
    with pytest.raises(ImageError):
        read_frame(data_url(np.zeros((1000, 1000, 3), np.uint8)))


def test_the_header_of_a_frame_is_read_once(monkeypatch, frame):
    read = []
    monkeypatch.setattr(images, "read_jpeg", lambda data: read.append(data) or read_jpeg(data))
    assert read_frame(data_url(frame)).shape == frame.shape
    assert len(read) == 1


def test_one_face_and_two_models_as_plain_numbers(viewer, models, frame):
    for i in range(5):
        seen = viewer.step(frame, models, SIX, Options(mesh=True), i / RATE)
    answer = json.loads(json.dumps(seen.as_json()))
    (face,) = answer["faces"]
    assert face["number"] == 1 and answer["size"] == [320, 240] and answer["labels"] == list(SIX)
    assert len(face["mesh"]) == 2 * 468
    assert face["box"][0] < face["mesh"][0] < face["box"][2]
    assert list(face["answers"]) == ["first", "second"]
    assert all(sum(probs) == pytest.approx(1, abs=0.01) for probs in face["answers"].values())
    assert set(face["shown"].values()) <= set(SIX)
    assert set(answer["ms"]) == {"mesh", "align", "first", "second"}


def test_models_labels_and_options_change_on_the_fly(viewer, models, frame):
    viewer.step(frame, models, SEVEN, Options(), 0.0)
    seen = viewer.step(frame, models[1:], SIX, Options(smooth=False), 0.05)
    (face,) = seen.as_json()["faces"]
    assert list(face["answers"]) == ["second"] and len(face["answers"]["second"]) == 6
    assert face["mesh"] is None and face["number"] == 1


@pytest.mark.parametrize("smooth", [True, False])
def test_made_up_classes_are_answered_in_themselves(viewer, models, make_checkpoint, frame, smooth):
    own = LabelSet(OWN, ("wink", "no wink"))
    taught = registry.load("taught", make_checkpoint("taught", labels=own))
    sent = viewer.step(frame, [*models, taught], SIX, Options(smooth=smooth), 0.0).as_json()
    (face,) = sent["faces"]
    assert sent["own"] == {"taught": ["wink", "no wink"]} and face["shown"]["taught"] in own.labels
    assert [len(probs) for probs in face["answers"].values()] == [6, 6, 2]


def test_smoothing_steadies_the_answers_and_can_be_left_out(models, frame):
    rng = np.random.default_rng(0)
    noisy = [np.clip(frame + rng.normal(0, 12, frame.shape), 0, 255).astype(np.uint8) for _ in range(12)]

    def trembling(smooth: bool) -> float:
        viewer = Viewer()
        frames = [viewer.step(f, models, SEVEN, Options(smooth), i / RATE) for i, f in enumerate(noisy)]
        viewer.close()
        probs = np.array([f.faces[0].answers["first"] for f in frames if f.faces])
        assert len(probs) >= 10
        return float(np.abs(np.diff(probs, axis=0)).mean())

    assert trembling(True) < 0.4 * trembling(False)


def test_no_face_is_a_result_and_faces_are_followed_when_there_are_two(viewer, models, frame, pair):
    assert viewer.step(np.zeros_like(frame), models, SEVEN, Options(), 0.0).faces == ()
    seen = [viewer.step(pair, models, SEVEN, Options(), 1 + i / RATE).faces for i in range(8)]
    assert {face.number for face in seen[-1]} == {1, 2}
    boxes = {face.number: face.box[0] for face in seen[-1]}
    assert all({f.number: pytest.approx(f.box[0], abs=4) for f in faces} == boxes for faces in seen[-4:])


def test_a_resting_look_takes_two_seconds_and_is_forgotten_on_request(viewer, models, frame):
    clock = iter(np.arange(0, 60, 1 / RATE))
    look = lambda rest: viewer.step(frame, models, SEVEN, Options(rest=rest), next(clock))
    before = look(0)
    assert before.resting == 0
    assert look(1).resting == pytest.approx(REST_SECONDS)
    during = [look(1) for _ in range(20)][-1]
    assert 0 < during.resting < REST_SECONDS and not during.faces[0].rested
    after = [look(1) for _ in range(60)][-1]
    assert after.resting == 0 and after.faces[0].rested
    assert set(after.faces[0].shown.values()) == {"neutral"}
    again = [look(0) for _ in range(60)][-1]
    assert not again.faces[0].rested
    np.testing.assert_allclose(again.faces[0].answers["first"], before.faces[0].answers["first"], atol=0.1)


def test_the_most_neutral_moments_so_far_are_offered_and_taken_at_once(viewer, models, frame):
    rng = np.random.default_rng(0)
    looks = []
    for i in range(12):
        noisy = np.clip(frame + rng.normal(0, 15, frame.shape), 0, 255).astype(np.uint8)
        seen = viewer.step(noisy, models, SEVEN, Options(smooth=False), float(i))
        looks.append(seen.faces[0])
        assert seen.offered == (i >= OFFER_SECONDS)
    taken = viewer.step(frame, models, SEVEN, Options(smooth=False, rest=5, so_far=True), 12.0)
    assert taken.resting == 0 and taken.faces[0].rested and not taken.offered
    calm = sorted(looks, key=lambda face: -face.neutral)[:FRAMES]
    plain = Viewer()
    as_is = plain.step(frame, models, SEVEN, Options(smooth=False), 0.0).faces[0]
    plain.close()
    for name, answer in taken.faces[0].answers.items():
        reference = Reference.of(Prediction(np.array([face.answers[name] for face in calm]), SEVEN))
        expected = reference.applied(Prediction(as_is.answers[name][None], SEVEN)).probs[0]
        np.testing.assert_allclose(answer, expected, atol=0.15)  # tracked, the mesh is a little elsewhere
    cleared = viewer.step(frame, models, SEVEN, Options(smooth=False), 13.0)
    assert not cleared.faces[0].rested and cleared.offered


def test_another_resting_look_is_taken_in_the_coming_seconds(viewer, models, frame):
    for i in range(3):
        viewer.step(frame, models, SEVEN, Options(), i / RATE)
    assert viewer.step(frame, models, SEVEN, Options(rest=1, so_far=True), 3 / RATE).faces[0].rested
    again = viewer.step(frame, models, SEVEN, Options(rest=2), 4 / RATE)
    assert again.resting == pytest.approx(REST_SECONDS) and not again.faces[0].rested


def test_a_new_viewer_takes_no_resting_look_that_was_wished_for_before_it(viewer, models, frame):
    seen = [viewer.step(frame, models, SEVEN, Options(rest=7), i / RATE) for i in range(60)]
    assert not any(one.resting or one.faces[0].rested for one in seen)
    assert viewer.step(frame, models, SEVEN, Options(rest=9), 60 / RATE).resting == pytest.approx(REST_SECONDS)


@pytest.fixture
def sparing():
    """A viewer as at the page: at most 15 frames a second are read."""
    opened = Viewer(readings=READINGS)
    yield opened
    opened.close()


def test_in_frames_between_readings_faces_are_followed_and_answers_stand(sparing, models, frame):
    options = Options(mesh=True)
    shifted = [np.roll(frame, 3 * i, axis=1) for i in range(6)]
    seen = [sparing.step(f, models, SEVEN, options, i / 25) for i, f in enumerate(shifted)]
    assert [one.read for one in seen] == [True, False] * 3
    for read, between in zip(seen[::2], seen[1::2], strict=True):
        before, after = read.faces[0], between.faces[0]
        assert after.number == before.number and after.shown == before.shown
        assert after.answers is before.answers and after.agreement == before.agreement
        assert after.box[0] > before.box[0] and after.mesh[:, 0].mean() > before.mesh[:, 0].mean()
        assert {**between.milliseconds, "mesh": 0} == {**read.milliseconds, "mesh": 0}
    assert [one.as_json()["read"] for one in seen[:2]] == [True, False]


def test_all_models_read_the_same_frames(sparing, models, frame, monkeypatch):
    crops = {model.name: [] for model in models}
    for model in models:
        read = model.predict_proba
        note = lambda faces, name=model.name, read=read: (crops[name].append(faces.images), read(faces))[1]
        monkeypatch.setattr(model, "predict_proba", note)
    for i in range(8):
        sparing.step(np.roll(frame, i, axis=1), models, SEVEN, Options(), i / 25)
    assert len(crops["first"]) == 4
    np.testing.assert_array_equal(crops["first"], crops["second"])


def test_slow_frames_and_those_that_are_not_smoothed_are_all_read(sparing, models, frame):
    assert all(sparing.step(frame, models, SEVEN, Options(), i / 14).read for i in range(4))
    assert all(sparing.step(frame, models, SEVEN, Options(smooth=False), 1 + i / 25).read for i in range(4))


def test_what_is_new_is_read_at_once(sparing, models, frame, pair):
    clock = iter(np.arange(0, 60, 1 / 25))

    def read(image=frame, labels=SEVEN, chosen=models, **options) -> bool:
        return sparing.step(image, chosen, labels, Options(**options), next(clock)).read

    assert [read(), read()] == [True, False]
    assert read(labels=SIX) and not read(labels=SIX)
    assert read(chosen=models[:1]) and not read(chosen=models[:1])
    assert read(chosen=models[:1], rest=1) and not read(chosen=models[:1], rest=1)
    empty = np.full_like(frame, 90)
    assert read(empty) and not read(empty)  # the resting look was called off
    assert read(pair)  # two faces that were not there
    assert not read(pair)


def test_a_resting_look_is_recorded_from_the_frames_that_are_read(sparing, models, frame):
    clock = iter(np.arange(0, 60, 1 / 25))
    look = lambda rest: sparing.step(frame, models, SEVEN, Options(rest=rest), next(clock))
    look(0)
    assert look(1).resting == pytest.approx(REST_SECONDS)
    assert look(1).resting == pytest.approx(REST_SECONDS - 1 / 25)  # counted down in every frame
    after = [look(1) for _ in range(60)][-1]
    assert after.resting == 0 and after.faces[0].rested
    assert not look(2).faces[0].rested


def test_a_model_trained_again_meanwhile_is_read_at_once(sparing, models, make_checkpoint, frame):
    """Its last answers have another number of classes."""
    for n, names in enumerate((("wink", "no wink"), ("wink", "no wink", "both"))):
        own = LabelSet(OWN, names)
        taught = registry.load("taught", make_checkpoint("taught", labels=own))
        seen = sparing.step(frame, [*models, taught], SEVEN, Options(), n / 25)
        assert seen.read and len(seen.faces[0].answers["taught"]) == len(names) == len(seen.labels_of("taught"))


def test_a_model_trained_again_during_a_resting_look_rests_on_its_last_classes(viewer, models, make_checkpoint, frame):
    labels = [LabelSet(OWN, names) for names in (("wink", "no wink"), ("wink", "no wink", "both"))]
    chosen = [[*models, registry.load("taught", make_checkpoint("taught", labels=own))] for own in labels]
    viewer.step(frame, chosen[0], SEVEN, Options(), 0.0)
    for n, now in enumerate((0.5, 1.0, 1.5, 2.0, 2.6)):
        seen = viewer.step(frame, chosen[n > 1], SEVEN, Options(rest=1), now)
    assert seen.resting == 0 and seen.faces[0].rested
    assert len(seen.faces[0].answers["taught"]) == 3


def test_agreement_is_counted_anew_for_other_models(viewer, models, frame):
    for i in range(4):
        seen = viewer.step(frame, models, SEVEN, Options(), i / RATE)
    agree = len(set(seen.faces[0].shown.values())) == 1
    assert seen.faces[0].agreement == float(agree)
    assert viewer.step(frame, models[:1], SEVEN, Options(), 1.0).faces[0].agreement == 1.0


class Fake:
    """Stands for a viewer: counts what is open."""

    def __init__(self, opened: list) -> None:
        self.open = True
        opened.append(self)

    def close(self) -> None:
        self.open = False


@pytest.fixture
def watching():
    """Viewers on a clock that stands where it is put, and all that was ever opened."""
    opened, clock = [], [100.0]
    crowd = Viewers(lambda: Fake(opened), lambda: clock[0], most=3)
    yield crowd, opened, clock
    crowd.close()


def who(viewer, now):
    return viewer


def test_every_session_has_its_own_viewer_and_a_new_run_a_new_one(watching):
    crowd, opened, _ = watching
    a, b = crowd.use("a", 1, who), crowd.use("b", 1, who)
    assert a is not b and crowd.use("a", 1, who) is a and len(crowd) == 2
    assert crowd.use("a", 2, who) is not a and not a.open
    assert [v.open for v in opened] == [False, True, True]


def test_frames_of_a_stopped_run_come_to_nothing(watching):
    crowd, opened, _ = watching
    crowd.use("a", 1, who)
    crowd.stop("a", 1)
    assert crowd.use("a", 1, who) is None
    assert len(crowd) == 0 and not opened[0].open
    assert crowd.use("a", 2, who).open
    crowd.stop("nobody", 1)


def test_a_late_frame_of_a_closed_page_opens_nothing(watching):
    crowd, opened, clock = watching
    going, closed = threading.Event(), threading.Event()

    def slow(viewer, now):
        going.set()
        assert closed.wait(10)

    late = []
    frame = begun(crowd.use, "a", 1, slow)
    assert going.wait(10)
    following = begun(lambda: late.append(crowd.use("a", 1, who)))  # waits in line until the first is done
    leaving = begun(crowd.leave, "a")
    assert wait_for(lambda: "a" not in crowd._slots)
    closed.set()
    assert ended(frame, following, leaving)
    assert late == [None] and not any(viewer.open for viewer in opened)
    assert crowd.use("a", 1, who) is None and len(crowd) == 0
    clock[0] += live_sessions.LATE_SECONDS  # the page was brought back
    assert crowd.use("a", 2, who).open


def test_silent_viewers_are_closed_and_others_are_not(watching):
    crowd, opened, clock = watching
    crowd.use("a", 1, who)
    clock[0] += live_sessions.IDLE_SECONDS / 2
    crowd.use("b", 1, who)
    clock[0] += live_sessions.IDLE_SECONDS / 2 + 1
    crowd.close_idle()
    assert [v.open for v in opened] == [False, True]
    crowd.leave("b")
    assert not opened[1].open and len(crowd) == 0


def test_there_is_an_end_to_the_number_of_viewers(watching):
    crowd, _, clock = watching
    for name in "abc" * live_sessions.BUSY_FRAMES:
        crowd.use(name, 1, who)
    with pytest.raises(FullError, match="3 people") as refused:  # all of them are watching, and at one address
        crowd.use("d", 1, who)
    assert str(refused.value).key == "live.full_n"
    crowd.leave("a")
    assert crowd.use("d", 1, who).open
    assert crowd.use("e", 1, who).open and "d" not in crowd._slots  # a single frame keeps no place
    clock[0] += live_sessions.BUSY_SECONDS
    for name in "ce" * live_sessions.BUSY_FRAMES:
        crowd.use(name, 1, who)
    assert crowd.use("f", 1, who).open and "b" not in crowd._slots  # who has fallen silent does not, either


def test_viewers_of_one_address_do_not_keep_another_one_out(watching):
    crowd, _, _ = watching
    crowd._pages = There()
    for name in ("x1", "x2", "x3") * live_sessions.BUSY_FRAMES:
        crowd.use(name, 1, who)
    assert crowd.use("y1", 1, who).open and len(crowd) == 3
    with pytest.raises(FullError):
        crowd.use("x4", 1, who)


class There(Everyone):
    """A session's first letter is its address; one without a page begins with a dash."""

    def __contains__(self, session):
        return session[0] != "-"

    def address(self, session):
        return session[0]


def test_a_frame_of_a_session_without_a_page_is_answered_and_takes_no_place(watching):
    crowd, opened, _ = watching
    crowd._pages = There()
    assert all(crowd.use(f"-{n}", 1, who) is opened[n] for n in range(5))
    assert len(crowd) == 0 and not crowd._slots and not any(viewer.open for viewer in opened)


def test_after_an_error_the_next_frame_gets_a_new_viewer(watching):
    crowd, opened, _ = watching

    def fail(viewer, now):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crowd.use("a", 1, fail)
    assert not opened[0].open
    assert crowd.use("a", 1, who) is opened[1]


def resident() -> float:
    """This process's resident memory in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux tells it this way")
def test_many_viewers_take_hardly_more_memory_than_one(models, frame):
    readers = Readers()
    crowd = Viewers(lambda: Viewer(readers=readers))
    look = lambda viewer, now: viewer.step(frame, models, SEVEN, Options(), now)
    crowd.use("first", 1, look)
    before = resident()
    for name in 3 * [f"viewer {i}" for i in range(20)]:
        crowd.use(name, 1, look)
    assert len(crowd) == 21 and resident() - before < 20 * 1.0
    crowd.close()
    readers.close()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="elsewhere the system's own allocator decides")
def test_freed_memory_is_given_back():
    before = resident()
    pieces = [np.ones(8000) for _ in range(1600)]  # 64 kB each: from the heap, 100 MB together
    pin = np.ones(8000)  # above them, so that they do not go by themselves
    del pieces
    give_back_memory()
    assert resident() - before < 50 and pin.all()


def test_memory_is_given_back_whenever_viewers_close(watching, monkeypatch):
    crowd, _, clock = watching
    given = []
    monkeypatch.setattr(live_sessions, "give_back_memory", lambda: given.append(len(crowd)))
    crowd.use("a", 1, who)
    crowd.stop("a", 1)
    crowd.leave("a")
    crowd.use("b", 1, who)
    clock[0] += 2 * live_sessions.IDLE_SECONDS
    crowd.close_idle()
    crowd.close_idle()
    assert given == [0, 0, 0]
