"""Evaluates the taught models on held-out samples, and computes learning curves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.align import AlignedFaces
from zoo.classifier import Classifier
from zoo.evaluation.intervals import share_interval
from zoo.evaluation.metrics import Scored
from zoo.labels import LabelSet
from zoo.models.cnn import CnnClassifier
from zoo.models.svm import Linear, SvmClassifier, softmax
from zoo.prediction import Prediction
from zoo.teach.feature_cache import DESCRIPTOR, NO_PROGRESS, Described, Progress
from zoo.teach.fit import Curves, Settings, fit_head, fit_svm
from zoo.teach.head_model import Layer, TaughtCnn, dense
from zoo.teach.splits import Split
from zoo.training import calibration

SVM, CNN = "taught-svm", "taught-cnn"
GROWTH = (0.1, 0.25, 0.5, 0.75, 1.0)
# With a few held-out samples that are all classified correctly, calibration would sharpen without limit.
SHARPEST_SVM, SHARPEST_CNN = 0.5, 1.0


@dataclass(frozen=True, eq=False)
class Material:
    """The samples that take part in training.

    Parameters
    ----------
    faces : AlignedFaces
        The n crops, aligned or not, depending on the settings.
    targets, bursts : ndarray
        ``(n,)`` int; targets are positions in `labels`.
    labels : LabelSet
    own : Described
        Features of the samples.
    trunk : CnnClassifier
    copies : Described or None
        Features of an augmented copy of each sample.
    """

    faces: AlignedFaces
    targets: np.ndarray
    bursts: np.ndarray
    labels: LabelSet
    own: Described
    trunk: CnnClassifier
    copies: Described | None = None

    def learned(self, rows: np.ndarray) -> tuple[Described, np.ndarray]:
        """Training data for these samples: the samples and their copies."""
        if self.copies is None:
            return self.own[rows], self.targets[rows]
        return self.own[rows].plus(self.copies[rows]), np.tile(self.targets[rows], 2)


@dataclass(frozen=True, eq=False)
class HeldOutResult:
    """Both models, trained on one part of the samples and evaluated on the other.

    Parameters
    ----------
    kind : str
        `RANDOM` or `BURST`: how the samples were split.
    split : Split
    svm, cnn : Classifier
        Trained on ``split.train`` only.
    answers : dict
        Model name to its answers for ``split.held``; bursts are the groups.
    curves : Curves
        Learning curves of the dense layers.
    """

    kind: str
    split: Split
    svm: SvmClassifier
    cnn: TaughtCnn
    answers: dict[str, Scored]
    curves: Curves

    @property
    def models(self) -> tuple[Classifier, Classifier]:
        """Both models."""
        return self.svm, self.cnn


def examine(
    material: Material, kind: str, split: Split, settings: Settings, progress: Progress = NO_PROGRESS
) -> HeldOutResult:
    """Train on one part of the samples, evaluate and calibrate on the other.

    Raises
    ------
    Stopped
    """
    learned, targets = material.learned(split.train)
    held, truth = material.own[split.held], material.targets[split.held]
    progress.at(0)
    machine = fit_svm(learned.hog, targets, settings)
    layers, curves = fit_head(learned.embedding, targets, settings, (held.embedding, truth), progress)
    svm = svm_model(material, machine, svm_scale(machine(held.hog), truth))
    cnn = cnn_model(material, layers, cnn_temperature(dense(held.embedding, layers), truth))
    logits = {SVM: machine(held.hog) * svm.scale, CNN: dense(held.embedding, layers) / np.float32(cnn.temperature)}
    answers = {name: _scored(material, split.held, rows) for name, rows in logits.items()}
    return HeldOutResult(kind, split, svm, cnn, answers, curves)


def svm_scale(scores: np.ndarray, truth: np.ndarray) -> float:
    """Factor for an SVM's scores, calibrated on held-out scores ``(n, k)`` and correct labels ``(n,)``."""
    unit = 1 / float(scores.std().clip(1e-6))
    return unit / max(SHARPEST_SVM, calibration.temperature(scores * unit, truth))


def cnn_temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """Temperature of logits, calibrated on held-out logits ``(n, k)`` and correct labels ``(n,)``."""
    return max(SHARPEST_CNN, calibration.temperature(logits, truth))


def svm_model(material: Material, machine: Linear, scale: float) -> SvmClassifier:
    """A linear machine as a classifier; `scale` multiplies its scores."""
    k = len(material.labels)
    scaling = np.full(k, scale, np.float32), np.zeros(k, np.float32)
    return SvmClassifier(SVM, material.labels, material.faces.spec, DESCRIPTOR, machine, scaling)


def cnn_model(material: Material, layers: tuple[Layer, ...], temperature: float) -> TaughtCnn:
    """Dense layers as a classifier."""
    return TaughtCnn(CNN, material.labels, material.faces.spec, material.trunk, layers, temperature)


def _scored(material: Material, rows: np.ndarray, logits: np.ndarray) -> Scored:
    prediction = Prediction(softmax(logits), material.labels)
    return Scored(prediction, material.targets[rows], np.ones(len(rows), bool), material.bursts[rows])


# ---- shares of correct answers


@dataclass(frozen=True)
class Share:
    """The number of correct answers out of n."""

    right: int
    n: int

    @property
    def value(self) -> float:
        """As a fraction; 0 if n is 0."""
        return self.right / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval."""
        return share_interval(self.right, self.n)

    def plus(self, right: int, n: int) -> Share:
        """The share with further answers counted."""
        return Share(self.right + right, self.n + n)


def share(right: np.ndarray) -> Share:
    """The share of True in ``(n,)`` bool."""
    return Share(int(right.sum()), len(right))


def class_shares(scored: Scored) -> tuple[Share, ...]:
    """A model's correct answers for the held-out samples of each class."""
    return tuple(share(scored.right[scored.targets == target]) for target in range(len(scored.prediction.labels)))


@dataclass(frozen=True)
class LearningCurvePoint:
    """Accuracy on the held-out samples after training on n samples."""

    n: int
    shares: dict[str, Share]


def learning_curve(
    material: Material, result: HeldOutResult, settings: Settings, progress: Progress = NO_PROGRESS
) -> tuple[LearningCurvePoint, ...]:
    """Train on growing parts (`GROWTH`) of a result's training samples, and evaluate on the same held-out ones.

    Raises
    ------
    Stopped
    """
    grown: list[LearningCurvePoint] = []
    for step, part in enumerate(GROWTH):
        rows = some_of(material.targets, result.split.train, part, settings.seed)
        if grown and grown[-1].n == len(rows):
            continue
        less = Split(rows, result.split.held)
        at = progress.part(step / len(GROWTH), (step + 1) / len(GROWTH))
        grown.append(LearningCurvePoint(len(rows), shares_of(examine(material, result.kind, less, settings, at))))
    return tuple(grown)


def some_of(targets: np.ndarray, rows: np.ndarray, part: float, seed: int) -> np.ndarray:
    """A random part of each class's `rows`, at least two; a larger `part` contains the smaller ones."""
    rng = np.random.default_rng(seed)
    kept = []
    for target in np.unique(targets):
        own = rng.permutation(rows[targets[rows] == target])
        kept.append(own[: max(2, round(part * len(own)))])
    return np.sort(np.concatenate(kept))


def shares_of(result: HeldOutResult) -> dict[str, Share]:
    """Each model's correct answers for the held-out samples."""
    return {name: share(scored.right) for name, scored in result.answers.items()}
