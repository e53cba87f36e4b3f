"""Detects whether a face's eyes or mouth are covered by a mask, a scarf, a hand, a headset or sunglasses.

The mesh is fitted to covered faces as well, and models predict as if nothing were hidden. Two logistic regressions on
gradient histograms and a thumbnail detect the cover; `scripts/fit_occlusion_detector.py` fits them on covers drawn on
FER2013.

Measured by that script: on FER2013's PrivateTest, 0.25 % of the eyes and 0.22 % of the mouths are flagged (some are in
fact covered); of covers drawn on these pictures, 73 % and 76 % are detected. None of the 204 pictures of the London set
is flagged; of covers drawn on them, 67 % are detected at the eyes and 81 % at the mouth. No pictures of real masks and
headsets were available.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np

from features.align import AlignedFaces
from features.descriptors import Hog

PATH = Path(__file__).parent / "models" / "covering.npz"
PARTS = ("eyes", "mouth")
_HOG = Hog(cell=12, orientations=8)
_THUMBNAIL = 12  # pixels a side


def scores(faces: AlignedFaces) -> np.ndarray:
    """Log odds that each of `PARTS` is covered: ``(n, 2)`` float32. Above 0 it counts as covered.

    Parameters
    ----------
    faces : AlignedFaces
        Crops of the default `AlignSpec`.
    """
    weights, bias = _machine()
    return describe(faces) @ weights + bias


def describe(faces: AlignedFaces) -> np.ndarray:
    """Gradient histograms, and a thumbnail of mean 0 and variance 1: ``(n, 944)`` float32."""
    small = [cv2.resize(crop, (_THUMBNAIL, _THUMBNAIL), interpolation=cv2.INTER_AREA) for crop in faces.images]
    flat = np.array(small, np.float32).reshape(len(faces), _THUMBNAIL**2)
    flat = (flat - flat.mean(axis=1, keepdims=True)) / (flat.std(axis=1, keepdims=True) + 1)
    return np.concatenate([_HOG(faces), 0.3 * flat], axis=1)


@cache
def _machine() -> tuple[np.ndarray, np.ndarray]:
    with np.load(PATH, allow_pickle=False) as stored:
        return stored["weights"].astype(np.float32), stored["bias"].astype(np.float32)


def forget() -> None:
    """Reload the file at the next call."""
    _machine.cache_clear()
