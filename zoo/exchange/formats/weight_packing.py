"""Lossless packing of weights: one byte per number, half precision, or float32.

Kernel machines are stored as multiples of one step (`zoo.training.svm_fit.stepped`), networks in half
precision, so that exports need not be larger.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from zoo.models.byte_product import as_steps


def as_halves(array: np.ndarray) -> np.ndarray | None:
    """The values in half precision; None if that changes any."""
    half = array.astype(np.float16)
    return half if np.array_equal(half.astype(np.float32), array) else None


def pack(named: Mapping[str, np.ndarray]) -> tuple[list[dict], bytes]:
    """Pack weights without loss: their table in the form of TensorFlow.js, and their bytes.

    Parameters
    ----------
    named : mapping of str to ndarray
        float32 arrays by name.

    References
    ----------
    tfjs-core, ``io/types.ts`` (``WeightsManifestEntry``: ``value = byte * scale + min``).
    """
    table, blocks = [], []
    for name, array in named.items():
        how, content = _packed(array)
        table.append({"name": name, "shape": list(array.shape), "dtype": "float32"} | how)
        blocks.append(content)
    return table, b"".join(blocks)


def _packed(array: np.ndarray) -> tuple[dict, bytes]:
    if (steps := as_steps(array)) is not None:
        whole, step = steps
        how = {"dtype": "uint8", "scale": float(step), "min": -127 * float(step), "original_dtype": "float32"}
        return {"quantization": how}, (whole.astype(np.int16) + 127).astype(np.uint8).tobytes()
    if (half := as_halves(array)) is not None:
        return {"quantization": {"dtype": "float16", "original_dtype": "float32"}}, half.astype("<f2").tobytes()
    return {}, array.astype("<f4").tobytes()
