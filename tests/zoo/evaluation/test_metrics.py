import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn import metrics as oracle

from zoo.evaluation.intervals import rounded, share_interval
from zoo.evaluation.metrics import (
    Scored,
    brier,
    coverage_curve,
    difference_interval,
    ece,
    figures,
    interval,
    mcnemar,
    nll,
    paired,
    per_class,
    reliability,
    right_of_surest,
)
from zoo.labels import SEVEN, LabelSet
from zoo.prediction import Prediction

TWO = LabelSet("two", ("yes", "no"))


@pytest.fixture(scope="module")
def answers():
    """400 answers in seven labels that are right about half the time: probabilities and targets."""
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 7, 400)
    logits = rng.normal(size=(400, 7))
    logits[np.arange(400), targets] += 1.2
    powers = np.exp(logits)
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32), targets


def scored(probs, targets, answered=None, groups=None, labels=SEVEN):
    n = len(targets)
    answered = np.ones(n, bool) if answered is None else answered
    groups = np.arange(n) if groups is None else groups
    return Scored(Prediction(probs, labels), np.asarray(targets), answered, groups)


@pytest.mark.parametrize(("right", "n"), [(0, 1), (1, 1), (1, 2), (1, 7), (6, 7), (3, 3), (0, 9), (9, 10), (10, 19)])
def test_intervals_of_a_few_pictures_are_at_least_as_wide_as_wilsons(right, n):
    """The bootstrap's are too narrow: of 1 right in 7 pictures it ends at 43 %, Wilson's at 51."""
    values = np.arange(n) < right
    low, high = interval(values)
    ends = share_interval(right, n)
    assert 0 <= low <= ends[0] <= right / n <= ends[1] <= high <= 1 and low < high
    low, high = difference_interval(values.astype(int))
    assert -1 <= low < right / n <= high <= 1


def test_figures_are_scikit_learns(answers):
    probs, targets = answers
    best = probs.argmax(axis=1)
    line = figures(scored(probs, targets), "made", "all")
    assert (line.data, line.split, line.labels, line.n) == ("made", "all", "7", 400)
    assert line.accuracy == pytest.approx(oracle.accuracy_score(targets, best), abs=1e-4)
    assert line.balanced_accuracy == pytest.approx(oracle.balanced_accuracy_score(targets, best), abs=1e-4)
    assert line.macro_f1 == pytest.approx(oracle.f1_score(targets, best, average="macro"), abs=1e-4)
    assert line.nll == pytest.approx(oracle.log_loss(targets, probs), abs=1e-4)
    assert line.precision == pytest.approx(oracle.precision_score(targets, best, average=None), abs=1e-4)
    assert line.recall == pytest.approx(oracle.recall_score(targets, best, average=None), abs=1e-4)
    assert np.array_equal(line.confusion, oracle.confusion_matrix(targets, best))
    assert line.counts == tuple(np.bincount(targets))
    assert line.interval[0] < line.accuracy < line.interval[1]


def test_figures_are_the_same_every_time(answers):
    assert figures(scored(*answers), "a", "b") == figures(scored(*answers), "a", "b")


def test_brier_by_hand():
    probs = np.array([[0.8, 0.2], [0.4, 0.6]])
    assert brier(probs, np.array([0, 0])) == pytest.approx((0.04 + 0.04 + 0.36 + 0.36) / 2)
    assert brier(np.eye(2), np.array([1, 0])) == 2


def test_nll_by_hand_and_without_infinity():
    assert nll(np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([0, 0])) == pytest.approx(np.log(2) / 2)
    assert np.isfinite(nll(np.array([[1.0, 0.0]]), np.array([1])))


def test_ece_by_hand():
    confidence = np.array([0.95, 0.95, 0.55, 0.55])
    right = np.array([True, True, True, False])
    # Two bins of 15 hold pictures: |0.95 - 1| and |0.55 - 0.5|, half of the pictures each.
    assert ece(confidence, right) == pytest.approx(0.05)
    assert ece(np.ones(3), np.ones(3, bool)) == 0


def test_coverage_curve_by_hand():
    coverage, accuracy = coverage_curve(np.array([0.5, 0.9, 0.7]), np.array([False, True, False]))
    assert coverage == pytest.approx([1 / 3, 2 / 3, 1])
    assert accuracy == pytest.approx([1, 0.5, 1 / 3])


def test_reliability_by_hand_and_its_gaps_are_the_ece():
    confidence = np.array([0.95, 0.97, 0.55, 0.56, 0.57, 1.0])
    right = np.array([True, False, True, False, False, True])
    bins = reliability(confidence, right)
    assert bins == ((0.56, 0.3333, 3), (pytest.approx(0.9733, abs=1e-4), 0.6667, 3))
    assert sum(n * abs(sure - good) for sure, good, n in bins) / 6 == pytest.approx(ece(confidence, right), abs=1e-4)


def test_right_of_surest_by_hand():
    right = np.array([True, True, False, True, False])
    shares = right_of_surest(np.array([0.9, 0.8, 0.7, 0.6, 0.5]), right, np.array([0.2, 0.6, 1.0]))
    assert shares == (1.0, 0.6667, 0.6)


def test_what_is_drawn_agrees_with_what_is_read(answers):
    probs, targets = answers
    flat = scored(probs**0.3 / (probs**0.3).sum(axis=1, keepdims=True), targets)
    line = figures(scored(probs, targets), "made", "all", before=flat)
    assert sum(n for _, _, n in line.reliability) == line.n == sum(n for _, _, n in line.reliability_before)
    gap = sum(n * abs(sure - good) for sure, good, n in line.reliability) / line.n
    assert gap == pytest.approx(line.ece, abs=2e-4)
    assert max(sure for sure, _, _ in line.reliability_before) < max(sure for sure, _, _ in line.reliability)
    assert len(line.coverage) == 20 and line.coverage[-1] == line.accuracy
    assert line.f1 == pytest.approx(oracle.f1_score(targets, probs.argmax(axis=1), average=None), abs=1e-3)


