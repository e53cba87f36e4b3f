"""Whether the eyes or the mouth of a face are covered: by a mask, a scarf, a hand, a headset or sunglasses.

A mesh is laid over a covered face, too, and models answer as if they saw it. Two logistic regressions on gradient
histograms and a thumbnail tell; `scripts/fit_covering.py` fits them on covers that were drawn on FER2013's faces.

Measured by that script: of FER2013's PrivateTest 0.25 % are called covered at the eyes and 0.22 % at the mouth (some
are); of covers drawn on it, 73 % and 76 % are found. Of the 204 pictures of the London set none is called covered; of
covers drawn on those, 67 % at the eyes and 81 % at the mouth. Real masks and headsets were not at hand.
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
    """How surely each of `PARTS` is covered, in log odds: ``(n, 2)`` float32; above 0 it is.

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
    """Read the file anew at the next call."""
    _machine.cache_clear()
