"""Answers relative to a resting face."""

import numpy as np
import pytest

from zoo.labels import EIGHT, FIVE, LABEL_SETS, SEVEN, SIX, LabelSet
from zoo.models.resting import FLOOR, MARGIN, Reference, most_neutral, neutrality, sure
from zoo.prediction import Prediction

SETS = (*LABEL_SETS.values(), EIGHT, LabelSet("own", ("wink", "no wink", "tongue out")))


def drawn(labels, n, seed=0):
    return Prediction(np.random.default_rng(seed).dirichlet(np.full(len(labels), 0.7), n), labels)


@pytest.mark.parametrize("labels", SETS, ids=lambda labels: labels.name)
def test_the_full_difference_of_log_probabilities_with_a_margin_for_neutral(labels):
    answer, rest = drawn(labels, 6), drawn(labels, 3, seed=1)
    relative = Reference.of(rest).applied(answer, 0.25)
    scores = np.log(np.maximum(answer.probs, FLOOR)) - np.log(np.maximum(rest.probs, FLOOR)).mean(axis=0)
    if "neutral" in labels.labels:
        scores[:, labels.index("neutral")] += 0.25
    powers = np.exp(scores.astype(np.float64))
    np.testing.assert_allclose(relative.probs, powers / powers.sum(axis=1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize("labels", [SEVEN, FIVE, EIGHT], ids=lambda labels: labels.name)
def test_the_reference_itself_is_neutral(labels):
    rest = drawn(labels, 1)
    relative = Reference.of(rest).applied(rest)
    expected = np.full(len(labels), 1.0)
    expected[labels.index("neutral")] = np.exp(MARGIN)
    np.testing.assert_allclose(relative.probs[0], expected / expected.sum(), atol=1e-6)


def test_without_neutral_the_reference_itself_is_all_labels_alike():
    rest = drawn(SIX, 1)
    np.testing.assert_allclose(Reference.of(rest).applied(rest).probs, 1 / 6, atol=1e-6)


def test_how_common_a_label_was_in_training_cancels():
    counts = np.array([3995, 436, 4097, 7215, 4830, 3171, 4965])
    plain, rest = (Prediction(np.random.default_rng(seed).dirichlet(np.full(7, 9.0), 4), SEVEN) for seed in (5, 6))
    mixed = [Prediction(p.probs * counts / (p.probs * counts).sum(axis=1, keepdims=True), SEVEN) for p in (plain, rest)]
    assert all((one.probs > FLOOR).all() for one in mixed)
    expected = Reference.of(rest).applied(plain).probs
    np.testing.assert_allclose(Reference.of(mixed[1]).applied(mixed[0]).probs, expected, atol=1e-5)


def test_a_face_that_looks_sad_at_rest_is_neutral_and_its_smile_is_happy():
    rng = np.random.default_rng(3)
    rest = Prediction(rng.dirichlet([2, 1, 2, 1, 20, 1, 8], 40), SEVEN)
    reference = Reference.of(rest)
    assert np.mean([name == "neutral" for name in rest.names]) < 0.1
    weak_smile = Prediction(np.array([[0.05, 0.03, 0.05, 0.3, 0.35, 0.02, 0.2]]), SEVEN)
    assert weak_smile.names == ["sad"] and reference.applied(weak_smile).names == ["happy"]
    mean = Prediction(rest.probs.mean(axis=0, keepdims=True), SEVEN)
    assert reference.applied(mean).names == ["neutral"]


def test_certainty_below_the_floor_makes_no_difference():
    rest = Prediction(np.array([[1.0, 0, 0, 0, 0, 0, 0]]), SEVEN)
    answer = Prediction(np.array([[1 - 1e-6, 1e-6, 0, 0, 0, 0, 0]]), SEVEN)
    assert np.isfinite(Reference.of(rest).applied(answer).probs).all()
    np.testing.assert_allclose(Reference.of(rest).applied(answer, 0).probs, 1 / 7, atol=1e-5)


def test_labels_a_model_never_learned_stay_unknown_and_no_face_stays_no_face():
    narrow = Prediction(np.full((2, 5), 0.2), FIVE, ("disgust",))
    assert Reference.of(narrow).applied(narrow).unknown == ("disgust",)
    assert len(Reference.of(narrow).applied(narrow[:0])) == 0


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="one or more pictures"):
        Reference.of(Prediction.empty(SEVEN))
    with pytest.raises(ValueError, match="resting reference in"):
        Reference.of(drawn(SEVEN, 1)).applied(drawn(SIX, 1))


def test_the_most_neutral_rows_are_those_all_models_find_neutral():
    first = Prediction(np.array([[0.1, 0.9], [0.4, 0.6], [0.9, 0.1]]), LabelSet("two", ("happy", "neutral")))
    second = Prediction(np.array([[0.999, 0.001], [0.4, 0.6], [0.3, 0.7]]), first.labels)
    assert most_neutral(neutrality([first, second]), 2).tolist() == [1, 2]
    assert most_neutral(neutrality([first, drawn(SIX, 3)]), 5).tolist() == [0, 1, 2]
    assert most_neutral(neutrality([drawn(SIX, 3)]), 5).tolist() == []


def test_no_clear_change_is_said_without_doubt():
    rest = drawn(SEVEN, 1)
    weak = Prediction(np.array([[0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]]), SEVEN)
    assert sure(Reference.of(rest).applied(rest), 0.9).tolist() == [True]
    assert sure(weak, 0.5).tolist() == [False] and sure(weak, 0.4).tolist() == [True]
