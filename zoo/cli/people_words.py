"""What an evaluation by person found, in words and rows; no command of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from zoo.cards import GroupSlice
from zoo.evaluation.paired import CHANCE, beyond_chance

if TYPE_CHECKING:  # importing it imports scikit-learn
    from zoo.evaluation.metrics import Paired

GROUPS = ("group", "label", "n", "as is", "against the others", "wrong labels", "resting face", "against as is")


def gain_words(gain: Paired) -> str:
    """How much more often a model is right relative to the resting face, in a sentence."""
    low, high = (100 * end for end in gain.interval)
    chance = "more than chance" if gain.p_value < CHANCE else "that may well be chance"
    return (
        f"relative to the resting face right {100 * gain.difference:+.1f} points more often than as is "
        f"({low:+.1f} to {high:+.1f}; McNemar {p_words(gain.p_value)}): {chance}."
    )


def group_rows(groups: Sequence[GroupSlice]) -> list[tuple[str, ...]]:
    """Each group's figures, none without its interval; differences are those that Holm's correction leaves."""
    return [GROUPS, *(_row(one, apart) for one, apart in zip(groups, beyond_chance(groups), strict=True))]


def _row(one: GroupSlice, apart: bool) -> tuple[str, ...]:
    return (
        f"{one.column}: {one.group}",
        one.label,
        f"{one.n:,}",
        _share(one.accuracy, one.interval),
        f"differs from the others ({p_words(one.p_value)})" if apart else f"no difference detected at n = {one.n}",
        ", ".join(f"{label} {n}" for label, n in one.called.items()) or "-",
        _share(one.resting, one.resting_interval) if one.resting is not None and one.resting_interval else "-",
        "-" if one.resting_p_value is None else p_words(one.resting_p_value),
    )


def _share(value: float, ends: tuple[float, float]) -> str:
    return f"{100 * value:.1f} % ({100 * ends[0]:.1f}-{100 * ends[1]:.1f})"


def p_words(p_value: float) -> str:
    """A p-value, no smaller than it is worth saying."""
    return "p < 0.001" if p_value < 1e-3 else f"p = {p_value:.2g}"
