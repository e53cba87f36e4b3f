"""Calibrates confidence, and finds the threshold below which a model is "not sure".

Everything is fitted on PublicTest, which is used neither for training nor for reported figures.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zoo.models.svm import softmax


def temperature(logits: np.ndarray, targets: np.ndarray) -> float:
    """The temperature of logits ``(n, k)`` that maximises the likelihood of targets ``(n,)``.

    References
    ----------
    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    """
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(targets))

    def loss(log_temperature: float) -> float:
        probs = softmax(logits.astype(np.float64) / np.exp(log_temperature))
        return float(-np.log(probs[rows, targets].clip(1e-12)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x))


def vector_scaling(scores: np.ndarray, targets: np.ndarray, penalty: float = 1e-3) -> tuple[np.ndarray, np.ndarray]:
    """Vector scaling: scale and shift of each label's score that maximise the likelihood of the targets.

    Parameters
    ----------
    scores : ndarray
        ``(n, k)`` for pictures that the machine was not fitted on.
    targets : ndarray
        ``(n,)`` int.
    penalty : float
        Penalty on squared shifts.

    Returns
    -------
    scale, shift : ndarray
        ``(k,)`` float32.

    References
    ----------
    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    """
    from scipy.optimize import minimize

    k = scores.shape[1]
    hot = np.eye(k)[targets]

    def loss(packed: np.ndarray) -> tuple[float, np.ndarray]:
        scale, shift = packed[:k], packed[k:]
        probs = softmax(scores * scale + shift)
        wrong = (probs - hot) / len(scores)
        value = -np.log(probs[hot == 1].clip(1e-12)).mean() + penalty * (shift**2).sum()
        return value, np.concatenate([(wrong * scores).sum(axis=0), wrong.sum(axis=0) + 2 * penalty * shift])

    start = np.concatenate([np.full(k, 1 / scores.std().clip(1e-6)), np.zeros(k)])
    best = minimize(loss, start, jac=True, method="L-BFGS-B").x.astype(np.float32)
    return best[:k], best[k:]


def sum_weights(parts: Sequence[np.ndarray], targets: np.ndarray) -> np.ndarray:
    """Weights of several models' scores ``(n, k)`` that maximise the likelihood under the softmax of their sum.

    References
    ----------
    Genest and Zidek, "Combining probability distributions", Statistical Science 1(1), 1986 (logarithmic pools).
    """
    from scipy.optimize import minimize

    scores = np.stack(parts).astype(np.float64)
    hot = np.eye(scores.shape[2])[targets]

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        probs = softmax(np.tensordot(weights, scores, 1))
        slope = ((probs - hot) * scores).sum(axis=(1, 2)) / len(targets)
        return -np.log(probs[hot == 1].clip(1e-12)).mean(), slope

    start = 1 / scores.std(axis=(1, 2)).clip(1e-6)
    return minimize(loss, start / len(start), jac=True, method="L-BFGS-B").x


def sure_from(probs: np.ndarray, targets: np.ndarray, wanted: float = 0.8, weights: np.ndarray | None = None) -> float:
    """The lowest confidence at or above which at least a fraction `wanted` of the answers are right.

    Parameters
    ----------
    probs : ndarray
        ``(n, k)``, calibrated.
    targets : ndarray
        ``(n,)`` int.
    wanted : float
    weights : ndarray, optional
        ``(n,)``: weight of each picture; see `balancing`.

    Returns
    -------
    float
        Rounded to two digits; 1.0 if no threshold is sufficient.

    References
    ----------
    Geifman and El-Yaniv, "Selective Classification for Deep Neural Networks", NeurIPS 2017.
    """
    confidence = probs.max(axis=1)
    order = np.argsort(-confidence)
    right = (probs.argmax(axis=1) == targets)[order]
    counts = np.ones(len(right)) if weights is None else weights[order]
    share = np.cumsum(right * counts) / np.cumsum(counts)
    good = np.flatnonzero(share >= wanted)
    return round(float(confidence[order[good[-1]]]), 2) if len(good) else 1.0


def balancing(targets: np.ndarray) -> np.ndarray:
    """Weights ``(n,)`` that make all labels in the data count equally, as in the equal label mix."""
    counts = np.bincount(targets)
    return 1.0 / counts[targets]
