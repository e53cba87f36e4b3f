"""A face's answers over time as SVG: stacked probabilities of each model, and where models disagree.

Labels have fixed colours and a fixed order, and every chart has a text alternative.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.phrase import Phrase, joined, number
from zoo.inference.timeline import Timeline
from zoo.labels import LabelSet, colours, named
from zoo.reports.markup import attribute, say

WIDTH, HEIGHT, STRIP = 720, 90, 10
COLUMNS = 240  # maximum number of points that a chart can show
DISAGREE = Phrase("disagree", "Models disagree")
LOST = 0.7  # seconds without a face from which there is a gap


@dataclass(frozen=True, eq=False)
class Run:
    """Mean probabilities in intervals of time, without a gap.

    Parameters
    ----------
    edges : ndarray
        ``(c + 1,)`` seconds: starts of the intervals, and the end of the last one.
    probs : ndarray
        ``(c, k)``.
    """

    edges: np.ndarray
    probs: np.ndarray


def face_over_time(face: Timeline, titles: Mapping[str, str], seconds: float) -> str:
    """The charts of one face, one below another for each model, over the whole clip.

    Parameters
    ----------
    face : Timeline
        Rows of one face.
    titles : mapping
        Model name to title.
    seconds : float
        Length of the time axis.
    """
    rows = [
        f"<div class='ft-row'>{say(titles[name], 'h4')}{areas(face, j, titles[name], seconds)}</div>"
        for j, name in enumerate(face.models)
    ]
    if len(face.models) > 1:
        rows.append(f"<div class='ft-row'>{say(DISAGREE, 'h4')}{disagreement(face, seconds)}</div>")
    return f"<div class='ft-rows' data-seconds='{seconds:.3f}'>{''.join(rows)}{_axis(seconds)}</div>"


def areas(face: Timeline, model: int, title: str, seconds: float) -> str:
    """A model's probabilities as stacked areas, the first label at the bottom."""
    tones = colours(face.labels)
    paths = "".join(
        _area(run, i, (named(label, face.labels), tone), seconds)
        for run in _runs(face, model)
        for i, (label, tone) in enumerate(tones.items())
    )
    shares = [
        Phrase("{0} {1} %", "{0} {1} %", named(label, face.labels), round(100 * share))
        for label, share in face.shares(model).items()
    ]
    words = Phrase("chart.time", "{0} over time. Share of the time with each label: {1}.", title, joined(shares))
    return _svg(paths, HEIGHT, words)


def disagreement(face: Timeline, seconds: float) -> str:
    """A strip that is filled while models show different labels."""
    width = max(1.0, WIDTH * _step(face.times) / max(seconds, 1e-6))
    at = face.times[~face.agree] / max(seconds, 1e-6) * WIDTH
    # Adjacent marks are merged to keep the page small.
    starts = [x for i, x in enumerate(at) if not i or x - at[i - 1] > 1.5 * width]
    ends = [x for i, x in enumerate(at) if i + 1 == len(at) or at[i + 1] - x > 1.5 * width]
    marks = "".join(
        f"<rect class='ft-apart' x='{a:.1f}' y='0' width='{b - a + width:.1f}' height='{STRIP}'/>"
        for a, b in zip(starts, ends, strict=True)
    )
    words = Phrase("chart.apart_n", "The models disagree {0} % of the time.", round(100 * (1 - (face.agreement or 0))))
    return _svg(marks, STRIP, words)


def key(labels: LabelSet) -> str:
    """The legend of label colours."""
    entries = "".join(
        f"<li><i style='background:{tone}'></i>{say(named(label, labels))}</li>"
        for label, tone in colours(labels).items()
    )
    kept = " translate='no'" if labels.made_up else ""
    return f"<ul class='fz-key ft-key'{kept}>{entries}</ul>"


def _svg(inside: str, height: int, words: str) -> str:
    return (
        f"<svg class='ft-chart' viewBox='0 0 {WIDTH} {height}' preserveAspectRatio='none' role='img' "
        f"{attribute('aria-label', words)}><rect class='ft-ground' width='{WIDTH}' height='{height}'/>{inside}</svg>"
    )


def _runs(face: Timeline, model: int) -> Iterator[Run]:
    """Stretches without gaps, divided into intervals for a chart."""
    breaks = np.flatnonzero(np.diff(face.times) > max(LOST, 3 * _step(face.times))) + 1
    for rows in np.split(np.arange(len(face)), breaks):
        if len(rows):
            slices = np.array_split(rows, min(len(rows), COLUMNS))
            edges = [face.times[part[0]] for part in slices] + [face.times[rows[-1]] + _step(face.times)]
            yield Run(np.array(edges), np.array([face.probs[part, model].mean(axis=0) for part in slices]))


def _step(times: np.ndarray) -> float:
    """Seconds between consecutive answers."""
    return float(np.median(np.diff(times))) if len(times) > 1 else 0.1


def _area(run: Run, i: int, shown: tuple[str, str], seconds: float) -> str:
    """One label's area as steps, drawn over earlier ones so that there are no seams."""
    low, high = run.probs[:, :i].sum(axis=1), run.probs[:, : i + 1].sum(axis=1)
    x = np.clip(run.edges / max(seconds, 1e-6), 0, 1) * WIDTH
    top, bottom = (1 - high.clip(0, 1)) * HEIGHT, (1 - low.clip(0, 1)) * HEIGHT
    if (high - low).max() < 0.004:
        return ""
    forth = "".join(f"L{a:.1f},{y:.1f}H{b:.1f}" for a, b, y in zip(x, x[1:], top, strict=False))
    back = "".join(f"V{y:.1f}H{a:.1f}" for a, y in zip(x[:-1][::-1], bottom[::-1], strict=True))
    outline = f"M{x[0]:.1f},{bottom[0]:.1f}{forth}{back}Z"
    label, tone = shown
    return f"<path fill='{tone}' d='{outline}'>{say(label, 'title')}</path>"


def _axis(seconds: float) -> str:
    """Seconds below the charts, as text whose size does not depend on the width."""
    ticks = "".join(
        f"<span style='left:{100 * at / seconds:.2f}%'>{say(words)}</span>" for at, words in _ticks(seconds)
    )
    return f"<div class='ft-row'><span></span><div class='ft-axis' aria-hidden='true'>{ticks}</div></div>"


def _ticks(seconds: float) -> Sequence[tuple[float, str]]:
    """At most six round times."""
    sizes = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600)
    step = next((size for size in sizes if seconds / size <= 5.5), sizes[-1])
    return [(i * step, _clock(i * step)) for i in range(int(seconds / step + 1e-6) + 1)] if seconds > 0 else []


def _clock(seconds: float) -> str:
    return number("{0} s", round(seconds, 3)) if seconds < 60 else f"{int(seconds // 60)}:{int(seconds % 60):02d}"
