"""What a model's answer hangs on: the face is covered place by place, and the model asked again each time.

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
    """How an answer holds while places of the face are covered.

    Parameters
    ----------
    label : str
        The answer.
    labels : LabelSet
        What it is one of.
    share : float
        Its probability with nothing covered.
    covered : ndarray
        ``(g, g)``: its probability with each place covered.
    part : str
        The part of the face, one of `features.occluders.PARTS`, where covering costs most.
    """

    label: str
    labels: LabelSet
    share: float
    covered: np.ndarray
    part: str

    @property
    def least(self) -> float:
        """The lowest probability that covering one place leaves."""
        return float(self.covered.min())

    @property
    def change(self) -> np.ndarray:
        """``(g, g)``: change of the answer's log-odds by covering each place, below 0 where that weakens it.

        Odds tell places apart where the answer is nearly sure and probabilities hardly move.
        """
        return log_odds(self.covered) - log_odds(np.array(self.share))


def log_odds(share: np.ndarray) -> np.ndarray:
    """``log(p / (1 - p))``, finite at 0 and 1."""
    share = np.asarray(share, np.float64).clip(1e-6, 1 - 1e-6)
    return np.log(share / (1 - share))


def occlusion_map(
    model: Classifier, face: AlignedFaces, labels: LabelSet, count: int = occluders.COUNT
) -> OcclusionMap:
    """Cover one face's crop place by place and see what becomes of the model's answer.

    Parameters
    ----------
    model : Classifier
    face : AlignedFaces
        One face. Only its picture is changed; models that look at the mesh, too, see it as it is.
    labels : LabelSet
        As for `zoo.inference.compare.compare`.
    count : int
        Places along each side: the model is asked ``count² + 1`` times.
    """
    if len(face) != 1:
        raise ValueError(f"{len(face)} faces came; expected one")
    answered = model.labels.answering(labels)
    said = model.predict_proba(face).onto(answered)
    best = int(said.best[0])
    # One at a time: others get their turn in between, and a model from elsewhere may enlarge what it sees.
    covered = np.array(
        [
            model.predict_proba(replace(face, images=crop[None])).onto(answered).probs[0, best]
            for crop in occluders.place_by_place(face.images[0], count)
        ]
    ).reshape(count, count)
    row, column = np.unravel_index(covered.argmin(), covered.shape)
    middles = occluders.middles(count, face.spec.size)
    part = occluders.part_at(anchors(face.landmarks)[0], middles[column], middles[row])
    return OcclusionMap(said.names[0], said.labels, float(said.probs[0, best]), covered, part)
