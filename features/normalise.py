"""Optional normalisation of illumination and pose; the latter keeps the expression."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from features.faces import FRONT_AXES, face_axes

ILLUMINATIONS = ("none", "clahe", "gamma")
POSES = ("none", "frontal")

_GRID = 18  # points per side for which the warp is computed; it is interpolated between them
_ANCHORS = [
    # the outline of the face
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
    # brows, eyes, nose, cheeks and lips
    *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),
    *(1, 4, 6, 168, 98, 327, 50, 280, 205, 425, 61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91, 13, 14),
]


def illuminate(crop: np.ndarray, kind: str) -> np.ndarray:
    """Normalise the illumination of a crop.

    Parameters
    ----------
    crop : ndarray
        ``uint8 (S, S)``, grey.
    kind : str
        ``"none"``; ``"clahe"``, contrast-limited adaptive histogram equalisation; ``"gamma"``, the power that
        brings the mean to medium grey.

    References
    ----------
    Zuiderveld, "Contrast Limited Adaptive Histogram Equalization", Graphics Gems IV, 1994.
    """
    if kind == "clahe":
        return cv2.createCLAHE(clipLimit=2.0, tileGridSize=(4, 4)).apply(crop)
    if kind == "gamma":
        mean = float(crop.mean().clip(1, 254)) / 255
        gamma = np.clip(np.log(0.5) / np.log(mean), 0.4, 2.5)
        return cv2.LUT(crop, np.rint(np.linspace(0, 1, 256) ** gamma * 255).astype(np.uint8))
    return crop


def frontal(landmarks: np.ndarray) -> np.ndarray:
    """Meshes rotated about their centres to face the camera: ``(n, L, 3) -> (n, L, 3)`` float32.

    A rotation only, so that the expression is kept.
    """
    centre = landmarks.mean(axis=1, keepdims=True)
    to_front = FRONT_AXES @ np.swapaxes(face_axes(landmarks), 1, 2)
    return (np.einsum("nij,nlj->nli", to_front, landmarks - centre) + centre).astype(np.float32)


def back_map(source: np.ndarray, target: np.ndarray, side: int) -> np.ndarray:
    """The source of each pixel of a frontal crop: a smooth warp from one mesh to another.

    Parameters
    ----------
    source : ndarray
        ``(L, >=2)``, mesh in pixels of the source picture.
    target : ndarray
        ``(L, >=2)``, the same points in pixels of the crop.
    side : int
        Of the crop.

    Returns
    -------
    ndarray
        ``(side, side, 2)`` float32, x and y in the picture.

    Notes
    -----
    A thin-plate spline through the outlines of face, brows, eyes, nose and lips. Parts hidden
    behind the nose become smeared; `fill_hidden` repairs that.

    References
    ----------
    Bookstein, "Principal Warps: Thin-Plate Splines and the Decomposition of Deformations",
    IEEE TPAMI 11(6), 1989. Hassner et al., "Effective Face Frontalization in Unconstrained
    Images", CVPR 2015.
    """
    from scipy.interpolate import RBFInterpolator

    # Slight smoothing, because points that coincide after rotation (closed lips) would tear the picture.
    spline = RBFInterpolator(target[_ANCHORS, :2], source[_ANCHORS, :2], smoothing=1.0)
    places = np.linspace(0, side - 1, _GRID)
    coarse = spline(np.stack(np.meshgrid(places, places), axis=2).reshape(-1, 2)).reshape(_GRID, _GRID, 2)
    between = _interpolation(side)
    return np.einsum("yr,rcd,xc->yxd", between, coarse, between, optimize=True).astype(np.float32)


@cache
def _interpolation(side: int) -> np.ndarray:
    """Linear interpolation from `_GRID` points to `side` pixels: ``(side, _GRID)``."""
    where = np.linspace(0, _GRID - 1, side)
    return (1 - np.abs(where[:, None] - np.arange(_GRID))).clip(0)


def fill_hidden(crop: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Replace smeared parts of a warped crop by the mirror image of the visible side.

    Parameters
    ----------
    crop : ndarray
        ``uint8 (S, S)``, made by the map `where`.
    where : ndarray
        ``(S, S, 2)`` float32, from `back_map`.

    References
    ----------
    Hassner et al., "Effective Face Frontalization in Unconstrained Images", CVPR 2015
    (soft symmetry).
    """
    seen = _seen(where)
    if seen.min() == 1:
        return crop
    other = seen[:, ::-1] * (1 - seen)
    mixed = (seen + 1e-3) * crop + other * crop[:, ::-1]
    return np.rint(mixed / (seen + 1e-3 + other)).astype(np.uint8)


def _seen(where: np.ndarray) -> np.ndarray:
    """Source area of each pixel, 0 (collapsed) to 1 (as large as most): ``(S, S)``."""
    down, right = np.gradient(where, axis=(0, 1))
    area = right[..., 0] * down[..., 1] - right[..., 1] * down[..., 0]
    share = area / max(float(np.median(area)), 1e-9)
    return cv2.GaussianBlur(((share - 0.2) / 0.3).clip(0, 1), (0, 0), where.shape[0] / 36)
