"""Guided experiments: half the samples, the mouth covered, another recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from features.align import AlignedFaces
from zoo.classifier import Classifier
from zoo.teach.fit import Settings
from zoo.teach.held_out import Exam, Material, Share, examine, share, shares_of, some_of
from zoo.teach.splits import Split

LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)


# ---- guided experiments


@dataclass(frozen=True)
class Trial:
    """One thing is changed: what each model got right before and after.

    Parameters
    ----------
    name : str
    before, after : dict
        Model name to its `Share`.
    """

    name: str
    before: dict[str, Share]
    after: dict[str, Share]


def half_the_samples(material: Material, exam: Exam, settings: Settings) -> Trial:
    """Learn from half as many, and ask about the same samples."""
    less = Split(some_of(material.targets, exam.split.train, 0.5, settings.seed), exam.split.held)
    return Trial("half", shares_of(exam), shares_of(examine(material, exam.kind, less, settings)))


def mouth_covered(material: Material, exam: Exam) -> Trial:
    """Ask about the same samples with the mouth covered."""
    faces = cover_mouth(material.faces[exam.split.held])
    return Trial("mouth", shares_of(exam), asked(exam.models, faces, material.targets[exam.split.held]))


def cover_mouth(faces: AlignedFaces) -> AlignedFaces:
    """A patch of each crop's mean grey over the mouth, which the mesh finds."""
    images = faces.images.copy()
    for image, mesh in zip(images, faces.landmarks, strict=True):
        lips = mesh[list(LIPS), :2]
        middle = lips.mean(axis=0)
        hull = cv2.convexHull((middle + 1.4 * (lips - middle)).astype(np.float32))
        cv2.fillPoly(image, [np.rint(hull).astype(np.int32)], int(image.mean()))
    return replace(faces, images=images)


def asked(models: Sequence[Classifier], faces: AlignedFaces, targets: np.ndarray) -> dict[str, Share]:
    """How many of these faces each model gets right: targets ``(n,)`` int."""
    return {model.name: share(model.predict_proba(faces).best == targets) for model in models}


def recorded(trial: Trial | None, name: str, exam: Exam, faces: AlignedFaces, targets: np.ndarray) -> Trial:
    """The trial with these faces, taken under changed conditions, counted too. None of them is kept."""
    trial = trial or Trial(name, shares_of(exam), {model.name: Share(0, 0) for model in exam.models})
    new = asked(exam.models, faces, targets)
    after = {model: was.plus(new[model].right, new[model].n) for model, was in trial.after.items()}
    return replace(trial, after=after)
