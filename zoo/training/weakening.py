"""Augmentation by intensity: expressions warped part of the way back to the mean neutral face.

FER2013 shows strong expressions, and a network that learned from them calls weak ones neutral. On aligned crops, the
mean landmarks of a label minus those of the neutral faces say where that expression moves each point of a face. A
copy that is warped back along this displacement has the same label and a weaker expression.

References
----------
Cootes, Edwards and Taylor, "Active appearance models", IEEE PAMI 23(6), 2001 (mean shapes, and warping between them).
Bookstein, "Principal warps: thin-plate splines and the decomposition of deformations", IEEE PAMI 11(6), 1989.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

from features.align import AlignedFaces

MARGIN = 6  # pixels outside the crop, where nothing moves
SMOOTHING = 1.0


@dataclass(frozen=True, eq=False)
class Weakening:
    """Warps a share of the crops towards the neutral face.

    Parameters
    ----------
    displacements : ndarray
        ``(k, S, S, 2)`` float32, see `mean_displacements`.
    share : float
        Fraction of copies that are warped. Neutral faces never are: their displacement is 0.
    limit : float
        Up to this part of the displacement is taken back, drawn uniformly; 1 takes back all of it.
    """

    displacements: np.ndarray
    share: float
    limit: float

    def __call__(self, crops: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Copies ``(n, S, S)`` uint8; those that are not warped are equal to the crops."""
        moves = self.displacements.any(axis=(1, 2, 3))[targets]
        changed = (rng.random(len(crops)) < self.share) & moves
        parts = rng.uniform(0, self.limit, len(crops))
        copies = crops.copy()
        for i in np.flatnonzero(changed):
            copies[i] = warped(crops[i], parts[i] * self.displacements[targets[i]])
        return copies


def warped(crop: np.ndarray, displacement: np.ndarray) -> np.ndarray:
    """The crop ``(S, S)``, with what was at ``p + displacement(p)`` at each pixel p; displacement ``(S, S, 2)``."""
    side = np.arange(len(crop), dtype=np.float32)
    x = side[None] + displacement[:, :, 0]
    y = side[:, None] + displacement[:, :, 1]
    return cv2.remap(crop, x.astype(np.float32), y.astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def mean_displacements(faces: AlignedFaces, targets: np.ndarray, neutral: int) -> np.ndarray:
    """Where each label's expression moves the points of a neutral face, for every pixel of the crop.

    Parameters
    ----------
    faces : AlignedFaces
    targets : ndarray
        ``(n,)`` labels; every label must occur.
    neutral : int
        Label of the neutral faces.

    Returns
    -------
    ndarray
        ``(k, S, S, 2)`` float32, x and y in pixels. Between the landmarks interpolated by a thin-plate
        spline, 0 on the border; all 0 for the neutral label.
    """
    points = faces.landmarks[:, :, :2].astype(np.float64)
    means = np.stack([points[targets == label].mean(axis=0) for label in range(int(targets.max()) + 1)])
    side = faces.images.shape[1]
    ends = np.array([-MARGIN, (side - 1) / 2, side - 1 + MARGIN])
    border = np.array([(x, y) for x in ends for y in ends if (x, y) != (ends[1], ends[1])])
    known = np.concatenate([means[neutral], border])
    pixels = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2).astype(np.float64)
    found = np.zeros((len(means), side, side, 2), np.float32)
    for label, mean in enumerate(means):
        if label != neutral:
            values = np.concatenate([mean - means[neutral], np.zeros_like(border)])
            found[label] = RBFInterpolator(known, values, smoothing=SMOOTHING)(pixels).reshape(side, side, 2)
    return found
