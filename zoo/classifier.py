"""The contract of all models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from features.align import AlignedFaces, AlignSpec
from zoo.labels import LabelSet
from zoo.prediction import Prediction


class Classifier(Protocol):
    """Predicts probabilities for aligned faces.

    No face gives an empty prediction; a batch gives the same as its rows one at a time; the input is not
    modified; faces of another spec raise `ValueError` (see `check_spec`). Thread-safe.
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
    """Raise `ValueError`, which names both specs, unless faces are aligned as the model's training data."""
    if faces.spec != model.align:
        raise ValueError(f"{model.name} takes faces aligned to {model.align}, but got {faces.spec}; align them again")


def common_spec(models: Sequence[Classifier]) -> AlignSpec:
    """The common spec of all models; `ValueError` if they differ."""
    if not models:
        raise ValueError("no model chosen; choose one or more")
    specs = {m.align: m.name for m in models}
    if len(specs) > 1:
        raise ValueError(
            f"models take different crops and cannot be compared: {', '.join(specs.values())}; choose one of them"
        )
    return models[0].align
