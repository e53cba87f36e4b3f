"""Fits the two models of the Teach tab: a linear SVM on HOG, and dense layers on an embedding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

import numpy as np

from features.phrase import Phrase
from zoo.evaluation.metrics import nll
from zoo.models.svm import Linear, softmax
from zoo.teach.feature_cache import NO_PROGRESS, Progress
from zoo.teach.head_model import Layer, dense
from zoo.teach.project import ProjectError

if TYPE_CHECKING:  # scikit-learn is imported when a model is trained
    from sklearn.neural_network import MLPClassifier

HIDDEN = 100


@dataclass(frozen=True)
class Settings:
    """Hyperparameters of both models.

    Parameters
    ----------
    epochs : int
        Passes over the samples when the dense layers are trained.
    batch : int
        Samples per step.
    rate : float
        Learning rate (Adam).
    c : float
        The SVM's penalty for misclassification.
    seed : int
        The same seed, samples and settings give the same models.
    augment : bool
        Also train on a copy of each sample with slightly changed position, rotation and brightness.
    aligned : bool
        Train on aligned crops; if not, on upright squares.

    Raises
    ------
    ProjectError
        A value is outside its range in `RANGES`.
    """

    epochs: int = 50
    batch: int = 32
    rate: float = 0.001
    c: float = 0.1
    seed: int = 0
    augment: bool = True
    aligned: bool = True

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ProjectError(
                    Phrase("teach.range", "{0} is {1}; choose {2} to {3}.", NAMES[name], f"{value:g}", low, high)
                )


NAMES = {
    "epochs": Phrase("teach.epochs", "Epochs"),
    "batch": Phrase("teach.batch", "Batch size"),
    "rate": Phrase("teach.learning_rate", "Learning rate"),
    "c": Phrase("teach.c", "C of the SVM"),
    "seed": Phrase("teach.seed", "Seed"),
}
RANGES = {"epochs": (1, 500), "batch": (1, 512), "rate": (1e-5, 0.1), "c": (1e-4, 100.0), "seed": (0, 2**31 - 1)}


@dataclass(frozen=True, eq=False)
class Curves:
    """Loss (nats) and accuracy after each epoch, on training and held-out samples: ``(epochs,)``."""

    loss: np.ndarray
    accuracy: np.ndarray
    held_loss: np.ndarray
    held_accuracy: np.ndarray


def fit_svm(x: np.ndarray, targets: np.ndarray, settings: Settings) -> Linear:
    """Linear SVMs, one per pair of classes, averaged into one column of weights per class.

    All inner products are computed as one matrix product, which is ten times as fast as LIBLINEAR.

    Parameters
    ----------
    x : ndarray
        ``(n, d)`` float32.
    targets : ndarray
        ``(n,)`` int, 0 to k - 1, each present.
    settings : Settings
        The penalty `c` is used.

    References
    ----------
    Chang and Lin, "LIBSVM", ACM TIST 2(3), 2011. Hsu and Lin, "A comparison of methods for
    multiclass support vector machines", IEEE TNN 13(2), 2002 (one-against-one).
    """
    from zoo.training.svm_fit import one_against_one

    products = (x @ x.T).astype(np.float64)
    duals, bias = one_against_one(lambda rows: products[np.ix_(rows, rows)], targets, settings.c)
    others = len(bias) - 1  # scores are means of margins, whose size does not depend on the number of classes
    return Linear((x.T @ (duals / others)).astype(np.float32), (bias / others).astype(np.float32))


@overload
def fit_head(
    x: np.ndarray,
    targets: np.ndarray,
    settings: Settings,
    held: tuple[np.ndarray, np.ndarray],
    progress: Progress = ...,
) -> tuple[tuple[Layer, ...], Curves]: ...


@overload
def fit_head(
    x: np.ndarray, targets: np.ndarray, settings: Settings, held: None = None, progress: Progress = ...
) -> tuple[tuple[Layer, ...], None]: ...


def fit_head(
    x: np.ndarray,
    targets: np.ndarray,
    settings: Settings,
    held: tuple[np.ndarray, np.ndarray] | None = None,
    progress: Progress = NO_PROGRESS,
) -> tuple[tuple[Layer, ...], Curves | None]:
    """Train dense layers with softmax, epoch by epoch with Adam: one hidden layer of `HIDDEN` units.

    Parameters
    ----------
    x, targets : ndarray
        ``(n, e)`` float32 and ``(n,)`` int, 0 to k - 1, each present.
    settings : Settings
    held : (ndarray, ndarray), optional
        Features and targets of held-out samples; without them, no curves are recorded.
    progress : Progress
        Called before each epoch.

    Returns
    -------
    layers : tuple of Layer
    curves : Curves or None

    Raises
    ------
    Stopped
    """
    from sklearn.neural_network import MLPClassifier

    machine = MLPClassifier(
        (HIDDEN,), learning_rate_init=settings.rate, batch_size=min(settings.batch, len(x)), random_state=settings.seed
    )
    points, classes = [], np.unique(targets)
    for epoch in range(settings.epochs):
        progress.at(epoch / settings.epochs)
        machine.partial_fit(x, targets, classes=classes)
        if held is not None:
            points.append((*_standing(machine, x, targets), *_standing(machine, *held)))
    return layers_of(machine), Curves(*np.array(points).T) if points else None


def layers_of(machine: MLPClassifier) -> tuple[Layer, ...]:
    """The weights as float32; scikit-learn's single output for two classes becomes two logits."""
    layers = [
        (w.astype(np.float32), b.astype(np.float32)) for w, b in zip(machine.coefs_, machine.intercepts_, strict=True)
    ]
    weights, bias = layers[-1]
    if weights.shape[1] == 1:
        layers[-1] = np.hstack([0 * weights, weights]), np.concatenate([0 * bias, bias])
    return tuple(layers)


def _standing(machine: MLPClassifier, x: np.ndarray, targets: np.ndarray) -> tuple[float, float]:
    """Current loss and accuracy."""
    probs = softmax(dense(x, layers_of(machine)))
    return nll(probs, targets), float((probs.argmax(axis=1) == targets).mean())
