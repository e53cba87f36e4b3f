"""What the Zoo tab shows, as HTML: the leaderboard, one model's page, two models against each other."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path

from features import images
from features.images import ImageError
from ui import text as wording
from ui.components import data_uri
from zoo.cards import Card, Figures
from zoo.evaluation.paired import PairResult, find_pair
from zoo.reports import charts, model_card
from zoo.reports.evaluation_report import CHOOSE, Panel, hard_panels, panels, together_words, verdict
from zoo.training.plots import Log, paired_columns, read_log

LONG = 12  # rows; Factors' tables have more
LOG, ARCHITECTURE = "log.csv", "architecture.png"
FRESH = "FER2013 without near-duplicates"
NONE = '<span class="fz-none" aria-label="not measured">–</span>'


@dataclass(frozen=True)
class Column:
    """A column of the leaderboard: its heading, what it means, and whether more is better."""

    title: str
    hint: str
    more_is_better: bool = True


COLUMNS = (
    Column("accuracy", "Share of right answers on FER2013 PrivateTest, 7 labels; in brackets the 95 % interval"),
    Column("without copies", "The same without pictures that have a near-duplicate among those models learned from"),
    Column("macro-F1", "Mean over the labels: rare ones weigh as much as common ones"),
    Column("ECE", "How far confidence is from the share right; 0 is best", more_is_better=False),
    Column("size, MB", "Of the served file", more_is_better=False),
    Column("ms a face", "On one thread, as the card says, or as measured here at a click", more_is_better=False),
)


# --- The leaderboard -------------------------------------------------------------------------


def board(cards: Mapping[str, Card], measured: Mapping[str, float]) -> str:
    """All models in a table that can be sorted; best accuracy first.

    Parameters
    ----------
    cards : mapping
        Model name to its card.
    measured : mapping
        Model name to the milliseconds it took on this machine, where it was measured.
    """
    heads = "".join(_head(column, i) for i, column in enumerate(COLUMNS))
    rows = "".join(_row(card, measured.get(card.name)) for card in ranked(cards))
    return (
        '<div class="fz-scroll"><table class="fz-board"><caption>Choose a heading to sort, a model to see its card.'
        '</caption><thead><tr><th scope="col" class="fz-model">model</th>'
        f"{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def left_out(broken: Mapping[str, str]) -> str:
    """One sentence that names the models whose files are damaged; nothing if there are none."""
    return f'<p class="fz-left-out" role="status">{escape(wording.left_out(broken))}</p>' if broken else ""


def ranked(cards: Mapping[str, Card]) -> list[Card]:
    """The best first, those that were not measured last."""
    return sorted(cards.values(), key=lambda card: (-_accuracy(card), card.name))


def _accuracy(card: Card) -> float:
    line = card.figure()
    return line.accuracy if line else 0.0


def _head(column: Column, i: int) -> str:
    first = "descending" if column.more_is_better else "ascending"
    start = "descending" if i == 0 else "none"
    return (
        f'<th scope="col" aria-sort="{start}"><button type="button" data-sort="{i}" data-first="{first}" '
        f'title="{escape(column.hint)}">{escape(column.title)}</button></th>'
    )


def _row(card: Card, measured: float | None) -> str:
    line, fresh = card.figure(), card.figure(FRESH)
    cells = (
        _cell(line and line.accuracy, line and _with_interval(line)) if line else _fewer(card),
        _cell(fresh and fresh.accuracy, fresh and _percent(fresh.accuracy)),
        _cell(line and line.macro_f1, line and f"{line.macro_f1:.3f}"),
        _cell(line and line.ece, line and f"{line.ece:.3f}"),
        _cell(card.size_bytes, f"{card.size_bytes / 2**20:.1f}"),
        _milliseconds(card, measured),
    )
    name = escape(card.title)
    return (
        f'<tr data-model="{escape(card.name)}"><th scope="row" class="fz-model"><button type="button" '
        f'data-model="{escape(card.name)}">{name}</button><small>{escape(card.family)}</small></th>{"".join(cells)}</tr>'
    )


def _fewer(card: Card) -> str:
    """Accuracy of a model that knows fewer labels: told, but not sorted among the others."""
    own = card.own_figure()
    return f"<td>{_percent(own.accuracy)} <small>of {own.labels} labels</small></td>" if own else _cell(None, None)


def _milliseconds(card: Card, measured: float | None) -> str:
    if measured is not None:
        return _cell(measured, f"{measured:.1f} <small>here</small>")
    return _cell(card.milliseconds or None, f"{card.milliseconds:.1f}")


def _cell(value: float | None, text: str | None) -> str:
    if value is None:
        return f"<td>{NONE}</td>"
    return f'<td data-value="{value:.6f}">{text}</td>'


def _with_interval(line: Figures) -> str:
    low, high = line.interval
    return f"<b>{_percent(line.accuracy)}</b> <small>({100 * low:.1f}–{100 * high:.1f})</small>"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


# --- One model -------------------------------------------------------------------------------


def lines_of(cards: Mapping[str, Card]) -> list[tuple[str, str]]:
    """What models were measured on, as (words, key), the usual first."""
    seen = {key(line): words(line) for card in cards.values() for line in card.figures}
    usual = key_of("FER2013", "PrivateTest", "7")
    return sorted(((text, one) for one, text in seen.items()), key=lambda pair: (pair[1] != usual, pair[0]))


def key(line: Figures) -> str:
    """A line's name in a choice box."""
    return key_of(line.data, line.split, line.labels)


