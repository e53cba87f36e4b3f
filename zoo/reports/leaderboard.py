"""The table of models in the READMEs, generated from the cards."""

from __future__ import annotations

from collections.abc import Sequence

from features.phrase import Phrase, number
from zoo.cards import Card, Figures

BEGIN, END = "<!-- zoo:begin -->", "<!-- zoo:end -->"
HEADING = (
    "model",
    "what it is",
    "FER2013 PrivateTest",
    "without near-duplicates",
    "macro-F1",
    "FER+ majority, 8 labels",
    "size",
    "ms a face",
)


class TableError(ValueError):
    """The README lacks the two marks between which the table goes."""


def share(line: Figures | None, digits: int = 1) -> str:
    """An accuracy as a percentage, ``-`` if it was not measured."""
    return "-" if line is None else f"{line.accuracy:.{digits}%}".replace("%", " %")


def with_interval(line: Figures | None) -> str:
    """An accuracy with its 95 % interval."""
    if line is None:
        return "-"
    low, high = line.interval
    return f"{share(line)} ({low:.1%}–{high:.1%})".replace("%–", "–").replace("%)", ")")


def model_table(cards: Sequence[Card]) -> str:
    """The table as Markdown, one row per model, the baseline first and the best last."""
    ranked = sorted(cards, key=lambda card: (_accuracy(card), card.name))
    rows = [HEADING, ["---"] * len(HEADING), *(_row(card) for card in ranked)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _accuracy(card: Card) -> float:
    line = card.figure()
    return line.accuracy if line else 0.0


def fewer_words(card: Card) -> str:
    """``", 5 labels"`` for a figure on fewer than seven labels, which is not comparable."""
    own = card.own_figure()
    return f", {own.labels} labels" if own and card.figure() is None else ""


def _row(card: Card) -> tuple[str, ...]:
    line, fresh = card.figure(), card.figure("FER2013 without near-duplicates")
    return (
        f"`{card.name}`",
        card.summary,
        with_interval(line or card.own_figure()) + fewer_words(card),
        share(fresh),
        f"{line.macro_f1:.3f}" if line else "-",
        share(card.figure("FER+ majority", labels="8")),
        f"{megabytes(card.size_bytes)} MB",
        f"{card.milliseconds:.1f}" if card.milliseconds else "-",
    )


def megabytes(size: int) -> Phrase:
    """A size in bytes as a number of megabytes; small ones are not rounded to zero."""
    shown = size / 2**20
    return number("{0:.3f}" if 0 < shown < 0.05 else "{0:.1f}", shown)


def with_table(text: str, table: str, name: str = "README.md") -> str:
    """A README's text with the table between its two marks.

    Raises
    ------
    TableError
        The marks are missing or in the wrong order.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise TableError(f"{name} has no lines {BEGIN} and {END} to put the table between; add them.")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def has_marks(text: str) -> bool:
    """Whether a text has the marks for a table of models."""
    return BEGIN in text
