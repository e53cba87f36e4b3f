"""Made data to train on: seconds, not accuracy."""

from __future__ import annotations

import numpy as np

from features.align import AlignedFaces, AlignSpec
from features.faces import MESH_POINTS
from zoo.datasets.aligned import AlignedSet, concatenate


def made_set(n: int, seed: int = 0, split: str = "Training") -> AlignedSet:
    """Noise with a bright bar whose place tells the label."""
    rng = np.random.default_rng(seed)
    targets = np.arange(n) % 7
    images = rng.integers(0, 90, (n, 72, 72), np.uint8)
    for image, target in zip(images, targets, strict=True):
        image[10 * target : 10 * target + 10] += 150
    faces = AlignedFaces(
        images, np.zeros((n, MESH_POINTS, 3), np.float32), np.zeros((n, 2, 3), np.float32), AlignSpec()
    )
    return AlignedSet(faces, targets, np.repeat(split, n), np.ones(n, bool))


def made_splits(*sizes: tuple[str, int]) -> AlignedSet:
    """Several splits, one after the other."""
    parts = [made_set(n, seed, split) for seed, (split, n) in enumerate(sizes)]
    arrays = (np.concatenate([getattr(part, name) for part in parts]) for name in ("targets", "splits", "found"))
    return AlignedSet(concatenate([part.faces for part in parts]), *arrays)
