"""Metrics of answers with intervals and tests, mostly computed by scikit-learn and SciPy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoo.cards import Figures
from zoo.evaluation.intervals import Z, rounded, share_interval
from zoo.prediction import Prediction

DRAWS = 2000
BINS = 15
STEPS = 20
NO_ANSWER = -1
FEW = 20  # groups of pictures
TINY = 1e-9  # rounding error of equal draws


@dataclass(frozen=True, eq=False)
class PerClass:
    """Precision, recall and F1 of each label, and its number of pictures: ``(k,)`` each."""

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    counts: np.ndarray

    @property
    def present(self) -> np.ndarray:
        """``(k,)`` bool: labels with pictures in the data. Means are over these."""
        return self.counts > 0


@dataclass(frozen=True)
class Paired:
    """Difference in accuracy between two models on the same pictures.

    Parameters
    ----------
    difference : float
        Accuracy of the first minus the second's.
    interval : (float, float)
        95 %, paired bootstrap.
    p_value : float
        McNemar's exact test; below 0.05 the difference is significant.
    """

    difference: float
    interval: tuple[float, float]
    p_value: float


def per_class(best: np.ndarray, targets: np.ndarray, k: int) -> PerClass:
    """Precision, recall, F1 and n of k labels.

    Parameters
    ----------
    best, targets : ndarray
        ``(n,)`` int: predicted label (`NO_ANSWER` without a face) and correct label.
    """
    from sklearn.metrics import precision_recall_fscore_support

    parts = precision_recall_fscore_support(targets, best, labels=np.arange(k), zero_division=0.0)
    return PerClass(*parts)


def nll(probs: np.ndarray, targets: np.ndarray) -> float:
    """Mean negative log-likelihood of the correct labels, in nats: ``(n, k), (n,)``."""
    return float(-np.log(probs[np.arange(len(targets)), targets].astype(np.float64).clip(1e-12)).mean())


def brier(probs: np.ndarray, targets: np.ndarray) -> float:
    """Brier score: mean squared error of the probabilities, summed over labels, from 0 (best) to 2.

    References
    ----------
    Brier, "Verification of forecasts expressed in terms of probability", Mon. Weather Rev. 78, 1950.
    """
    hot = np.eye(probs.shape[1])[targets]
    return float(((probs - hot) ** 2).sum(axis=1).mean())


def ece(confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> float:
    """Expected calibration error: mean gap between confidence ``(n,)`` and accuracy, over equal bins.

    References
    ----------
    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    """
    gaps = np.bincount(_bin(confidence, bins), weights=confidence.astype(np.float64) - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))


def reliability(confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> tuple[tuple[float, float, int], ...]:
    """Mean confidence, accuracy and number of pictures of each non-empty bin.

    Parameters
    ----------
    confidence : ndarray
        ``(n,)``.
    right : ndarray
        ``(n,)`` bool.
    bins : int
        Of equal width from 0 to 1.

    References
    ----------
    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    """
    place = _bin(confidence, bins)
    held = [(confidence[place == i], right[place == i]) for i in np.unique(place)]
    return tuple((_short(sure.mean()), _short(good.mean()), len(sure)) for sure, good in held)


def _bin(confidence: np.ndarray, bins: int) -> np.ndarray:
    return np.minimum((confidence * bins).astype(int), bins - 1)


def coverage_curve(confidence: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coverage and accuracy on the covered pictures for decreasing thresholds.

    Parameters
    ----------
    confidence : ndarray
        ``(n,)``.
    right : ndarray
        ``(n,)`` bool.

    Returns
    -------
    coverage, accuracy : ndarray
        ``(n,)`` each, most confident picture first.

    References
    ----------
    Geifman and El-Yaniv, "Selective Classification for Deep Neural Networks", NeurIPS 2017.
    """
    answered = np.arange(1, len(confidence) + 1)
    order = np.argsort(-confidence, kind="stable")
    return answered / len(confidence), np.cumsum(right[order]) / answered


def right_of_surest(confidence: np.ndarray, right: np.ndarray, shares: np.ndarray) -> tuple[float, ...]:
    """Accuracy on the most confident fractions `shares` of the pictures: ``(n,), (n,) bool, (m,) -> m``."""
    covered, accuracy = coverage_curve(confidence, right)
    at = np.searchsorted(covered, shares - 1e-9)
    return tuple(_short(value) for value in accuracy[at])


