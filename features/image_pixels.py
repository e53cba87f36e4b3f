"""Pixels of every kind as RGB of 8 bits: deep samples, palettes, transparency, arrays of floats; shrunk by strips."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PIL import Image

from features.image_files import UnreadError
from features.phrase import Phrase

DEEP = frozenset(["I;16", "I;16B", "I;16L", "I", "F"])  # modes of more than 8 bits
STRIP = 2**21  # pixels converted at a time, which bounds the additional memory
# Samples of more than 8 bits are scaled by their range, because files do not state the white level.
_WHITES = (255, 1023, 4095, 16_383, 65_535)


def in_strips(size: tuple[int, int], max_side: int, rows: Callable[[int, int], Image.Image]) -> np.ndarray:
    """A picture of `size` as RGB, its longer side at most `max_side`, from ``rows(top, end)`` as RGB.

    Every pixel is the mean of those it replaces. Pictures are never converted as a whole: an
    8000 x 8000 palette with transparency took 1.2 GB.
    """
    width, height = size
    scale = max(1.0, max(size) / max_side)
    wide, high = (max(1, round(side / scale)) for side in size)
    step = max(1, int(STRIP / scale / width))
    parts = []
    for top in range(0, high, step):
        end = min(top + step, high)
        start, stop = top * height / high, end * height / high
        first = math.floor(start)
        strip = rows(first, min(math.ceil(stop), height))
        if strip.size != (wide, end - top):
            box = (0, start - first, width, min(stop - first, strip.height))
            strip = strip.resize((wide, end - top), Image.Resampling.BOX, box)
        parts.append(np.asarray(_on_white(strip)))
    return np.concatenate(parts)


def to_rgb(picture: Image.Image) -> Image.Image:
    """A picture of any 8-bit mode as RGB or RGBA."""
    clear = picture.has_transparency_data
    return picture if picture.mode == "RGB" and not clear else picture.convert("RGBA" if clear else "RGB")


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")


def extremes(size: tuple[int, int], rows: Callable[[int, int], Image.Image]) -> tuple[float, float]:
    """The smallest and the largest finite value of a picture."""
    step = max(1, STRIP // size[0])
    low, high = math.inf, -math.inf
    for top in range(0, size[1], step):
        values = np.asarray(rows(top, min(top + step, size[1])))
        values = values[np.isfinite(values)] if values.dtype.kind == "f" else values
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    return (low, high) if low <= high else (0.0, 0.0)


def levels(mode: str, ends: tuple[float, float]) -> tuple[float, float]:
    """The black and white levels of a picture in this mode of Pillow, whose values have these `extremes`.

    Integers use 8, 10, 12, 14 or 16 bits. Floats range from 0 to 1, from -1 to 1, or as
    integers do, and slightly beyond if a picture was resized.

    Raises
    ------
    UnreadError
        The range is none of these.
    """
    low, high = ends
    if mode == "F" and low >= -0.25 and high <= 1.25:
        return 0.0, 1.0
    if mode == "F" and -1.25 <= low < 0 and high <= 1.25:
        return -1.0, 1.0
    beyond = 1.1 if mode == "F" else 1.0
    white = next((white for white in _WHITES if high <= white * beyond), None)
    if white is None or low < -0.1 * white * (mode == "F") or (mode == "F" and high < 32):
        raise UnreadError(
            Phrase(
                "picture.range",
                "The picture's numbers go from {0} to {1}, which is an unusual range. Scale them to 0 to 1, "
                "0 to 255 or 0 to 65535, or save the picture as PNG with 8 bits.",
                f"{low:.6g}",
                f"{high:.6g}",
            )
        )
    return 0.0, float(white)


def eight_bit(values: np.ndarray, black: float, white: float) -> Image.Image:
    """Grey values ``(h, w)`` between these levels as an RGB picture."""
    return Image.fromarray(scaled(values, black, white)).convert("RGB")


def scaled(values: np.ndarray, black: float, white: float) -> np.ndarray:
    """Values as ``uint8``, with `black` as 0 and `white` as 255; what lies beyond is clipped."""
    shades = (np.nan_to_num(values.astype(np.float32)) - black) * (255 / (white - black))
    return np.rint(np.clip(shades, 0, 255)).astype(np.uint8)


def rgb_rows(array: np.ndarray) -> np.ndarray:
    """Rows of an array ``(h, w, 1)``, ``(h, w, 3)`` or ``(h, w, 4)`` as ``uint8 (h, w, 3)``; as `load` takes them.

    Raises
    ------
    UnreadError
        Of another type than ``uint8``, ``uint16``, bool and floats, or floats that are not from 0 to 1.
    """
    array = _to_uint8(array)
    if array.shape[2] == 1:
        return np.repeat(array, 3, axis=2)
    return _flatten_alpha(array) if array.shape[2] == 4 else np.ascontiguousarray(array)


def _to_uint8(array: np.ndarray) -> np.ndarray:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.uint16:
        return (array >> 8).astype(np.uint8)
    if array.dtype == bool:
        return array.astype(np.uint8) * 255
    if not np.issubdtype(array.dtype, np.floating):
        raise UnreadError(f"An array of {array.dtype} is not a picture; expected uint8, uint16 or floats in 0..1.")
    if not np.isfinite(array).all() or array.min() < 0 or array.max() > 1:
        raise UnreadError("A float picture must hold numbers from 0 to 1 only; this one has others (or NaN).")
    return np.rint(array * 255).astype(np.uint8)


def _flatten_alpha(rgba: np.ndarray) -> np.ndarray:
    alpha = rgba[:, :, 3:].astype(np.float32) / 255
    return np.rint(rgba[:, :, :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
