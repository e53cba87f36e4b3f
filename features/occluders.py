"""Covers parts of a crop one at a time by blurring them, which adds no edges.

The border of a grey square would be an edge, to which gradient histograms respond strongly.
"""

from __future__ import annotations

import cv2
import numpy as np

COUNT = 9
REACH = 0.085  # of the crop's side: distance from a patch's centre at which it is covered by two thirds
SMEAR = 0.16  # of the crop's side: a Gaussian that keeps coarse shading only
PARTS = ("forehead", "brows", "eyes", "nose", "cheeks", "mouth", "chin")


def place_by_place(crop: np.ndarray, count: int = COUNT) -> np.ndarray:
    """The crop with one patch covered, for every patch of a grid.

    Parameters
    ----------
    crop : ndarray
        ``(S, S)`` uint8.
    count : int
        Patches along each side.

    Returns
    -------
    ndarray
        ``(count², S, S)`` uint8, row by row.
    """
    side = crop.shape[0]
    smeared = cv2.GaussianBlur(crop, (0, 0), SMEAR * side).astype(np.float32)
    along = np.arange(side)
    bumps = np.exp(-((along - middles(count, side)[:, None]) ** 2) / (2 * (REACH * side) ** 2))
    masks = (1.5 * bumps[:, None, :, None] * bumps[None, :, None, :]).clip(max=1).reshape(-1, side, side)
    return np.rint(crop + masks * (smeared - crop)).astype(np.uint8)


def cover(crop: np.ndarray, x: float, y: float, size: float) -> np.ndarray:
    """The crop under one round, soft patch: all of its middle is smeared, half at its rim.

    Parameters
    ----------
    crop : ndarray
        ``(S, S)`` uint8.
    x, y : float
        Its middle, as a part of the crop's side.
    size : float
        Its diameter, as a part of the crop's side. A large patch is smeared more: nothing as large as itself is left.

    Returns
    -------
    ndarray
        ``(S, S)`` uint8.
    """
    side = crop.shape[0]
    smeared = cv2.GaussianBlur(crop, (0, 0), max(SMEAR, size / 2) * side).astype(np.float32)
    along = np.arange(side) + 0.5
    distance = np.hypot(along[None] - x * side, along[:, None] - y * side)
    # 1.5 exp(-r² / 2s²) is a half at r = s sqrt(2 ln 3).
    reach = size * side / 2 / np.sqrt(2 * np.log(3))
    mask = (1.5 * np.exp(-(distance**2) / (2 * reach**2))).clip(max=1)
    return np.rint(crop + mask * (smeared - crop)).astype(np.uint8)


def middles(count: int, side: int) -> np.ndarray:
    """Centres of the patches along a side, in pixels: ``(count,)``."""
    return (np.arange(count) + 0.5) * side / count - 0.5


def part_at(anchors: np.ndarray, x: float, y: float) -> str:
    """The part of an upright face nearest to a point: one of `PARTS`.

    Parameters
    ----------
    anchors : ndarray
        ``(3, 2)``: left eye, right eye and mouth, as `features.faces.anchors` computes them.
    x, y : float
        The point, in the same pixels.
    """
    (left, first), (right, other), (middle, mouth) = anchors
    eyes = (first + other) / 2
    down = mouth - eyes
    points = {
        "forehead": [(left, eyes - 0.8 * down), (middle, eyes - 0.75 * down), (right, eyes - 0.8 * down)],
        "brows": [(left, eyes - 0.32 * down), (right, eyes - 0.32 * down)],
        "eyes": [(left, eyes), (right, eyes)],
        "nose": [(middle, eyes + 0.2 * down), (middle, eyes + 0.55 * down)],
        "cheeks": [(left - 0.12 * down, eyes + 0.6 * down), (right + 0.12 * down, eyes + 0.6 * down)],
        "mouth": [(left + 0.2 * down, mouth), (middle, mouth), (right - 0.2 * down, mouth)],
        "chin": [(left, mouth + 0.5 * down), (middle, mouth + 0.45 * down), (right, mouth + 0.5 * down)],
    }
    return min(points, key=lambda part: min(np.hypot(x - px, y - py) for px, py in points[part]))
