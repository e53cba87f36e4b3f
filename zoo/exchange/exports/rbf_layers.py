"""Converts an RBF kernel machine to layers that every format has.

For a projected descriptor z and a support vector v,

    -γ|z - v|² = 2γ v·z - γ|v|² - γ|z|²        a 1 x 1 convolution, and a sum of squares
    elu(t)     = exp(t) - 1, for t <= 0        the kernel, less one

z and its mirrored version form a picture of 1 x 2 pixels, over which a mean averages the kernel.
"""

from __future__ import annotations

import numpy as np

from zoo.exchange.network import layers
from zoo.exchange.network.graph import Node
from zoo.exchange.network.layer_base import Layer
from zoo.models.svm import Kernel


def scores(machine: Kernel, maps: str, share: float) -> list[Node]:
    """Nodes that compute the machine's scores ``(k,)`` from maps ``(h, w, c)``; the last is called ``second``.

    Parameters
    ----------
    machine : Kernel
        A machine on the flattened maps.
    maps : str
        Name of the node that outputs the maps.
    share : float
        Factor for the maps: 0.5 if they are the sum for a face and its mirror image.
    """
    components, vectors, gamma = np.asarray(machine.components), np.asarray(machine.vectors), machine.gamma
    depth = components.shape[1]
    signs = np.ones(depth, np.float32)
    signs[depth if machine.even is None else machine.even :] = -1
    squares = (vectors**2).sum(axis=1)
    both = {"kernel": np.concatenate([np.eye(depth), np.diag(signs)], axis=1)}
    near = {"kernel": 2 * gamma * vectors.T[None, None], "bias": -gamma * squares}
    return [
        _node("row", layers.Flatten(), maps),
        _node(
            "directions",
            layers.Dense(depth),
            "row",
            kernel=components * share,
            bias=-machine.mean @ components,
        ),
        _node("both_rows", layers.Dense(2 * depth, use_bias=False), "directions", **both),
        _node("pair", layers.Reshape((1, 2, depth)), "both_rows"),
        _node("products", layers.Conv2D(len(vectors), (1, 1)), "pair", **near),
        _node("same", layers.Reshape((1, 2, depth)), "both_rows"),  # TensorFlow.js frees inputs used twice by a layer
        _node("squared", layers.Multiply(), "pair", "same"),
        _node("length", layers.Conv2D(1, (1, 1), use_bias=False), "squared", kernel=np.full((1, 1, depth, 1), -gamma)),
        _node("apart", layers.Add(), "products", "length"),
        _node("near", layers.Activation("elu"), "apart"),
        _node("kernel", layers.GlobalAveragePooling2D(), "near"),
        _node(
            "second",
            layers.Dense(machine.coefficients.shape[1]),
            "kernel",
            kernel=machine.coefficients,
            bias=machine.bias + machine.coefficients.sum(axis=0),  # adds the 1 that elu subtracts
        ),
    ]


def _node(name: str, layer: Layer, *inputs: str, **weights: np.ndarray) -> Node:
    arrays = {key: np.asarray(array, np.float32) for key, array in weights.items()}
    return Node(name, type(layer).__name__, {}, layer, inputs, arrays)
