import numpy as np
import pytest

from zoo.labels import FIVE, SEVEN, SIX, LabelSet, UnknownLabelsError
from zoo.prediction import Prediction

ROW = [0.1, 0.1, 0.1, 0.2, 0.1, 0.1, 0.3]


def test_names_best_and_confidence():
    prediction = Prediction(np.array([ROW, ROW[::-1]]), SEVEN)
    assert prediction.names == ["neutral", "angry"]
    assert prediction.best.tolist() == [6, 0]
    assert prediction.confidence == pytest.approx([0.3, 0.3])
    assert prediction.probs.dtype == np.float32


def test_empty_has_no_rows_in_any_set():
    empty = Prediction.empty(SEVEN)
    assert len(empty) == 0 and empty.names == [] and empty.confidence.shape == (0,)
    assert empty.to(FIVE).probs.shape == (0, 5)


def test_smaller_sets_keep_the_ratio_of_what_is_left():
    six = Prediction(np.array([ROW]), SEVEN).to(SIX)
    assert six.probs[0] == pytest.approx(np.array(ROW[:6]) / 0.7, abs=1e-6)
    assert six.names == ["happy"]


def test_nothing_left_becomes_uniform():
    sure_of_fear = np.eye(7, dtype=np.float32)[[2]]
    assert Prediction(sure_of_fear, SEVEN).to(FIVE).probs[0] == pytest.approx([0.2] * 5)


def test_a_set_cannot_grow():
    with pytest.raises(UnknownLabelsError):
        Prediction(np.full((1, 6), 1 / 6), SIX).to(SEVEN)


def test_indexing_gives_predictions():
    prediction = Prediction(np.array([ROW, ROW[::-1]]), SEVEN)
    assert prediction[1].names == ["angry"]
    assert prediction[::-1].names == ["angry", "neutral"]
    assert prediction[np.array([True, False])].names == ["neutral"]


@pytest.mark.parametrize(
    "probs",
    [[ROW[:6]], ROW, [[0.0] * 7], [[np.nan] * 7], [[-0.5, 0, 0, 0, 0, 0, 1.5]], [[np.inf, 0, 0, 0, 0, 0, 0]]],
    ids=["too few", "one row flat", "sums to 0", "NaN", "negative", "infinite"],
)
def test_what_is_not_a_probability_is_refused(probs):
    with pytest.raises(ValueError, match=r"sum to 1|expected \(n, 7\)"):
        Prediction(np.array(probs), SEVEN)


def test_labels_a_model_never_learned_are_unknown_and_get_nothing():
    five = Prediction(np.array([[0.1, 0.2, 0.3, 0.1, 0.3]]), FIVE)
    seven = five.onto(SEVEN)
    assert seven.unknown == ("disgust", "fear") and seven[0].unknown == seven.unknown
    assert seven.probs[0] == pytest.approx([0.1, 0, 0, 0.2, 0.3, 0.1, 0.3])
    assert seven.names == ["sad"]
    six = five.onto(SIX)
    assert six.probs[0] == pytest.approx(np.array([0.1, 0, 0, 0.2, 0.3, 0.1]) / 0.7, abs=1e-6)
    assert five.onto(FIVE) is five and Prediction(np.array([ROW]), SEVEN).onto(SIX).unknown == ()


def test_a_set_of_which_a_model_knows_nothing_is_refused():
    with pytest.raises(UnknownLabelsError):
        Prediction(np.array([[0.1, 0.2, 0.3, 0.1, 0.3]]), FIVE).onto(LabelSet("other", ("wink", "nod")))
