"""Figures drawn as HTML and SVG, for the page and for reports; colours come from `assets/charts.css`.

Every chart carries its numbers in words, so that it can be read without seeing it, and tells its
series apart by dash and dot as well as by colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from zoo.cards import Figures, Robustness, Slice
from zoo.evaluation.conditions import AS_IT_IS, FACTORS, HARMS, PARTS, range_words
from zoo.evaluation.intervals import LabelFigures, Share, by_label
from zoo.evaluation.metrics import calibration_gap
from zoo.evaluation.paired import Recall, Together, beyond_chance
from zoo.reports.svg import Axes, Series, drawing, legend, line_chart

STYLE = Path(__file__).parent / "assets" / "charts.css"
SCRIPT = STYLE.with_suffix(".js")  # what cells do; wants the chart's container as `element`
DARK_FROM = 0.8  # of a cell's share: from here on its number is written in the colour of the paper
BEFORE, AFTER = "before calibration", "as served"
FOUND = "faces the mesh still finds"
NAMES = ("precision", "recall", "F1")
INTERVAL_NOTE = "The short line: the 95 % interval."


def reliability(line: Figures) -> str:
    """Confidence against share right, before and after calibration."""
    series = [Series(AFTER, tuple((sure, right) for sure, right, _ in line.reliability))]
    if line.reliability_before:
        series.append(Series(BEFORE, tuple((sure, right) for sure, right, _ in line.reliability_before), "b"))
    words = "; ".join(f"{name}: {calibration_gap(bins):.3f} from the diagonal on average" for name, bins in _bins(line))
    return line_chart(series, Axes("confidence", "share right"), f"Reliability diagram. {words}.", ideal=True)


def _bins(line: Figures) -> list[tuple[str, tuple]]:
    return [(name, bins) for name, bins in ((AFTER, line.reliability), (BEFORE, line.reliability_before)) if bins]


def coverage(line: Figures) -> str:
    """Share right against share answered, the surest pictures first."""
    steps = len(line.coverage)
    points = tuple(((i + 1) / steps, right) for i, right in enumerate(line.coverage))
    at = {share: points[round(share * steps) - 1][1] for share in (0.2, 0.5, 0.8, 1.0)}
    words = ", ".join(f"{right:.0%} right of the surest {share:.0%}" for share, right in at.items())
    axes = Axes("pictures answered, surest first", "share right", y_range=(_floor(line.coverage), 1.0))
    return line_chart([Series("right among those answered", points)], axes, f"Coverage curve: {words}.", dots=False)


def training(name: str, trained: Sequence[float], validated: Sequence[float], percent: bool = True) -> str:
    """A quantity by epoch, on the training pictures (augmented) and on those the best epoch is chosen on."""
    series = [
        Series("PublicTest", tuple(enumerate(validated, 1))),
        Series("training, augmented", tuple(enumerate(trained, 1)), "b"),
    ]
    values = [*trained, *validated]
    top = 1.0 if percent else max(values)
    y_range = (_floor(values) if percent else 0.0, top)
    axes = Axes("epoch", name, (1, max(len(validated), 2)), y_range, x_percent=False, y_percent=percent)
    words = f"{name} by epoch, from {validated[0]:.3g} to {validated[-1]:.3g} on PublicTest."
    return line_chart(series, axes, words, dots=False)


def _floor(values: Sequence[float]) -> float:
    """The tenth below the least."""
    return max(0.0, int(min(values, default=0.0) * 10) / 10)


# --- Worse pictures --------------------------------------------------------------------------


def robustness(found: Sequence[tuple[str, Robustness]]) -> str:
    """Accuracy as pictures get worse: a small chart for each harm, then what is covered, as bars.

    Parameters
    ----------
    found : sequence of (str, Robustness)
        One or two models' titles and what they made of it.
    """
    styles = [(title, one, style) for (title, one), style in zip(found, "ab", strict=False)]
    charts = "".join(_harm(name, styles) for name in HARMS)
    shown = [Series(title, (), style) for title, _, style in styles]
    key = legend(shown if len(shown) > 1 else [*shown, Series(FOUND, (), "b")])
    note = f"<p class='fz-note'>{escape(_robustness_note(styles[0][1]))}</p>"
    return f"{key}<div class='fz-harms'>{charts}{_parts(styles)}</div>{note}"


def _robustness_note(one: Robustness) -> str:
    return (
        f"{one.n:,} pictures of {one.data} {one.split}, drawn with seed {one.seed}: made worse, then found, aligned "
        "and judged again. Bands and short lines: the 95 % interval."
    )


def _harm(name: str, styles: Sequence[tuple[str, Robustness, str]]) -> str:
    harm = HARMS[name]
    series = [_harm_series(title, one, style, name) for title, one, style in styles]
    series += [_found_series(styles[0][1], name)] if len(styles) == 1 else []
    ticks = ("none", *(f"{level:g}" for level in harm.levels))
    axes = Axes(
        harm.unit,
        "share right" if len(styles) > 1 else "share",
        (0, len(harm.levels)),
        (0.0, 1.0),
        x_percent=False,
        x_ticks=ticks,
    )
    words = "; ".join(f"{one.name} from {one.points[0][1]:.0%} to {one.points[-1][1]:.0%}" for one in series)
    drawn = drawing(series, axes, f"{harm.title}: {words} as it gets worse.")
    return f"<figure><figcaption>{escape(harm.title)}</figcaption>{drawn}</figure>"


def _harm_series(title: str, one: Robustness, style: str, name: str) -> Series:
    lines = [one.conditions[0], *(line for line in one.conditions if line.kind == name)]
    points = tuple((i, line.accuracy) for i, line in enumerate(lines))
    return Series(title, points, style, tuple(line.interval for line in lines))


def _found_series(one: Robustness, name: str) -> Series:
    """How often the mesh still finds the face: where it does not, the crop is wrong before any model looks."""
    lines = [one.conditions[0], *(line for line in one.conditions if line.kind == name)]
    return Series(FOUND, tuple((i, line.found) for i, line in enumerate(lines)), "b")


def _parts(styles: Sequence[tuple[str, Robustness, str]]) -> str:
    """As they are, eyes covered, mouth covered, mirrored: bars with their intervals in words."""
    rows = []
    measured = {line.kind for _, one, _ in styles for line in one.conditions}
    for kind, words in {AS_IT_IS: "As they are", **PARTS}.items():
        if kind not in measured:
            continue
        bars = "".join(_part(title, one, style, kind) for title, one, style in styles)
        rows.append(f"<div class='fz-row'><span>{escape(words)}</span><div class='fz-three'>{bars}</div></div>")
    return f"<figure><figcaption>Something covered</figcaption><div class='fz-bars'>{''.join(rows)}</div></figure>"


def _part(title: str, one: Robustness, style: str, kind: str) -> str:
    line = next((line for line in one.conditions if line.kind == kind), None)
    if line is None:  # the other model was measured on it
        return ""
    low, high = line.interval
    words = f"{title}: {line.accuracy:.0%}, 95 % interval {low:.0%} to {high:.0%}"
    return _reach(words, f"fz-fill-{style}", Share(line.accuracy, line.interval), f"{100 * line.accuracy:.0f} %")


def slices(parts: Sequence[Slice]) -> str:
    """Accuracy by what can be measured of a face: bars with the interval, and n."""
    groups = []
    for name, factor in FACTORS.items():
        rows = "".join(_slice(part) for part in parts if part.factor == name)
        groups += [f"<figure><figcaption>{escape(factor.title)}</figcaption>{rows}</figure>"] if rows else []
    words = f"{INTERVAL_NOTE} Age, gender and skin tone: not measured, there are no labels."
    note = f"<p class='fz-note'>{words}</p>"
    return f"<div class='fz-harms fz-slices'>{''.join(groups)}</div>{note}"


def _slice(part: Slice) -> str:
    low, high = part.interval
    words = f"{part.accuracy:.1%} right of {part.n:,} pictures, 95 % interval {low:.1%} to {high:.1%}"
    left, width = f"{100 * low:.1f}%", f"{100 * (high - low):.1f}%"
    return (
        f"<div class='fz-slice' role='img' aria-label='{escape(range_words(part))}: {words}' title='{words}'>"
        f"<span>{escape(range_words(part))}</span><span class='fz-range'>"
        f"<i class='fz-fill-a' style='width:{100 * part.accuracy:.1f}%'></i>"
        f"<u style='left:{left};width:{width}'></u></span><b>{100 * part.accuracy:.0f} %</b>"
        f"<small>n = {part.n:,}</small></div>"
    )


# --- Classes ---------------------------------------------------------------------------------


def cell_sentence(line: Figures, labels: Sequence[str], truth: int, said: int) -> str:
    """A cell of the confusion matrix in words: "55 of 528 pictures labelled fear were called sad (10 %)."."""
    n, of, share = _counted(line, truth, said)
    pictures, were = "picture" if of == 1 else "pictures", "was" if n == 1 else "were"
    return f"{n} of {of} {pictures} labelled {labels[truth]} {were} called {labels[said]} ({share})."


def own_cell_sentence(line: Figures, labels: Sequence[str], truth: int, said: int) -> str:
    """The same for made-up classes: "1 of 6 samples of “wink” were called “neutral” (17 %)."."""
    n, of, share = _counted(line, truth, said)
    return f"{n} of {of} samples of “{labels[truth]}” were called “{labels[said]}” ({share})."


def _counted(line: Figures, truth: int, said: int) -> tuple[int, int, str]:
    n, of = line.confusion[truth][said], line.counts[truth]
    return n, of, f"{n / of:.0%}".replace("%", " %") if of else "no share"


def confusion(line: Figures, labels: Sequence[str], own: bool = False) -> str:
    """The confusion matrix as a table of buttons; each carries its sentence in ``data-say``.

    Parameters
    ----------
    line : Figures
    labels : sequence of str
    own : bool
        They are classes of somebody's own: samples of them are counted, and their names are not translated.
    """
    kept, sentence = (" translate='no'", own_cell_sentence) if own else ("", cell_sentence)
    heads = "".join(f"<th scope='col'{kept}>{escape(label)}</th>" for label in labels)
    rows = "".join(
        f"<tr><th scope='row'{kept}>{escape(label)}</th>"
        + "".join(f"<td>{_cell(line, i, j, sentence(line, labels, i, j))}</td>" for j in range(len(labels)))
        + "</tr>"
        for i, label in enumerate(labels)
    )
    return (
        "<div class='fz-scroll'><table class='fz-matrix'><thead><tr><th scope='col'>labelled ↓ called →</th>"
        f"{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cell(line: Figures, truth: int, said: int, sentence: str) -> str:
    share = line.confusion[truth][said] / max(line.counts[truth], 1)
    css = "fz-cell" + (" fz-deep" if share >= DARK_FROM else "") + (" fz-right" if truth == said else "")
    say = escape(sentence)
    return (
        f"<button type='button' class='{css}' style='--s:{share:.3f}' data-say='{say}' aria-label='{say}' "
        f"aria-pressed='false' tabindex='{-1 if truth or said else 0}'>{line.confusion[truth][said]}</button>"
    )


def class_bars(line: Figures, labels: Sequence[str]) -> str:
    """Precision, recall and F1 of each label with their intervals and its number of pictures."""
    key = "".join(f"<li><i class='fz-{name.lower()}'></i>{name}</li>" for name in NAMES)
    rows = "".join(map(_label_row, by_label(line, labels)))
    note = f"<p class='fz-note'>{INTERVAL_NOTE}</p>" if line.confusion else ""
    return f"<ul class='fz-key'>{key}</ul><div class='fz-bars'>{rows}</div>{note}"


def _label_row(one: LabelFigures) -> str:
    bars = "".join(_bar(*pair) for pair in zip(NAMES, (one.precision, one.recall, one.f1), strict=True))
    return (
        f"<div class='fz-row'><span>{escape(one.label)}<small>n = {one.n}</small></span>"
        f"<div class='fz-three'>{bars}</div></div>"
    )


def _bar(name: str, share: Share) -> str:
    ends = ", 95 % interval {:.2f} to {:.2f}".format(*share.interval) if share.interval else ""
    words = f"{name} {share.value:.2f}{ends}"
    return _reach(words, f"fz-{name.lower()}", share, f"{share.value:.2f}")


def _reach(words: str, css: str, share: Share, shown: str) -> str:
    """A bar as long as a share, with its interval as a short line across its end."""
    low, high = share.interval or (0.0, 0.0)
    line = f"<u style='left:{100 * low:.1f}%;width:{100 * (high - low):.1f}%'></u>" if share.interval else ""
    return (
        f"<div class='fz-one' role='img' aria-label='{escape(words)}' title='{escape(words)}'>"
        f"<span class='fz-reach'><i class='{css}' style='width:{100 * share.value:.1f}%'></i>{line}</span>"
        f"<b>{shown}</b></div>"
    )


def recall_differences(first: Figures, second: Figures, labels: Sequence[str], tested: Sequence[Recall] = ()) -> str:
    """Bars to the left where the first model finds more of a label's pictures, to the right where the second does.

    Where the differences were tested picture by picture, those that may be chance are pale, and say so.
    """
    differences = [a - b for a, b in zip(first.recall, second.recall, strict=True)]
    ends = [(one.low, one.high) for one in tested] or [None] * len(differences)
    beyond = beyond_chance(tested) or [None] * len(differences)
    widest = max(0.1, *map(abs, differences), *(abs(end) for one in tested for end in (one.low, one.high)))
    rows = [_Difference(*one) for one in zip(labels, differences, ends, beyond, strict=True)]
    return f"<div class='fz-duel'>{''.join(_difference(one, widest) for one in rows)}</div>"


def rights(both: Together, first: str, second: str) -> str:
    """One bar of all pictures: those both models get right, only the one, only the other, neither."""
    shares = {
        ("twice", "both right"): both.both,
        ("first", f"only {first} right"): both.only_first,
        ("second", f"only {second} right"): both.only_second,
        ("neither", "neither right"): both.neither,
    }
    bar = "".join(f"<i class='fz-{kind}' style='width:{100 * part:.2f}%'></i>" for (kind, _), part in shares.items())
    key = "".join(
        f"<li><i class='fz-{kind}'></i><span>{escape(said)}</span> <b>{100 * part:.1f} %</b></li>"
        for (kind, said), part in shares.items()
    )
    return f"<div class='fz-rights' aria-hidden='true'>{bar}</div><ul class='fz-key'>{key}</ul>"


@dataclass(frozen=True)
class _Difference:
    """First minus second, its interval, and whether it is more than chance; None where that is not known."""

    label: str
    value: float
    ends: tuple[float, float] | None
    beyond: bool | None


def _difference(one: _Difference, widest: float) -> str:
    width = 50 * abs(one.value) / widest
    ahead, left = ("first", 50 - width) if one.value > 0 else ("second", 50)
    pale = " fz-pale" if one.beyond is False else ""
    words = "" if one.beyond is None else f"<small>{'more than' if one.beyond else 'may be'} chance</small>"
    return (
        f"<div class='fz-diff'><span>{escape(one.label)}</span><span class='fz-both' aria-hidden='true'>"
        f"<i class='fz-{ahead}{pale}' style='left:{left:.1f}%;width:{width:.1f}%'></i>{_ends(one.ends, widest)}</span>"
        f"<b>{100 * abs(one.value):.1f} points{words}</b></div>"
    )


def _ends(ends: tuple[float, float] | None, widest: float) -> str:
    """The interval as a short line; what is in favour of the first lies left of the middle."""
    if ends is None:
        return ""
    left, width = 50 - 50 * ends[1] / widest, 50 * (ends[1] - ends[0]) / widest
    return f"<u style='left:{left:.1f}%;width:{width:.1f}%'></u>"
