"""The Zoo tab's content as HTML: the leaderboard, a model's page, a comparison of two models."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path

from features import images
from features.images import ImageError
from features.phrase import Phrase, joined, number
from ui import text as wording
from ui.components import data_uri, terms
from ui.languages import phrase
from zoo.cards import Card, Figures, Robustness
from zoo.evaluation.paired import PairResult, find_pair
from zoo.models.label_mix import FER2013, WORDS
from zoo.reports import charts, leaderboard, model_card
from zoo.reports.data_words import data_words, split_words
from zoo.reports.evaluation_report import CHOOSE, WORSE, Panel, hard_panels, panels, together_words, verdict
from zoo.reports.markup import attribute, say
from zoo.training.plots import Log, curves, read_log

LONG = 12  # rows; Factors' tables have more
EMPTY = 'class="fz-empty"'
MODEL_HEAD = 'scope="col" class="fz-model"'
LOG, ARCHITECTURE = "log.csv", "architecture.png"
FRESH = "FER2013 without near-duplicates"
NONE = f'<span class="fz-none" role="img" {attribute("aria-label", model_card.NOT_MEASURED)}>–</span>'


@dataclass(frozen=True)
class Column:
    """A column of the leaderboard: its heading, the term that explains it, and whether more is better."""

    term: str
    more_is_better: bool = True

    @property
    def title(self) -> str:
        """The column's heading."""
        return terms.NAMES[self.term]


COLUMNS = (
    Column("accuracy"),
    Column("copies"),
    Column("f1"),
    Column("ece", more_is_better=False),
    Column("size", more_is_better=False),
    Column("ms", more_is_better=False),
)
TERMS = ("accuracy", "copies", "f1", "ece", "brier", "mcnemar", "holm", "hog")


# --- The leaderboard -------------------------------------------------------------------------


