"""Writes the formats that need TensorFlow in a separate process (`workers/make_keras.py`), one at a time."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence

import numpy as np

from features.phrase import Phrase
from zoo.exchange.formats.hdf5 import WORKERS
from zoo.exchange.formats.keras_config import settings
from zoo.exchange.network.graph import Graph
from zoo.exchange.workers import frames
from zoo.models.keras_file import portable, portable_json

PARTS = ("keras", "h5", "tflite", "int8")
SECONDS = 300
_one_at_a_time = threading.Lock()


class ExportError(RuntimeError):
    """Files could not be written. The message says why, and, if possible, what to do."""


def write(graph: Graph, name: str, parts: Sequence[str], crops: np.ndarray) -> dict[str, bytes]:
    """Files of a network, by ``part/file name``.

    Parameters
    ----------
    graph : Graph
    name : str
        Name of the model for Keras: letters, digits and underscores.
    parts : sequence of str
        Some of `PARTS`.
    crops : ndarray
        ``(n, h, w, c)`` float32, representative input to set the scales of ``int8``. They go
        through a pipe and are not stored.

    Raises
    ------
    ExportError
        TensorFlow failed or took too long.
    """
    nodes = [
        {"name": n.name, "kind": n.kind, "config": settings(n), "inputs": n.inputs, "weights": list(n.weights)}
        for n in graph.nodes
    ]
    header = {"name": name, "input_shape": graph.input_shape, "nodes": nodes, "parts": list(parts)}
    arrays: dict[str, np.ndarray | bytes] = {
        f"{n.name}/{key}": array for n in graph.nodes for key, array in n.weights.items()
    }
    message = frames.pack(header, arrays | {"crops": np.asarray(crops, np.float32)})
    with _one_at_a_time:
        made = {name: array.tobytes() for name, array in _run(message).items()}
    return {name: _portable(name, content) for name, content in made.items()}


def _portable(name: str, content: bytes) -> bytes:
    """The file, changed where necessary so that older versions of Keras can read it."""
    if name.endswith(".keras"):
        return portable(content)
    return portable_json(content.decode()).encode() if name.endswith(".json") else content


def _run(message: bytes) -> dict[str, np.ndarray]:
    command = [sys.executable, "-E", "-s", str(WORKERS / "make_keras.py")]
    try:
        done = subprocess.run(command, input=message, capture_output=True, timeout=SECONDS)
        return frames.unpack(done.stdout)[1]
    except subprocess.TimeoutExpired:
        raise ExportError(
            Phrase(
                "export.slow_n", "TensorFlow took more than {0} s; try again when the computer is less busy.", SECONDS
            )
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise ExportError(
            Phrase("export.failed", "TensorFlow could not write these files ({0}).", " ".join(last)[:300])
        ) from error
