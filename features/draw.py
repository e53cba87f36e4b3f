"""Draws faces, meshes and features. Every function returns a new RGB ``uint8`` picture."""

from __future__ import annotations

import math

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from features.align import AlignedFaces, AlignSpec
from features.descriptors import Hog
from features.faces import Faces
from features.mesh import contours, tesselation

# Okabe and Ito's palette, which people with any kind of colour vision can distinguish (https://jfly.uni-koeln.de/color/).
COLOURS = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167))
INK, PAPER = (20, 20, 20), (255, 255, 255)
LESS, MORE = COLOURS[5], COLOURS[4]


def colour(i: int) -> tuple[int, int, int]:
    """Colour of face `i`, counted from 0, as RGB."""
    return COLOURS[i % len(COLOURS)]


def boxes(image: np.ndarray, faces: Faces) -> np.ndarray:
    """A box around every face, with its number, counted from 1.

    Parameters
    ----------
    image : ndarray
        ``uint8 (H, W, 3)``, RGB. Lines and numbers scale with its size.
    faces : Faces

    Returns
    -------
    ndarray
        ``uint8 (H, W, 3)``.
    """
    canvas = Image.fromarray(image)
    pen = ImageDraw.Draw(canvas)
    width, text = _line_width(image), _text_height(image)
    for i, box in reversed(list(enumerate(faces.boxes.tolist()))):  # the largest face's number on top
        pen.rectangle(_grown(box, width), outline=INK, width=2 * width)
        pen.rectangle(_grown(box, width / 2), outline=colour(i), width=width)
        _number(pen, i, (box[0] - width, box[1] - width), text, canvas.size)
    return np.array(canvas)


def mesh(image: np.ndarray, faces: Faces) -> np.ndarray:
    """The mesh of every face, with bold outlines of eyes, brows, lips and face.

    Parameters
    ----------
    image : ndarray
        ``uint8 (H, W, 3)``, RGB.
    faces : Faces
    """
    canvas = image.copy()
    for i, marks in enumerate(faces.landmarks):
        side = np.ptp(marks[:, :2], axis=0).max()
        width = max(1, round(side / 300))
        fine = _edges(canvas, marks, tesselation(), colour(i), width)
        opacity = float(np.clip(side / 500, 0.3, 0.6))  # the dense edges of a small face would hide it
        canvas = cv2.addWeighted(fine, opacity, canvas, 1 - opacity, 0)
        canvas = _edges(canvas, marks, contours(), PAPER, width)
    return canvas


