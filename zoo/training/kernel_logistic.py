"""Fits kernel logistic regression, and blends it with least squares: one factorisation serves both.

Least squares aim at 0 and 1, so that their scores change little where a face is far from all training faces. The
logistic loss aims at log-probabilities, which have no limit, and a weak expression moves them further.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from zoo.models.svm import softmax
from zoo.training.cholesky import Factor, factorised
from zoo.training.svm_fit import Fitted, KernelSettings, regularised_gram, soft

STEPS = 50
SQUARES = 7.0  # least-squares scores times this have about the spread of log-probabilities


def fit_blended(z: np.ndarray, even: int, targets: np.ndarray, settings: KernelSettings) -> Fitted:
    """The sum of a least-squares machine and of a logistic one on the same kernel.

    Parameters and returns are those of `zoo.training.svm_fit.fit_least_squares`.

    References
    ----------
    Zhu and Hastie, "Kernel Logistic Regression and the Import Vector Machine", Journal of Computational and
    Graphical Statistics 14(1), 2005.
    """
    wanted = soft(targets)
    share = wanted.mean(axis=0)
    gram, gamma = regularised_gram(z, even, settings)
    factor = factorised(gram)
    weights, offset = logistic(factor, wanted, settings.penalty)
    coefficients = factor.solve_transposed(weights) + SQUARES * factor.solve(wanted - share)
    return Fitted(z, coefficients.astype(np.float32), (offset + SQUARES * share).astype(np.float32), gamma)


def logistic(factor: Factor, wanted: np.ndarray, penalty: float, steps: int = STEPS) -> tuple[np.ndarray, np.ndarray]:
    """Multinomial logistic regression with the kernel matrix ``L @ L.T``: the logits are ``L @ weights + offset``.

    Parameters
    ----------
    factor : Factor
        L, ``(n, n)``.
    wanted : ndarray
        ``(n, k)``; rows sum to 1.
    penalty : float
        On half the sum of squared weights, against the sum of the cross-entropies.
    steps : int
        Most steps of L-BFGS.

    Returns
    -------
    weights, offset : ndarray
        ``(n, k)`` and ``(k,)`` float32.

    References
    ----------
    Liu and Nocedal, "On the limited memory BFGS method for large scale optimization", Mathematical Programming 45,
    1989.
    """
    n, k = wanted.shape

    def unpacked(packed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return packed[:-k].reshape(n, k).astype(np.float32), packed[-k:].astype(np.float32)

    def loss(packed: np.ndarray) -> tuple[float, np.ndarray]:
        weights, offset = unpacked(packed)
        probs = softmax(factor.times(weights) + offset)
        value = -(wanted * np.log(probs.clip(1e-12))).sum(dtype=np.float64)
        value += penalty / 2 * np.square(weights, dtype=np.float64).sum()
        wrong = probs - wanted
        slope = factor.transposed_times(wrong) + np.float32(penalty) * weights
        return value / n, np.concatenate([slope.ravel(), wrong.sum(axis=0)]).astype(np.float64) / n

    start = np.concatenate([np.zeros(n * k), np.log(wanted.mean(axis=0).clip(1e-6))])
    return unpacked(
        minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": steps, "maxfun": 2 * steps}).x
    )