def board(cards: Mapping[str, Card], measured: Mapping[str, float]) -> str:
    """All models in a sortable table, best accuracy first.

    Parameters
    ----------
    cards : mapping
        Model name to its card.
    measured : mapping
        Model name to milliseconds on this machine, if measured.
    """
    heads = "".join(_head(column, i) for i, column in enumerate(COLUMNS))
    rows = "".join(_row(card, measured.get(card.name)) for card in ranked(cards))
    return (
        f'<div class="fz-scroll"><table class="fz-board">{say(phrase("zoo.sort"), "caption")}<thead><tr>'
        f"{say(phrase('zoo.model'), 'th', MODEL_HEAD)}"
        f"{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def left_out(broken: Mapping[str, str]) -> str:
    """One sentence that names the models whose files are damaged; empty if there are none."""
    return say(wording.left_out(broken), "p", 'class="fz-left-out" role="status"') if broken else ""


def ranked(cards: Mapping[str, Card]) -> list[Card]:
    """The cards by accuracy, best first; those without a figure last."""
    return sorted(cards.values(), key=lambda card: (-_accuracy(card), card.name))


def _accuracy(card: Card) -> float:
    line = card.figure()
    return line.accuracy if line else 0.0


def _head(column: Column, i: int) -> str:
    first = "descending" if column.more_is_better else "ascending"
    start = "descending" if i == 0 else "none"
    return (
        f'<th scope="col" aria-sort="{start}"><button type="button" data-sort="{i}" data-first="{first}">'
        f"{say(column.title)}</button>{terms.ask(column.term)}</th>"
    )


def _row(card: Card, measured: float | None) -> str:
    line, fresh = card.figure(), card.figure(FRESH)
    cells = (
        _cell(line.accuracy, _with_interval(line)) if line else _fewer(card),
        _cell(fresh.accuracy, say(_percent(fresh.accuracy))) if fresh else _cell(None, None),
        _cell(line.macro_f1, say(number("{0:.3f}", line.macro_f1))) if line else _cell(None, None),
        _cell(line.ece, say(number("{0:.3f}", line.ece))) if line else _cell(None, None),
        _cell(card.size_bytes, say(leaderboard.megabytes(card.size_bytes))),
        _milliseconds(card, measured),
    )
    name, family = say(wording.title(card)), say(wording.family(card), "small")
    return (
        f'<tr data-model="{escape(card.name)}"><th scope="row" class="fz-model"><button type="button" '
        f'data-model="{escape(card.name)}">{name}</button>{family}</th>{"".join(cells)}</tr>'
    )


def _fewer(card: Card) -> str:
    """Accuracy of a model with fewer labels, which is not comparable and not sorted with the others."""
    own = card.own_figure()
    return (
        f"<td>{say(_percent(own.accuracy))} {say(phrase('zoo.of_n', own.labels), 'small')}</td>"
        if own
        else _cell(None, None)
    )


def _milliseconds(card: Card, measured: float | None) -> str:
    if measured is not None:
        return _cell(measured, f"{say(number('{0:.1f}', measured))} {say(phrase('zoo.here'), 'small')}")
    return _cell(card.milliseconds or None, say(number("{0:.1f}", card.milliseconds)))


def _cell(value: float | None, text: str | None) -> str:
    if value is None:
        return f"<td>{NONE}</td>"
    return f'<td data-value="{value:.6f}">{text}</td>'


def _with_interval(line: Figures) -> str:
    low, high = line.interval
    ends = say(number("({0:.1f}–{1:.1f})", 100 * low, 100 * high), "small")
    return f"{say(_percent(line.accuracy), 'b')} {ends}"


def _percent(share: float) -> Phrase:
    return number("{0:.1f} %", 100 * share)


# --- One model -------------------------------------------------------------------------------


def lines_of(cards: Mapping[str, Card]) -> list[tuple[str, str]]:
    """The data sets that models were measured on, as (words, key), FER2013 first."""
    seen = {key(line): words(line) for card in cards.values() for line in card.figures}
    usual = key_of("FER2013", "PrivateTest", "7")
    return sorted(((text, one) for one, text in seen.items()), key=lambda pair: (pair[1] != usual, pair[0]))


def key(line: Figures) -> str:
    """Key of a line of figures, the value in a choice box."""
    return key_of(*line.key)


def key_of(data: str, split: str, labels: str, mix: str = FER2013) -> str:
    """As `key`, from its parts."""
    return "|".join((data, split, labels, *([] if mix == FER2013 else [mix])))


def words(line: Figures) -> Phrase:
    """A line of figures in words: data set, split and labels."""
    sentence = phrase("zoo.line", data_words(line.data), split_words(line.split), line.labels)
    return sentence if line.mix == FER2013 else joined([sentence, WORDS[line.mix]])


def find_line(card: Card, wanted: str | None) -> Figures | None:
    """The line of figures with this key; None if the card has none."""
    return next((line for line in card.figures if key(line) == wanted), None)


def model(card: Card, wanted: str | None, folder: Path) -> str:
    """A model's page: charts for a data set, its training, and its card.

    Parameters
    ----------
    card : Card
    wanted : str or None
        The line of figures, as `key` names it.
    folder : Path
        Its checkpoint, for the training log and the picture of its layers.
    """
    line = find_line(card, wanted)
    hard = hard_panels(card, wording.title(card))
    narrow, wide = [p for p in hard if not p.wide], [p for p in hard if p.wide]
    parts = [
        _panel(panel, i == 0) for i, panel in enumerate((*_charts(card, line), *narrow, *_training(folder), *wide))
    ]
    return (
        f'<article class="fz-page"><header>{say(wording.title(card), "h2")}{_about(card)}'
        f"{_measured(card, line)}{_facts(card, line)}</header>"
        f'<div class="fz-panels">{"".join(parts)}</div>{_card(card)}</article>'
    )


def _about(card: Card) -> str:
    """What the model is, with an explanation of HOG for models that use it."""
    explained = f" {terms.ask('hog')}" if "HOG" in card.title else ""
    return f"<p>{say(wording.summary(card))}{explained}</p>"


def _facts(card: Card, line: Figures | None) -> str:
    """The main figures, above the charts."""
    shown = [("size", leaderboard.megabytes(card.size_bytes))]
    shown += [("ms", number("{0:.1f}", card.milliseconds))] if card.milliseconds else []
    measured = [("f1", line.macro_f1), ("ece", line.ece), ("brier", line.brier)] if line else []
    shown = [(name, number("{0:.3f}", value)) for name, value in measured] + shown
    items = "".join(
        f"<div><dt>{say(terms.NAMES[name])} {terms.ask(name)}</dt>{say(value, 'dd')}</div>" for name, value in shown
    )
    return f'<dl class="fz-facts">{items}</dl>'


def _measured(card: Card, line: Figures | None) -> str:
    if line is None:
        others = "".join(say(one, "li") for one, _ in lines_of({card.name: card}))
        where = f'{say(phrase("zoo.measured_on"), "p")}<ul class="fz-sets">{others}</ul>' if others else ""
        return f'<div class="fz-empty">{say(wording.NOT_MEASURED, "p")}{where}</div>'
    counted = say(phrase("zoo.right_n", number("{0:,}", line.n)))
    return f'<p class="fz-on">{say(words(line))}: {_with_interval(line)} {counted}</p>'


def _charts(card: Card, line: Figures | None) -> list[Panel]:
    return panels(line, card.labels_of(line)) if line else []


def _panel(panel: Panel, opened: bool) -> str:
    """A chart that can be folded."""
    cell = say(CHOOSE, "p", 'class="fz-say" role="status"') if "data-say" in panel.chart else ""
    return (
        f'<details class="fz-panel{" fz-wide" if panel.wide else ""}"{" open" if opened else ""}>'
        f'<summary>{say(panel.title, "h3")}</summary><div class="fz-body">{panel.chart}{cell}</div></details>'
    )


def _training(folder: Path) -> list[Panel]:
    """The model's training, from the files in its folder; damaged ones, which serving does not need, are left out."""
    made = []
    with suppress(OSError, ValueError, csv.Error):
        made += _curves(read_log(folder / LOG))
    if (folder / ARCHITECTURE).is_file():
        made += _architecture(folder / ARCHITECTURE)
    return made


def _architecture(path: Path) -> list[Panel]:
    """The diagram of a network; empty if the file is not a picture."""
    try:
        picture = images.load(path, max_side=4096)
    except ImageError:
        return []
    image = data_uri.img(picture, phrase("zoo.layers"), "fz-architecture", photo=False)
    region = f'<div class="fz-tall" tabindex="0" role="region" {attribute("aria-label", phrase("zoo.network"))}>'
    return [Panel(phrase("zoo.network"), f"{region}{image}</div>")]


def _curves(log: Log) -> list[Panel]:
    """Accuracy by epoch, one chart per head of the network."""
    made = []
    for curve in curves(log, "accuracy"):
        head = curve.name.removesuffix("accuracy").strip("_")
        title = phrase("zoo.training_head", head) if head else phrase("zoo.training")
        made.append(Panel(title, charts.training("accuracy", curve.validated, curve.trained, curve.epochs)))
    return made


def _card(card: Card) -> str:
    body = "".join(_section(section) for section in model_card.sections(card))
    head = f"<summary>{say(phrase('zoo.card'), 'h3')}</summary>"
    return f'<details class="fz-card">{head}<div class="fz-sections">{body}</div></details>'


def _section(section: model_card.Section) -> str:
    entries = "".join(_entry(term, text) for term, text in section.entries)
    tables = "".join(map(_table, section.tables))
    wide = " fz-wide" if section.tables else ""
    return f'<details class="fz-section{wide}" open>{say(section.title, "summary")}<dl>{entries}</dl>{tables}</details>'


def _entry(term: str, text: str) -> str:
    head = "<dt></dt>" if term.isdigit() else say(term, "dt")
    return f"<div>{head}{_description(text)}</div>"


def _description(text: str) -> str:
    """A term's explanation, without the Markdown markup of the same card."""
    if isinstance(text, Phrase):
        values = [
            value.strip("`") if not isinstance(value, Phrase) and isinstance(value, str) else value
            for value in text.values
        ]
        text = Phrase(text.key, text.template, *values)
    return say(text, "dd", 'class="fz-none"' if text == model_card.NOT_MEASURED else "")


def _table(table: model_card.Table) -> str:
    """A table of the card; long ones, whose figures are in the charts, are folded."""
    if len(table.rows) <= LONG:
        return _open_table(table)
    summary = say(phrase("zoo.rows", len(table.rows), joined(table.heading)), "summary")
    return f'<details class="fz-long">{summary}{_open_table(table)}</details>'


def _open_table(table: model_card.Table) -> str:
    heads = "".join(say(cell, "th", 'scope="col"') for cell in table.heading)
    rows = "".join(f"<tr>{''.join(say(cell, 'td') for cell in row)}</tr>" for row in table.rows)
    return (
        f'<div class="fz-scroll" tabindex="0"><table class="fz-table"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


# --- Two models ------------------------------------------------------------------------------


def duel(first: Card, second: Card, wanted: str | None, pairs: Sequence[PairResult]) -> str:
    """A comparison of two models: recall by label, and whether the overall difference is more than chance."""
    line, other = find_line(first, wanted), find_line(second, wanted)
    titles = [say(wording.title(one)) for one in (first, second)]
    head = f"<h2>{titles[0]} {say(phrase('zoo.vs'))} {titles[1]}</h2>"
    if first.name == second.name:
        return f'<article class="fz-page">{head}{say(wording.SAME_MODEL, "p", EMPTY)}</article>'
    if line is None or other is None:
        return f'<article class="fz-page">{head}{say(wording.NOT_MEASURED_BOTH, "p", EMPTY)}</article>'
    pair = find_pair(pairs, first, second, line)
    return (
        f'<article class="fz-page">{head}{say(_verdict(first, second, pair), "p", "class=fz-verdict")}'
        f"{_together(first, second, pair)}{_duel_key(first, second)}"
        f"{charts.recall_differences(line, other, first.labels_of(line).labels, pair.by_label if pair else ())}"
        f'<p class="fz-hint">{_duel_hint(pair)}</p>{_duel_terms(pair)}{_both_worse(first, second)}</article>'
    )


def _duel_hint(pair: PairResult | None) -> str:
    """Sentences in elements of their own, as the dictionaries of other languages have them; and the tests' names."""
    hints = (wording.DUEL_HINT, wording.DUEL_TESTED) if pair and pair.by_label else (wording.DUEL_HINT,)
    return " ".join(map(say, hints))


def _duel_terms(pair: PairResult | None) -> str:
    return terms.listed(("mcnemar", "holm") if pair.by_label else ("mcnemar",)) if pair else ""


def _both_worse(first: Card, second: Card) -> str:
    """Both models on corrupted pictures, if both were measured on the same ones."""
    found = [(wording.title(one), one.robustness) for one in (first, second) if one.robustness is not None]
    if len(found) < 2 or len({_pictures(one) for _, one in found}) > 1:
        return ""
    return f'<section class="fz-worse">{say(WORSE, "h3")}{charts.robustness(found)}</section>'


def _pictures(measured: Robustness) -> tuple[str, str, str, int, int]:
    """Identifies the pictures on which robustness was measured."""
    return measured.data, measured.split, measured.labels, measured.n, measured.seed


def _verdict(first: Card, second: Card, pair: PairResult | None) -> str:
    if pair is None:
        return wording.not_compared(first.name, second.name)
    return verdict(wording.title(first), wording.title(second), pair.difference, pair.interval, pair.p_value)


def _together(first: Card, second: Card, pair: PairResult | None) -> str:
    """How many pictures only one of two models gets right, and the accuracy of both averaged."""
    if pair is None or pair.together is None:
        return ""
    bar = charts.rights(pair.together, wording.title(first), wording.title(second))
    return bar + say(together_words(pair.together), "p", 'class="fz-hint fz-together"')


def _duel_key(first: Card, second: Card) -> str:
    return (
        f'<ul class="fz-key"><li><i class="fz-first"></i>{say(phrase("zoo.finds", wording.title(first)))}</li>'
        f'<li><i class="fz-second"></i>{say(phrase("zoo.finds", wording.title(second)))}</li></ul>'
    )
