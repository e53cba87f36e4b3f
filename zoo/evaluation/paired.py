"""Paired comparisons of models, with tests, and their storage in `checkpoints/pairs.json`.

Whether two models differ can only be tested with their answers for the same pictures, which are on no
card. `python -m zoo evaluate A B --write-cards` stores the results here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple

from zoo.card_fields import MixName
from zoo.cards import Card, CardError, Figures, GroupSlice, readable_json
from zoo.filenames import write_whole

PAIRS = "pairs.json"
SERVED = (".npz", ".tflite")
CHANCE = 0.05


class Recall(NamedTuple):
    """Difference in recall of one label between two models, as in `PairResult`."""

    difference: float
    low: float
    high: float
    p_value: float

    def turned(self) -> Recall:
        """The same, seen from the second."""
        return Recall(-self.difference, -self.high, -self.low, self.p_value)


class Together(NamedTuple):
    """The average of two models' probabilities, and how often both, one or none of them is right.

    `low` and `high` are the 95 % interval of `accuracy`; `gain` is its difference from the accuracy of
    the better model alone, with the `p_value` of McNemar's test. The fractions of pictures
    on which both, only the first, and only the second are right are given; on the others, neither is.

    References
    ----------
    Kittler et al., "On combining classifiers", IEEE TPAMI 20(3), 1998 (the sum rule).
    """

    accuracy: float
    low: float
    high: float
    gain: float
    p_value: float
    both: float
    only_first: float
    only_second: float

    @property
    def neither(self) -> float:
        """Fraction of pictures on which neither is right."""
        return max(0.0, 1.0 - self.both - self.only_first - self.only_second)

    def turned(self) -> Together:
        """The same, seen from the second."""
        return self._replace(only_first=self.only_second, only_second=self.only_first)


@dataclass(frozen=True)
class PairResult:
    """Comparison of two models on the same pictures.

    Parameters
    ----------
    first, second : str
        Names of models.
    weights : (str, str)
        `weights_of` their cards; results of other weights are not shown.
    data, split, labels : str
        As in `Figures`.
    difference : float
        Accuracy of the first minus the second's.
    interval : (float, float)
        95 %, paired bootstrap clustered by near-duplicates.
    p_value : float
        McNemar's exact test.
    by_label : tuple of Recall
        In the order of the labels; empty in older files.
    together : Together, optional
        Not in older files.
    mix : str
        As in `Figures`.
    """

    first: str
    second: str
    weights: tuple[str, str]
    data: str
    split: str
    labels: str
    difference: float
    interval: tuple[float, float]
    p_value: float
    by_label: tuple[Recall, ...] = ()
    together: Together | None = None
    mix: MixName = "fer2013"

    @property
    def significant(self) -> bool:
        """Whether the difference is significant at 5 %."""
        return self.p_value < CHANCE

    @property
    def key(self) -> tuple[frozenset[str], str, str, str, str]:
        """Models, data, split, labels and mix; the same for both orders of the models."""
        return frozenset((self.first, self.second)), self.data, self.split, self.labels, self.mix

    def turned(self) -> PairResult:
        """The same, seen from the second."""
        low, high = self.interval
        return replace(
            self,
            first=self.second,
            second=self.first,
            weights=self.weights[::-1],
            difference=-self.difference,
            interval=(-high, -low),
            by_label=tuple(one.turned() for one in self.by_label),
            together=self.together.turned() if self.together else None,
        )


def beyond_chance(results: Sequence[Recall | GroupSlice]) -> tuple[bool, ...]:
    """Which differences are significant at 5 % after Holm's correction for multiple tests.

    References
    ----------
    Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scand. J. Statist. 6, 1979.
    """
    order = sorted(range(len(results)), key=lambda i: results[i].p_value)
    beyond = [False] * len(results)
    for rank, i in enumerate(order):
        if results[i].p_value * (len(results) - rank) >= CHANCE:
            break
        beyond[i] = True
    return tuple(beyond)


def weights_of(card: Card) -> str:
    """A short hash of a model's weights, over every file that it is served from."""
    return "".join(digest[:12] for name, digest in card.files.items() if name.endswith(SERVED))


def read_pairs(root: Path) -> tuple[PairResult, ...]:
    """The stored comparisons of a folder of checkpoints; empty if there are none.

    Raises
    ------
    CardError
        The file is broken.
    """
    path = root / PAIRS
    if not path.is_file():
        return ()
    try:
        lines = json.loads(path.read_text(encoding="utf-8"))
        return tuple(_from_json(line) for line in lines)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CardError(f"{path} cannot be read: {error!r}; delete it and evaluate again.") from error


def _from_json(line: dict) -> PairResult:
    line = {key: tuple(value) if isinstance(value, list) else value for key, value in line.items()}
    by_label = tuple(Recall(*row) for row in line.get("by_label", ()))
    together = Together(*line["together"]) if line.get("together") else None
    return PairResult(**{**line, "by_label": by_label, "together": together})


def keep_pairs(root: Path, new: Iterable[PairResult]) -> None:
    """Store results, replacing older ones of the same models on the same pictures."""
    kept = {pair.key: pair for pair in (*read_pairs(root), *new)}
    ordered = sorted(kept.values(), key=lambda pair: (pair.data, pair.split, pair.labels, pair.first, pair.second))
    write_whole(root / PAIRS, readable_json([asdict(pair) for pair in ordered]))


def find_pair(pairs: Sequence[PairResult], first: Card, second: Card, line: Figures) -> PairResult | None:
    """The comparison of two models on the pictures of a line, in this order; None if not measured."""
    both = {first.name: weights_of(first), second.name: weights_of(second)}
    wanted = frozenset(both), line.data, line.split, line.labels, line.mix
    for pair in pairs:
        if pair.key == wanted and _of_these(pair, both):
            return pair if pair.first == first.name else pair.turned()
    return None


def _of_these(pair: PairResult, weights: Mapping[str, str]) -> bool:
    return (weights[pair.first], weights[pair.second]) == pair.weights
