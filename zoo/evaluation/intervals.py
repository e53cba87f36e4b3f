"""95 % intervals per label, in closed form, so that the page does not need SciPy."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from zoo.cards import Figures

Z = 1.959963984540054  # 95 % of a normal distribution are within this many standard deviations


@dataclass(frozen=True)
class Estimate:
    """A figure between 0 and 1 with its 95 % interval, or None if that is unknown."""

    value: float
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class LabelFigures:
    """Number of pictures, precision, recall and F1 of one label."""

    label: str
    n: int
    precision: Estimate
    recall: Estimate
    f1: Estimate


def share_interval(right: float, n: float) -> tuple[float, float]:
    """95 % Wilson interval of a proportion; unlike a bootstrap, it is wide for few pictures even if all are right.

    References
    ----------
    Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22, 1927.
    """
    if not n:
        return 0.0, 1.0
    share, extra = right / n, Z**2 / n
    middle = (share + extra / 2) / (1 + extra)
    half = Z * math.sqrt(share * (1 - share) / n + extra / (4 * n)) / (1 + extra)
    # Exact ends for 0 and n correct answers, without rounding errors.
    return 0.0 if right <= 0 else max(0.0, middle - half), 1.0 if right >= n else min(1.0, middle + half)


def rounded(ends: tuple[float, float]) -> tuple[float, float]:
    """An interval rounded to four digits; outwards if it would become empty."""
    low, high = (round(float(end), 4) for end in ends)
    if low < high:
        return low, high
    return math.floor(ends[0] * 1e4) / 1e4, math.ceil(ends[1] * 1e4) / 1e4


def by_label(line: Figures, labels: Iterable[str]) -> list[LabelFigures]:
    """Figures of each label with their intervals, which need the confusion matrix (missing on older cards).

    Precision and recall are proportions of pictures. F1 is 2 J / (1 + J), where J is the proportion of correct answers
    among the pictures that have the label or were predicted to have it; its interval is computed from that of J.
    """
    rows = zip(labels, line.counts, line.precision, line.recall, line.f1, strict=False)
    ends = _intervals(line) if line.confusion else [(None, None, None)] * len(line.counts)
    return [
        LabelFigures(label, n, *(Estimate(value, end) for value, end in zip(values, each, strict=True)))
        for (label, n, *values), each in zip(rows, ends, strict=False)
    ]


def _intervals(line: Figures) -> list[tuple[tuple[float, float], ...]]:
    """Intervals of precision, recall and F1 for each label."""
    called = [sum(column) for column in zip(*line.confusion, strict=True)]
    hits = [row[i] for i, row in enumerate(line.confusion)]
    # Near-duplicates count once; older cards do not have these numbers.
    weights = [few / n if n else 1.0 for few, n in zip(line.distinct or line.counts, line.counts, strict=True)]
    overall = sum(line.distinct or line.counts) / max(sum(line.counts), 1)
    return [
        (
            share_interval(hit * overall, predicted * overall),
            share_interval(hit * weight, n * weight),
            _f1_interval(hit * weight, (predicted + n - hit) * weight),
        )
        for hit, predicted, n, weight in zip(hits, called, line.counts, weights, strict=True)
    ]


def _f1_interval(hit: float, either: float) -> tuple[float, float]:
    low, high = share_interval(hit, either)
    return 2 * low / (1 + low), 2 * high / (1 + high)