def key_of(data: str, split: str, labels: str) -> str:
    """The same from its parts."""
    return "|".join((data, split, labels))


def words(line: Figures) -> str:
    """A line in words."""
    return f"{line.data}, {line.split}, {line.labels} labels"


def find_line(card: Card, wanted: str | None) -> Figures | None:
    """A card's line of this name."""
    return next((line for line in card.figures if key(line) == wanted), None)


def model(card: Card, wanted: str | None, folder: Path) -> str:
    """A model's charts on what it was measured on, how it was trained, and its card.

    Parameters
    ----------
    card : Card
    wanted : str or None
        The line of figures, as `key` names it.
    folder : Path
        Its checkpoint, for the training log and the picture of its layers.
    """
    line = find_line(card, wanted)
    hard = hard_panels(card)
    narrow, wide = [p for p in hard if not p.wide], [p for p in hard if p.wide]
    parts = [_panel(panel) for panel in (*_charts(card, line), *narrow, *_training(folder), *wide)]
    return (
        f'<article class="fz-page"><header><h2>{escape(card.title)}</h2><p>{escape(card.summary)}</p>'
        f"{_measured(line)}</header>"
        f'<div class="fz-panels">{"".join(parts)}</div>{_card(card)}</article>'
    )


def _measured(line: Figures | None) -> str:
    if line is None:
        return f'<p class="fz-empty">{wording.NOT_MEASURED}</p>'
    return f'<p class="fz-on">{escape(words(line))}: {_with_interval(line)} right of {line.n:,} pictures</p>'


def _charts(card: Card, line: Figures | None) -> list[Panel]:
    return panels(line, card.labels_of(line)) if line else []


def _panel(panel: Panel) -> str:
    say = f'<p class="fz-say" role="status">{CHOOSE}</p>' if "data-say" in panel.chart else ""
    return (
        f'<section class="fz-panel{" fz-wide" if panel.wide else ""}"><h3>{escape(panel.title)}</h3>'
        f"{panel.chart}{say}</section>"
    )


def _training(folder: Path) -> list[Panel]:
    """How the model was trained, as far as there are files of it; a damaged one is left out, for no answer needs it."""
    made = []
    with suppress(OSError, ValueError, csv.Error):
        made += _curves(read_log(folder / LOG))
    if (folder / ARCHITECTURE).is_file():
        made += _architecture(folder / ARCHITECTURE)
    return made


def _architecture(path: Path) -> list[Panel]:
    """The drawing of a network; none where the file that came with the model is not a picture."""
    try:
        picture = images.load(path, max_side=4096)
    except ImageError:
        return []
    image = data_uri.img(picture, "The network, layer by layer", "fz-architecture", photo=False)
    return [Panel("The network", f'<div class="fz-tall">{image}</div>')]


def _curves(log: Log) -> list[Panel]:
    """Accuracy by epoch, a panel a head of the network."""
    made = []
    for trained, validated in paired_columns(log, "accuracy"):
        head = trained.removesuffix("accuracy").strip("_")
        title = "Training, epoch by epoch" + (f": head {head}" if head else "")
        made.append(Panel(title, charts.training("accuracy", log[trained], log[validated])))
    return made


