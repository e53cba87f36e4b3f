"""The pipeline from a picture to the answers of all models: find and align the faces once, then predict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from features.align import AlignedFaces, align
from features.faces import Faces
from features.mesh import FaceMesher
from zoo.card_fields import MixName
from zoo.classifier import Classifier, common_spec
from zoo.labels import LabelSet
from zoo.models.label_mix import FER2013, LabelMix
from zoo.prediction import Prediction
from zoo.stopwatch import Stopwatch


@dataclass(frozen=True, eq=False)
class Comparison:
    """Predictions of several models for every face in one picture.

    Parameters
    ----------
    image : ndarray
        ``uint8 (H, W, 3)``, RGB.
    faces : Faces
    aligned : AlignedFaces
        The crops that all models got, one per face.
    predictions : dict
        Model name to its `Prediction`, in the order of the models; rows are faces.
    milliseconds : dict
        ``mesh``, ``align`` and each model's name to its time for the whole picture.
    original : dict
        Model name to its original `Prediction`: all of the model's labels, FER2013's label mix.
    mix : str
        Name of the label mix of `predictions`.
    """

    image: np.ndarray
    faces: Faces
    aligned: AlignedFaces
    predictions: dict[str, Prediction]
    milliseconds: dict[str, float]
    original: dict[str, Prediction] = field(default_factory=dict)
    mix: MixName = FER2013

    @property
    def alike(self) -> bool:
        """Whether all models answer in the same labels, and so can agree."""
        return len({prediction.labels for prediction in self.predictions.values()}) < 2

    @property
    def agree(self) -> np.ndarray:
        """``(n,)`` bool: whether all models predict the same label for a face; meaningful only if they are `alike`."""
        best = np.array([p.names for p in self.predictions.values()])
        return (best == best[:1]).all(axis=0)


AS_LEARNED = LabelMix()


def compare(
    image: np.ndarray,
    models: Sequence[Classifier],
    labels: LabelSet,
    mesher: FaceMesher,
    max_faces: int | None = None,
    mix: LabelMix = AS_LEARNED,
) -> Comparison:
    """Find and align the faces once, and predict with every model on the same crops.

    Parameters
    ----------
    image : ndarray
        ``uint8 (H, W, 3)``, RGB.
    models : sequence of Classifier
        One or more, all of one `AlignSpec`.
    labels : LabelSet
        Label set of the answers; models of user-defined classes answer in their own.
    mesher : FaceMesher
    max_faces : int, optional
        At most this many faces, the largest; default: the mesher's limit.
    mix : LabelMix
        Assumed label frequencies.

    Raises
    ------
    ValueError
        No model, or models that need different crops.
    """
    spec = common_spec(models)
    watch = Stopwatch()
    faces = watch.time("mesh", lambda: mesher.find(image, *(() if max_faces is None else (max_faces,))))
    aligned = watch.time("align", lambda: align(image, faces, spec))
    original = {m.name: watch.time(m.name, partial(m.predict_proba, aligned)) for m in models}
    predictions = {
        name: mix.applied(name, answer).onto(answer.labels.answering(labels)) for name, answer in original.items()
    }
    return Comparison(image, faces, aligned, predictions, watch.milliseconds, original, mix.name)
