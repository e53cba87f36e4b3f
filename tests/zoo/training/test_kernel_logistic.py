"""Kernel logistic regression on small made data."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import rbf_kernel

from zoo.models.svm import Kernel, softmax
from zoo.training.cholesky import factorised
from zoo.training.kernel_logistic import SQUARES, fit_blended, logistic
from zoo.training.svm_fit import KernelSettings, fit_least_squares

SETTINGS = KernelSettings(ridge=0.3, gamma=1.0, penalty=0.5)


@pytest.fixture(scope="module")
def clouds():
    """Three clouds of points: ``(90, 6)`` float32 and their labels."""
    rng = np.random.default_rng(0)
    targets = np.repeat(np.arange(3), 30)
    return (rng.normal(size=(3, 6))[targets] * 2 + rng.normal(size=(90, 6))).astype(np.float32), targets


def test_it_is_scikit_learns_regression_on_the_factor_s_rows(clouds):
    x, targets = clouds
    gram = rbf_kernel(x, gamma=0.1) + 0.3 * np.eye(len(x))
    lower = np.linalg.cholesky(gram)
    weights, offset = logistic(factorised(gram.astype(np.float32)), np.eye(3, dtype=np.float32)[targets], 0.5, 500)
    expected = LogisticRegression(C=2.0, tol=1e-8, max_iter=5000).fit(lower, targets).predict_proba(lower)
    assert softmax(lower @ weights + offset) == pytest.approx(expected, abs=0.01)


def test_the_blend_is_the_sum_of_both_machines_and_cannot_tell_a_mirror_image(clouds):
    x, targets = clouds
    mirror = np.array([1, 1, 1, 1, -1, -1], np.float32)
    both, squares = (fit(x, 4, targets, SETTINGS) for fit in (fit_blended, fit_least_squares))
    gram = (rbf_kernel(x, gamma=both.gamma) + rbf_kernel(x * mirror, x, gamma=both.gamma)) / 2
    lower = np.linalg.cholesky(gram + 0.3 * np.eye(len(x)))
    weights, offset = logistic(
        factorised((lower @ lower.T).astype(np.float32)), np.eye(3, dtype=np.float32)[targets], 0.5
    )
    logits = gram @ np.linalg.solve(lower.T, weights) + offset
    space = np.zeros(6, np.float32), np.eye(6, dtype=np.float32)
    machine = Kernel(*space, both.vectors, both.coefficients, both.bias, both.gamma, 4)
    assert both.gamma == squares.gamma
    assert machine(x) == pytest.approx(logits + SQUARES * (gram @ squares.coefficients + squares.bias), abs=0.02)
    assert machine(x * mirror) == pytest.approx(machine(x), abs=1e-3)
    assert (machine(x).argmax(axis=1) == targets).mean() > 0.9
