"""A linear model's answer as a sum: the contribution of each facial movement to a label's score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeGuard

import numpy as np

from features.align import AlignedFaces
from features.descriptors import Joined
from features.movements import NAMES, SPOKEN, Movements
from zoo.classifier import Classifier
from zoo.models.svm import Linear, SvmClassifier
from zoo.prediction import Prediction

LEAST = 1e-6  # smaller probabilities are raised to this, because log(0) is undefined


@dataclass(frozen=True)
class Terms:
    """The score of a label: ``base + sum of terms``, the log of its probability over the geometric mean of all labels'.

    Parameters
    ----------
    label : str
    base : float
        The score of a face without any movement.
    parts : tuple of (str, float, float)
        A key of `features.movements.SPOKEN`, the strength of that movement, and its contribution; largest first.
    others : float
        The total contribution of the movements without a name.
    """

    label: str
    base: float
    parts: tuple[tuple[str, float, float], ...]
    others: float

    @property
    def score(self) -> float:
        """The base plus all contributions."""
        return self.base + sum(term for _, _, term in self.parts) + self.others


def reads_movements(model: Classifier) -> TypeGuard[SvmClassifier]:
    """Whether a model's score is a sum over facial movements only."""
    descriptor, machine = getattr(model, "descriptor", None), getattr(model, "machine", None)
    alone = isinstance(descriptor, Joined) and all(isinstance(part, Movements) for part in descriptor.parts)
    return alone and isinstance(machine, Linear)


def terms(model: SvmClassifier, face: AlignedFaces, answer: Prediction) -> Terms:
    """The contributions to the most probable label of an answer.

    Parameters
    ----------
    model : SvmClassifier
        One that `reads_movements`.
    face : AlignedFaces
        One face.
    answer : Prediction
        The model's answer for this face, one row, in the model's labels or some of them, for any label mix.

    Raises
    ------
    ValueError
        There is not exactly one face and one answer.
    """
    if len(face) != 1 or len(answer) != 1:
        raise ValueError(f"{len(face)} faces and {len(answer)} answers came; expected one of each")
    assert isinstance(model.machine, Linear)
    known = [name for name in answer.labels if name not in answer.unknown]
    weights = (model.machine.weights * model.scale)[:, [model.labels.labels.index(name) for name in known]]
    shares = answer.probs[0, [answer.labels.labels.index(name) for name in known]].astype(np.float64)
    scores, best = np.log(shares.clip(LEAST)), int(shares.argmax())
    moved = model.descriptor(face)[0]
    added = moved * (weights - weights.mean(axis=1, keepdims=True))[:, best]
    places = {word: [NAMES.index(name) for name in names] for word, names in SPOKEN.items()}
    parts = [(word, float(moved[at].mean()), float(added[at].sum())) for word, at in places.items()]
    base = float(scores[best] - scores.mean() - added.sum())
    others = float(added.sum() - sum(term for _, _, term in parts))
    return Terms(known[best], base, tuple(sorted(parts, key=lambda part: -abs(part[2]))), others)
