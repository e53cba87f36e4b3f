"""How good the taught models are, on samples they did not learn from, and what changes that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from features.align import AlignedFaces
from zoo.classifier import Classifier
from zoo.evaluation.intervals import share_interval
from zoo.evaluation.metrics import Scored
from zoo.labels import LabelSet
from zoo.models.cnn import CnnClassifier
from zoo.models.svm import Linear, SvmClassifier, softmax
from zoo.prediction import Prediction
from zoo.teach.feature_cache import DESCRIPTOR, NOBODY, Described, Watch
from zoo.teach.fit import Curves, Settings, fit_head, fit_svm
from zoo.teach.head_model import Layer, TaughtCnn, dense
from zoo.training import calibration

SVM, CNN = "taught-svm", "taught-cnn"
HELD = 0.25  # part of the samples that is held out
RANDOM, BURST = "random", "burst"
GROWTH = (0.1, 0.25, 0.5, 0.75, 1.0)
# A handful of held-out samples that are all right would make any confidence look too low: no sharper than this.
SHARPEST_SVM, SHARPEST_CNN = 0.5, 1.0
LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)


@dataclass(frozen=True, eq=False)
class Material:
    """The samples that take part in training.

    Parameters
    ----------
    faces : AlignedFaces
        ``n`` crops, aligned or not, as the settings say.
    targets, bursts : ndarray
        ``(n,)`` int; targets are positions in `labels`.
    labels : LabelSet
    own : Described
    trunk : CnnClassifier
    copies : Described or None
        Of an augmented copy of each.
    """

    faces: AlignedFaces
    targets: np.ndarray
    bursts: np.ndarray
    labels: LabelSet
    own: Described
    trunk: CnnClassifier
    copies: Described | None = None

    def learned(self, rows: np.ndarray) -> tuple[Described, np.ndarray]:
        """What is learned from these samples: they, and their copies."""
        if self.copies is None:
            return self.own[rows], self.targets[rows]
        return self.own[rows].plus(self.copies[rows]), np.tile(self.targets[rows], 2)


@dataclass(frozen=True, eq=False)
class Split:
    """Positions of the samples that are learned from, and of those held out."""

    train: np.ndarray
    held: np.ndarray


def split_at_random(targets: np.ndarray, seed: int) -> Split:
    """A quarter of each class held out, whichever: ``(n,) int``, at least two samples a class."""
    rng = np.random.default_rng(seed)
    held = []
    for target in np.unique(targets):
        rows = rng.permutation(np.flatnonzero(targets == target))
        held.append(rows[: max(1, round(HELD * len(rows)))])
    return _split(targets, np.concatenate(held))


def split_by_burst(targets: np.ndarray, bursts: np.ndarray, seed: int) -> Split | None:
    """Whole bursts of each class held out, about a quarter of its samples; None if some class has but one burst.

    Parameters
    ----------
    targets, bursts : ndarray
        ``(n,)`` int.
    seed : int
    """
    rng = np.random.default_rng(seed)
    held = []
    for target in np.unique(targets):
        rows = np.flatnonzero(targets == target)
        kinds, sizes = np.unique(bursts[rows], return_counts=True)
        if len(kinds) < 2:
            return None
        held.append(rows[np.isin(bursts[rows], _some_bursts(kinds, sizes, rng))])
    return _split(targets, np.concatenate(held))


def _some_bursts(kinds: np.ndarray, sizes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Bursts by chance, up to a quarter of the samples; the smallest one where even that is more."""
    order = rng.permutation(len(kinds))
    order = np.concatenate([order[sizes[order] <= HELD * sizes.sum()], order[[sizes[order].argmin()]]])
    fit = np.cumsum(sizes[order]) <= HELD * sizes.sum()
    return kinds[order[: max(1, fit[:-1].sum())]]


def _split(targets: np.ndarray, held: np.ndarray) -> Split:
    return Split(np.setdiff1d(np.arange(len(targets)), held), np.sort(held))


@dataclass(frozen=True, eq=False)
class Exam:
    """Both models, learned from one part of the samples and asked about the other.

    Parameters
    ----------
    kind : str
        `RANDOM` or `BURST`: how the samples were split.
    split : Split
    svm, cnn : Classifier
        Trained on ``split.train`` only.
    answers : dict
        Model name to its answers about ``split.held``; bursts are the groups.
    curves : Curves
        Of the dense layers.
    """

    kind: str
    split: Split
    svm: SvmClassifier
    cnn: TaughtCnn
    answers: dict[str, Scored]
    curves: Curves

    @property
    def models(self) -> tuple[Classifier, Classifier]:
        """Both."""
        return self.svm, self.cnn


def examine(material: Material, kind: str, split: Split, settings: Settings, watch: Watch = NOBODY) -> Exam:
    """Learn from one part of the samples, answer about the other, and calibrate on that.

    Raises
    ------
    Stopped
    """
    learned, targets = material.learned(split.train)
    held, truth = material.own[split.held], material.targets[split.held]
    watch.at(0)
    machine = fit_svm(learned.hog, targets, settings)
    layers, curves = fit_head(learned.embedding, targets, settings, (held.embedding, truth), watch)
    svm = svm_model(material, machine, svm_scale(machine(held.hog), truth))
    cnn = cnn_model(material, layers, cnn_temperature(dense(held.embedding, layers), truth))
    logits = {SVM: machine(held.hog) * svm.scale, CNN: dense(held.embedding, layers) / np.float32(cnn.temperature)}
    answers = {name: _scored(material, split.held, rows) for name, rows in logits.items()}
    return Exam(kind, split, svm, cnn, answers, curves)


