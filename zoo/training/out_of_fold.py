"""What other models say of the training pictures, for a network to hear beside the label.

FER2013's labels were given by a search engine's keywords, and a third of them is chance. A second
opinion from models that work otherwise says which labels to take with a grain of salt. A kernel
machine knows its own training pictures by heart, so it is asked only about those it was not shown.
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
    """How much of a target is label and how much opinion.

    Parameters
    ----------
    weight : float
        Of the opinions, 0 to 1; the label has the rest.

    References
    ----------
    Reed et al., "Training deep neural networks on noisy labels with bootstrapping", 2014, arXiv:1412.6596.
    Furlanello et al., "Born-again neural networks", ICML 2018.
    """

    weight: float = 0.5

    def __call__(self, hot: np.ndarray, said: np.ndarray) -> np.ndarray:
        """Targets ``(n, k)`` from labels ``(n, k)``, one-hot, and opinions ``(n, k)``; rows sum to 1."""
        return (1 - self.weight) * hot + self.weight * said


def cross_fitted(fit: Callable[[AlignedSet], Scores], data: AlignedSet, folds: int = 5, seed: int = 0) -> np.ndarray:
    """Probabilities of each picture by a machine fitted on the other folds: ``(n, k)`` float32.

    Parameters
    ----------
    fit : callable
        Training pictures to a machine that gives faces scores ``(n, k)``.
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
    """What `make` gives, from the file if it was made before: a run that goes on does not ask twice."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, make())
    return np.load(path, allow_pickle=False)
