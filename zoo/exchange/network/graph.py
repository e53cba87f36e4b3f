"""A network as a list of layers with weights, validated first and evaluated in NumPy."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np

from features.phrase import Phrase
from zoo.exchange.errors import ModelFileError
from zoo.exchange.network.layer_base import Layer, Shape, Weights, named_shapes
from zoo.filenames import quoted

L = TypeVar("L", bound=Layer)
MAX_LAYERS = 1000
MAX_WEIGHTS = 12_000_000  # 46 MB as float32
MAX_SECONDS = 1.0  # per face, estimated
MAX_MEMORY = 40_000_000  # numbers in memory per layer


@dataclass(frozen=True, eq=False)
class Node:
    """A layer with its inputs and weights.

    Parameters
    ----------
    name : str
    kind : str
        The layer's class in Keras.
    config : dict
        The layer's settings as read, unchecked.
    layer : Layer
        The layer with the checked settings.
    inputs : tuple of str
        Names of its input nodes; ``""`` is the network's input.
    weights : dict
        Name to float32 array.
    """

    name: str
    kind: str
    config: dict
    layer: Layer
    inputs: tuple[str, ...]
    weights: Weights = field(default_factory=dict)

    def layer_as(self, kind: type[L]) -> L:
        """The layer, which must be of this class; `TypeError` otherwise."""
        if not isinstance(self.layer, kind):
            raise TypeError(f"node {self.name} is a {type(self.layer).__name__}; expected a {kind.__name__}")
        return self.layer


@dataclass(frozen=True, eq=False)
class Graph:
    """A network with one input and one output, and nodes in topological order.

    Parameters
    ----------
    input_shape : tuple of int
        Height, width, channels.
    nodes : tuple of Node
        The last one's output is the network's.
    """

    input_shape: Shape
    nodes: tuple[Node, ...]

    def shapes(self) -> dict[str, Shape]:
        """Output shape of every node, by name."""
        shapes = {"": self.input_shape}
        for node in self.nodes:
            shapes[node.name] = node.layer.shape(*(shapes[name] for name in node.inputs))
        return shapes

    @property
    def outputs(self) -> int:
        """Number of outputs, k."""
        return self.shapes()[self.nodes[-1].name][0]

    @property
    def parameters(self) -> int:
        """Number of parameters."""
        return sum(array.size for node in self.nodes for array in node.weights.values())

    @cached_property
    def seconds(self) -> float:
        """Rough estimate of the time for one picture on one core."""
        shapes = self.shapes()
        return sum(node.layer.work(*(shapes[name] for name in node.inputs))[0] for node in self.nodes) / 1e9

    def run(self, x: np.ndarray) -> np.ndarray:
        """Evaluate ``(n, h, w, c) -> (n, k)``, float32, one picture at a time to limit memory."""
        rows = [self._run(picture[None]) for picture in np.asarray(x, np.float32)]
        return np.concatenate(rows) if rows else np.zeros((0, self.outputs), np.float32)

    def _run(self, x: np.ndarray) -> np.ndarray:
        last_use = {name: i for i, node in enumerate(self.nodes) for name in node.inputs}
        values = {"": x}
        with np.errstate(all="ignore"):  # overflows show in the output, which is checked
            for i, node in enumerate(self.nodes):
                values[node.name] = node.layer(node.weights, *(values[name] for name in node.inputs))
                for name in set(node.inputs):
                    if last_use[name] == i:
                        del values[name]
        return values[self.nodes[-1].name].astype(np.float32, copy=False)


def check(graph: Graph) -> Graph:
    """The graph, if it is consistent and within the limits; `ModelFileError` otherwise."""
    if not 1 <= len(graph.nodes) <= MAX_LAYERS:
        raise ModelFileError(f"The model has {len(graph.nodes)} layers; expected 1 to {MAX_LAYERS}.")
    if graph.parameters > MAX_WEIGHTS:
        raise ModelFileError(
            Phrase(
                "import.large_n", "The model has {0:,} weights; at most {1:,} are read.", graph.parameters, MAX_WEIGHTS
            )
        )
    shapes = {"": graph.input_shape}
    total = 0.0
    for node in graph.nodes:
        total += _check_node(node, [shapes[name] for name in node.inputs])
        shapes[node.name] = node.layer.shape(*(shapes[name] for name in node.inputs))
        if total > MAX_SECONDS:
            raise ModelFileError(
                Phrase(
                    "import.slow_n", "The model would take more than {0:.0f} s for each face: too slow.", MAX_SECONDS
                )
            )
    if len(shapes[graph.nodes[-1].name]) != 1:
        raise ModelFileError(
            Phrase("import.picture", "The model outputs a picture, not a row of probabilities: it is not a classifier.")
        )
    return graph


def _check_node(node: Node, inputs: list[Shape]) -> float:
    """Check a node's memory and weights, and return roughly how many seconds it takes."""
    try:
        shape = node.layer.shape(*inputs)
        expected = node.layer.parameters(*inputs)
        time, memory = node.layer.work(*inputs)
    except ModelFileError as error:
        raise ModelFileError(Phrase("import.in_layer", "Layer {0}: {1}", node.name, str(error))) from None
    if max(memory, math.prod(shape)) > MAX_MEMORY:
        raise ModelFileError(f"Layer {node.name} would make {memory:,} numbers at once; at most {MAX_MEMORY:,} may be.")
    got = {name: array.shape for name, array in node.weights.items()}
    if got != expected:
        wanted = named_shapes(expected)
        raise ModelFileError(
            f"Layer {quoted(node.name)} ({node.kind}) has the weights {named_shapes(got)}; it needs {wanted}."
        )
    if not all(np.isfinite(array).all() for array in node.weights.values()):
        raise ModelFileError(f"Layer {node.name} has weights that are not finite numbers (NaN or infinite).")
    return time / 1e9
