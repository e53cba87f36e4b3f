"""Matrix products with large weight tables stored as bytes, computed on bytes by LiteRT.

A checkpoint stores a kernel machine's tables as integer multiples of one step. As float32, such a table is four times
as large, and a product with it is limited by reading it from memory. Here the table stays in bytes: LiteRT's fully
connected layer multiplies them with 8-bit inputs and sums integers, which is exact. Each input row is split into a
coarse and a fine row of 8 bits, 16 bits in total, so that the result equals that of float32 to four digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.tflite import Turn, interpreter

SMALLEST = 2**18  # entries of a table; smaller tables are read as fast as floats
ROUNDING = 1e-4  # of a step: tolerance for rounding errors of float32 arithmetic
EXACT = 2e-3  # largest accepted error as a fraction of the results' spread; actual errors are a tenth of it
CHUNK = 1024  # rows of a table
GRID = 127  # steps on either side of zero in a row of inputs
ENDS = np.array([-GRID - 1, GRID], np.float32)
SMALLEST_STEP = np.float32(1e-30)  # for a row of zeros


@dataclass(frozen=True, eq=False)
class Steps:
    """A table of float32 kept in bytes. `numpy.asarray` gives its numbers, ``whole * step``.

    Parameters
    ----------
    whole : ndarray
        ``(m, r)`` int8.
    step : float32
    """

    whole: np.ndarray
    step: np.float32

    @property
    def shape(self) -> tuple[int, ...]:
        return self.whole.shape

    @property
    def size(self) -> int:
        return self.whole.size

    @property
    def T(self) -> Steps:
        return Steps(self.whole.T, self.step)

    def __len__(self) -> int:
        return len(self.whole)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return (self.whole * self.step).astype(dtype or np.float32, copy=False)


Table = np.ndarray | Steps


def float_rows(table: Table) -> Iterator[np.ndarray]:
    """The table in parts of `CHUNK` rows, float32: a large one is never there as a whole."""
    for start in range(0, len(table), CHUNK):
        part = slice(start, start + CHUNK)
        yield table.whole[part] * table.step if isinstance(table, Steps) else table[part]


def as_steps(array: np.ndarray) -> tuple[np.ndarray, np.float32] | None:
    """Integers -127..127 as int8, and the step of which the values are multiples; None if there is no such step."""
    step = np.float32(max(array.max(initial=0), -array.min(initial=0)) / 127)
    if not step:
        return None
    whole = np.empty(array.shape, np.int8)
    for start in range(0, len(array), CHUNK):  # a large table is not copied as a whole
        part = array[start : start + CHUNK]
        rounded = np.rint(part / step)
        if np.abs(rounded * step - part).max() > step * ROUNDING:
            return None
        whole[start : start + CHUNK] = rounded
    return whole, step


class ByteProduct:
    """``x @ table.T`` for a few rows at a time. Thread-safe: calls are serialised.

    Parameters
    ----------
    whole : ndarray
        ``(m, r)`` int8.
    step : float
        ``table = whole * step``.
    rows : int
        Number of rows of `x` in every call.

    References
    ----------
    Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
    CVPR 2018 (products of bytes, summed as integers).
    """

    def __init__(self, whole: np.ndarray, step: float, rows: int = 1) -> None:
        from zoo.models.byte_layer import fully_connected  # imported here, because the page starts without LiteRT

        # Two columns with zero weights hold the limits of the grid to which each input row is rounded.
        self._network = interpreter(fully_connected(np.pad(whole, ((0, 0), (0, 2))), step, 2 * rows))
        self._turn = Turn()
        self._rows = rows
        self._input = self._network.tensor(self._network.get_input_details()[0]["index"])
        self._output = self._network.tensor(self._network.get_output_details()[0]["index"])

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """``(rows, r) -> (rows, m)`` float32."""
        with self._turn:
            _split(x, self._input())
            self._network.invoke()
            return self._sums(self._output())  # no view of a tensor is kept, which would keep others from running

    def _sums(self, products: np.ndarray) -> np.ndarray:
        return products[: self._rows] + products[self._rows :]


def byte_product(table: Table, rows: int = 1, scale: float = 1.0) -> ByteProduct | None:
    """The product with a table ``(m, r)``, times `scale`, on bytes.

    None if the table is small or does not consist of multiples of one step, or if LiteRT rounds its inputs differently
    from what is expected here, so that the result would differ from that of float32.
    """
    if table.size < SMALLEST:
        return None
    steps = (table.whole, table.step) if isinstance(table, Steps) else as_steps(table)
    if steps is None:
        return None
    whole, step = steps
    product = ByteProduct(whole, float(step) * scale, rows)
    probe = np.random.default_rng(0).normal(size=(rows, table.shape[1])).astype(np.float32)
    expected = np.concatenate([probe @ part.T for part in float_rows(table)], axis=1) * np.float32(scale)
    return product if np.abs(product(probe) - expected).max() <= EXACT * expected.std() else None


def _split(x: np.ndarray, into: np.ndarray) -> None:
    """Split rows ``(n, r)`` into coarse and, below them, fine rows that sum to them: ``(2 n, r + 2)``.

    The last two columns hold the smallest and the largest value of each row's grid of 256 steps: LiteRT derives its
    grid from a row's minimum and maximum, so it uses exactly this one.
    """
    coarse, fine = into[: len(x), :-2], into[len(x) :, :-2]
    largest = np.maximum(x.max(axis=1), -x.min(axis=1))[:, None]
    step = np.maximum(largest / np.float32(GRID), SMALLEST_STEP)
    np.multiply(x, 1 / step, out=coarse)
    np.rint(coarse, out=coarse)
    coarse *= step
    np.subtract(x, coarse, out=fine)
    steps = np.concatenate([step, step / (2 * GRID)])  # the remainder is at most half a coarse step
    into[:, -2:] = steps * ENDS
