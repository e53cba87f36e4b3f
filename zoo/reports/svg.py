"""Line charts as inline SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from features.phrase import number
from zoo.reports.markup import attribute, keyed, say

WIDTH, HEIGHT = 400, 300
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 28, 42


@dataclass(frozen=True)
class Series:
    """A line: points ``(x, y)`` in the units of the axes; style ``"a"`` (full) or ``"b"`` (dotted).

    `spans` are the ``(low, high)`` of the points' intervals, if known.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    style: str = "a"
    spans: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Axes:
    """Names and ranges of both axes, and whether their ticks are per cent; `x_ticks` names 0, 1, 2 ... instead."""

    x: str
    y: str
    x_range: tuple[float, float] = (0.0, 1.0)
    y_range: tuple[float, float] = (0.0, 1.0)
    x_percent: bool = True
    y_percent: bool = True
    x_ticks: tuple[str, ...] = ()

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Position of a point in the drawing."""
        (left, right), (low, high) = self.x_range, self.y_range
        across = (x - left) / ((right - left) or 1)
        up = (y - low) / ((high - low) or 1)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)


# --- Lines -----------------------------------------------------------------------------------


def line_chart(series: Sequence[Series], axes: Axes, words: str, ideal: bool = False, dots: bool = True) -> str:
    """A line chart with a legend above.

    Parameters
    ----------
    series : sequence of Series
    axes : Axes
    words : str
        Text alternative.
    ideal : bool
        Draw the diagonal of perfect calibration.
    dots : bool
    """
    return legend(series) + drawing(series, axes, words, ideal, dots)


def drawing(series: Sequence[Series], axes: Axes, words: str, ideal: bool = False, dots: bool = True) -> str:
    lines = "".join(_line(one, axes, dots) for one in series)
    diagonal = _path("fz-ideal", [axes.place(0, 0), axes.place(1, 1)]) if ideal else ""
    return (
        f"<svg class='fz-chart' viewBox='0 0 {WIDTH} {HEIGHT}' role='img' {attribute('aria-label', words)}>"
        f"{_frame(axes)}{diagonal}{lines}</svg>"
    )


def _frame(axes: Axes) -> str:
    parts = []
    for value in _ticks(axes.y_range):
        (x, y), (end, _) = axes.place(axes.x_range[0], value), axes.place(axes.x_range[1], value)
        parts.append(_path("fz-grid", [(x, y), (end, y)]) + _text(x - 6, y + 4, _tick(value, axes.y_percent), "end"))
    bottom = HEIGHT - BOTTOM
    for value, words in _x_ticks(axes):
        x, _ = axes.place(value, axes.y_range[0])
        parts.append(_text(x, bottom + 17, words, "middle"))
    parts.append(_text(4, 13, axes.y, "start", "fz-title"))
    parts.append(_path("fz-axis", [(LEFT, bottom), (WIDTH - RIGHT, bottom)]))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, axes.x, "middle", "fz-title"))
    return "".join(parts)


def _x_ticks(axes: Axes) -> list[tuple[float, str]]:
    if axes.x_ticks:
        return list(enumerate(axes.x_ticks))
    return [(value, _tick(value, axes.x_percent)) for value in _ticks(axes.x_range, whole=not axes.x_percent)]


def _ticks(ends: tuple[float, float], whole: bool = False) -> list[float]:
    """Five round values or fewer between two ends."""
    low, high = ends
    rough = (high - low) / 5 or 1
    sizes = [base * 10**power for power in range(-4, 6) for base in (1, 2, 5)]
    step = next(size for size in sizes if size >= rough - 1e-9 and (size >= 1 or not whole))
    first = -(-low // step)
    return [round((first + i) * step, 6) for i in range(12) if (first + i) * step <= high + 1e-9]


def _tick(value: float, percent: bool) -> str:
    return number("{0:.0f} %", 100 * value) if percent else number("{0}", round(value, 6))


def _line(one: Series, axes: Axes, dots: bool) -> str:
    places = [axes.place(x, y) for x, y in one.points]
    marks = [f"<circle class='fz-dot-{one.style}' cx='{x:.1f}' cy='{y:.1f}' r='4'/>" for x, y in places if dots]
    ends = [(x, *span) for (x, _), span in zip(one.points, one.spans, strict=False)]
    spans = [_path(f"fz-span fz-{one.style}", [axes.place(x, low), axes.place(x, high)]) for x, low, high in ends]
    return "".join(spans) + _path(f"fz-line fz-{one.style}", places) + "".join(marks)


def _path(css: str, places: Sequence[tuple[float, float]]) -> str:
    if not places:
        return ""
    return f"<path class='{css}' d='M{' L'.join(f'{x:.1f},{y:.1f}' for x, y in places)}'/>"


def _text(x: float, y: float, words: str, anchor: str, css: str = "") -> str:
    return f"<text class='{css}' x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}'{keyed(words)}>{escape(words)}</text>"


def legend(series: Sequence[Series]) -> str:
    entries = "".join(f"<li><i class='fz-{one.style}'></i>{say(one.name)}</li>" for one in series)
    return f"<ul class='fz-key'>{entries}</ul>"