def test_labels_without_pictures_are_left_out_of_means():
    probs = np.eye(7, dtype=np.float32)[[0, 0, 3]]
    line = figures(scored(probs, [0, 0, 3]), "made", "all")
    assert (line.accuracy, line.balanced_accuracy, line.macro_f1) == (1, 1, 1)
    assert line.counts == (2, 0, 0, 1, 0, 0, 0)


def test_no_answer_is_wrong_and_says_nothing():
    probs = np.eye(2, dtype=np.float32)[[0, 0, 1]]
    line = figures(scored(probs, [0, 0, 1], np.array([True, False, True]), labels=TWO), "made", "all")
    assert line.accuracy == pytest.approx(2 / 3, abs=1e-4)
    assert line.recall == (0.5, 1.0) and line.precision == (1.0, 1.0)
    assert line.confusion == ((1, 0), (0, 1))
    assert line.brier == pytest.approx(0.5 / 3, abs=1e-4)


def test_per_class_counts_what_was_asked():
    classes = per_class(np.array([0, 1, 1, -1]), np.array([0, 0, 1, 1]), 3)
    assert classes.precision.tolist() == [1, 0.5, 0]
    assert classes.recall.tolist() == [0.5, 0.5, 0]
    assert classes.counts.tolist() == [2, 2, 0]
    assert classes.present.tolist() == [True, True, False]


# --- Intervals and tests ---------------------------------------------------------------------


def test_interval_is_about_two_standard_errors():
    right = np.arange(1000) % 2 == 0
    low, high = interval(right)
    assert (high - low) / 2 == pytest.approx(1.96 * 0.5 / np.sqrt(1000), rel=0.1)
    assert interval(right) == interval(right)
    assert interval(right, seed=1) != interval(right, seed=2)


def test_copies_are_no_evidence():
    right = np.repeat(np.arange(100) % 2 == 0, 10)
    alone, copied = interval(right), interval(right, np.repeat(np.arange(100), 10))
    assert copied[1] - copied[0] > 2.5 * (alone[1] - alone[0])
    # A thousand pictures that are ten copies of a hundred tell as much as the hundred.
    hundred = interval(np.arange(100) % 2 == 0)
    assert copied[1] - copied[0] == pytest.approx(hundred[1] - hundred[0], rel=0.1)


def test_group_numbers_may_be_any():
    right = np.arange(40) % 2 == 0
    assert interval(right, np.arange(40) * 7 + 100) == interval(right)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 1000])
@pytest.mark.parametrize("right", [True, False])
def test_all_right_or_all_wrong_has_wilsons_interval(n, right):
    """A bootstrap would draw the same share every time: 100 % to 100 % of one picture."""
    values = np.full(n, right)
    assert interval(values) == share_interval(n * right, n)
    low, high = interval(values)
    assert low < high and low <= right <= high


def test_copies_of_one_picture_tell_as_much_as_one():
    for right in (np.ones(50, bool), np.zeros(50, bool), np.arange(50) % 2 == 0):
        low, high = interval(right, np.zeros(50, int))
        assert (low, high) == share_interval(right.mean(), 1) and high - low > 0.7
    assert interval(np.zeros(0, bool)) == (0.0, 1.0)


def test_intervals_have_a_width_for_every_number_of_pictures():
    rng = np.random.default_rng(0)
    for n in (1, 2, 3, 5, 8, 30):
        for _ in range(10):
            right, groups = rng.random(n) < rng.choice([0.02, 0.5, 0.98]), rng.integers(0, n, n)
            low, high = interval(right, groups)
            assert 0 <= low < high <= 1
            low, high = difference_interval(right.astype(float) - (rng.random(n) < 0.5), groups)
            assert -1 <= low < high <= 1


def test_two_models_that_answer_alike_differ_by_an_interval_around_nothing():
    """Bonett and Price: with n = 100 and no picture apart, 1.96 * sqrt(2 / 102) / sqrt(102)."""
    same = np.ones(100, bool)
    low, high = paired(same, same).interval
    assert (low, high) == pytest.approx((-0.0272, 0.0272), abs=1e-4)
    low, high = paired(same, ~same).interval
    assert 0.9 < low < high == 1.0


def test_rounding_keeps_a_width():
    assert rounded((0.99999, 1.0)) == (0.9999, 1.0) and rounded((0.12344, 0.56789)) == (0.1234, 0.5679)


def test_of_copies_mcnemar_counts_one():
    first, second = np.array([True] * 9 + [False]), np.array([False] * 9 + [True])
    assert mcnemar(first, second) < 0.05
    assert mcnemar(first, second, np.array([0] * 9 + [1])) == 1.0
    assert mcnemar(first, second, np.arange(10)) == mcnemar(first, second)


def test_mcnemar_is_a_sign_test_of_the_differences():
    first = np.array([True] * 8 + [False] * 2 + [True] * 20)
    second = np.array([False] * 8 + [True] * 2 + [True] * 20)
    assert mcnemar(first, second) == pytest.approx(binomtest(8, 10).pvalue) == pytest.approx(0.109375)
    assert mcnemar(first, first) == 1.0


def test_paired_difference():
    first, second = np.arange(200) % 4 != 0, np.arange(200) % 2 == 1
    result = paired(first, second)
    assert result.difference == pytest.approx(0.25)
    assert result.interval[0] < 0.25 < result.interval[1]
    assert result.p_value < 1e-6
    assert paired(second, first).difference == pytest.approx(-0.25)
