"""Weights from Keras' HDF5 files, read in a separate process (see `workers/read_h5.py`)."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from features.phrase import Phrase
from zoo.exchange.errors import ModelFileError
from zoo.exchange.network.layer_base import Weights
from zoo.exchange.workers import frames

WORKERS = Path(__file__).parents[1] / "workers"
SECONDS = 30
SIGNATURE = b"\x89HDF\r\n\x1a\n"
_at_once = threading.Semaphore(2)


@dataclass(frozen=True, eq=False)
class H5:
    """The content of an HDF5 file.

    Parameters
    ----------
    config : str or None
        The network's configuration as JSON, if the file has one.
    arrays : dict
        Path in the file to float32 array.
    """

    config: str | None
    arrays: dict[str, np.ndarray]


def read_h5(data: bytes) -> H5:
    """Read a file's weights; `ModelFileError` if it is damaged, too large, or has unexpected content."""
    if not data.startswith(SIGNATURE):
        raise ModelFileError(
            Phrase("import.not_h5", "The file of weights is not an HDF5 file. Export the model again.")
        )
    with _at_once:
        header, arrays = _ask(data)
    if "refused" in header:
        raise ModelFileError(f"{header['refused']} Export the model again.")
    return H5(header.get("config"), arrays)


def _ask(data: bytes) -> tuple[dict, dict[str, np.ndarray]]:
    command = [sys.executable, "-E", "-s", str(WORKERS / "read_h5.py")]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=SECONDS)
        return frames.unpack(done.stdout)
    except subprocess.TimeoutExpired:
        raise ModelFileError(
            Phrase("import.long", "The file of weights takes too long to read; it is damaged.")
        ) from None
    except (ValueError, KeyError, TypeError) as error:  # the reader crashed, as it may on a damaged file
        raise ModelFileError(
            Phrase("import.damaged", "The file of weights is damaged. Export the model again.")
        ) from error


def by_layer(arrays: dict[str, np.ndarray]) -> dict[str, Weights]:
    """Weights by layer and name, from the layout of Keras 2 and of Keras 3's ``.h5``: ``…/Conv1/kernel:0``.

    Raises
    ------
    ModelFileError
        An array belongs to no layer, or a name occurs twice.
    """
    named: dict[str, Weights] = {}
    for path, array in arrays.items():
        parts = path.split("/")
        if len(parts) < 2:
            raise ModelFileError(f"The file of weights has an array {path[:40]!r} that belongs to no layer.")
        name = _plain_name(parts[-1])
        if name in named.setdefault(parts[-2], {}):
            raise ModelFileError(f"The file of weights has {parts[-2][:40]!r} twice.")
        named[parts[-2]][name] = array
    return named


def by_place(arrays: dict[str, np.ndarray], places: dict[str, str], names: dict[str, list[str]]) -> dict[str, Weights]:
    """Weights by layer and name, from Keras 3's layout, where the weights of each layer are numbered.

    Parameters
    ----------
    arrays : dict
        Path in the file to array.
    places : dict
        Layer to its path in the file: ``layers/conv2d_1/vars/``.
    names : dict
        Layer to the names of its weights in Keras' order.
    """
    return {
        layer: {name: arrays[f"{place}{i}"] for i, name in enumerate(names[layer]) if f"{place}{i}" in arrays}
        for layer, place in places.items()
    }


def _plain_name(name: str) -> str:
    """``kernel:0 -> kernel``, with one name for weights that Keras 2 and 3 name differently."""
    name = name.partition(":")[0]
    return "kernel" if name == "depthwise_kernel" else name
