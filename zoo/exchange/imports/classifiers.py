"""Imported networks as classifiers."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from features.align import AlignedFaces, AlignSpec
from features.phrase import Phrase
from zoo.classifier import Classifier, check_spec
from zoo.exchange.errors import ModelFileError
from zoo.exchange.network.graph import Graph
from zoo.labels import LABEL_SETS, SEVEN, LabelSet, label_from_spelling
from zoo.prediction import Prediction


@dataclass(frozen=True)
class PixelRange:
    """Scaling of grey levels to a network's input: ``level * scale + offset``.

    Raises
    ------
    ValueError
        A number is not finite, or too large.
    """

    scale: float = 1.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.scale) and np.isfinite(self.offset) and abs(self.scale) + abs(self.offset) < 1e6):
            raise ValueError(f"pixel range {self.scale} x + {self.offset} is not usable")


# Common input ranges; Teachable Machine uses the first.
PIXEL_RANGES = {"-1 to 1": PixelRange(1 / 127.5, -1.0), "0 to 1": PixelRange(1 / 255, 0.0), "0 to 255": PixelRange()}


class ImportedNetwork:
    """An imported network, evaluated in NumPy.

    It gets the same grey crop as all models, resized to its input and repeated for
    its channels. A Teachable Machine model was trained on whole colour pictures
    instead, so its answers for aligned crops differ from those in Teachable Machine.

    Parameters
    ----------
    name : str
    labels : LabelSet
    align : AlignSpec
    graph : Graph
    pixels : PixelRange
    """

    def __init__(self, name: str, labels: LabelSet, align: AlignSpec, graph: Graph, pixels: PixelRange) -> None:
        self.name = name
        self.labels = labels
        self.align = align
        self.graph = graph
        self.pixels = pixels

    def predict_proba(self, faces: AlignedFaces) -> Prediction:
        """Probabilities of every face; uniform if the output is not valid, for example after an overflow.

        Raises
        ------
        ValueError
            The faces are not aligned as `align` says.
        """
        check_spec(self, faces)
        # One crop at a time: many, resized for a network of 2,048 pixels, would exhaust the memory.
        rows = [self.graph.run(to_input(crop[None], self.graph, self.pixels)) for crop in faces.images]
        probs = np.concatenate([np.zeros((0, self.graph.outputs), np.float32), *rows])
        return Prediction(proper(probs), self.labels)


def to_input(crops: np.ndarray, graph: Graph, pixels: PixelRange) -> np.ndarray:
    """Aligned crops as a network's input: ``uint8 (n, S, S) -> float32 (n, h, w, c)``."""
    height, width, channels = graph.input_shape
    resized = [cv2.resize(crop, (width, height), interpolation=cv2.INTER_LINEAR) for crop in crops]
    grey = np.array(resized, np.float32).reshape(-1, height, width, 1) * np.float32(pixels.scale)
    return np.repeat(grey + np.float32(pixels.offset), channels, axis=3)


def proper(probs: np.ndarray) -> np.ndarray:
    """Rows of probabilities; invalid rows become uniform."""
    with np.errstate(all="ignore"):
        good = np.isfinite(probs).all(axis=1) & (probs >= 0).all(axis=1)
        good &= np.abs(probs.sum(axis=1) - 1) < 1e-2
        probs = np.where(good[:, None], probs, 1 / probs.shape[1])
    return probs / probs.sum(axis=1, keepdims=True)


def check_answers(graph: Graph, pixels: PixelRange) -> None:
    """Raise `ModelFileError` unless the network's outputs for two artificial crops are probabilities."""
    noise = np.random.default_rng(0).integers(0, 256, (72, 72), np.uint8)
    crops = np.stack([np.full_like(noise, 128), noise])
    answers = graph.run(to_input(crops, graph, pixels))
    if not np.isfinite(answers).all():
        raise ModelFileError(
            Phrase("import.infinite", "The model's output is not finite (NaN or infinite): its weights are damaged.")
        )
    if (answers < 0).any() or np.abs(answers.sum(axis=1) - 1).max() > 1e-2:
        raise ModelFileError(
            Phrase("import.softmax", "The model's answers do not sum to 1; its last layer should be a softmax.")
        )


@dataclass(frozen=True)
class ClassMap:
    """Maps the classes of a model to the seven labels.

    Parameters
    ----------
    source : LabelSet
        The model's classes.
    to : tuple of str or None
        For each class one of the seven labels, or None to drop it.

    Raises
    ------
    ModelFileError
        The number of classes is wrong, or fewer than two labels are used.
    """

    source: LabelSet
    to: tuple[str | None, ...]

    def __post_init__(self) -> None:
        if len(self.to) != len(self.source):
            raise ModelFileError(
                Phrase(
                    "import.given_n",
                    "{0} classes are given a label; the model has {1}.",
                    len(self.to),
                    len(self.source),
                )
            )
        for label in self.to:
            if label is not None:
                SEVEN.index(label)
        if len({label for label in self.to if label is not None}) < 2:
            raise ModelFileError(
                Phrase("import.two", "Give at least two classes different labels, so that there is a choice to make.")
            )

    @property
    def labels(self) -> LabelSet:
        """The labels to which a class is mapped; the model cannot predict the others."""
        used = tuple(label for label in SEVEN if label in self.to)
        return next((known for known in LABEL_SETS.values() if known.labels == used), None) or LabelSet("mapped", used)

    def __call__(self, prediction: Prediction) -> Prediction:
        """The prediction in `labels`: classes with the same label are summed, the rest dropped, rows renormalised."""
        labels = self.labels
        sums = np.zeros((len(prediction), len(labels)), np.float64)
        for place, label in enumerate(self.to):
            if label is not None:
                sums[:, labels.index(label)] += prediction.probs[:, place]
        total = sums.sum(axis=1, keepdims=True)
        return Prediction(np.where(total > 1e-9, sums / np.maximum(total, 1e-9), 1 / len(labels)), labels)


def suggest(source: LabelSet) -> tuple[str | None, ...]:
    """The label that each class's name suggests, or None if it suggests none."""
    return tuple(label_from_spelling(name) if not name.strip().isdigit() else None for name in source)


class MappedClassifier:
    """A classifier whose classes are mapped to labels.

    Parameters
    ----------
    model : Classifier
    classes : ClassMap
        From the model's labels.
    """

    def __init__(self, model: Classifier, classes: ClassMap) -> None:
        self.model = model
        self.classes = classes
        self.name, self.align, self.labels = model.name, model.align, classes.labels

    def predict_proba(self, faces: AlignedFaces) -> Prediction:
        """Probabilities of every face."""
        return self.classes(self.model.predict_proba(faces))
