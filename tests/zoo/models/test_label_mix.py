"""Label mixes: as common as in FER2013, or all equally common."""

from types import SimpleNamespace

import numpy as np
import pytest

from zoo.labels import FIVE, SEVEN
from zoo.models import registry
from zoo.models.label_mix import (
    DEFAULT,
    EQUAL,
    FER2013,
    MIXES,
    WORDS,
    LabelMix,
    Mixed,
    UnknownMixError,
    with_mix,
    without_frequencies,
)
from zoo.prediction import Prediction

COUNTS = (3995, 436, 4097, 7215, 4830, 3171, 4965)


@pytest.fixture
def card(make_checkpoint):
    root = make_checkpoint("made", label_counts=COUNTS, threshold=0.5, threshold_equal=0.3)
    return registry.card("made", root)


def test_probabilities_are_divided_by_the_training_frequencies(card):
    answer = Prediction(np.random.default_rng(0).dirichlet(np.ones(7), 5), SEVEN, ("fear",))
    mixed = LabelMix(EQUAL, {"made": card}).applied("made", answer)
    expected = answer.probs / (np.array(COUNTS) / sum(COUNTS))
    np.testing.assert_allclose(mixed.probs, expected / expected.sum(axis=1, keepdims=True), atol=1e-6)
    assert mixed.unknown == ("fear",)


def test_what_a_model_says_without_looking_becomes_no_preference():
    blind = Prediction(np.array([COUNTS]) / sum(COUNTS), SEVEN)
    np.testing.assert_allclose(without_frequencies(blind, COUNTS).probs, 1 / 7, atol=1e-6)


def test_fewer_labels_give_the_same_whichever_comes_first(card):
    answer = Prediction(np.random.default_rng(0).dirichlet(np.ones(7), 5), SEVEN)
    counts = tuple(COUNTS[SEVEN.index(label)] for label in FIVE)
    one, other = without_frequencies(answer, COUNTS).to(FIVE), without_frequencies(answer.to(FIVE), counts)
    np.testing.assert_allclose(one.probs, other.probs, atol=1e-5)


def test_the_mix_of_training_and_unknown_frequencies_change_nothing(card, make_checkpoint):
    unknown = registry.card("unknown", make_checkpoint("unknown"))
    answer = Prediction(np.random.default_rng(0).dirichlet(np.ones(7), 5), SEVEN)
    assert LabelMix(FER2013, {"made": card}).applied("made", answer) is answer
    assert LabelMix(EQUAL, {"unknown": unknown}).applied("unknown", answer) is answer
    assert LabelMix(EQUAL, {}).applied("imported-1", answer) is answer


def test_each_mix_has_its_threshold(card, make_checkpoint):
    unknown = registry.card("unknown", make_checkpoint("unknown"))
    cards = {"made": card, "unknown": unknown}
    found = {mix: {n: c.threshold for n, c in LabelMix(mix, cards).with_thresholds().items()} for mix in MIXES}
    assert found == {FER2013: {"made": 0.5, "unknown": 0.5}, EQUAL: {"made": 0.3, "unknown": 0.5}}
    again = LabelMix(EQUAL, LabelMix(EQUAL, cards).with_thresholds()).with_thresholds()
    assert again["made"].threshold == 0.3


def test_a_mixed_model_answers_mixed_and_is_otherwise_the_same(card):
    answer = Prediction(np.full((1, 7), 1 / 7), SEVEN)
    model = SimpleNamespace(name="made", labels=SEVEN, predict_proba=lambda faces: answer)
    mixed = Mixed(model, LabelMix(EQUAL, {"made": card}))
    assert mixed.labels == SEVEN and mixed.predict_proba(None).names == ["disgust"]


def test_other_mixes_are_refused():
    with pytest.raises(UnknownMixError, match="choose one of fer2013, equal"):
        LabelMix("even")


def test_words():
    assert set(WORDS) == set(MIXES) and DEFAULT in MIXES
    assert with_mix("photos", FER2013) == "photos"
    assert with_mix("photos", EQUAL) == "photos, labels all equally common"


def test_every_shipped_card_has_counts_and_both_thresholds():
    for name in registry.names():
        shipped = registry.card(name)
        assert len(shipped.label_counts) == len(shipped.labels), name
        assert 0 < shipped.threshold_equal < 1, name
