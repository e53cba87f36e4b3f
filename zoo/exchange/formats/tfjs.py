"""Reads and writes TensorFlow.js layers models: ``model.json`` and ``weights.bin``.

The former contains the configuration in the form of Keras 2 and a table of the weights, the latter the weights.
This is implemented here because the Python package ``tensorflowjs`` conflicts with current versions of other packages.
Weights are stored in half precision or bytes where that is lossless; TensorFlow.js expands them.

References
----------
tfjs-core, ``io/types.ts`` (``ModelJSON``, ``WeightsManifestConfig``).
"""

from __future__ import annotations

import json
import math

import numpy as np

from features.phrase import Phrase
from zoo.exchange.errors import ModelFileError
from zoo.exchange.formats.keras_config import blueprint, elements
from zoo.exchange.formats.weight_packing import pack
from zoo.exchange.network.graph import MAX_WEIGHTS, Graph, Node
from zoo.exchange.network.layer_base import Weights
from zoo.exchange.validation import number, read_json, record, rows, text
from zoo.filenames import quoted
from zoo.safe_zip import SafeZip

MAX_BYTES = 4 * MAX_WEIGHTS
_SIZES = {"float32": 4, "float16": 2, "uint8": 1, "uint16": 2}


def write(graph: Graph, config: dict) -> dict[str, bytes]:
    """A network as files for `tf.loadLayersModel`.

    Parameters
    ----------
    graph : Graph
    config : dict
        Its configuration in the form of Keras 2, from `zoo.exchange.formats.keras_config.describe`.
    """
    table, content = pack_weights(graph)
    model = {
        "format": "layers-model",
        "generatedBy": "Face-off",
        "convertedBy": None,
        "modelTopology": {"keras_version": "2.15.0", "backend": "tensorflow", "model_config": config},
        "weightsManifest": [{"paths": ["weights.bin"], "weights": table}],
    }
    return {"model.json": json.dumps(model).encode(), "weights.bin": content}


def pack_weights(graph: Graph) -> tuple[list[dict], bytes]:
    """The table of a network's weights and their bytes; see `zoo.exchange.formats.weight_packing`."""
    return pack(
        {f"{node.name}/{_called(node, name)}": array for node in graph.nodes for name, array in node.weights.items()}
    )


def _called(node: Node, name: str) -> str:
    """A weight's name in Keras 2."""
    return "depthwise_kernel" if (node.kind, name) == ("DepthwiseConv2D", "kernel") else name


def read(archive: SafeZip, name: str) -> Graph:
    """Read a network from a zip.

    Parameters
    ----------
    archive : SafeZip
    name : str
        The path of ``model.json`` in the zip; the files of weights must be beside it.

    Raises
    ------
    ModelFileError
        Something is missing, invalid, unsupported or too large.
    """
    model = record(read_json(archive, name), name)
    topology = record(model.get("modelTopology"), "modelTopology")
    plan = blueprint(topology.get("model_config", topology))
    named: dict[str, Weights] = {}
    files: set[str] = set()
    for group in rows(model.get("weightsManifest"), "weightsManifest"):
        group = record(group, "weightsManifest")
        read_group(_content(archive, name, group, files), rows(group.get("weights"), "weights"), named)
    return plan.with_weights(named)


def _content(archive: SafeZip, model: str, group: dict, files: set[str]) -> bytes:
    """The concatenated bytes of a group's files, which must be beside ``model.json``; their names join `files`.

    Each file is read once: a small zip may name a large file many times.
    """
    parts: list[bytes] = []
    for path in rows(group.get("paths"), "paths"):
        found = archive.beside(model, text(path, "A path of weights"))
        if not found:
            raise ModelFileError(
                Phrase("import.lacks", "The zip lacks the file of weights {0}. Export the model again.", quoted(path))
            )
        if found in files:
            raise ModelFileError(f"weightsManifest names the file {quoted(path)} twice. Export the model again.")
        files.add(found)
        parts.append(archive.read(found, MAX_BYTES - sum(map(len, parts))))
    return b"".join(parts)


def read_group(content: bytes, table: list, named: dict[str, Weights]) -> None:
    """Add weights to `named`, by layer and name.

    Parameters
    ----------
    content : bytes
        All weights, one after the other.
    table : list
        Their ``{name, shape, dtype}``, untrusted.
    named : dict
        The weights so far; the new ones are added.

    Raises
    ------
    ModelFileError
        The table is invalid or does not match the content, or there are more than `MAX_WEIGHTS` weights.
    """
    start, left = 0, MAX_WEIGHTS - sum(array.size for weights in named.values() for array in weights.values())
    for entry in table[:4000]:
        entry = record(entry, "An entry of the table of weights")
        name = text(entry.get("name"), "A weight's name")
        array, size = _array(content, start, entry, name, left)
        start, left = start + size, left - array.size
        layer, _, kind = name.rpartition("/")
        kind = "kernel" if kind == "depthwise_kernel" else kind
        weights = named.setdefault(layer.rpartition("/")[2], {})
        if kind in weights:
            raise ModelFileError(f"The table of weights has {quoted(name)} twice.")
        weights[kind] = array
    if start != len(content):
        raise ModelFileError(f"The weights have {len(content):,} bytes; the table of weights says {start:,}.")


def _array(content: bytes, start: int, entry: dict, name: str, most: int) -> tuple[np.ndarray, int]:
    """One weight of at most `most` numbers, and its size in bytes."""
    packed = record(entry.get("quantization") or {}, f"{name}: quantization")
    kind = packed.get("dtype", entry.get("dtype"))
    if not isinstance(kind, str) or kind not in _SIZES:
        raise ModelFileError(f"{quoted(name)} is of type {quoted(kind)}; expected one of {', '.join(_SIZES)}.")
    shape = elements(entry.get("shape"), quoted(name))
    size = math.prod(shape)
    if size > most:
        raise ModelFileError(
            Phrase(
                "import.weights_n",
                "The model has more than {0:,} weights, the limit. Export a smaller one.",
                MAX_WEIGHTS,
            )
        )
    if start + size * _SIZES[kind] > len(content):
        raise ModelFileError(
            Phrase(
                "import.cut",
                "The weights are cut off: {0} is not in the file. Export the model again.",
                quoted(name),
            )
        )
    values = np.frombuffer(content, np.dtype(kind).newbyteorder("<"), size, start).astype(np.float32).reshape(shape)
    if kind.startswith("uint"):
        scale, least = number(packed, "scale", -1e6, 1e6, 1), number(packed, "min", -1e9, 1e9, 0)
        values = values * np.float32(scale) + np.float32(least)
    return values, size * _SIZES[kind]
