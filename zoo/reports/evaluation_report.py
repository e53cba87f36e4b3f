"""An evaluation as one self-contained HTML file: figures, charts, comparisons, notes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from typing import TYPE_CHECKING

from features.phrase import Phrase, number
from zoo.cards import Card, Figures, GroupSlice, PeopleResult
from zoo.evaluation import metrics
from zoo.evaluation.paired import CHANCE, Recall, Together, beyond_chance
from zoo.labels import EIGHT, LABEL_SETS
from zoo.models.label_mix import with_mix
from zoo.models.resting import MARGIN
from zoo.reports import charts
from zoo.reports.group_words import HEADING as BY_GROUP
from zoo.reports.group_words import by_group_words, gain_words, group_rows, resting_words
from zoo.reports.leaderboard import with_interval

if TYPE_CHECKING:  # importing it imports scikit-learn
    from zoo.evaluation.evaluate import Evaluation, Pair
    from zoo.evaluation.people import Relative

WORSE = Phrase("zoo.worse", "On worse pictures")
CHOOSE = Phrase("zoo.cell", "Select a cell to see what it counts.")
HEADING = ("model", "labels", "n", "accuracy (95 %)", "balanced", "macro-F1", "NLL", "Brier", "ECE", "ECE before")
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Face-off: evaluation</title><style>{style}</style></head>
<body><main><h1>How good are the models?</h1>
<p class="note">An expression is not an emotion. These figures say how often a model names the label people gave a
picture; they say nothing about how anyone feels.</p>
{body}</main><script>const element = document.body;
{script}</script></body></html>
"""
STYLE = charts.STYLE.with_name("report.css")


@dataclass(frozen=True)
class Panel:
    """A chart with a heading; a wide one has a row of its own."""

    title: str
    chart: str
    wide: bool = False


def page(result: Evaluation, cards: dict[str, Card]) -> str:
    """The report.

    Parameters
    ----------
    result : Evaluation
    cards : dict
        Model name to its card, for titles and label orders.
    """
    lines = [(cards[name], line) for name, figures in result.figures.items() for line in figures]
    first = lines[0][1]
    parts = [_table(data, lines) for data in dict.fromkeys(line.data for _, line in lines)]
    parts += [_pairs(result.pairs, cards)] if result.pairs else []
    parts += [_model(card, line) for card, line in lines if (line.data, line.labels) == (first.data, first.labels)]
    parts += [_beyond(cards[name], result) for name in result.figures]
    parts += [_people(cards[name], found) for name, found in result.people.items()]
    parts += [_notes((*result.notes, *result.failed))]
    style = "".join(path.read_text(encoding="utf-8") for path in (charts.STYLE, STYLE))
    return PAGE.format(style=style, body="".join(parts), script=charts.SCRIPT.read_text(encoding="utf-8"))


def panels(line: Figures, labels: Iterable[str]) -> list[Panel]:
    """The charts of one line of figures for which the card has data."""
    names = tuple(labels)
    made = []
    if line.confusion:
        made.append(Panel(Phrase("zoo.confusion", "Confusion matrix"), charts.confusion(line, names), wide=True))
    if line.recall and line.precision:
        made.append(Panel(Phrase("zoo.by_label", "Label by label"), charts.class_bars(line, names)))
    if line.reliability:
        made.append(Panel(Phrase("zoo.reliability", "Is the confidence reliable?"), charts.reliability(line)))
    if line.coverage:
        made.append(
            Panel(Phrase("zoo.coverage", "Accuracy if it may skip the hardest pictures"), charts.coverage(line))
        )
    return made


def hard_panels(card: Card, title: str | None = None) -> list[Panel]:
    """Charts of slices and corruptions, as far as the card has data; the model is called `title`, if given."""
    made = []
    if card.slices:
        made.append(Panel(Phrase("zoo.slices", "Accuracy by pose, light and size"), charts.slices(card.slices)))
    if card.robustness:
        made.append(Panel(WORSE, charts.robustness([(title or card.title, card.robustness)]), wide=True))
    return made


def _beyond(card: Card, result: Evaluation) -> str:
    """The same from an evaluation that is not on a card."""
    fresh = replace(card, slices=result.slices.get(card.name, ()), robustness=result.robustness.get(card.name))
    body = "".join(map(_panel, hard_panels(fresh)))
    title = f"{card.title}: what makes it hard"
    return f"<section><h2>{escape(title)}</h2><div class='panels'>{body}</div></section>" if body else ""


def _table(data: str, lines: list[tuple[Card, Figures]]) -> str:
    chosen = [(card, line) for card, line in lines if line.data == data]
    head = "".join(f"<th scope='col'>{name}</th>" for name in HEADING)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in _row(*one))}</tr>" for one in chosen)
    title = with_mix(f"{data}, {chosen[0][1].split}", chosen[0][1].mix)
    return (
        f"<section><h2>{escape(title)}</h2><div class='wide-table'>"
        f"<table class='figures'><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _row(card: Card, line: Figures) -> tuple[str, ...]:
    numbers = (line.balanced_accuracy, line.macro_f1, line.nll, line.brier, line.ece)
    return (
        card.title,
        line.labels,
        f"{line.n:,}",
        with_interval(line),
        *(f"{number:.3f}" for number in numbers),
        _before(line),
    )


def _before(line: Figures) -> str:
    """ECE before calibration."""
    return f"{metrics.calibration_gap(line.reliability_before):.3f}" if line.reliability_before else "-"


def _people(card: Card, found: Relative) -> str:
    """Results relative to resting faces, by margin and by group."""
    from zoo.evaluation.people import RESTING

    labels = [line.labels for line in found.lines[::2]]
    sentences = [f"{name} labels: {gain_words(gain)}" for name, gain in zip(labels, found.gains, strict=True)]
    data = found.lines[-1].data.removesuffix(f", {RESTING}")
    measured = PeopleResult(data, MARGIN, found.margins, found.groups)
    sentences += [resting_words(measured), *filter(None, [by_group_words(measured)])]
    items = "".join(f"<li>{escape(one)}</li>" for one in sentences)
    title = escape(f"{card.title}: relative to the resting face, by group")
    return f"<section><h2>{title}</h2><ul>{items}</ul>{_by_group(found.groups)}</section>"


def _by_group(groups: Sequence[GroupSlice]) -> str:
    if not groups:
        return ""
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in BY_GROUP)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in group_rows(groups))
    table = f"<table class='figures'><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f"<div class='wide-table'>{table}</div>"


