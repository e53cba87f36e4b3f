"""Out-of-fold predictions of other models, as soft targets beside the labels.

FER2013's labels come from a search engine's keywords, and about a third of them are unreliable. Predictions of models
of another kind show which labels are doubtful. A kernel machine fits its training pictures almost perfectly, so only
its predictions for other pictures are used. Recipes take their weight with ``--opinions``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedKFold

from features.align import AlignedFaces
from zoo.datasets.aligned import AlignedSet
from zoo.models.svm import softmax
from zoo.training import calibration

Scores = Callable[[AlignedFaces], np.ndarray]


@dataclass(frozen=True)
class SoftTargetMix:
    """Mixes labels with the predictions of other models.

    Parameters
    ----------
    weight : float
        Weight of the predictions, 0 to 1; the label has the rest.

    References
    ----------
    Reed et al., "Training deep neural networks on noisy labels with bootstrapping", 2014, arXiv:1412.6596.
    Furlanello et al., "Born-again neural networks", ICML 2018.
    """

    weight: float = 0.5

    def __call__(self, hot: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        """Targets ``(n, k)`` from one-hot labels ``(n, k)`` and predictions ``(n, k)``; rows sum to 1."""
        return (1 - self.weight) * hot + self.weight * predicted


def cross_fitted(fit: Callable[[AlignedSet], Scores], data: AlignedSet, folds: int = 5, seed: int = 0) -> np.ndarray:
    """Probabilities of each picture by a machine that was fitted on the other folds: ``(n, k)`` float32.

    Parameters
    ----------
    fit : callable
        Fits a machine on training pictures, which computes scores ``(n, k)`` of faces.
    data : AlignedSet
    folds : int
    seed : int

    References
    ----------
    Stone, "Cross-validatory choice and assessment of statistical predictions", JRSS B 36(2), 1974.
    """
    scores = np.zeros((len(data), len(data.labels)), np.float32)
    parts = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for shown, held_out in parts.split(scores, data.targets):
        scores[held_out] = fit(data.rows(shown))(data.rows(held_out).faces)
    scale, shift = calibration.vector_scaling(scores, data.targets)
    return softmax(scores * scale + shift)


def kept(path: Path, make: Callable[[], np.ndarray]) -> np.ndarray:
    """The result of `make`, from the file if it exists, so that a resumed run does not compute it again."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, make())
    return np.load(path, allow_pickle=False)
