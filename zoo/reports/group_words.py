"""Results by group and relative to resting faces, as sentences and table rows for cards, reports and the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from features.phrase import Phrase, joined, number
from zoo.cards import GroupSlice, PeopleResult
from zoo.evaluation.paired import CHANCE, beyond_chance
from zoo.labels import known
from zoo.models.resting import MARGIN
from zoo.reports.data_words import group_words

if TYPE_CHECKING:  # importing it imports scikit-learn
    from zoo.evaluation.metrics import Paired

HEADING = (
    Phrase("table.group", "group"),
    Phrase("table.label", "label"),
    "n",
    Phrase("table.as_is", "as is"),
    Phrase("table.others", "against the others"),
    Phrase("table.wrong", "wrong labels"),
    Phrase("table.rest", "resting face"),
    Phrase("table.against_as_is", "against as is"),
)
# Data sets whose licence requires attribution, by folder name.
CREDITS = {
    "london": "Face Research Lab London Set (DeBruine and Jones 2017, CC BY 4.0, doi:10.6084/m9.figshare.5047666)"
}


def gain_words(gain: Paired) -> str:
    """One sentence: the change in accuracy relative to the resting face."""
    low, high = (100 * end for end in gain.interval)
    chance = "more than chance" if gain.p_value < CHANCE else "that may well be chance"
    return (
        f"relative to the resting face right {100 * gain.difference:+.1f} points more often than as is "
        f"({low:+.1f} to {high:+.1f}; McNemar {_p_words(gain.p_value)}): {chance}."
    )


def group_rows(groups: Sequence[GroupSlice]) -> tuple[tuple[str, ...], ...]:
    """Each group's figures with intervals; differences are those significant after Holm's correction."""
    return tuple(_row(one, apart) for one, apart in zip(groups, beyond_chance(groups), strict=True))


def _row(one: GroupSlice, apart: bool) -> tuple[str, ...]:
    wrong = [Phrase("{0} {1}", "{0} {1}", known(label), n) for label, n in one.called.items()]
    relative = one.resting is not None and one.resting_interval is not None
    return (
        group_words(one.column, one.group),
        known(one.label),
        number("{0:,}", one.n),
        _share(one.accuracy, one.interval),
        Phrase("group.apart", "differs from the others ({0})", _p_words(one.p_value))
        if apart
        else Phrase("group.same_n", "no difference detected at n = {0}", one.n),
        joined(wrong) if wrong else "-",
        _share(one.resting, one.resting_interval) if relative else "-",
        "-" if one.resting_p_value is None else _p_words(one.resting_p_value),
    )


def _share(value: float | None, ends: tuple[float, float] | None) -> Phrase:
    assert value is not None and ends is not None
    return number("{0:.1f} % ({1:.1f}–{2:.1f})", 100 * value, 100 * ends[0], 100 * ends[1])


def _p_words(p_value: float) -> Phrase:
    """A p-value as text; below 0.001 only as a bound."""
    return number("p < {0}", 0.001) if p_value < 1e-3 else number("p = {0}", float(f"{p_value:.2g}"))


def by_group_words(people: PeopleResult | None) -> Phrase | None:
    """Origin and limits of the results by group; None if there are none."""
    if people is None or not people.groups:
        return None
    return Phrase(
        "prose.groups_n",
        "Data: {0}. Groups are as people reported them; table by group below. There are {1} people: where no "
        "difference is detected, that does not mean there is none. FER2013 has no such labels.",
        CREDITS.get(people.data, people.data),
        _people(people),
    )


def _people(people: PeopleResult) -> int:
    """The number of people: the sum over the groups of the column that covers most people."""
    label = people.groups[0].label
    columns: dict[str, int] = {}
    for one in people.groups:
        if one.label == label:
            columns[one.column] = columns.get(one.column, 0) + one.people
    return max(columns.values())


def resting_words(people: PeopleResult | None) -> Phrase:
    """The margin of *neutral*, and the mean recall with other margins if measured."""
    if people is None:
        return Phrase(
            "prose.margin", "Relative to a resting face, neutral has a margin of {0}.", number("{0:g}", MARGIN)
        )
    tried = [number("{0:g}: {1:.1f} %", margin, 100 * recall) for margin, recall in people.margins]
    return Phrase(
        "prose.margins",
        "Relative to a resting face, neutral has a margin of {0}, the same for all models: the largest that costs less "
        "than 2 points of recall on average. Mean recall with each margin ({1}): {2}.",
        number("{0:g}", people.margin),
        CREDITS.get(people.data, people.data),
        joined(tried),
    )