def _pairs(pairs: Iterable[Pair], cards: dict[str, Card]) -> str:
    items = "".join(f"<li>{escape(_compared(pair, cards))}</li>" for pair in pairs)
    return f"<section><h2>Who is better?</h2><ul>{items}</ul></section>"


def _compared(pair: Pair, cards: dict[str, Card]) -> str:
    first, second = (cards[name].title for name in (pair.first, pair.second))
    sentence = verdict(first, second, pair.result.difference, pair.result.interval, pair.result.p_value)
    where = where_words(first, second, pair.by_label, {**LABEL_SETS, EIGHT.name: EIGHT}[pair.labels])
    return f"{pair.data}, {pair.labels} labels: {sentence} {where} {together_words(pair.together)}"


def verdict(first: str, second: str, difference: float, interval: tuple[float, float], p_value: float) -> Phrase:
    """A sentence about which model is more accurate, by how much, and whether that is significant."""
    if difference < 0:
        return verdict(second, first, -difference, (-interval[1], -interval[0]), p_value)
    if not difference:
        return Phrase("zoo.equal", "{0} and {1} are right equally often.", first, second)
    low, high = (number("{0:+.1f}", 100 * end) for end in interval)
    values = (first, number("{0:.1f}", 100 * difference), second, low, high, _p_words(p_value))
    if p_value < CHANCE:
        return Phrase(
            "zoo.better",
            "{0} is right {1} points more often than {2} ({3} to {4}; McNemar {5}): more than chance.",
            *values,
        )
    return Phrase(
        "zoo.maybe",
        "{0} is right {1} points more often than {2} ({3} to {4}; McNemar {5}): that may well be chance.",
        *values,
    )


def _p_words(p_value: float) -> Phrase:
    return number("p < {0}", 0.0001) if p_value < 1e-4 else number("p = {0}", float(f"{p_value:.2g}"))


_AVERAGED = "With their probabilities averaged, the two are right on {0} % ({1} to {2}), {3} points "
_MORE, _LESS = (
    "more often than the better one alone (McNemar {4}): ",
    "less often than the better one alone (McNemar {4}): ",
)
# By whether the average of two models is better than the better one, and whether that could be chance.
TOGETHER = {
    (True, False): partial(Phrase, "zoo.together_more", f"{_AVERAGED}{_MORE}more than chance."),
    (True, True): partial(Phrase, "zoo.together_more_maybe", f"{_AVERAGED}{_MORE}that may well be chance."),
    (False, False): partial(Phrase, "zoo.together_less", f"{_AVERAGED}{_LESS}more than chance."),
    (False, True): partial(Phrase, "zoo.together_less_maybe", f"{_AVERAGED}{_LESS}that may well be chance."),
}


def together_words(both: Together) -> Phrase:
    """A sentence about the accuracy of two models with averaged probabilities."""
    values = [number("{0:.1f}", 100 * share) for share in (both.accuracy, both.low, both.high)]
    if not both.gain:
        return Phrase(
            "zoo.together_same",
            "With their probabilities averaged, the two are right on {0} % ({1} to "
            "{2}), as often as the better one alone.",
            *values,
        )
    values += [number("{0:.1f}", 100 * abs(both.gain)), _p_words(both.p_value)]
    more, chance = both.gain > 0, both.p_value >= CHANCE
    return TOGETHER[more, chance](*values)


def where_words(first: str, second: str, results: Sequence[Recall], labels: Iterable[str]) -> str:
    """A sentence about the labels on which the models' recall differs significantly."""
    parts: dict[str, list[str]] = {first: [], second: []}
    for label, one, beyond in zip(labels, results, beyond_chance(results), strict=True):
        if beyond:
            parts[first if one.difference > 0 else second].append(f"{label} (+{100 * abs(one.difference):.1f})")
    findings = [f"{name} finds more pictures of {', '.join(found)}" for name, found in parts.items() if found]
    if not findings:
        return "Label by label, no difference is more than chance."
    return f"Label by label, {'; '.join(findings)}; other differences may be chance."


def _model(card: Card, line: Figures) -> str:
    body = "".join(_panel(panel) for panel in panels(line, card.labels_of(line)))
    title = escape(f"{card.title}: {line.data}, {line.labels} labels")
    return f"<section><h2>{title}</h2><div class='panels'>{body}</div></section>"


def _panel(panel: Panel) -> str:
    say = f"<p class='fz-say' role='status'>{CHOOSE}</p>" if "data-say" in panel.chart else ""
    return f"<div class='fz-panel{' wide' if panel.wide else ''}'><h3>{panel.title}</h3>{panel.chart}{say}</div>"


def _notes(sentences: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<section><h2>Notes</h2><ul>{items}</ul></section>" if items else ""
