"""Regions of a picture: rotated squares around faces, overlapping tiles, boxes of the same face."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.faces import LEFT_EYE, RIGHT_EYE, boxes_of

MARGIN = 1.5  # side of a window relative to that of its face, as in MediaPipe's graphs
TILE = 720
SHOWN = 0.05  # of a tile's area: with less of the picture itself, a tile shows nothing that its neighbours do not
SAMPLED, FLAT = 4, 8  # every fourth pixel; grey levels from the darkest to the brightest
FINE_TILES = (448, 192)  # in the smaller ones the short-range detector finds faces of 22 pixels or more,
LARGE, LARGE_TILES = 2_000_000, (480, 240)  # in these of 24; for pictures of so many pixels or more, to save time
BESIDE_TILE = 240  # the same beside a large face; a picture up to BESIDE is small enough as a whole
BESIDE = 256
COVERED = 0.5  # of a tile's area: with more of it covered by a known face, it has no room for another
SAME_FACE = 0.3


@dataclass(frozen=True, eq=False)
class Window:
    """A rotated square of a picture, in which the mesh network is run.

    Parameters
    ----------
    face : ndarray
        ``(4,)`` left, top, right, bottom of the face itself, in pixels.
    centre : ndarray
        ``(2,)`` of the square.
    side : float
        Of the square.
    roll : float
        Clockwise rotation of the square in degrees.
    score : float
        The detector's confidence that there is a face, 0 to 1.
    """

    face: np.ndarray
    centre: np.ndarray
    side: float
    roll: float
    score: float = 1.0


def around_box(corners: np.ndarray, eyes: np.ndarray) -> Window:
    """The window around a detected face, rotated so that its eyes are level.

    Parameters
    ----------
    corners : ndarray
        ``(2, 2)``: left top, right bottom in pixels.
    eyes : ndarray
        ``(2, 2)``: the viewer's left eye, then the right one.
    """
    side = MARGIN * np.ptp(corners, axis=0).max()
    return Window(corners.ravel(), corners.mean(axis=0), side, _lean(eyes[1] - eyes[0]))


def around_mesh(mesh: np.ndarray) -> Window:
    """The window around a mesh ``(L, 3)``, rotated so that the outer eye corners are level."""
    roll = roll_of(mesh)
    cos, sin = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    axes = np.array([[cos, -sin], [sin, cos]])  # columns: the face's right and down
    turned = axes.T @ mesh[:, :2].T.astype(np.float64)
    first, last = turned.min(axis=1), turned.max(axis=1)
    return Window(boxes_of(mesh[None])[0], axes @ ((first + last) / 2), MARGIN * (last - first).max(), roll)


def roll_of(mesh: np.ndarray) -> float:
    """Clockwise angle between the outer eye corners of a mesh ``(L, 3)`` and the horizontal, in degrees."""
    return _lean(mesh[RIGHT_EYE[0]].astype(np.float64) - mesh[LEFT_EYE[0]])


def _lean(right: np.ndarray) -> float:
    """Clockwise angle of the vector ``(2,)`` from the left to the right eye, in degrees."""
    return math.degrees(math.atan2(right[1], right[0]))


def tiles(width: int, height: int, border: int = 0) -> list[tuple[int, int, int, int]]:
    """Left, top, right, bottom of the whole picture and, if it is large, of overlapping tiles of side `TILE`.

    Parameters
    ----------
    width, height : int
        Of the picture, in pixels.
    border : int
        Pixels that were added on each side of it. Tiles that show little else are left out.
    """
    whole = (0, 0, width, height)
    if max(width, height) <= 1.25 * TILE:
        return [whole]
    spans = [(x, y) for y in _starts(height) for x in _starts(width)]
    found = [(x, y, min(x + TILE, width), min(y + TILE, height)) for x, y in spans]
    inside = np.array([[border, border, width - border, height - border]])
    return [whole] + [tile for tile in found if _shared(np.array(tile), inside)[0] >= SHOWN * np.prod(_size(tile))]


def has_texture(part: np.ndarray) -> bool:
    """Whether a part of a picture, ``uint8 (H, W, 3)``, has edges that a detector could see."""
    grey = part[::SAMPLED, ::SAMPLED, 1]
    return int(grey.max()) - int(grey.min()) > FLAT


def fine_tiles(width: int, height: int) -> list[tuple[int, int, int, int]]:
    """The same for small faces: overlapping tiles of two sizes, as far as these are smaller than the picture."""
    found = []
    sides, shared = (LARGE_TILES, 0.2) if width * height > LARGE else (FINE_TILES, 0.25)
    for side in sides:
        if max(width, height) > 1.25 * side:
            spans = [(x, y) for y in _starts(height, side, shared) for x in _starts(width, side, shared)]
            found += [(x, y, min(x + side, width), min(y + side, height)) for x, y in spans]
    return found


def tiles_beside(width: int, height: int, boxes: np.ndarray) -> list[tuple[int, int, int, int]]:
    """Overlapping tiles of a picture with large faces, in boxes ``(n, 4)``, that have room for small ones."""
    if max(width, height) <= BESIDE:
        return []
    side = BESIDE_TILE
    spans = [(x, y) for y in _starts(height, side, 0.25) for x in _starts(width, side, 0.25)]
    found = [(x, y, min(x + side, width), min(y + side, height)) for x, y in spans]
    return [tile for tile in found if (_shared(np.array(tile), boxes) <= COVERED * np.prod(_size(tile))).all()]


def _size(tile: tuple[int, int, int, int]) -> tuple[int, int]:
    return tile[2] - tile[0], tile[3] - tile[1]


def _starts(length: int, side: int = TILE, shared: float = 0.2) -> list[int]:
    """Positions of tiles along a length, such that neighbours overlap by at least this part of a side."""
    count = max(1, math.ceil((length - shared * side) / ((1 - shared) * side)))
    return np.linspace(0, max(0, length - side), count).round().astype(int).tolist()


def keep_distinct(boxes: Sequence[np.ndarray] | np.ndarray) -> list[int]:
    """Indices of boxes that do not overlap an earlier box that is kept."""
    kept: list[int] = []
    for i, box in enumerate(boxes):
        if not is_known(box, [boxes[k] for k in kept]):
            kept.append(i)
    return kept


def is_known(box: np.ndarray, boxes: Sequence[np.ndarray] | np.ndarray) -> bool:
    """Whether a box is the same face as one of some boxes."""
    return len(boxes) > 0 and bool((_overlaps(box, np.asarray(boxes)) >= SAME_FACE).any())


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection of two boxes relative to the area of the smaller one."""
    return float(_overlaps(a, b[None])[0])


def _overlaps(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    areas = np.minimum((box[2:] - box[:2]).prod(), (boxes[:, 2:] - boxes[:, :2]).prod(axis=1))
    return _shared(box, boxes) / np.maximum(areas, 1e-9)


def _shared(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Area that a box shares with each of some boxes."""
    sides = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    return sides.clip(0).prod(axis=1)