def interval(values: np.ndarray, groups: np.ndarray | None = None, seed: int = 0) -> tuple[float, float]:
    """95 % interval of a proportion: a bootstrap that draws all pictures of a group together.

    With fewer than `FEW` groups the bootstrap is too narrow, and if every draw gives the same value, because all
    answers are right, all are wrong or all pictures are copies, it is uninformative. The interval then includes
    Wilson's, with each group counted as one picture.

    Parameters
    ----------
    values : ndarray
        ``(n,)``: right or wrong.
    groups : ndarray, optional
        ``(n,)``: near-duplicates share a number, so that copies are not counted as further evidence.
    seed : int

    Returns
    -------
    low, high : float
        Always ``low < high``; 0 and 1 without pictures.

    References
    ----------
    Efron and Tibshirani, "An Introduction to the Bootstrap", 1993. Field and Welsh,
    "Bootstrapping clustered data", JRSS B 69(3), 2007. Wilson: see `zoo.evaluation.intervals`.
    """
    values, groups = np.asarray(values, np.float64), _numbered(groups, len(values))
    low, high = _bootstrap(values, groups, seed)
    distinct = int(groups.max(initial=-1)) + 1
    if high - low > TINY and distinct >= FEW:
        return low, high
    ends = share_interval(float(values.mean()) * distinct if distinct else 0.0, distinct)
    return (min(low, ends[0]), max(high, ends[1])) if high - low > TINY else ends


def difference_interval(values: np.ndarray, groups: np.ndarray | None = None, seed: int = 0) -> tuple[float, float]:
    """The same for the difference in correct answers of two models on the same pictures, ``(n,)`` of -1, 0 and 1.

    With few groups, and where the bootstrap is uninformative, it is, or includes, the adjusted interval for paired
    proportions.

    References
    ----------
    Bonett and Price, "Adjusted Wald confidence interval for a difference of binomial proportions based on paired
    data", J. Educ. Behav. Stat. 37(4), 2012.
    """
    values, groups = np.asarray(values, np.float64), _numbered(groups, len(values))
    low, high = _bootstrap(values, groups, seed)
    distinct = int(groups.max(initial=-1)) + 1
    if high - low > TINY and distinct >= FEW:
        return low, high
    mean = float(values.mean()) if distinct else 0.0
    first, second = ((max(0.0, sign * mean) * distinct + 1) / (distinct + 2) for sign in (1, -1))
    half = Z * float(np.sqrt((first + second - (first - second) ** 2) / (distinct + 2)))
    ends = max(-1.0, first - second - half), min(1.0, first - second + half)
    return (min(low, ends[0]), max(high, ends[1])) if high - low > TINY else ends


def _numbered(groups: np.ndarray | None, n: int) -> np.ndarray:
    """Groups renumbered as 0, 1, 2 ...; one per picture if none are given."""
    return np.arange(n) if groups is None else np.unique(groups, return_inverse=True)[1].ravel()


