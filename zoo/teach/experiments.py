"""Guided experiments: half the samples, the mouth covered, another recording, another person's resting face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from features.align import AlignedFaces
from features.phrase import Phrase
from zoo.classifier import Classifier
from zoo.models.resting import FRAMES, Reference, most_neutral, neutrality
from zoo.prediction import Prediction
from zoo.teach.fit import Settings
from zoo.teach.held_out import HeldOutResult, Material, Share, examine, share, shares_of, some_of
from zoo.teach.project import ProjectError
from zoo.teach.splits import Split

MOST_FRAMES = 2000  # frames of another person for which predictions are kept
LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)


# ---- guided experiments


@dataclass(frozen=True, eq=False)
class Seen:
    """Predictions for the frames of one person, without the pictures.

    Parameters
    ----------
    probs : dict
        Model name to its probabilities ``(n, k)``.
    targets : ndarray
        ``(n,)`` int: the correct label of each frame.
    looks : ndarray
        ``(n,)``: how neutral each frame looks, see `zoo.models.resting.neutrality`.
    """

    probs: dict[str, np.ndarray]
    targets: np.ndarray
    looks: np.ndarray

    def plus(self, other: Seen) -> Seen:
        """These frames followed by the others."""
        probs = {name: np.concatenate([rows, other.probs[name]]) for name, rows in self.probs.items()}
        return Seen(probs, np.concatenate([self.targets, other.targets]), np.concatenate([self.looks, other.looks]))


@dataclass(frozen=True)
class Experiment:
    """Correct answers of each model before and after one condition is changed.

    Parameters
    ----------
    name : str
    before, after : dict
        Model name to its `Share`.
    rested : dict
        Model name to its `Share` relative to the resting face; empty until another person has shown every class.
    seen : Seen, optional
        The predictions from which `rested` is computed.
    """

    name: str
    before: dict[str, Share]
    after: dict[str, Share]
    rested: dict[str, Share] = field(default_factory=dict)
    seen: Seen | None = None


def half_the_samples(material: Material, result: HeldOutResult, settings: Settings) -> Experiment:
    """Train on half of the training samples, and evaluate on the same held-out ones."""
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
    """Each model's correct answers for these faces, whose correct labels are `targets`, ``(n,)`` int."""
    return {model.name: share(model.predict_proba(faces).best == targets) for model in models}


def recorded(
    outcome: Experiment | None, name: str, result: HeldOutResult, faces: AlignedFaces, targets: np.ndarray
) -> Experiment:
    """Count the answers for faces recorded under changed conditions in an experiment, new if None. No face is kept."""
    outcome = outcome or Experiment(name, shares_of(result), {model.name: Share(0, 0) for model in result.models})
    new = asked(result.models, faces, targets)
    after = {model: was.plus(new[model].right, new[model].n) for model, was in outcome.after.items()}
    return replace(outcome, after=after)


def another_person(
    outcome: Experiment, material: Material, result: HeldOutResult, faces: AlignedFaces, targets: np.ndarray
) -> Experiment:
    """Add another person's answers relative to that person's resting face to an experiment.

    The frames that look most neutral to the shipped network serve as each person's resting face. A taught model was
    fitted around the resting face of the person it learned from, so that reference is added back::

        log p'(label) = log p(label | face) - log p(label | rest of this person) + log p(label | rest of the first)

    Reference frames are not counted. There are no relative answers before every class has been shown, in at least
    ``2 * FRAMES`` frames. The experiment is returned unchanged if the network cannot read the crops.
    """
    if faces.spec != material.trunk.align:
        return outcome
    new = look(material, result, faces, targets)
    seen = outcome.seen.plus(new) if outcome.seen else new
    if len(set(seen.targets.tolist())) < len(material.labels) or len(seen.targets) < 2 * FRAMES:
        return replace(outcome, seen=seen)
    held = result.split.held
    first = look(material, result, material.faces[held], material.targets[held])
    return replace(outcome, seen=seen, rested={m.name: _rested(m, first, seen) for m in result.models})


def check_room(outcome: Experiment | None) -> None:
    """Raise `ProjectError` if as many frames of another person have been counted as there can be.

    Then no row of the table grows, so that the answers relative to the resting face stay those for the same frames.
    """
    if outcome and outcome.seen and len(outcome.seen.targets) >= MOST_FRAMES:
        raise ProjectError(
            Phrase(
                "teach.person_full_n",
                "{0} frames of the other person are counted, the most there can be. Train again to start over.",
                len(outcome.seen.targets),
            )
        )


def look(material: Material, result: HeldOutResult, faces: AlignedFaces, targets: np.ndarray) -> Seen:
    """The models' predictions for faces, and how neutral each face looks."""
    probs = {model.name: model.predict_proba(faces).probs for model in result.models}
    return Seen(probs, targets, neutrality([material.trunk.predict_proba(faces)]))


def _rested(model: Classifier, first: Seen, seen: Seen) -> Share:
    rest, other = (
        Reference.of(Prediction(one.probs[model.name][most_neutral(one.looks, FRAMES)], model.labels))
        for one in (first, seen)
    )
    moved = Reference(other.log_probs - rest.log_probs, model.labels, other.count)
    kept = np.setdiff1d(np.arange(len(seen.targets)), most_neutral(seen.looks, FRAMES))
    answers = moved.applied(Prediction(seen.probs[model.name][kept], model.labels), margin=0.0)
    return share(answers.best == seen.targets[kept])
