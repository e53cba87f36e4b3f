"""Drawn faces as samples for Teach: one sheet of drawings for each of three expressions.

``python -m ui.examples.drawn_samples`` draws the sheets of `ui/examples/samples` again.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from features import images
from ui.examples.cartoons import LOOKS, PEOPLE, Look, Person, draw

SHEETS = Path(__file__).parent / "samples"
EXPRESSIONS = ("corners-up", "mouth-open", "brows-lowered")
SIDE, ROW = 200, 4  # pixels of a drawing, and drawings in a row of a sheet
EACH = 12  # drawings to learn from; the last row of a sheet is for trying out what was learned
SEED = 5


def sheet(expression: str) -> np.ndarray:
    """The drawings of an expression: ``uint8 (n, SIDE, SIDE, 3)``, RGB; every row of four is one person."""
    pixels = images.load(SHEETS / f"{expression}.jpg")
    rows = pixels.reshape(-1, SIDE, ROW, SIDE, 3).swapaxes(1, 2)
    return rows.reshape(-1, SIDE, SIDE, 3)


def varied(look: Look, rng: np.random.Generator) -> Look:
    """The same expression a little stronger or weaker."""
    stronger = {name: getattr(look, name) * rng.uniform(0.75, 1.25) for name in ("corners", "opening")}
    moved = {name: getattr(look, name) + rng.uniform(-0.02, 0.02) for name in ("brow", "slant", "wide")}
    return replace(look, lids=look.lids * rng.uniform(0.88, 1.12), **stronger, **moved)


def person(row: int, rng: np.random.Generator) -> Person:
    """The person drawn in a row of a sheet, with a slightly different width of the face."""
    one = PEOPLE[row % len(PEOPLE)]
    return replace(one, width=one.width + rng.uniform(-0.02, 0.02))


def make() -> None:
    """Draw all sheets."""
    for at, expression in enumerate(EXPRESSIONS):
        rng = np.random.default_rng(SEED + at)
        look = LOOKS[f"drawn-{expression}"]
        tiles = [draw(varied(look, rng), person(k // ROW, rng)) for k in range(EACH + ROW)]
        small = [cv2.resize(tile, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for tile in tiles]
        pixels = np.concatenate([np.concatenate(small[k : k + ROW], axis=1) for k in range(0, len(small), ROW)])
        Image.fromarray(pixels).save(SHEETS / f"{expression}.jpg", quality=88, optimize=True)


if __name__ == "__main__":
    make()