def _card(card: Card) -> str:
    body = "".join(_section(section) for section in model_card.sections(card))
    return f'<section class="fz-card"><h3>Model card</h3><div class="fz-sections">{body}</div></section>'


def _section(section: model_card.Section) -> str:
    entries = "".join(_entry(term, text) for term, text in section.entries)
    tables = "".join(map(_table, section.tables))
    wide = " fz-wide" if section.tables else ""
    return (
        f'<details class="fz-section{wide}" open><summary>{escape(section.title)}</summary><dl>{entries}</dl>'
        f"{tables}</details>"
    )


def _entry(term: str, text: str) -> str:
    text = escape(text).replace(model_card.NOT_MEASURED, f"<i>{model_card.NOT_MEASURED}</i>").replace("`", "")
    return f"<div><dt>{'' if term.isdigit() else escape(term)}</dt><dd>{text}</dd></div>"


def _table(table: model_card.Table) -> str:
    """Long tables, whose figures the charts show, are closed at first."""
    if len(table.rows) <= LONG:
        return _open_table(table)
    summary = f"<summary>{len(table.rows)} rows: {escape(', '.join(table.heading))}</summary>"
    return f'<details class="fz-long">{summary}{_open_table(table)}</details>'


def _open_table(table: model_card.Table) -> str:
    heads = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.heading)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows)
    return (
        f'<div class="fz-scroll"><table class="fz-table"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>'
        "</table></div>"
    )


# --- Two models ------------------------------------------------------------------------------


def duel(first: Card, second: Card, wanted: str | None, pairs: Sequence[PairResult]) -> str:
    """Who wins where: recall label by label, and whether the whole difference is more than chance."""
    lines = find_line(first, wanted), find_line(second, wanted)
    head = f"<h2>{escape(first.title)} <span>against</span> {escape(second.title)}</h2>"
    if first.name == second.name:
        return f'<article class="fz-page">{head}<p class="fz-empty">{wording.SAME_MODEL}</p></article>'
    if lines[0] is None or lines[1] is None:
        return f'<article class="fz-page">{head}<p class="fz-empty">{wording.NOT_MEASURED_BOTH}</p></article>'
    pair = find_pair(pairs, first, second, lines[0])
    return (
        f'<article class="fz-page">{head}<p class="fz-verdict">{escape(_verdict(first, second, pair))}</p>'
        f"{_together(first, second, pair)}{_duel_key(first, second)}"
        f"{charts.recall_differences(*lines, first.labels_of(lines[0]), pair.by_label if pair else ())}"
        f'<p class="fz-hint">{_duel_hint(pair)}</p>{_both_worse(first, second)}</article>'
    )


def _duel_hint(pair: PairResult | None) -> str:
    """Sentences in elements of their own, as the dictionaries of other languages have them."""
    said = (wording.DUEL_HINT, wording.DUEL_TESTED) if pair and pair.by_label else (wording.DUEL_HINT,)
    return " ".join(f"<span>{sentence}</span>" for sentence in said)


def _both_worse(first: Card, second: Card) -> str:
    """Both on the same worse pictures, where both were measured on them."""
    if first.robustness is None or second.robustness is None or not _same_pictures(first, second):
        return ""
    drawn = charts.robustness([(first.title, first.robustness), (second.title, second.robustness)])
    return f'<section class="fz-worse"><h3>On worse pictures</h3>{drawn}</section>'


def _same_pictures(first: Card, second: Card) -> bool:
    asked = [(one.data, one.split, one.labels, one.n, one.seed) for one in (first.robustness, second.robustness)]
    return asked[0] == asked[1]


def _verdict(first: Card, second: Card, pair: PairResult | None) -> str:
    if pair is None:
        return wording.not_compared(first.name, second.name)
    return verdict(first.title, second.title, pair.difference, pair.interval, pair.p_value)


def _together(first: Card, second: Card, pair: PairResult | None) -> str:
    """What one model sees that the other does not, and what both are worth together."""
    if pair is None or pair.together is None:
        return ""
    bar = charts.rights(pair.together, first.title, second.title)
    return f'{bar}<p class="fz-hint fz-together">{escape(together_words(pair.together))}</p>'


def _duel_key(first: Card, second: Card) -> str:
    return (
        f'<ul class="fz-key"><li><i class="fz-first"></i>{escape(first.title)} finds more</li>'
        f'<li><i class="fz-second"></i>{escape(second.title)} finds more</li></ul>'
    )
