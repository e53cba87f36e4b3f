"""Predictions while a movable patch covers part of the face's crop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from features import occluders
from features.align import AlignedFaces
from features.faces import anchors
from zoo.classifier import Classifier
from zoo.labels import LabelSet
from zoo.models.label_mix import LabelMix
from zoo.prediction import Prediction

SMALLEST, LARGEST = 0.1, 0.7  # of the crop's side


class PatchError(ValueError):
    """The patch is not valid. The message says what came and what was expected."""


@dataclass(frozen=True)
class Patch:
    """A round patch on a crop; lengths are fractions of the crop's side.

    Parameters
    ----------
    x, y : float
        Centre, 0 to 1.
    size : float
        Diameter, `SMALLEST` to `LARGEST`.

    Raises
    ------
    PatchError
    """

    x: float
    y: float
    size: float

    def __post_init__(self) -> None:
        if not (0 <= self.x <= 1 and 0 <= self.y <= 1):
            raise PatchError(f"The patch is at ({self.x}, {self.y}); expected two numbers from 0 to 1.")
        if not SMALLEST <= self.size <= LARGEST:
            raise PatchError(f"The patch's size is {self.size}; expected {SMALLEST} to {LARGEST}.")

    def part(self, face: AlignedFaces) -> str:
        """The part of the face nearest to the patch's centre, one of `features.occluders.PARTS`."""
        side = face.spec.size
        return occluders.part_at(anchors(face.landmarks)[0], self.x * side - 0.5, self.y * side - 0.5)

    def on(self, face: AlignedFaces) -> AlignedFaces:
        """The face with its crop covered. The mesh is unchanged, even for models that use it.

        Raises
        ------
        ValueError
            There is not exactly one face.
        """
        return replace(face, images=occluders.cover(face.only_image, self.x, self.y, self.size)[None])


def answers(
    models: Sequence[Classifier], face: AlignedFaces, labels: LabelSet, mix: LabelMix
) -> Mapping[str, Prediction]:
    """Model name to its predictions for aligned faces, computed as in `zoo.inference.compare.compare`."""
    original = {model.name: mix.applied(model.name, model.predict_proba(face)) for model in models}
    return {name: answer.onto(answer.labels.answering(labels)) for name, answer in original.items()}
