"""Accuracy on slices of the data by yaw, brightness, sharpness or size of the face.

FER2013 has no labels of age, gender or skin tone, so there are no slices by these.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from features import quality
from features.align import AlignedFaces, scale_of
from features.faces import Faces
from zoo.card_fields import FactorName
from zoo.cards import Slice
from zoo.evaluation.conditions import FACTORS
from zoo.evaluation.intervals import rounded
from zoo.evaluation.metrics import Scored, interval

FEWEST = 30  # pictures; an accuracy on fewer is not informative


def measured(faces: AlignedFaces) -> dict[FactorName, np.ndarray]:
    """Each factor of each face, from its crop and mesh: ``(n,)`` float64."""
    if not len(faces):
        return {name: np.zeros(0) for name in FACTORS}
    side = faces.spec.size
    meshes = Faces(faces.landmarks, (side, side))
    across = (meshes.boxes[:, 2:] - meshes.boxes[:, :2]).max(axis=1)
    pairs = list(zip(faces.images, faces.landmarks, strict=True))
    return {
        "yaw": np.abs(meshes.pose[:, 0]).astype(np.float64),
        "brightness": np.array([quality.brightness(crop, mesh) for crop, mesh in pairs]),
        "sharpness": np.array([quality.sharpness(crop, faces.spec.detail) for crop, _ in pairs]),
        "size": across / scale_of(faces.to_crop),
    }


def slices(scored: Scored, factors: dict[FactorName, np.ndarray]) -> Iterator[Slice]:
    """Accuracy in each slice of each factor.

    Parameters
    ----------
    scored : Scored
    factors : dict
        From `measured`, one entry per picture; NaN without a mesh.
    """
    for name, values in factors.items():
        edges = FACTORS[name].edges
        for low, high in zip(edges, edges[1:], strict=False):
            rows = np.flatnonzero((values >= low) & (values < high))
            if len(rows) >= FEWEST:
                right = scored.right[rows]
                ends = rounded(interval(right, scored.groups[rows]))
                top = None if math.isinf(high) else high
                yield Slice(name, low, top, len(rows), round(float(right.mean()), 4), ends)
