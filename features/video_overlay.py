"""Draws answers into a frame: a numbered box, and bars on a dark plate beside it. All words are arguments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from features.draw import INK, PAPER, colour

PLATE = (20, 22, 26, 205)
TRACK = (66, 70, 78, 255)
SOFT = (196, 199, 205)
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Column:
    """One model's bars.

    Parameters
    ----------
    title : str
    says : str
        The label shown in words above the bars.
    levels : tuple of float
        0 to 1, one per bar.
    also : str
        A second answer, in words, below the first.
    """

    title: str
    says: str
    levels: tuple[float, ...]
    also: str = ""


@dataclass(frozen=True, eq=False)
class Overlay:
    """A picture with transparency, ``uint8 (h, w, 4)``, and the position of its top left corner in pixels."""

    image: np.ndarray
    left: int
    top: int


def text_height(size: tuple[int, int]) -> int:
    """Text height in pixels for a frame of this width and height."""
    return max(11, round(max(size) / 50))


def bars(columns: Sequence[Column], rows: Sequence[tuple[str, Colour]], height: int) -> np.ndarray:
    """A plate with one row per label and one column of bars per model.

    Parameters
    ----------
    columns : sequence of Column
    rows : sequence of (str, (int, int, int))
        Name and colour of every bar, the same in all columns.
    height : int
        Text height in pixels.

    Returns
    -------
    ndarray
        ``uint8 (h, w, 4)``, RGBA.
    """
    pad, step = height // 2 + 1, round(1.45 * height)
    names = max(_width(name, height) for name, _ in rows) + pad
    words = [*(f"{name} 0.00" for name, _ in rows), *(text for c in columns for text in (c.title, c.says, c.also))]
    wide = max(6 * height, *(_width(text, height) for text in words)) + pad  # the same for every answer
    head = 3 if any(column.also for column in columns) else 2
    canvas, pen = _plate(names + wide * len(columns) + pad, 2 * pad + step * (len(rows) + head))
    for i, (name, _) in enumerate(rows):
        pen.text((pad, pad + step * (i + head)), name, font=_font(height), fill=SOFT)
    for j, column in enumerate(columns):
        left = pad + names + wide * j
        pen.text((left, pad), column.title, font=_font(height), fill=SOFT)
        pen.text((left, pad + step), column.says, font=_font(height), fill=PAPER)
        pen.text((left, pad + step * 2), column.also, font=_font(height), fill=PAPER)
        for i, level in enumerate(column.levels):
            top = pad + step * (i + head)
            box = (left, top + height * 0.3, left + wide - pad, top + height)
            _bar(pen, box, level, rows[i][1])
    return np.asarray(canvas)


def lines(columns: Sequence[Column], colours: Sequence[Colour], height: int) -> np.ndarray:
    """A small plate with one line per model: a coloured dot, the model's title and its answer. RGBA."""
    pad, step = height // 2 + 1, round(1.45 * height)
    texts = [", ".join(filter(None, (f"{c.title}: {c.says}", c.also))) for c in columns]
    canvas, pen = _plate(3 * pad + height + max(_width(text, height) for text in texts), pad + step * len(texts))
    for i, (text, rgb) in enumerate(zip(texts, colours, strict=True)):
        top = pad * 0.5 + step * i
        pen.ellipse((pad, top + height * 0.25, pad + height * 0.85, top + height * 1.1), fill=rgb)
        pen.text((2 * pad + height, top), text, font=_font(height), fill=PAPER)
    return np.asarray(canvas)


def footer(words: str, size: tuple[int, int]) -> Overlay:
    """A line of text along the lower edge of a frame of this width and height, small enough to fit."""
    height = text_height(size)
    while height > 7 and _width(words, height) > 0.96 * size[0]:
        height -= 1
    pad = height // 2
    canvas, pen = _plate(size[0], height + 2 * pad, radius=0)
    pen.text((max(pad, (size[0] - _width(words, height)) / 2), pad * 0.7), words, font=_font(height), fill=PAPER)
    return Overlay(np.asarray(canvas), 0, size[1] - canvas.height)


def outline(box: np.ndarray, number: int, size: tuple[int, int]) -> list[Overlay]:
    """A face's box in its colour, as four thin overlays, and its number on a plate above it.

    Parameters
    ----------
    box : ndarray
        ``(4,)`` left, top, right, bottom in pixels.
    number : int
        Counted from 1.
    size : (int, int)
        Width and height of the frame.
    """
    width, height = max(2, round(max(size) / 400)), text_height(size)
    left, top, right, bottom = (round(float(v)) for v in box)
    across, down = max(1, right - left), max(1, bottom - top)
    rgb = colour(number - 1)
    edges = [(left, top, across, width), (left, bottom - width, across, width)]
    edges += [(left, top, width, down), (right - width, top, width, down)]
    lines_ = [Overlay(np.full((h, w, 4), (*rgb, 255), np.uint8), x, y) for x, y, w, h in edges]
    return [*lines_, Overlay(_number(number, rgb, height), left, top - round(1.5 * height))]


def beside(box: np.ndarray, plate: np.ndarray, size: tuple[int, int]) -> tuple[int, int]:
    """Left and top of a plate beside a box: on the right if there is room, else on the left, else where it fits."""
    height, width = plate.shape[:2]
    gap = max(4, text_height(size) // 2)
    left, right = float(box[0]) - gap - width, float(box[2]) + gap
    x = right if right + width <= size[0] else left if left >= 0 else size[0] - width
    return round(max(0, x)), round(min(max(0.0, float(box[1])), max(0, size[1] - height)))


def paste(image: np.ndarray, overlays: Sequence[Overlay]) -> np.ndarray:
    """A copy of a picture with overlays on it, in order; parts beyond the border are cut off.

    Parameters
    ----------
    image : ndarray
        ``uint8 (H, W, 3)``, RGB.
    overlays : sequence of Overlay
    """
    canvas = image.copy()
    for overlay in overlays:
        top, left = max(0, overlay.top), max(0, overlay.left)
        patch = overlay.image[top - overlay.top :, left - overlay.left :]
        region = canvas[top : top + patch.shape[0], left : left + patch.shape[1]]
        patch = patch[: region.shape[0], : region.shape[1]]
        opacity = patch[:, :, 3:].astype(np.uint16)
        region[:] = (region * (255 - opacity) + patch[:, :, :3] * opacity + 127) // 255
    return canvas


@lru_cache(maxsize=16)
def _font(height: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(height)


def _width(text: str, height: int) -> int:
    return round(_font(height).getlength(text))


def _plate(width: int, height: int, radius: int = 6) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    canvas = Image.new("RGBA", (round(width), round(height)), (0, 0, 0, 0))
    pen = ImageDraw.Draw(canvas)
    pen.rounded_rectangle((0, 0, canvas.width - 1, canvas.height - 1), radius, fill=PLATE)
    return canvas, pen


def _bar(pen: ImageDraw.ImageDraw, box: tuple[float, float, float, float], level: float, rgb: Colour) -> None:
    left, top, right, bottom = box
    pen.rectangle(box, fill=TRACK)
    pen.rectangle((left, top, left + max(1.0, (right - left) * level), bottom), fill=(*rgb, 255))


def _number(number: int, rgb: Colour, height: int) -> np.ndarray:
    canvas = Image.new(
        "RGBA", (max(round(1.5 * height), _width(str(number), height) + height), round(1.5 * height)), rgb
    )
    pen = ImageDraw.Draw(canvas)
    pen.text((canvas.width / 2, canvas.height / 2), str(number), font=_font(height), fill=INK, anchor="mm")
    return np.asarray(canvas)
