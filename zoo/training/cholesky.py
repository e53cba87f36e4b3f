"""Solves large symmetric positive definite systems block by block.

SciPy's wheels use LAPACK with 32-bit integers: `scipy.linalg.cho_factor` crashes on the 28,709 x 28,709 matrix of
FER2013 (SciPy 1.18). Here SciPy factorises small blocks only, and NumPy multiplies them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cholesky, solve_triangular

BLOCK = 2048


def solve_positive(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve ``matrix @ x = right`` by Cholesky factorisation.

    Parameters
    ----------
    matrix : ndarray
        ``(n, n)``, symmetric and positive definite. Overwritten, see `factorised`. Only its lower half is read.
    right : ndarray
        ``(n, k)``.

    Returns
    -------
    ndarray
        ``(n, k)``, of the matrix's type.

    Raises
    ------
    numpy.linalg.LinAlgError
        The matrix is not positive definite.

    References
    ----------
    Golub and Van Loan, "Matrix Computations", 4th edition, 2013, section 4.2.
    """
    return factorised(matrix).solve(right)


@dataclass(frozen=True, eq=False)
class Factor:
    """The Cholesky factor L of a matrix ``L @ L.T``.

    Parameters
    ----------
    lower : ndarray
        ``(n, n)``; its lower half is L, the rest is not read.
    """

    lower: np.ndarray

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Solve ``L @ L.T @ x = right``: ``(n, k) -> (n, k)``."""
        x = right.astype(self.lower.dtype)
        for block in self._blocks():
            rest = x[block] - self.lower[block, : block.start] @ x[: block.start]
            x[block] = solve_triangular(self.lower[block, block], rest, lower=True)
        return self.solve_transposed(x)

    def solve_transposed(self, right: np.ndarray) -> np.ndarray:
        """Solve ``L.T @ x = right``: ``(n, k) -> (n, k)``."""
        x = right.astype(self.lower.dtype)
        for block in reversed(self._blocks()):
            rest = x[block] - self.lower[block.stop :, block].T @ x[block.stop :]
            x[block] = solve_triangular(self.lower[block, block], rest, lower=True, trans="T")
        return x

    def times(self, x: np.ndarray) -> np.ndarray:
        """``L @ x``: ``(n, k) -> (n, k)``."""
        rows = [self._left_of(block) @ x[: block.start] + self._corner(block) @ x[block] for block in self._blocks()]
        return np.concatenate(rows)

    def transposed_times(self, x: np.ndarray) -> np.ndarray:
        """``L.T @ x``: ``(n, k) -> (n, k)``."""
        product = np.zeros((len(x), x.shape[1]), self.lower.dtype)
        for block in self._blocks():
            product[: block.start] += self._left_of(block).T @ x[block]
            product[block] += self._corner(block).T @ x[block]
        return product

    def _blocks(self) -> list[slice]:
        return _blocks(len(self.lower))

    def _left_of(self, block: slice) -> np.ndarray:
        return self.lower[block, : block.start]

    def _corner(self, block: slice) -> np.ndarray:
        return np.tril(self.lower[block, block])


def factorised(matrix: np.ndarray) -> Factor:
    """Factorise a symmetric positive definite matrix in place; only its lower half is read.

    Raises
    ------
    numpy.linalg.LinAlgError
        It is not positive definite.
    """
    blocks = _blocks(len(matrix))
    for i, block in enumerate(blocks):
        _factorise(matrix, block, blocks[i + 1 :])
    return Factor(matrix)


def _blocks(n: int) -> list[slice]:
    return [slice(start, min(start + BLOCK, n)) for start in range(0, n, BLOCK)]


def _factorise(matrix: np.ndarray, block: slice, later: list[slice]) -> None:
    """Replace the block's columns by those of the factor, and subtract their products from the columns to the right."""
    corner = matrix[block, block]
    corner[:] = cholesky(corner, lower=True)
    for rows in later:
        matrix[rows, block] = solve_triangular(corner, matrix[rows, block].T, lower=True).T
        right = slice(block.stop, rows.stop)
        matrix[rows, right] -= matrix[rows, block] @ matrix[right, block].T
