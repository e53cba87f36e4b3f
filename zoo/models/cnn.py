"""Serves a convolutional network from its ``.tflite`` file; needs neither TensorFlow nor Keras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np

from features.align import AlignedFaces, AlignSpec
from features.tflite import Turn, interpreter
from zoo.classifier import check_spec
from zoo.labels import LabelSet
from zoo.models.svm import Kernel, softmax
from zoo.prediction import Prediction


def to_input(crops: np.ndarray, side: int) -> np.ndarray:
    """Aligned crops as input of a network: ``uint8 (n, S, S) -> float32 (n, side, side, 1)``, 0..255."""
    resized = [cv2.resize(crop, (side, side), interpolation=cv2.INTER_LINEAR) for crop in crops]
    return np.array(resized, np.float32).reshape(-1, side, side, 1)


@dataclass(frozen=True, eq=False)
class Reading:
    """How a network's outputs become answers.

    Parameters
    ----------
    temperature : float
        Logits are divided by it, so that confidence matches accuracy.
    mirror : bool
        Whether the outputs are averaged over the face and its mirror image: twice
        the time, and the answer no longer depends on left and right.
    kernel_head : Kernel, optional
        An RBF machine on the flattened ``middle`` maps, whose scores are added to the logits. See
        `zoo.training.kernel_head`.

    References
    ----------
    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017 (temperature scaling).
    """

    temperature: float = 1.0
    mirror: bool = False
    kernel_head: Kernel | None = None


class CnnClassifier:
    """A network with outputs ``logits (k,)``, ``embedding (e,)``, ``maps (h, w, c)`` and, maybe, ``middle``.

    Parameters
    ----------
    name : str
    labels : LabelSet
    align : AlignSpec
    model : bytes
        The ``.tflite`` file.
    reading : Reading
    """

    def __init__(
        self, name: str, labels: LabelSet, align: AlignSpec, model: bytes, reading: Reading | None = None
    ) -> None:
        reading = reading or Reading()
        self.name = name
        self.labels = labels
        self.align = align
        self.temperature, self.mirror, self.kernel_head = reading.temperature, reading.mirror, reading.kernel_head
        self._runner = interpreter(model)
        self._turn = Turn()
        self._input = self._runner.get_input_details()[0]
        self._pixels = self._runner.tensor(self._input["index"])
        self._outputs = _outputs_by_rank(self._runner)
        self._batch = 1  # pictures per call that the interpreter is allocated for

    def predict_proba(self, faces: AlignedFaces) -> Prediction:
        """Probabilities of every face."""
        return Prediction(softmax(self.logits(faces)), self.labels)

    def uncalibrated(self, faces: AlignedFaces) -> Prediction:
        """The same before calibration, to show its effect; not for serving."""
        return Prediction(softmax(self.raw_logits(faces)), self.labels)

    def logits(self, faces: AlignedFaces) -> np.ndarray:
        """Calibrated logits: ``(n, k)`` float32."""
        return self.raw_logits(faces) / np.float32(self.temperature)

    def raw_logits(self, faces: AlignedFaces) -> np.ndarray:
        """The same before calibration."""
        if self.kernel_head is None:
            return self._look(faces, "logits", mirror=self.mirror)[0]
        logits, middle = self._look(faces, "logits", "middle", mirror=self.mirror)
        # One at a time, because BLAS sums a batch in another order than its rows.
        added = [self.kernel_head(row.reshape(1, -1))[0] for row in middle]
        return logits + np.array(added, np.float32).reshape(logits.shape)

    def embedding(self, faces: AlignedFaces) -> np.ndarray:
        """Input of the last layer for each face: ``(n, e)`` float32."""
        return self._look(faces, "embedding")[0]

    def pooled(self, faces: AlignedFaces) -> np.ndarray:
        """The same, averaged with the mirror image's if `mirror` is set."""
        return self._look(faces, "embedding", mirror=self.mirror)[0]

    def maps(self, faces: AlignedFaces) -> np.ndarray:
        """Feature maps of the first stage: ``(n, h, w, c)`` float32."""
        return self._look(faces, "maps")[0]

    def middle(self, faces: AlignedFaces) -> np.ndarray:
        """Feature maps of the second stage, averaged with the mirror image's if `mirror` is set.

        Returns
        -------
        ndarray
            ``(n, h, w, c)`` float32. Those of the mirror image are mirrored back first, so that each
            entry is at its position on the face.
        """
        return self._look(faces, "middle", mirror=self.mirror)[0]

    @property
    def side(self) -> int:
        """Side of the network's input in pixels."""
        return int(self._input["shape"][1])

    @property
    def bits(self) -> int:
        """Bits per weight; see `zoo.training.export.tflite_bytes`."""
        return 8 if any(tensor["dtype"] == np.int8 for tensor in self._runner.get_tensor_details()) else 16

    def _look(self, faces: AlignedFaces, *outputs: str, mirror: bool = False) -> list[np.ndarray]:
        """These outputs for every face, ``(n, ...)`` float32 each; both ways and averaged if `mirror`."""
        check_spec(self, faces)
        pixels = to_input(faces.images, self.side)
        with self._turn:  # an interpreter serves one thread at a time
            seen = [self._both_ways(row, outputs) if mirror else self._one_way(row, outputs) for row in pixels]
        rows = zip(*seen, strict=True) if seen else ([] for _ in outputs)
        return [
            np.array(found, np.float32).reshape(len(faces), *self._outputs[output].shape)
            for output, found in zip(outputs, rows, strict=True)
        ]

    def _one_way(self, pixels: np.ndarray, outputs: Sequence[str]) -> list[np.ndarray]:
        return [found[0] for found in self._run([pixels], outputs)]

    def _both_ways(self, pixels: np.ndarray, outputs: Sequence[str]) -> list[np.ndarray]:
        """Outputs for a picture ``(side, side, 1)``, averaged with its mirror image's, whose maps are mirrored back."""
        found = self._run([pixels, pixels[:, ::-1]], outputs)
        turned = (there[:, ::-1] if there.ndim == 3 else there for _, there in found)
        return [(here + there) / 2 for (here, _), there in zip(found, turned, strict=True)]

    def _run(self, pictures: Sequence[np.ndarray], outputs: Sequence[str]) -> list[np.ndarray]:
        """Outputs of one picture, or of one both ways: n times ``(side, side, 1)`` to ``(n, ...)`` each.

        Two together take a tenth less time than one after the other; more together gain nothing further.
        """
        if self._batch != len(pictures):
            self._runner.resize_tensor_input(self._input["index"], [len(pictures), *pictures[0].shape])
            self._runner.allocate_tensors()
            self._batch = len(pictures)
        np.stack(pictures, out=self._pixels())
        self._runner.invoke()
        return [self._runner.get_tensor(self._outputs[output].tensor) for output in outputs]


class _Output(NamedTuple):
    """Index of an output tensor, and its shape for one face."""

    tensor: int
    shape: tuple[int, ...]


def _outputs_by_rank(runner: Any) -> dict[str, _Output]:
    """The outputs, identified by shape: larger and smaller maps, wider and narrower row."""
    found = [_Output(d["index"], tuple(int(side) for side in d["shape"][1:])) for d in runner.get_output_details()]
    maps = sorted((each for each in found if len(each.shape) == 3), key=lambda each: -each.shape[0])
    rows = sorted((each for each in found if len(each.shape) == 1), key=lambda each: each.shape[0])
    if not 1 <= len(maps) <= 2 or len(rows) != 2:
        shapes = [list(each.shape) for each in found]
        raise ValueError(f"the network has outputs {shapes}; expected logits, embedding, maps and, maybe, middle")
    return dict(zip(("maps", "middle"), maps, strict=False)) | {"logits": rows[0], "embedding": rows[1]}