def hog_glyphs(crop: np.ndarray, descriptor: Hog | None = None, side: int = 432) -> np.ndarray:
    """The gradient histograms of a crop: in each cell one stroke per edge direction, brighter if it is stronger.

    Parameters
    ----------
    crop : ndarray
        ``uint8 (S, S)``, aligned; shown dimmed behind the strokes.
    descriptor : Hog, optional
        Default: cells of 8 pixels.
    side : int
        Of the picture, in pixels; rounded down to whole cells.
    """
    strength = _cell_strength(crop, descriptor or Hog())
    rows, columns, count = strength.shape
    pixels = max(8, side // rows)
    glyphs = _glyphs(count, pixels)
    light = np.einsum("rco,oyx->rycx", strength, glyphs).reshape(rows * pixels, columns * pixels, 1).clip(0, 1)
    behind = cv2.resize(crop, (columns * pixels, rows * pixels), interpolation=cv2.INTER_CUBIC)[:, :, None] * 0.4
    stroke = np.array([255, 236, 170])
    return np.rint(behind * (1 - light) + stroke * light).astype(np.uint8)


def pull(crop: np.ndarray, change: np.ndarray, full: float, side: int = 144) -> np.ndarray:
    """An occlusion map over its crop: orange where covering lowers the answer's probability, blue where it raises it.

    Parameters
    ----------
    crop : ndarray
        ``uint8 (S, S)``.
    change : ndarray
        ``(g, g)``, any numbers.
    full : float
        Absolute change at which the colour is strongest.
    side : int
        Of the picture in pixels.
    """
    grey = cv2.resize(crop, (side, side), interpolation=cv2.INTER_CUBIC).astype(np.float32)[:, :, None]
    smooth = cv2.resize(change.astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)[:, :, None]
    colour_of = np.where(smooth < 0, np.array(LESS, np.float32), np.array(MORE, np.float32))
    weight = 0.75 * (np.abs(smooth) / max(full, 1e-9)).clip(max=1)
    return np.rint(grey * (1 - weight) + colour_of * weight).astype(np.uint8)


def strip(crops: np.ndarray, columns: int = 10, side: int = 96) -> np.ndarray:
    """Crops side by side, numbered as in `boxes`.

    Parameters
    ----------
    crops : ndarray
        ``uint8 (n, S, S)`` grey or ``(n, S, S, 3)`` RGB.
    columns : int
        Crops per row.
    side : int
        Of each crop in the picture, in pixels.
    """
    flags = cv2.INTER_CUBIC if crops.shape[1] < side else cv2.INTER_AREA
    tiles = [cv2.resize(_rgb(crop), (side, side), interpolation=flags) for crop in crops]
    canvas = Image.fromarray(_grid(tiles, columns, side, gap=max(2, side // 24)))
    pen = ImageDraw.Draw(canvas)
    for i in range(len(tiles)):
        top, left = _place(i, min(columns, len(tiles)), side, max(2, side // 24))
        _number(pen, i, (left, top), max(11, side // 6), canvas.size, inside=True)
    return np.array(canvas)


def mosaic(maps: np.ndarray, columns: int | None = None, side: int = 48) -> np.ndarray:
    """Feature maps as tiles, each scaled to its own range, dark violet to yellow.

    Parameters
    ----------
    maps : ndarray
        ``(h, w, c)``, any numbers.
    columns : int, optional
        Tiles per row; default: as close to a square as possible.
    side : int
        Of a tile in pixels.
    """
    if maps.ndim != 3:
        raise ValueError(f"maps have shape {maps.shape}; expected (h, w, c)")
    columns = columns or max(1, math.ceil(math.sqrt(maps.shape[2])))
    tiles = [_heat(channel, side) for channel in np.moveaxis(maps, 2, 0)]
    return _grid(tiles, columns, side, gap=2)


def _line_width(image: np.ndarray) -> int:
    return max(1, round(max(image.shape[:2]) / 320))


def _text_height(image: np.ndarray) -> int:
    return max(12, round(max(image.shape[:2]) / 32))


def _grown(box: list[float], by: float) -> tuple[float, float, float, float]:
    left, top, right, bottom = box
    return left - by, top - by, max(right, left) + by, max(bottom, top) + by


def _number(
    pen: ImageDraw.ImageDraw,
    i: int,
    corner: tuple[float, float],
    height: int,
    size: tuple[int, int],
    inside: bool = False,
) -> None:
    """A face's number on a plate in its colour, on or `inside` a corner, always within the picture."""
    font = ImageFont.load_default(height)
    left, top, right, bottom = pen.textbbox((0, 0), str(i + 1), font=font)
    pad = max(2, height // 5)
    width, tall = right - left + 2 * pad, bottom - top + 2 * pad
    width = max(width, tall)
    x = min(max(0, corner[0]), max(0, size[0] - width))
    y = min(max(0, corner[1] if inside else corner[1] - tall), max(0, size[1] - tall))
    pen.rectangle((x, y, x + width - 1, y + tall - 1), fill=colour(i), outline=INK, width=max(1, pad // 3))
    middle = x + (width - (right - left)) / 2 - left, y + pad - top
    pen.text(middle, str(i + 1), font=font, fill=INK if _is_light(colour(i)) else PAPER)


def _is_light(rgb: tuple[int, int, int]) -> bool:
    """Whether black has more contrast than white: relative luminance above 0.179, by WCAG's formula."""
    linear = [(c / 255 / 12.92) if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722))) > 0.179


def _edges(
    image: np.ndarray, marks: np.ndarray, edges: np.ndarray, rgb: tuple[int, int, int], width: int
) -> np.ndarray:
    """A copy of the picture with edges between points ``(L, >=2)``, antialiased."""
    fraction = 4  # fractional bits, for positions between pixels
    points = np.rint(marks[:, :2].clip(-20000, 20000) * 2**fraction).astype(np.int32)
    return cv2.polylines(image.copy(), list(points[edges]), False, rgb, width, cv2.LINE_AA, fraction)


def _cell_strength(crop: np.ndarray, descriptor: Hog) -> np.ndarray:
    """Each cell's histogram, averaged over its blocks: ``(rows, columns, orientations)``, at most 1."""
    spec = AlignSpec(size=crop.shape[0])
    faces = AlignedFaces(crop[None], np.zeros((1, 468, 3), np.float32), np.zeros((1, 2, 3), np.float32), spec)
    count = crop.shape[0] // descriptor.cell
    blocks = descriptor(faces).reshape(count - 1, count - 1, 2, 2, descriptor.orientations)
    total, seen = np.zeros((count, count, descriptor.orientations)), np.zeros((count, count, 1))
    for y, x in np.ndindex(2, 2):
        total[y : y + count - 1, x : x + count - 1] += blocks[:, :, y, x]
        seen[y : y + count - 1, x : x + count - 1] += 1
    mean = total / seen
    return (mean / max(mean.max(), 1e-9)) ** 1.3


def _glyphs(count: int, pixels: int) -> np.ndarray:
    """One stroke per direction, orthogonal to its gradient: ``(count, pixels, pixels)``, 0 to 1."""
    away = np.arange(pixels) - (pixels - 1) / 2
    angles = (np.arange(count) + 0.5) * np.pi / count
    along_x, along_y = np.sin(angles)[:, None, None], -np.cos(angles)[:, None, None]
    x, y = away[None, None, :], away[None, :, None]
    across = np.abs(x * along_y - y * along_x)
    along = np.abs(x * along_x + y * along_y)
    return (1.1 + pixels / 40 - across).clip(0, 1) * (pixels * 0.46 - along).clip(0, 1)


def _rgb(crop: np.ndarray) -> np.ndarray:
    return np.repeat(crop[:, :, None], 3, axis=2) if crop.ndim == 2 else crop


def _heat(channel: np.ndarray, side: int) -> np.ndarray:
    """One map in viridis; a constant one is dark."""
    channel = np.nan_to_num(channel.astype(np.float64))
    low, high = channel.min(), channel.max()
    level = np.rint((channel - low) / max(high - low, 1e-12) * 255).astype(np.uint8)
    large = cv2.resize(level, (side, side), interpolation=cv2.INTER_NEAREST)
    return cv2.cvtColor(cv2.applyColorMap(large, cv2.COLORMAP_VIRIDIS), cv2.COLOR_BGR2RGB)


def _place(i: int, columns: int, side: int, gap: int) -> tuple[int, int]:
    """Top and left of tile `i`."""
    row, column = divmod(i, columns)
    return gap + row * (side + gap), gap + column * (side + gap)


def _grid(tiles: list[np.ndarray], columns: int, side: int, gap: int) -> np.ndarray:
    """Tiles of `side` in rows on white."""
    columns = max(1, min(columns, len(tiles)))
    rows = max(1, math.ceil(len(tiles) / columns))
    bottom, right = _place(rows * columns - 1, columns, side, gap)
    canvas = np.full((bottom + side + gap, right + side + gap, 3), 255, np.uint8)
    for i, tile in enumerate(tiles):
        top, left = _place(i, columns, side, gap)
        canvas[top : top + side, left : left + side] = tile
    return canvas
