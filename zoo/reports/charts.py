"""Charts as HTML and SVG, for the page and for reports; colours are in `assets/charts.css`.

Every chart has a text alternative with its numbers, and distinguishes its
series by line style and markers as well as by colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from features.phrase import Phrase, joined, number
from zoo.cards import Figures, Robustness, Slice
from zoo.evaluation.conditions import AS_IT_IS, AS_THEY_ARE, CORRUPTIONS, FACTORS, PARTS, range_words
from zoo.evaluation.intervals import Estimate, LabelFigures, by_label
from zoo.evaluation.metrics import calibration_gap
from zoo.evaluation.paired import Recall, Together, beyond_chance
from zoo.labels import known
from zoo.reports.data_words import data_words, split_words
from zoo.reports.markup import attribute, say
from zoo.reports.svg import Axes, Series, drawing, legend, line_chart

STYLE = Path(__file__).parent / "assets" / "charts.css"
SCRIPT = STYLE.with_suffix(".js")  # behaviour of cells; needs the chart's container as `element`
DARK_FROM = 0.85  # proportion from which a cell's number is in the background colour
BEFORE, AFTER = Phrase("chart.before", "before calibration"), Phrase("chart.after", "as served")
FOUND = Phrase("chart.found", "faces the mesh still finds")
NAMES = {"precision": Phrase("chart.precision", "precision"), "recall": Phrase("chart.recall", "recall"), "f1": "F1"}
SHARE_RIGHT = Phrase("chart.right", "share correct")
INTERVAL_NOTE = Phrase("chart.note", "The thin line is the 95 % interval.")

BEYOND_CHANCE = Phrase("zoo.more_than", "more than chance")
MAYBE_CHANCE = Phrase("zoo.may_be", "may be chance")


def reliability(line: Figures) -> str:
    """Reliability diagram: accuracy by confidence, before and after calibration."""
    series = [Series(AFTER, tuple((sure, right) for sure, right, _ in line.reliability))]
    if line.reliability_before:
        series.append(Series(BEFORE, tuple((sure, right) for sure, right, _ in line.reliability_before), "b"))
    gaps = [Phrase("{0}: {1:.3f}", "{0}: {1:.3f}", name, calibration_gap(bins)) for name, bins in _bins(line)]
    words = Phrase("chart.gap", "Reliability diagram. Mean distance from the diagonal: {0}.", joined(gaps, "; "))
    return line_chart(series, Axes(Phrase("chart.confidence", "confidence"), SHARE_RIGHT), words, ideal=True)


def _bins(line: Figures) -> list[tuple[str, tuple]]:
    return [(name, bins) for name, bins in ((AFTER, line.reliability), (BEFORE, line.reliability_before)) if bins]


def coverage(line: Figures) -> str:
    """Coverage curve: accuracy by fraction of pictures, the most confident first."""
    steps = len(line.coverage)
    points = tuple(((i + 1) / steps, right) for i, right in enumerate(line.coverage))
    at = {share: points[round(share * steps) - 1][1] for share in (0.2, 0.5, 0.8, 1.0)}
    parts = [Phrase("chart.surest", "{0:.0%} right of the surest {1:.0%}", right, share) for share, right in at.items()]
    words = Phrase("chart.coverage", "Coverage curve. Share correct: {0}.", joined(parts))
    axes = Axes(
        Phrase("chart.answered", "pictures answered, most confident first"),
        SHARE_RIGHT,
        y_range=(_floor(line.coverage), 1.0),
    )
    return line_chart(
        [Series(Phrase("chart.right_answered", "correct among those answered"), points)], axes, words, dots=False
    )


def training(
    name: str,
    validated: Sequence[float],
    trained: Sequence[float] = (),
    epochs: Sequence[int] | None = None,
    percent: bool = True,
) -> str:
    """A metric by epoch, on validation pictures and, if measured, on augmented training pictures."""
    epochs = epochs or range(1, len(validated) + 1)
    series = [Series("PublicTest", tuple(zip(epochs, validated, strict=True)))]
    if trained:
        words = Phrase("chart.trained", "training, augmented")
        series.append(Series(words, tuple(zip(epochs, trained, strict=True)), "b"))
    values = [*trained, *validated]
    top = 1.0 if percent else max(values)
    y_range = (_floor(values) if percent else 0.0, top)
    quantity = Phrase("zoo.accuracy", "accuracy") if name == "accuracy" else name
    axes = Axes(
        Phrase("teach.epoch", "epoch"),
        quantity,
        (1, max(*epochs, 2)),
        y_range,
        x_percent=False,
        y_percent=percent,
    )
    words = Phrase(
        "chart.epochs", "{0} by epoch, from {1:.3f} to {2:.3f} on PublicTest.", quantity, validated[0], validated[-1]
    )
    return line_chart(series, axes, words, dots=False)


def _floor(values: Sequence[float]) -> float:
    """The smallest value, rounded down to a tenth."""
    return max(0.0, int(min(values, default=0.0) * 10) / 10)


# --- Worse pictures --------------------------------------------------------------------------


def robustness(found: Sequence[tuple[str, Robustness]]) -> str:
    """Accuracy by severity: one small chart per corruption, then occlusions as bars.

    Parameters
    ----------
    found : sequence of (str, Robustness)
        Titles and results of one or two models.
    """
    styles = [(title, one, style) for (title, one), style in zip(found, "ab", strict=False)]
    charts = "".join(_harm(name, styles) for name in CORRUPTIONS)
    shown = [Series(title, (), style) for title, _, style in styles]
    key = legend(shown if len(shown) > 1 else [*shown, Series(FOUND, (), "b")])
    note = say(_robustness_note(styles[0][1]), "p", "class='fz-note'")
    return f"{key}<div class='fz-harms'>{charts}{_parts(styles)}</div>{note}"


def _robustness_note(one: Robustness) -> str:
    return Phrase(
        "chart.robust",
        "{0:,} pictures from {1}, chosen with seed {2}, degraded, then detected, aligned and classified again. Bands "
        "and thin lines are 95 % intervals.",
        one.n,
        joined([data_words(one.data), split_words(one.split)], " "),
        one.seed,
    )


def _harm(name: str, styles: Sequence[tuple[str, Robustness, str]]) -> str:
    corruption = CORRUPTIONS[name]
    series = [_harm_series(title, one, style, name) for title, one, style in styles]
    series += [_found_series(styles[0][1], name)] if len(styles) == 1 else []
    ticks = (Phrase("chart.none", "none"), *(number("{0}", level) for level in corruption.levels))
    axes = Axes(
        corruption.unit,
        SHARE_RIGHT if len(styles) > 1 else Phrase("chart.share", "share"),
        (0, len(corruption.levels)),
        (0.0, 1.0),
        x_percent=False,
        x_ticks=ticks,
    )
    parts = [
        Phrase("chart.falls", "{0} from {1:.0%} to {2:.0%}", one.name, one.points[0][1], one.points[-1][1])
        for one in series
    ]
    drawn = drawing(series, axes, Phrase("{0}: {1}", "{0}: {1}", corruption.title, joined(parts, "; ")))
    return f"<figure>{say(corruption.title, 'figcaption')}{drawn}</figure>"


def _harm_series(title: str, one: Robustness, style: str, name: str) -> Series:
    lines = [one.conditions[0], *(line for line in one.conditions if line.kind == name)]
    points = tuple((i, line.accuracy) for i, line in enumerate(lines))
    return Series(title, points, style, tuple(line.interval for line in lines))


def _found_series(one: Robustness, name: str) -> Series:
    """How often a mesh is still found; if not, the crop is wrong for every model."""
    lines = [one.conditions[0], *(line for line in one.conditions if line.kind == name)]
    return Series(FOUND, tuple((i, line.found) for i, line in enumerate(lines)), "b")


def _parts(styles: Sequence[tuple[str, Robustness, str]]) -> str:
    """Bars for unchanged, eyes covered, mouth covered and mirrored, with intervals as text."""
    rows = []
    measured = {line.kind for _, one, _ in styles for line in one.conditions}
    for kind, words in {AS_IT_IS: AS_THEY_ARE, **PARTS}.items():
        if kind not in measured:
            continue
        bars = "".join(_part(title, one, style, kind) for title, one, style in styles)
        rows.append(f"<div class='fz-row'>{say(words)}<div class='fz-three'>{bars}</div></div>")
    title = say(Phrase("chart.covered", "Partly covered"), "figcaption")
    return f"<figure>{title}<div class='fz-bars'>{''.join(rows)}</div></figure>"


def _part(title: str, one: Robustness, style: str, kind: str) -> str:
    line = next((line for line in one.conditions if line.kind == kind), None)
    if line is None:  # measured for the other model only
        return ""
    low, high = line.interval
    words = Phrase("chart.part", "{0}: {1:.0%}, 95 % interval {2:.0%} to {3:.0%}", title, line.accuracy, low, high)
    return _reach(
        words, f"fz-fill-{style}", Estimate(line.accuracy, line.interval), number("{0:.0f} %", 100 * line.accuracy)
    )


def slices(parts: Sequence[Slice]) -> str:
    """Accuracy by measured properties of faces: bars with intervals, and n."""
    groups = []
    for name, factor in FACTORS.items():
        rows = "".join(_slice(part) for part in parts if part.factor == name)
        groups += [f"<figure>{say(factor.title, 'figcaption')}{rows}</figure>"] if rows else []
    words = Phrase(
        "chart.slices",
        "The thin line is the 95 % interval. FER2013 has no labels for age, gender or skin tone; the card’s Factors "
        "say what was measured elsewhere.",
    )
    note = say(words, "p", "class='fz-note'")
    return f"<div class='fz-harms fz-slices'>{''.join(groups)}</div>{note}"


def _slice(part: Slice) -> str:
    low, high = part.interval
    words = Phrase(
        "chart.slice_n",
        "{0:.1%} right of {1:,} pictures, 95 % interval {2:.1%} to {3:.1%}",
        part.accuracy,
        part.n,
        low,
        high,
    )
    named = Phrase("{0}: {1}", "{0}: {1}", range_words(part), words)
    left, width = f"{100 * low:.1f}%", f"{100 * (high - low):.1f}%"
    return (
        f"<div class='fz-slice' role='img' {attribute('aria-label', named)} {attribute('title', words)}>"
        f"{say(range_words(part))}<span class='fz-range'>"
        f"<i class='fz-fill-a' style='width:{100 * part.accuracy:.1f}%'></i>"
        f"<u style='left:{left};width:{width}'></u></span>{say(number('{0:.0f} %', 100 * part.accuracy), 'b')}"
        f"{say(number('n = {0:,}', part.n), 'small')}</div>"
    )


# --- Classes ---------------------------------------------------------------------------------


def cell_sentence(line: Figures, labels: Sequence[str], truth: int, predicted: int) -> str:
    """A cell of the confusion matrix in words: "55 of 528 pictures labelled fear were classified as sad (10 %)."."""
    n, of, share = _counted(line, truth, predicted)
    label, called = known(labels[truth]), known(labels[predicted])
    if n == 1:
        return Phrase("cell.one", "1 of {0} pictures labelled {1} was called {2} ({3}).", of, label, called, share)
    return Phrase("cell.some", "{0} of {1} pictures labelled {2} were called {3} ({4}).", n, of, label, called, share)


def own_cell_sentence(line: Figures, labels: Sequence[str], truth: int, predicted: int) -> str:
    """The same for user-defined classes: "1 of 6 samples of “wink” were classified as “neutral” (17 %)."."""
    n, of, share = _counted(line, truth, predicted)
    return Phrase(
        "cell_own",
        "{0} of {1} samples of “{2}” were called “{3}” ({4}).",
        n,
        of,
        labels[truth],
        labels[predicted],
        share,
    )


def _counted(line: Figures, truth: int, predicted: int) -> tuple[int, int, str]:
    n, of = line.confusion[truth][predicted], line.counts[truth]
    return n, of, number("{0:.0f} %", 100 * n / of) if of else "–"


def confusion(line: Figures, labels: Sequence[str], own: bool = False) -> str:
    """The confusion matrix as a table of buttons, each with its sentence in ``data-say``.

    Parameters
    ----------
    line : Figures
    labels : sequence of str
    own : bool
        Whether they are user-defined classes: counts are of samples, and names are not translated.
    """
    kept, sentence = (" translate='no'", own_cell_sentence) if own else ("", cell_sentence)
    names = [label if own else known(label) for label in labels]
    heads = "".join(say(name, "th", f"scope='col'{kept}") for name in names)
    row = f"scope='row'{kept}"
    rows = "".join(
        f"<tr>{say(name, 'th', row)}"
        + "".join(f"<td>{_cell(line, i, j, sentence(line, labels, i, j))}</td>" for j in range(len(labels)))
        + "</tr>"
        for i, name in enumerate(names)
    )
    corner = say(Phrase("cell.corner", "label ↓ answer →"), "th", "scope='col'")
    return (
        f"<div class='fz-scroll'><table class='fz-matrix'><thead><tr>{corner}"
        f"{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cell(line: Figures, truth: int, predicted: int, sentence: str) -> str:
    share = line.confusion[truth][predicted] / max(line.counts[truth], 1)
    css = "fz-cell" + (" fz-deep" if share >= DARK_FROM else "") + (" fz-right" if truth == predicted else "")
    return (
        f"<button type='button' class='{css}' style='--s:{share:.3f}' data-say {attribute('aria-label', sentence)} "
        f"aria-pressed='false' tabindex='{-1 if truth or predicted else 0}'>{line.confusion[truth][predicted]}</button>"
    )


def class_bars(line: Figures, labels: Sequence[str]) -> str:
    """Precision, recall and F1 of each label with their intervals and its number of pictures."""
    key = "".join(f"<li><i class='fz-{css}'></i>{say(name)}</li>" for css, name in NAMES.items())
    rows = "".join(map(_label_row, by_label(line, labels)))
    note = say(INTERVAL_NOTE, "p", "class='fz-note'") if line.confusion else ""
    return f"<ul class='fz-key'>{key}</ul><div class='fz-bars'>{rows}</div>{note}"


def _label_row(one: LabelFigures) -> str:
    bars = "".join(_bar(*pair) for pair in zip(NAMES, (one.precision, one.recall, one.f1), strict=True))
    return (
        f"<div class='fz-row'><span>{say(known(one.label))}{say(number('n = {0}', one.n), 'small')}</span>"
        f"<div class='fz-three'>{bars}</div></div>"
    )


def _bar(css: str, share: Estimate) -> str:
    words = Phrase("{0} {1:.2f}", "{0} {1:.2f}", NAMES[css], share.value)
    if share.interval:
        words = Phrase(
            "chart.reach", "{0} {1:.2f}, 95 % interval {2:.2f} to {3:.2f}", NAMES[css], share.value, *share.interval
        )
    return _reach(words, f"fz-{css}", share, number("{0:.2f}", share.value))


def _reach(words: str, css: str, share: Estimate, shown: str) -> str:
    """A bar for a proportion, with its interval as a short line across its end."""
    low, high = share.interval or (0.0, 0.0)
    line = f"<u style='left:{100 * low:.1f}%;width:{100 * (high - low):.1f}%'></u>" if share.interval else ""
    return (
        f"<div class='fz-one' role='img' {attribute('aria-label', words)} {attribute('title', words)}>"
        f"<span class='fz-reach'><i class='{css}' style='width:{100 * share.value:.1f}%'></i>{line}</span>"
        f"{say(shown, 'b')}</div>"
    )


def recall_differences(first: Figures, second: Figures, labels: Sequence[str], tested: Sequence[Recall] = ()) -> str:
    """Differences in recall per label: bars to the left in favour of the first model, to the right of the second.

    If the differences were tested, those that are not significant are pale and marked in words.
    """
    differences = [a - b for a, b in zip(first.recall, second.recall, strict=True)]
    unknown = [None] * len(differences)
    ends = [(one.low, one.high) for one in tested] or unknown
    beyond = beyond_chance(tested) or unknown
    widest = max(0.1, *map(abs, differences), *(abs(end) for one in tested for end in (one.low, one.high)))
    rows = [_Difference(*one) for one in zip(labels, differences, ends, beyond, strict=True)]
    return f"<div class='fz-duel'>{''.join(_difference(one, widest) for one in rows)}</div>"


def rights(both: Together, first: str, second: str) -> str:
    """One bar of all pictures: both models right, only one of them, or neither."""
    shares = {
        ("twice", Phrase("zoo.both_right", "both right")): both.both,
        ("first", Phrase("zoo.only_right", "only {0} right", first)): both.only_first,
        ("second", Phrase("zoo.only_right", "only {0} right", second)): both.only_second,
        ("neither", Phrase("zoo.neither_right", "neither right")): both.neither,
    }
    bar = "".join(f"<i class='fz-{kind}' style='width:{100 * part:.2f}%'></i>" for (kind, _), part in shares.items())
    key = "".join(
        f"<li><i class='fz-{kind}'></i>{say(name, 'span')} {say(number('{0:.1f} %', 100 * part), 'b')}</li>"
        for (kind, name), part in shares.items()
    )
    return f"<div class='fz-rights' aria-hidden='true'>{bar}</div><ul class='fz-key'>{key}</ul>"


@dataclass(frozen=True)
class _Difference:
    """First minus second, its interval, and whether it is significant; None if unknown."""

    label: str
    value: float
    ends: tuple[float, float] | None
    beyond: bool | None


def _difference(one: _Difference, widest: float) -> str:
    width = 50 * abs(one.value) / widest
    ahead, left = ("first", 50 - width) if one.value > 0 else ("second", 50)
    pale = " fz-pale" if one.beyond is False else ""
    words = "" if one.beyond is None else say(BEYOND_CHANCE if one.beyond else MAYBE_CHANCE, "small")
    points = say(Phrase("zoo.points_n", "{0:.1f} points", 100 * abs(one.value)))
    return (
        f"<div class='fz-diff'>{say(known(one.label))}<span class='fz-both' aria-hidden='true'>"
        f"<i class='fz-{ahead}{pale}' style='left:{left:.1f}%;width:{width:.1f}%'></i>{_ends(one.ends, widest)}</span>"
        f"<b>{points}{words}</b></div>"
    )


def _ends(ends: tuple[float, float] | None, widest: float) -> str:
    """The interval as a short line; left of the centre is in favour of the first model."""
    if ends is None:
        return ""
    left, width = 50 - 50 * ends[1] / widest, 50 * (ends[1] - ends[0]) / widest
    return f"<u style='left:{left:.1f}%;width:{width:.1f}%'></u>"
