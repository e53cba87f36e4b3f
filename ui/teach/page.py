"""The results of a training run as HTML: splits, classes, confusions, curves, experiments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from features.phrase import Phrase, joined, number
from ui import text
from ui.languages import phrase
from zoo.cards import Figures
from zoo.evaluation.metrics import Scored
from zoo.reports import charts, svg
from zoo.reports.markup import say
from zoo.reports.svg import Axes, Series
from zoo.teach.held_out import CNN, SVM, HeldOutResult, Share, class_shares, shares_of
from zoo.teach.session import TeachSession
from zoo.teach.training import TITLES, TrainingResult

ORDER = (SVM, CNN)
CELL_SENTENCE = 'class="fz-say" role="status"'


def hood(trained: TrainingResult) -> str:
    """All results of a training run as HTML, for the section “Under the hood”."""
    result = trained.result
    panels = [
        _panel(text.TEACH["splits"], _splits(trained), "ft-wide"),
        _panel(text.TEACH["by_class"], _classes(result), "ft-wide"),
        *(_panel(phrase("teach.confusion_of", TITLES[name]), _confusion(result.answers[name])) for name in ORDER),
        _panel(text.TEACH["loss_title"], _curve(result, "loss")),
        _panel(text.TEACH["accuracy_title"], _curve(result, "accuracy")),
    ]
    return f'<div class="ft-panels">{"".join(panels)}</div>'


def _panel(title: str, content: str, css: str = "") -> str:
    return f'<section class="ft-panel fz-panel {css}">{say(title, "h4")}{content}</section>'


# ---- shares


def share(one: Share) -> str:
    """A share as HTML: a bar with its interval, and the numbers."""
    low, high = one.interval
    bar = (
        f'<span class="ft-share" aria-hidden="true"><i style="width:{100 * one.value:.1f}%"></i>'
        f'<s style="left:{100 * low:.1f}%;width:{100 * (high - low):.1f}%"></s></span>'
    )
    if not one.n:
        return '<span class="ft-none">–</span>'
    counts = phrase("teach.share_n", one.right, one.n, _percent(low), _percent(high))
    return f"{bar}{say(_percent(one.value), 'b')} {say(counts, 'small')}"


def _percent(value: float) -> Phrase:
    return number("{0:.0f} %", 100 * value)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> str:
    head = "".join(f'<th scope="col">{say(one)}</th>' for one in heads)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>' for row in rows
    )
    words = f"{say(caption, 'caption')}" if caption else ""
    table = f'<table class="ft-table">{words}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="ft-scroll">{table}</div>'


def _splits(trained: TrainingResult) -> str:
    words = text.TEACH
    rows = [(say(words["random"]), *_both(shares_of(trained.random)))]
    if trained.by_burst:
        rows.append((say(words["burst"]), *_both(shares_of(trained.by_burst))))
    note = words["flatters"] if trained.by_burst else words["one_burst"]
    return _table(("", *(TITLES[name] for name in ORDER)), rows) + say(note, "p", 'class="ft-note"')


def _both(shares: dict[str, Share]) -> tuple[str, ...]:
    return tuple(share(shares[name]) for name in ORDER)


def _classes(result: HeldOutResult) -> str:
    labels = result.answers[SVM].prediction.labels
    columns = [class_shares(result.answers[name]) for name in ORDER]
    names = [f'<span translate="no">{escape(label)}</span>' for label in labels]
    rows = [(name, *(share(column[i]) for column in columns)) for i, name in enumerate(names)]
    which = text.TEACH["held_burst" if result.kind == "burst" else "held_random"]
    return _table(("", *(TITLES[name] for name in ORDER)), rows) + say(which, "p", 'class="ft-note"')


def _confusion(scored: Scored) -> str:
    from sklearn.metrics import confusion_matrix

    labels = scored.prediction.labels
    matrix = confusion_matrix(scored.targets, scored.best, labels=np.arange(len(labels)))
    cells = charts.confusion(_line(scored, matrix), list(labels), own=True)
    return f"{cells}{say(text.TEACH['cells'], 'p', CELL_SENTENCE)}"


def _line(scored: Scored, matrix: np.ndarray) -> Figures:
    """The figures from which a confusion matrix is drawn; the others are placeholders."""
    right = float(scored.right.mean())
    counts, rows = tuple(matrix.sum(axis=1).tolist()), tuple(map(tuple, matrix.tolist()))
    return Figures(
        data="samples",
        split="held out",
        labels=scored.prediction.labels.name,
        n=len(scored.targets),
        accuracy=right,
        interval=(0.0, 1.0),
        balanced_accuracy=right,
        macro_f1=0.0,
        nll=0.0,
        brier=0.0,
        ece=0.0,
        counts=counts,
        confusion=rows,
    )


def _curve(result: HeldOutResult, name: str) -> str:
    learned = getattr(result.curves, name)
    held = getattr(result.curves, f"held_{name}")
    words = text.TEACH
    epochs = range(1, len(learned) + 1)
    series = [
        Series(words["on_held"], tuple(zip(epochs, held.tolist(), strict=True))),
        Series(words["on_learned"], tuple(zip(epochs, learned.tolist(), strict=True)), "b"),
    ]
    percent = name == "accuracy"
    top = 1.0 if percent else float(max(learned.max(), held.max()))
    axes = Axes(words["epoch"], words[name], (1, max(len(learned), 2)), (0.0, top), x_percent=False, y_percent=percent)
    ends = (number("{0:.2f}", one) for one in (learned[0], learned[-1], held[0], held[-1]))
    caption = phrase("teach.curve", words[name], *ends)
    return svg.line_chart(series, axes, caption, dots=False)


def curve(teach_session: TeachSession) -> str:
    """Chart of accuracy by number of samples; empty until the curve is computed."""
    points = teach_session.curve
    if not points:
        return ""
    series = [
        Series(TITLES[name], tuple((point.n, point.shares[name].value) for point in points), style)
        for name, style in zip(ORDER, "ab", strict=True)
    ]
    axes = Axes(text.TEACH["samples_learned"], text.TEACH["accuracy"], (0, points[-1].n), x_percent=False)
    shown = [joined([_percent(point.shares[name].value) for name in ORDER]) for point in points]
    caption = joined(
        [Phrase("{0}: {1}", "{0}: {1}", point.n, one) for point, one in zip(points, shown, strict=True)], "; "
    )
    return svg.line_chart(series, axes, caption) + say(text.TEACH["grow_note"], "p", 'class="ft-note"')


# ---- experiments


def outcomes(teach_session: TeachSession) -> str:
    """Table of the experiments: each model's correct answers before and after the change."""
    if not teach_session.outcomes:
        return say(text.TEACH["no_trial"], "p", 'class="ft-note"')
    heads = ("", *(joined([TITLES[name], when], " – ") for name in ORDER for when in text.BEFORE_AFTER))
    rows = []
    for name, outcome in teach_session.outcomes.items():
        rows.append(_outcome(text.TRIALS[name], outcome.before, outcome.after))
        if outcome.rested:
            rows.append(_outcome(phrase("teach.person_rest"), outcome.before, outcome.rested))
    return _table(heads, rows, text.TEACH["trials_caption"])


def _outcome(title: str, before: Mapping[str, Share], after: Mapping[str, Share]) -> tuple[str, ...]:
    return (say(title), *(share(part[model]) for model in ORDER for part in (before, after)))