def svm_scale(scores: np.ndarray, truth: np.ndarray) -> float:
    """What to multiply an SVM's scores by, found on samples it did not learn from: ``(n, k), (n,)``."""
    unit = 1 / float(scores.std().clip(1e-6))
    return unit / max(SHARPEST_SVM, calibration.temperature(scores * unit, truth))


def cnn_temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """What to divide logits by, found on samples they were not learned from: ``(n, k), (n,)``."""
    return max(SHARPEST_CNN, calibration.temperature(logits, truth))


def svm_model(material: Material, machine: Linear, scale: float) -> SvmClassifier:
    """A linear machine as a classifier."""
    k = len(material.labels)
    scaling = np.full(k, scale, np.float32), np.zeros(k, np.float32)
    return SvmClassifier(SVM, material.labels, material.faces.spec, DESCRIPTOR, machine, scaling)


def cnn_model(material: Material, layers: tuple[Layer, ...], temperature: float) -> TaughtCnn:
    """Dense layers as a classifier."""
    return TaughtCnn(CNN, material.labels, material.faces.spec, material.trunk, layers, temperature)


def _scored(material: Material, rows: np.ndarray, logits: np.ndarray) -> Scored:
    prediction = Prediction(softmax(logits), material.labels)
    return Scored(prediction, material.targets[rows], np.ones(len(rows), bool), material.bursts[rows])


# ---- in numbers


@dataclass(frozen=True)
class Share:
    """So many of n were right."""

    right: int
    n: int

    @property
    def value(self) -> float:
        """As a part of 1; 0 of none."""
        return self.right / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, Wilson."""
        return share_interval(self.right, self.n)

    def plus(self, right: int, n: int) -> Share:
        """With more counted."""
        return Share(self.right + right, self.n + n)


def share(right: np.ndarray) -> Share:
    """Of ``(n,)`` bool."""
    return Share(int(right.sum()), len(right))


def class_shares(scored: Scored) -> tuple[Share, ...]:
    """How many of each class's held-out samples a model got right."""
    return tuple(share(scored.right[scored.targets == target]) for target in range(len(scored.prediction.labels)))


@dataclass(frozen=True)
class Growth:
    """Accuracy on the held-out samples when learned from so many."""

    n: int
    shares: dict[str, Share]


def learning_curve(material: Material, exam: Exam, settings: Settings, watch: Watch = NOBODY) -> tuple[Growth, ...]:
    """Learn from a tenth, a quarter, half ... of what the exam learned from, and ask about the same samples.

    Raises
    ------
    Stopped
    """
    grown = []
    for step, part in enumerate(GROWTH):
        rows = some_of(material.targets, exam.split.train, part, settings.seed)
        if grown and grown[-1].n == len(rows):
            continue
        less = Split(rows, exam.split.held)
        at = watch.part(step / len(GROWTH), (step + 1) / len(GROWTH))
        grown.append(Growth(len(rows), shares_of(examine(material, exam.kind, less, settings, at))))
    return tuple(grown)


def some_of(targets: np.ndarray, rows: np.ndarray, part: float, seed: int) -> np.ndarray:
    """A part of each class's `rows`, two at least, by chance; a larger part holds the smaller one's."""
    rng = np.random.default_rng(seed)
    kept = []
    for target in np.unique(targets):
        own = rng.permutation(rows[targets[rows] == target])
        kept.append(own[: max(2, round(part * len(own)))])
    return np.sort(np.concatenate(kept))


def shares_of(exam: Exam) -> dict[str, Share]:
    """How many held-out samples each model got right."""
    return {name: share(scored.right) for name, scored in exam.answers.items()}


# ---- guided experiments


@dataclass(frozen=True)
class Trial:
    """One thing is changed: what each model got right before and after.

    Parameters
    ----------
    name : str
    before, after : dict
        Model name to its `Share`.
    """

    name: str
    before: dict[str, Share]
    after: dict[str, Share]


def half_the_samples(material: Material, exam: Exam, settings: Settings) -> Trial:
    """Learn from half as many, and ask about the same samples."""
    less = Split(some_of(material.targets, exam.split.train, 0.5, settings.seed), exam.split.held)
    return Trial("half", shares_of(exam), shares_of(examine(material, exam.kind, less, settings)))


def mouth_covered(material: Material, exam: Exam) -> Trial:
    """Ask about the same samples with the mouth covered."""
    faces = cover_mouth(material.faces[exam.split.held])
    return Trial("mouth", shares_of(exam), asked(exam.models, faces, material.targets[exam.split.held]))


def cover_mouth(faces: AlignedFaces) -> AlignedFaces:
    """A patch of each crop's mean grey over the mouth, which the mesh finds."""
    images = faces.images.copy()
    for image, mesh in zip(images, faces.landmarks, strict=True):
        lips = mesh[list(LIPS), :2]
        middle = lips.mean(axis=0)
        hull = cv2.convexHull((middle + 1.4 * (lips - middle)).astype(np.float32))
        cv2.fillPoly(image, [np.rint(hull).astype(np.int32)], int(image.mean()))
    return replace(faces, images=images)


def asked(models: Sequence[Classifier], faces: AlignedFaces, targets: np.ndarray) -> dict[str, Share]:
    """How many of these faces each model gets right: targets ``(n,)`` int."""
    return {model.name: share(model.predict_proba(faces).best == targets) for model in models}


def recorded(trial: Trial | None, name: str, exam: Exam, faces: AlignedFaces, targets: np.ndarray) -> Trial:
    """The trial with these faces, taken under changed conditions, counted too. None of them is kept."""
    trial = trial or Trial(name, shares_of(exam), {model.name: Share(0, 0) for model in exam.models})
    new = asked(exam.models, faces, targets)
    after = {model: was.plus(new[model].right, new[model].n) for model, was in trial.after.items()}
    return replace(trial, after=after)
