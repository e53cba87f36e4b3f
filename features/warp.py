"""Moves mesh points of a face and warps the picture accordingly: how the drawn expressions are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from features.faces import LEFT_EYE, MOUTH, RIGHT_EYE

_Map = Callable[[np.ndarray], np.ndarray]  # points (n, 2) to points (n, 2)


@dataclass(frozen=True)
class Pull:
    """A displacement of some mesh points, which decreases with distance for their neighbours.

    Parameters
    ----------
    points : tuple of int
        Indices into the mesh.
    out, down : float
        Displacement as a fraction of the distance between the eyes: away from the face's middle
        line on both sides, and towards the chin.
    reach : float
        Distance at which the displacement has fallen to 60 %, in the same unit.
    """

    points: tuple[int, ...]
    out: float
    down: float
    reach: float = 0.1


@dataclass(frozen=True)
class Mouth:
    """Shape of the lips, in fractions of the distance between the eyes.

    Parameters
    ----------
    width : float
        From corner to corner.
    droop : float
        How far the corners are below the middle; negative values raise them.
    opening : float
        Between the inner edges of the lips, in the middle.
    upper, lower : float
        Thickness of the lips in the middle.
    """

    width: float
    droop: float
    opening: float = 0.0
    upper: float = 0.10
    lower: float = 0.14


# Rings of the mesh's lips from the outer edge to the inner one, left to right.
UPPER_RINGS = (
    (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291),
    (76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306),
    (62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292),
    (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308),
)
LOWER_RINGS = (
    (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291),
    (76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306),
    (62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292),
    (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308),
)
INNER_LIPS = UPPER_RINGS[3] + LOWER_RINGS[3][-2:0:-1]


def express(landmarks: np.ndarray, pulls: tuple[Pull, ...] = (), mouth: Mouth | None = None) -> np.ndarray:
    """The mesh with another expression.

    Parameters
    ----------
    landmarks : ndarray
        ``(L, >=2)``, one face, in pixels.
    pulls : tuple of Pull
        Summed; each is measured on the original mesh.
    mouth : Mouth, optional

    Returns
    -------
    ndarray
        ``(L, 2)`` float64, pixels.
    """
    flat = landmarks[:, :2].astype(np.float64)
    to_face, to_picture = _face_frame(flat)
    points = to_face(flat)
    moved = points.copy()
    if mouth is not None:
        indices, targets = _shaped_lips(points, mouth)
        moved += _carried(points, indices, targets - points[indices], reach=0.13)
    for one in pulls:
        indices = np.array(one.points)
        steps = np.stack([one.out * np.sign(points[indices, 0]), np.full(len(indices), one.down)], axis=1)
        moved += _carried(points, indices, steps, one.reach)
    return to_picture(moved)


def _face_frame(flat: np.ndarray) -> tuple[_Map, _Map]:
    """Maps to and from face coordinates: origin between the eyes, x axis through them, their distance as unit."""
    left, right = flat[list(LEFT_EYE)].mean(axis=0), flat[list(RIGHT_EYE)].mean(axis=0)
    across = right - left
    axes = np.array([across, [-across[1], across[0]]])
    origin = (left + right) / 2
    return lambda p: (p - origin) @ np.linalg.inv(axes), lambda p: p @ axes + origin


def _shaped_lips(points: np.ndarray, mouth: Mouth) -> tuple[np.ndarray, np.ndarray]:
    """Indices of lip points and their positions in the wanted shape, in face coordinates: ``(k,), (k, 2)``."""
    corners = points[list(MOUTH)]
    middle, half = corners.mean(axis=0), np.ptp(corners[:, 0]) / 2
    targets: dict[int, np.ndarray] = {}
    # The jaw drops: most of the opening is below the line between the corners.
    lips = ((UPPER_RINGS, -1, 0.2, mouth.upper), (LOWER_RINGS, 1, 0.8, mouth.lower))
    for rings, sign, share, thickness in lips:
        for depth, ring in zip((1.0, 0.67, 0.33, 0.0), rings, strict=True):
            u = np.clip((points[list(ring), 0] - middle[0]) / half, -1, 1)
            arch = 1 - u**2
            y = mouth.droop * u**2 + sign * arch * (mouth.opening * share + depth * thickness)
            targets.update(zip(ring, np.stack([u * mouth.width / 2, y], axis=1) + middle, strict=True))
    return np.array(list(targets)), np.array(list(targets.values()))


def _carried(points: np.ndarray, indices: np.ndarray, steps: np.ndarray, reach: float) -> np.ndarray:
    """Displacements of some points, spread to all with normalised Gaussian weights: ``(L, 2)``."""
    away = np.linalg.norm(points[:, None] - points[None, indices], axis=2) / reach
    sharp = np.exp(-0.5 * (4 * away) ** 2) + 1e-12 * np.exp(-away)
    carried = (sharp / sharp.sum(axis=1, keepdims=True)) @ steps
    carried *= np.exp(-0.5 * away.min(axis=1, keepdims=True) ** 2)
    carried[indices] = steps
    return carried


def warp(image: np.ndarray, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The picture with its mesh moved from `source` to `target`, linear inside every triangle.

    Parameters
    ----------
    image : ndarray
        ``uint8 (H, W, 3)``, RGB.
    source, target : ndarray
        ``(L, 2)`` in pixels. Parts well outside the mesh do not move.

    Returns
    -------
    ndarray
        ``uint8 (H, W, 3)``.
    """
    from scipy.interpolate import LinearNDInterpolator

    height, width = image.shape[:2]
    frame = _frame(source, width, height)
    back = LinearNDInterpolator(np.concatenate([target, frame]), np.concatenate([source, frame]))
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    where = back(x, y).astype(np.float32)
    return cv2.remap(image, where[..., 0], where[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def _frame(points: np.ndarray, width: int, height: int) -> np.ndarray:
    """Fixed points: a ring around the mesh, and the picture's corners."""
    centre, spread = points.mean(axis=0), np.ptp(points, axis=0)
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = centre + np.stack([np.cos(angles), np.sin(angles)], axis=1) * spread * 0.85
    inside = (ring > 0).all(axis=1) & (ring < (width - 1, height - 1)).all(axis=1)
    corners = np.array([[-1, -1], [width, -1], [-1, height], [width, height]], np.float64)
    return np.concatenate([ring[inside], corners])


def darken_mouth(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Darken the inside of the lips softly: an open mouth, or the line between closed lips.

    Parameters
    ----------
    image : ndarray
        ``uint8 (H, W, 3)``, RGB.
    points : ndarray
        ``(L, 2)``, the mesh in pixels.

    Returns
    -------
    ndarray
        ``uint8 (H, W, 3)``.
    """
    edge = [np.rint(points[list(INNER_LIPS)]).astype(np.int32)]
    width = np.ptp(points[:, 0])
    inside = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(inside, edge, 255)
    cv2.polylines(inside, edge, isClosed=True, color=255, thickness=max(1, round(width / 90)))
    share = 0.9 * cv2.GaussianBlur(inside, (0, 0), max(0.8, width / 140)).astype(np.float32)[..., None] / 255
    return np.rint(image * (1 - share) + np.array([62, 26, 26], np.float32) * share).astype(np.uint8)
