"""Occlusion maps: how much a model's answer weakens while one patch of the face is covered.

References
----------
Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014, section 4.2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from features import occluders
from features.align import AlignedFaces
from features.faces import anchors
from zoo.classifier import Classifier
from zoo.labels import LabelSet


@dataclass(frozen=True, eq=False)
class OcclusionMap:
    """The probability of an answer while one patch of the face is covered.

    Parameters
    ----------
    label : str
        The answer.
    labels : LabelSet
        The label set of the answer.
    share : float
        Its probability without occlusion.
    covered : ndarray
        ``(g, g)``: its probability with each patch covered.
    part : str
        The part of the face where covering lowers it most, one of `features.occluders.PARTS`.
    """

    label: str
    labels: LabelSet
    share: float
    covered: np.ndarray
    part: str

    @property
    def least(self) -> float:
        """The lowest probability with one patch covered."""
        return float(self.covered.min())

    @property
    def change(self) -> np.ndarray:
        """``(g, g)``: change of the answer's log odds when each patch is covered; negative where this weakens it.

        Log odds show differences between patches even if the probability is close to 1 and hardly changes.
        """
        return log_odds(self.covered) - log_odds(np.array(self.share))


def log_odds(share: np.ndarray) -> np.ndarray:
    """``log(p / (1 - p))``, finite at 0 and 1."""
    share = np.asarray(share, np.float64).clip(1e-6, 1 - 1e-6)
    return np.log(share / (1 - share))


def occlusion_map(
    model: Classifier, face: AlignedFaces, labels: LabelSet, count: int = occluders.COUNT
) -> OcclusionMap:
    """Cover one patch of a face's crop at a time, and predict again.

    Parameters
    ----------
    model : Classifier
    face : AlignedFaces
        One face. Only its crop is changed; models that also use the mesh get it unchanged.
    labels : LabelSet
        As for `zoo.inference.compare.compare`.
    count : int
        Patches along each side: ``count² + 1`` predictions.

    Raises
    ------
    ValueError
        There is not exactly one face.
    """
    image = face.only_image
    answered = model.labels.answering(labels)
    prediction = model.predict_proba(face).onto(answered)
    best = int(prediction.best[0])
    # One at a time, so that other requests are not delayed, and imported models with large inputs need less memory.
    covered = np.array(
        [
            model.predict_proba(replace(face, images=crop[None])).onto(answered).probs[0, best]
            for crop in occluders.place_by_place(image, count)
        ]
    ).reshape(count, count)
    row, column = np.unravel_index(covered.argmin(), covered.shape)
    middles = occluders.middles(count, face.spec.size)
    part = occluders.part_at(anchors(face.landmarks)[0], middles[column], middles[row])
    return OcclusionMap(prediction.names[0], prediction.labels, float(prediction.probs[0, best]), covered, part)
