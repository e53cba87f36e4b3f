"""Where in a picture to look: turned squares around faces, overlapping tiles, boxes that are the same face."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.faces import LEFT_EYE, RIGHT_EYE, boxes_of

MARGIN = 1.5  # side of a window over that of its face, as MediaPipe's own graphs take it
TILE = 720
FINE_TILES = (448, 192)  # in the smaller ones the short-range detector sees faces from 22 pixels up,
LARGE, LARGE_TILES = 2_000_000, (480, 240)  # in these from 24; for pictures of so many pixels, which take a second
SAME_FACE = 0.3


@dataclass(frozen=True, eq=False)
class Window:
    """A turned square of a picture in which the mesh is read.

    Parameters
    ----------
    face : ndarray
        ``(4,)`` left, top, right, bottom of the face itself, in pixels.
    centre : ndarray
        ``(2,)`` of the square.
    side : float
        Of the square.
    roll : float
        How far the square is turned clockwise, in degrees.
    score : float
        How sure the detector is that there is a face, 0 to 1.
    """

    face: np.ndarray
    centre: np.ndarray
    side: float
    roll: float
    score: float = 1.0


def around_box(corners: np.ndarray, eyes: np.ndarray) -> Window:
    """Around a detected face, turned until its eyes are level.

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
    """Around a mesh ``(L, 3)``, turned until the outer eye corners are level."""
    flat = mesh[:, :2].astype(np.float64)
    roll = roll_of(mesh)
    cos, sin = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    axes = np.array([[cos, -sin], [sin, cos]])  # columns: the face's right and down
    turned = flat @ axes
    centre = axes @ ((turned.min(axis=0) + turned.max(axis=0)) / 2)
    side = MARGIN * np.ptp(turned, axis=0).max()
    return Window(boxes_of(mesh[None])[0], centre, side, roll)


def roll_of(mesh: np.ndarray) -> float:
    """Degrees clockwise by which the outer eye corners of a mesh ``(L, 3)`` are off the level."""
    return _lean(mesh[RIGHT_EYE[0]].astype(np.float64) - mesh[LEFT_EYE[0]])


def _lean(right: np.ndarray) -> float:
    """Degrees clockwise from level of a step ``(2,)`` from the left to the right eye."""
    return math.degrees(math.atan2(right[1], right[0]))


def tiles(width: int, height: int) -> list[tuple[int, int, int, int]]:
    """Left, top, right, bottom of the whole and, of a large picture, of overlapping tiles of `TILE` a side."""
    whole = (0, 0, width, height)
    if max(width, height) <= 1.25 * TILE:
        return [whole]
    spans = [(x, y) for y in _starts(height) for x in _starts(width)]
    return [whole] + [(x, y, min(x + TILE, width), min(y + TILE, height)) for x, y in spans]


def fine_tiles(width: int, height: int) -> list[tuple[int, int, int, int]]:
    """The same for small faces: overlapping tiles of two sides, of those that are smaller than the picture."""
    found = []
    sides, shared = (LARGE_TILES, 0.2) if width * height > LARGE else (FINE_TILES, 0.25)
    for side in sides:
        if max(width, height) > 1.25 * side:
            spans = [(x, y) for y in _starts(height, side, shared) for x in _starts(width, side, shared)]
            found += [(x, y, min(x + side, width), min(y + side, height)) for x, y in spans]
    return found


def _starts(length: int, side: int = TILE, shared: float = 0.2) -> list[int]:
    """Where tiles begin along a length so that neighbours share that part of a side, or more."""
    count = max(1, math.ceil((length - shared * side) / ((1 - shared) * side)))
    return np.linspace(0, max(0, length - side), count).round().astype(int).tolist()


def keep_distinct(boxes: Sequence[np.ndarray] | np.ndarray) -> list[int]:
    """Indices of boxes, earlier ones first, of which none overlaps an earlier one."""
    kept: list[int] = []
    for i, box in enumerate(boxes):
        if not is_known(box, [boxes[k] for k in kept]):
            kept.append(i)
    return kept


def is_known(box: np.ndarray, boxes: Sequence[np.ndarray] | np.ndarray) -> bool:
    """Whether one of some boxes is the same face."""
    return len(boxes) > 0 and bool((_overlaps(box, np.asarray(boxes)) >= SAME_FACE).any())


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Shared area as a part of the smaller box's area."""
    return float(_overlaps(a, b[None])[0])


def _overlaps(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    sides = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    areas = np.minimum((box[2:] - box[:2]).prod(), (boxes[:, 2:] - boxes[:, :2]).prod(axis=1))
    return sides.clip(0).prod(axis=1) / np.maximum(areas, 1e-9)
