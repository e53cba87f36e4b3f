"""Solves large symmetric positive definite systems block by block.

SciPy's wheels use LAPACK with 32-bit integers: `scipy.linalg.cho_factor` crashes on the 28,709 x 28,709 matrix of
FER2013 (SciPy 1.18). Here SciPy factorises small blocks only, and NumPy multiplies them.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import cholesky, solve_triangular

BLOCK = 2048


def solve_positive(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve ``matrix @ x = right`` by Cholesky factorisation.

    Parameters
    ----------
    matrix : ndarray
        ``(n, n)``, symmetric and positive definite. Overwritten: it becomes the factor. Only its lower half is read.
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
    blocks = [slice(start, min(start + BLOCK, len(matrix))) for start in range(0, len(matrix), BLOCK)]
    for i, block in enumerate(blocks):
        _factorise(matrix, block, blocks[i + 1 :])
    x = right.astype(matrix.dtype)
    for block in blocks:
        rest = x[block] - matrix[block, : block.start] @ x[: block.start]
        x[block] = solve_triangular(matrix[block, block], rest, lower=True)
    for block in reversed(blocks):
        rest = x[block] - matrix[block.stop :, block].T @ x[block.stop :]
        x[block] = solve_triangular(matrix[block, block], rest, lower=True, trans="T")
    return x


def _factorise(matrix: np.ndarray, block: slice, later: list[slice]) -> None:
    """Replace the block's columns by those of the factor, and subtract their products from the columns to the right."""
    corner = matrix[block, block]
    corner[:] = cholesky(corner, lower=True)
    for rows in later:
        matrix[rows, block] = solve_triangular(corner, matrix[rows, block].T, lower=True).T
        right = slice(block.stop, rows.stop)
        matrix[rows, right] -= matrix[rows, block] @ matrix[right, block].T
