"""The taught network: a dense head on a shipped network's features. The classical model is in `zoo.models.svm`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from features.align import AlignedFaces, AlignSpec
from zoo.classifier import check_spec
from zoo.labels import LabelSet
from zoo.models.cnn import CnnClassifier
from zoo.models.svm import softmax
from zoo.prediction import Prediction

Layer = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class TaughtCnn:
    """The embedding of a shipped network, followed by dense layers with ReLU between them and softmax.

    Parameters
    ----------
    name : str
    labels : LabelSet
    align : AlignSpec
        Alignment of its faces; may differ from the trunk's in registration only.
    trunk : CnnClassifier
        Provides the embedding; its own head is not used.
    layers : tuple of (ndarray, ndarray)
        Weights ``(i, o)`` and bias ``(o,)`` of each layer; the last one gives the logits.
    temperature : float
        The logits are divided by this.
    mirror : bool
        Whether the embedding is averaged over the face and its mirror image.

    Raises
    ------
    ValueError
        The trunk needs other crops, or the last layer does not give one logit per label.

    References
    ----------
    Donahue et al., "DeCAF: A Deep Convolutional Activation Feature for Generic Visual
    Recognition", ICML 2014 (a new head on a trained network's features).
    """

    name: str
    labels: LabelSet
    align: AlignSpec
    trunk: CnnClassifier
    layers: tuple[Layer, ...]
    temperature: float = 1.0
    mirror: bool = False

    def __post_init__(self) -> None:
        if replace(self.align, registration="anchors") != self.trunk.align:
            raise ValueError(
                f"{self.trunk.name} takes faces aligned to {self.trunk.align}, but got {self.align}; align them again"
            )
        if not self.layers or self.layers[-1][1].shape != (len(self.labels),):
            raise ValueError(
                f"the last layer must give {len(self.labels)} logits, one for each of {self.labels.labels}"
            )

    def predict_proba(self, faces: AlignedFaces) -> Prediction:
        """Calibrated probabilities for every face."""
        return Prediction(softmax(self.logits(faces)), self.labels)

    def uncalibrated(self, faces: AlignedFaces) -> Prediction:
        """Probabilities before calibration, to show its effect; not for serving."""
        return Prediction(softmax(self.logits(faces) * np.float32(self.temperature)), self.labels)

    def logits(self, faces: AlignedFaces) -> np.ndarray:
        """Calibrated logits: ``(n, k)`` float32."""
        rows = [dense(row[None], self.layers) for row in self.embedding(faces)]
        return np.array(rows, np.float32).reshape(len(faces), len(self.labels)) / np.float32(self.temperature)

    def embedding(self, faces: AlignedFaces) -> np.ndarray:
        """Input of the first dense layer for each face: ``(n, e)`` float32."""
        see = self.trunk.pooled if self.mirror else self.trunk.embedding
        return see(self._for_trunk(faces))

    def maps(self, faces: AlignedFaces) -> np.ndarray:
        """Feature maps of the trunk's first stage: ``(n, h, w, c)`` float32."""
        return self.trunk.maps(self._for_trunk(faces))

    @property
    def bits(self) -> int:
        """Bits per weight of the trunk."""
        return self.trunk.bits

    @property
    def kernel_head(self) -> None:
        """None: a head is taught on the embedding alone, without the trunk's kernel head."""
        return None

    def _for_trunk(self, faces: AlignedFaces) -> AlignedFaces:
        check_spec(self, faces)
        return replace(faces, spec=self.trunk.align)


def dense(x: np.ndarray, layers: tuple[Layer, ...]) -> np.ndarray:
    """Dense layers with ReLU between them: ``(n, i) -> (n, o)``."""
    for weights, bias in layers[:-1]:
        x = np.maximum(x @ weights + bias, 0)
    weights, bias = layers[-1]
    return x @ weights + bias
