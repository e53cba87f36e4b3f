"""The one contract every model keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from features.align import AlignedFaces, AlignSpec
from zoo.labels import LabelSet
from zoo.prediction import Prediction


class Classifier(Protocol):
    """Aligned faces in, probabilities out.

    No face gives an empty prediction; a batch equals its rows one by one; the input is not
    changed; faces cut to another spec raise `ValueError` (see `check_spec`). Safe to call from
    several threads.
    """

    @property
    def name(self) -> str: ...

    @property
    def labels(self) -> LabelSet: ...

    @property
    def align(self) -> AlignSpec: ...

    def predict_proba(self, faces: AlignedFaces) -> Prediction:
        """A row of probabilities for every face."""
        ...


def check_spec(model: Classifier, faces: AlignedFaces) -> None:
    """Raise `ValueError` naming both specs when faces were not cut as the model was trained."""
    if faces.spec != model.align:
        raise ValueError(f"{model.name} wants faces cut to {model.align}, but got {faces.spec}; align them again")


def common_spec(models: Sequence[Classifier]) -> AlignSpec:
    """The one spec that all models were trained on."""
    if not models:
        raise ValueError("no model chosen; choose one or more")
    specs = {m.align: m.name for m in models}
    if len(specs) > 1:
        raise ValueError(f"models want different crops and cannot be compared: {', '.join(specs.values())}")
    return models[0].align
