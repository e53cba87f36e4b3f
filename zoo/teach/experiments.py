"""Guided experiments: half the samples, the mouth covered, another recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from features.align import AlignedFaces
from zoo.classifier import Classifier
from zoo.teach.fit import Settings
from zoo.teach.held_out import HeldOutResult, Material, Share, examine, share, shares_of, some_of
from zoo.teach.splits import Split

LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)


# ---- guided experiments


@dataclass(frozen=True)
class Experiment:
    """One condition is changed: correct answers of each model before and after.

    Parameters
    ----------
    name : str
    before, after : dict
        Model name to its `Share`.
    """

    name: str
    before: dict[str, Share]
    after: dict[str, Share]


def half_the_samples(material: Material, result: HeldOutResult, settings: Settings) -> Experiment:
    """Train on half the samples, and evaluate on the same held-out ones."""
    less = Split(some_of(material.targets, result.split.train, 0.5, settings.seed), result.split.held)
    return Experiment("half", shares_of(result), shares_of(examine(material, result.kind, less, settings)))


def mouth_covered(material: Material, result: HeldOutResult) -> Experiment:
    """Evaluate on the same held-out samples with the mouth covered."""
    faces = cover_mouth(material.faces[result.split.held])
    return Experiment("mouth", shares_of(result), asked(result.models, faces, material.targets[result.split.held]))


def cover_mouth(faces: AlignedFaces) -> AlignedFaces:
    """Cover the mouth, located by the mesh, with a patch of each crop's mean grey."""
    images = faces.images.copy()
    for image, mesh in zip(images, faces.landmarks, strict=True):
        lips = mesh[list(LIPS), :2]
        middle = lips.mean(axis=0)
        hull = cv2.convexHull((middle + 1.4 * (lips - middle)).astype(np.float32))
        cv2.fillPoly(image, [np.rint(hull).astype(np.int32)], int(image.mean()))
    return replace(faces, images=images)


def asked(models: Sequence[Classifier], faces: AlignedFaces, targets: np.ndarray) -> dict[str, Share]:
    """Correct answers of each model for these faces: targets ``(n,)`` int."""
    return {model.name: share(model.predict_proba(faces).best == targets) for model in models}


def recorded(
    outcome: Experiment | None, name: str, result: HeldOutResult, faces: AlignedFaces, targets: np.ndarray
) -> Experiment:
    """Add faces taken under changed conditions to an experiment. None of them is kept."""
    outcome = outcome or Experiment(name, shares_of(result), {model.name: Share(0, 0) for model in result.models})
    new = asked(result.models, faces, targets)
    after = {model: was.plus(new[model].right, new[model].n) for model, was in outcome.after.items()}
    return replace(outcome, after=after)
