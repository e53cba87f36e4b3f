"""Serves a convolutional network from its ``.tflite`` file; needs neither TensorFlow nor Keras."""

from __future__ import annotations

import threading

import cv2
import numpy as np

from features.align import AlignedFaces, AlignSpec
from zoo.classifier import check_spec
from zoo.labels import LabelSet
from zoo.prediction import Prediction
from zoo.svm import softmax


def to_input(crops: np.ndarray, side: int) -> np.ndarray:
    """Aligned crops as a network takes them: ``uint8 (n, S, S) -> float32 (n, side, side, 1)``, 0..255."""
    resized = [cv2.resize(crop, (side, side), interpolation=cv2.INTER_LINEAR) for crop in crops]
    return np.array(resized, np.float32).reshape(-1, side, side, 1)


class CnnClassifier:
    """A network with outputs ``logits (k,)``, ``embedding (e,)`` and ``maps (h, w, c)``.

    Parameters
    ----------
    name : str
    labels : LabelSet
    align : AlignSpec
    model : bytes
        The ``.tflite`` file.
    temperature : float
        Logits are divided by it, so that confidence means what it says.
    mirror : bool
        Whether the face is shown twice, as it is and mirrored, and the answers are averaged: twice
        the time, and the answer no longer depends on which way the face looks.

    References
    ----------
    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017 (temperature scaling).
    """

    def __init__(
        self,
        name: str,
        labels: LabelSet,
        align: AlignSpec,
        model: bytes,
        temperature: float = 1.0,
        mirror: bool = False,
    ) -> None:
        self.name = name
        self.labels = labels
        self.align = align
        self.temperature = temperature
        self.mirror = mirror
        self._runner = _interpreter(model)
        self._lock = threading.Lock()
        self._input = self._runner.get_input_details()[0]
        self._outputs = _outputs_by_rank(self._runner)

    def predict_proba(self, faces: AlignedFaces) -> Prediction:
        """Probabilities of every face."""
        return Prediction(softmax(self.logits(faces)), self.labels)

    def uncalibrated(self, faces: AlignedFaces) -> Prediction:
        """The same before calibration; to show what calibration does, not to be served."""
        return Prediction(softmax(self.logits(faces) * np.float32(self.temperature)), self.labels)

    def logits(self, faces: AlignedFaces) -> np.ndarray:
        """Calibrated logits: ``(n, k)`` float32."""
        return self._each(faces, "logits", (len(self.labels),), self.mirror) / np.float32(self.temperature)

    def embedding(self, faces: AlignedFaces) -> np.ndarray:
        """What the last layer sees of each face: ``(n, e)`` float32."""
        return self._each(faces, "embedding", self._shape("embedding"))

    def pooled(self, faces: AlignedFaces) -> np.ndarray:
        """The same, averaged with its mirror image's if the model is shown both."""
        return self._each(faces, "embedding", self._shape("embedding"), self.mirror)

    def maps(self, faces: AlignedFaces) -> np.ndarray:
        """Feature maps of the first stage: ``(n, h, w, c)`` float32."""
        return self._each(faces, "maps", self._shape("maps"))

    @property
    def side(self) -> int:
        """Side of the network's input in pixels."""
        return int(self._input["shape"][1])

    @property
    def bits(self) -> int:
        """Of the weights it calculates with; see `zoo.deep.tflite_bytes`."""
        return 8 if any(tensor["dtype"] == np.int8 for tensor in self._runner.get_tensor_details()) else 16

    def _shape(self, output: str) -> tuple[int, ...]:
        return tuple(self._runner.get_tensor(self._outputs[output]).shape[1:])

    def _each(self, faces: AlignedFaces, output: str, shape: tuple[int, ...], mirror: bool = False) -> np.ndarray:
        check_spec(self, faces)
        pixels = to_input(faces.images, self.side)
        ways = (pixels, pixels[:, :, ::-1]) if mirror else (pixels,)
        with self._lock:  # an interpreter serves one thread at a time
            seen = [[self._run(row, output) for row in way] for way in ways]
        return np.mean(seen, axis=0, dtype=np.float32).reshape(len(faces), *shape)

    def _run(self, pixels: np.ndarray, output: str) -> np.ndarray:
        self._runner.set_tensor(self._input["index"], pixels[None])
        self._runner.invoke()
        return self._runner.get_tensor(self._outputs[output])[0]


def _outputs_by_rank(runner) -> dict[str, int]:
    """Tensor indices of the outputs, told apart by shape: 4-d maps, the wider and the narrower row."""
    details = runner.get_output_details()
    maps = [d["index"] for d in details if len(d["shape"]) == 4]
    rows = sorted((d for d in details if len(d["shape"]) == 2), key=lambda d: d["shape"][1])
    if len(maps) != 1 or len(rows) != 2:
        raise ValueError(
            f"the network has outputs {[list(d['shape']) for d in details]}; expected logits, embedding, maps"
        )
    return {"maps": maps[0], "logits": rows[0]["index"], "embedding": rows[1]["index"]}


def _interpreter(model: bytes):
    """LiteRT's interpreter with one thread; TensorFlow's own where LiteRT has no wheel."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        from tensorflow.lite import Interpreter  # Windows with Python 3.10, Intel Macs
    runner = Interpreter(model_content=model, num_threads=1)
    runner.allocate_tensors()
    return runner