def _bootstrap(values: np.ndarray, groups: np.ndarray, seed: int) -> tuple[float, float]:
    if not len(values):
        return 0.0, 0.0
    sums, sizes = np.bincount(groups, weights=values), np.bincount(groups)
    rng = np.random.default_rng(seed)
    means = [_mean_of_draw(rng, sums, sizes) for _ in range(DRAWS)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def _mean_of_draw(rng: np.random.Generator, sums: np.ndarray, sizes: np.ndarray) -> float:
    drawn = rng.integers(len(sums), size=len(sums))
    return sums[drawn].sum() / sizes[drawn].sum()


def mcnemar(first: np.ndarray, second: np.ndarray, groups: np.ndarray | None = None) -> float:
    """P-value of McNemar's exact test that two models are equally accurate: ``(n,)`` bool each, same pictures.

    Each group of near-duplicates, which share a number in `groups`, counts once: for the model that is right on
    more of them.

    References
    ----------
    McNemar, "Note on the sampling error of the difference between correlated proportions or
    percentages", Psychometrika 12, 1947.
    """
    from scipy.stats import binomtest

    ahead = np.bincount(_numbered(groups, len(first)), weights=first.astype(np.float64) - second)
    only_first, only_second = int((ahead > 0).sum()), int((ahead < 0).sum())
    apart = only_first + only_second
    return float(binomtest(only_first, apart).pvalue) if apart else 1.0


def paired(first: np.ndarray, second: np.ndarray, groups: np.ndarray | None = None, seed: int = 0) -> Paired:
    """Compare the correct answers ``(n,)`` bool of two models on the same pictures."""
    ahead = first.astype(np.float64) - second
    return Paired(float(ahead.mean()), difference_interval(ahead, groups, seed), mcnemar(first, second, groups))


@dataclass(frozen=True, eq=False)
class Scored:
    """Answers and the correct labels.

    Parameters
    ----------
    prediction : Prediction
        One row per picture; any values for pictures without a face, such as uniform probabilities.
    targets : ndarray
        ``(n,)`` int, positions in the prediction's labels.
    answered : ndarray
        ``(n,)`` bool; False where no face was found. Those count as wrong.
    groups : ndarray
        ``(n,)`` int, near-duplicates share a number.
    """

    prediction: Prediction
    targets: np.ndarray
    answered: np.ndarray
    groups: np.ndarray

    @property
    def best(self) -> np.ndarray:
        """``(n,)`` int: the predicted label, or `NO_ANSWER`."""
        return np.where(self.answered, self.prediction.best, NO_ANSWER)

    @property
    def probs(self) -> np.ndarray:
        """``(n, k)``, uniform for pictures without an answer."""
        return np.where(self.answered[:, None], self.prediction.probs, 1 / len(self.prediction.labels))

    @property
    def right(self) -> np.ndarray:
        """``(n,)`` bool."""
        return self.best == self.targets


def figures(scored: Scored, data: str, split: str, before: Scored | None = None, seed: int = 0) -> Figures:
    """All figures of a card for one data set, split and label set.

    Balanced accuracy and macro-F1 are means over the labels with pictures in the data. Pictures
    without an answer count as wrong, with uniform probabilities for NLL, Brier and ECE. `before` is
    the answers for the same pictures before calibration, if known.
    """
    from sklearn.metrics import confusion_matrix

    labels, targets, best = scored.prediction.labels, scored.targets, scored.best
    probs = scored.probs
    classes = per_class(best, targets, len(labels))
    matrix = confusion_matrix(targets, best, labels=np.arange(len(labels)))
    return Figures(
        data=data,
        split=split,
        labels=labels.name,
        n=len(targets),
        accuracy=_short(scored.right.mean()),
        interval=rounded(interval(scored.right, scored.groups, seed)),
        balanced_accuracy=_short(classes.recall[classes.present].mean()),
        macro_f1=_short(classes.f1[classes.present].mean()),
        nll=_short(nll(probs, targets)),
        brier=_short(brier(probs, targets)),
        ece=_short(ece(probs.max(axis=1), scored.right)),
        recall=tuple(_short(value) for value in classes.recall),
        precision=tuple(_short(value) for value in classes.precision),
        counts=tuple(int(n) for n in classes.counts),
        distinct=_distinct(targets, scored.groups, len(labels)),
        confusion=tuple(tuple(row) for row in matrix.tolist()),
        reliability=reliability(probs.max(axis=1), scored.right),
        reliability_before=reliability(before.probs.max(axis=1), before.right) if before else (),
        coverage=right_of_surest(probs.max(axis=1), scored.right, np.arange(1, STEPS + 1) / STEPS),
    )


def _distinct(targets: np.ndarray, groups: np.ndarray, k: int) -> tuple[int, ...]:
    """Pictures of each label, near-duplicates counted once."""
    return tuple(len(np.unique(groups[targets == label])) for label in range(k))


def _short(value: float) -> float:
    """Rounded to four digits, finer than the uncertainty of any figure, so that cards are stable."""
    return round(float(value), 4)


def calibration_gap(bins: Sequence[tuple[float, float, int]]) -> float:
    """Expected calibration error of the bins of a reliability diagram."""
    return sum(n * abs(sure - right) for sure, right, n in bins) / max(sum(n for *_, n in bins), 1)
