"""Symmetric positive definite systems, block by block."""

import numpy as np
import pytest

from zoo.training import cholesky
from zoo.training.cholesky import solve_positive


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(cholesky, "BLOCK", 64)


@pytest.mark.parametrize("n", [1, 63, 64, 65, 300])
@pytest.mark.parametrize(("dtype", "error"), [(np.float64, 1e-9), (np.float32, 1e-3)])
def test_the_solution_is_that_of_lapack(n, dtype, error):
    rng = np.random.default_rng(n)
    root = rng.normal(size=(n, n))
    matrix = root @ root.T / n + np.eye(n)
    right = rng.normal(size=(n, 3))
    found = solve_positive(matrix.astype(dtype), right)
    assert found.dtype == dtype
    assert found == pytest.approx(np.linalg.solve(matrix, right), abs=error)


def test_only_the_lower_half_is_read():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(200, 200))
    matrix = root @ root.T / 200 + np.eye(200)
    right = rng.normal(size=(200, 1))
    lower = np.tril(matrix) + np.triu(np.full((200, 200), 7.0), 1)
    assert solve_positive(lower, right) == pytest.approx(np.linalg.solve(matrix, right))


def test_a_matrix_that_is_not_positive_definite_is_refused():
    with pytest.raises(np.linalg.LinAlgError):
        solve_positive(-np.eye(100), np.ones((100, 1)))
