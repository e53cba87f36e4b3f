"""Summaries of a data set: pictures per label, and samples of each label, before and after alignment.

The grid shows people's faces: it is for holders of the data, and must not be distributed. Matplotlib is
imported only when something is drawn.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from zoo.filenames import cell
from zoo.labels import LabelSet

BLUE, ORANGE, GREEN, INK, PAPER = "#0072b2", "#d55e00", "#009e73", "#23272e", "#ffffff"
TILE, GAP, LEFT, TOP = 72, 4, 84, 26


def count_rows(counts: Mapping[str, Sequence[int]], labels: LabelSet) -> list[list[str]]:
    """A table with a header: one row per label, one column per split, and the sums.

    Parameters
    ----------
    counts : mapping
        Split to pictures of each label.
    labels : LabelSet
    """
    rows = [["label", *counts, "all"]]
    for i, label in enumerate(labels):
        numbers = [split[i] for split in counts.values()]
        rows.append([label, *map(str, numbers), str(sum(numbers))])
    sums = [sum(split) for split in counts.values()]
    return [*rows, ["all", *map(str, sums), str(sum(sums))]]


def to_csv(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(map(cell, row) for row in rows)
    return text.getvalue()


def draw_counts(counts: Mapping[str, Sequence[int]], labels: LabelSet, target: Path) -> None:
    """A bar chart of pictures per label as a PNG, one colour per split, with numbers.

    Parameters
    ----------
    counts : mapping
        Split to pictures of each label.
    labels : LabelSet
    target : Path
        The ``.png``.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.add_subplot()
    width = 0.86 / len(counts)
    for i, ((split, numbers), colour) in enumerate(zip(counts.items(), (BLUE, ORANGE, GREEN), strict=False)):
        places = np.arange(len(labels)) + (i - (len(counts) - 1) / 2) * width
        bars = axis.bar(places, numbers, width * 0.92, color=colour, label=f"{split}, {sum(numbers):,}")
        axis.bar_label(bars, [f"{number:,}" for number in numbers], fontsize=8, color=INK, padding=2)
    axis.set_xticks(range(len(labels)), list(labels))
    axis.set_ylabel("pictures")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False)
    figure.savefig(target, dpi=110, facecolor=PAPER)


def sample_grid(pixels: np.ndarray, targets: np.ndarray, labels: LabelSet, each: int, seed: int = 0) -> np.ndarray:
    """A random sample of pictures of each label, one row per label.

    Parameters
    ----------
    pixels : ndarray
        ``(n, H, W)`` uint8.
    targets : ndarray
        ``(n,)`` int.
    labels : LabelSet
    each : int
        Pictures per label; cells of labels with fewer pictures are empty.
    seed : int

    Returns
    -------
    ndarray
        ``(height, width)`` uint8.
    """
    rng = np.random.default_rng(seed)
    page = Image.new("L", (LEFT + each * (TILE + GAP), TOP + len(labels) * (TILE + GAP)), 255)
    pen = ImageDraw.Draw(page)
    pen.text((GAP, GAP), f"{len(pixels):,} pictures, {each} of each label, drawn with seed {seed}", fill=35)
    for row, label in enumerate(labels):
        top = TOP + row * (TILE + GAP)
        rows = np.flatnonzero(targets == row)
        pen.text((GAP, top + TILE / 2 - 14), f"{label}\nn = {len(rows):,}", fill=35)
        for column, at in enumerate(rng.permutation(rows)[:each]):
            tile = Image.fromarray(pixels[at]).resize((TILE, TILE), Image.Resampling.BICUBIC)
            page.paste(tile, (LEFT + column * (TILE + GAP), top))
    return np.asarray(page)
