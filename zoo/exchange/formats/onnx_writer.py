"""Writes support vector machines and networks as ONNX, from the grey crop to probabilities.

Models are built with `onnx.helper`, because no converter supports this descriptor. HOG is composed of
ONNX operations, in double precision where NumPy uses it, so that every gradient falls into the same bin.

References
----------
ONNX operators, https://onnx.ai/onnx/operators/ (opset 17).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from features.descriptors import Hog, Zoom, portable
from zoo.exchange.formats.weight_packing import as_halves, as_steps
from zoo.exchange.network import layers
from zoo.exchange.network.graph import Graph, Node
from zoo.models.svm import Kernel, Linear, SvmClassifier

OPSET, IR = 17, 8
MANY = 1000  # size from which packing is worth additional nodes


class UnsupportedError(ValueError):
    """This model cannot be written as ONNX. The message says why."""


class _Pad:
    """Builder for the nodes and constants of a graph."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def op(self, kind: str, *inputs: str, **settings: Any) -> str:
        """Add a node, and return the name of its output."""
        out = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], **settings))
        return out

    def constant(self, value: object, kind: type = np.float32) -> str:
        """Add a constant, and return its name."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def weight(self, value: np.ndarray) -> str:
        """Add a float32 weight with lossless packing; runtimes unpack it once, on loading."""
        array = np.asarray(value, np.float32)
        if array.size >= MANY and (steps := as_steps(array)) is not None:
            whole, step = steps
            return self.op(
                "Mul", self.op("Cast", self.constant(whole, np.int8), to=TensorProto.FLOAT), self.constant(step)
            )
        if array.size >= MANY and (half := as_halves(array)) is not None:
            return self.op("Cast", self.constant(half, np.float16), to=TensorProto.FLOAT)
        return self.constant(array)

    def whole(self, *values: int) -> str:
        """Add a constant list of integers."""
        return self.constant(values, np.int64)

    def part(self, x: str, axis: int, start: int, stop: int) -> str:
        """Add a slice along one axis."""
        return self.op("Slice", x, self.whole(start), self.whole(stop), self.whole(axis))

    def named(self, x: str, name: str) -> None:
        """Name an output of the model."""
        self.nodes.append(helper.make_node("Identity", [x], [name]))

    def model(self, title: str, given: onnx.ValueInfoProto, *results: onnx.ValueInfoProto) -> bytes:
        """The model as a file."""
        graph = helper.make_graph(self.nodes, title, [given], list(results), self.constants)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="face-off")
        made.ir_version = IR
        onnx.checker.check_model(made, full_check=True)
        return made.SerializeToString()


def support_vectors(model: SvmClassifier) -> bytes:
    """A support vector machine on HOG: ``crop (n, S, S)`` uint8 in, ``probabilities (n, k)`` and ``descriptor`` out.

    Raises
    ------
    UnsupportedError
        Its descriptor has parts other than HOG, or signed HOG with an odd number of directions.
    """
    pad, size = _Pad(), model.align.size
    grey = pad.op("Cast", "crop", to=TensorProto.DOUBLE)
    whole = _gradients(pad, grey, (size, size))
    pieces, width = [], 0
    descriptor = portable(model.descriptor)
    for part, weight in zip(descriptor.parts, descriptor.weights, strict=True):
        if not isinstance(part, Hog):
            raise UnsupportedError(f"{type(part).__name__} is not written in ONNX; only HOG is.")
        if part.signed and part.orientations % 2:
            raise UnsupportedError("HOG with an odd number of signed directions is not written in ONNX.")
        changes = whole
        if isinstance(part, Zoom):
            changes = _gradients(pad, _enlarged(pad, grey, part, size), (part.high, part.wide))
        piece, wide = _hog(pad, changes, part, size)
        pieces.append(pad.op("Mul", piece, pad.constant(weight)))
        width += wide
    x = pad.op("Concat", *pieces, axis=1)
    pad.named(x, "descriptor")
    scores = _kernel(pad, x, model.machine) if isinstance(model.machine, Kernel) else _linear(pad, x, model.machine)
    scores = pad.op("Add", pad.op("Mul", scores, pad.constant(model.scale)), pad.constant(model.shift))
    pad.named(pad.op("Softmax", scores, axis=1), "probabilities")
    given = helper.make_tensor_value_info("crop", TensorProto.UINT8, ["n", size, size])
    probs = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", len(model.labels)])
    return pad.model("svm", given, probs, helper.make_tensor_value_info("descriptor", TensorProto.FLOAT, ["n", width]))


def _enlarged(pad: _Pad, grey: str, zoom: Zoom, size: int) -> str:
    """The enlarged part of crops, rounded to grey levels: ``(n, high, wide)``."""
    rows, columns, down, across = zoom.steps(size)
    part = pad.part(pad.part(grey, 1, rows.start, rows.stop), 2, columns.start, columns.stop)
    left, right = pad.constant(down, np.float64), pad.constant(across, np.float64)
    rounded = pad.op("Round", pad.op("MatMul", pad.op("MatMul", left, part), right))
    return pad.op("Clip", rounded, pad.constant(0, np.float64), pad.constant(255, np.float64))


def _gradients(pad: _Pad, grey: str, shape: tuple[int, int]) -> tuple[str, str, str, str]:
    """Magnitude of gradients ``(n, h, w)``; their parts to the right and down, negated if upward; the mask of these."""
    down, right = (_difference(pad, grey, axis, shape[axis - 1]) for axis in (1, 2))
    squares = pad.op("Add", pad.op("Mul", down, down), pad.op("Mul", right, right))
    zero = pad.constant(0, np.float64)
    flat = pad.op("Equal", down, zero)
    turned = pad.op("Or", pad.op("Less", down, zero), pad.op("And", flat, pad.op("Less", right, zero)))
    right = pad.op("Where", turned, pad.op("Neg", right), right)
    return pad.op("Sqrt", squares), right, pad.op("Abs", down), pad.op("Cast", turned, to=TensorProto.DOUBLE)


def _difference(pad: _Pad, grey: str, axis: int, size: int) -> str:
    """Next minus previous pixel along an axis; 0 at the border."""
    inner = pad.op("Sub", pad.part(grey, axis, 2, size), pad.part(grey, axis, 0, size - 2))
    borders = [0] * 6
    borders[axis] = borders[axis + 3] = 1
    return pad.op("Pad", inner, pad.whole(*borders), pad.constant(0, np.float64))


def _hog(pad: _Pad, gradients: tuple[str, str, str, str], hog: Hog, size: int) -> tuple[str, int]:
    """`features.descriptors.Hog` of the gradients: float32 ``(n, d)``, and d."""
    high, wide = (blocks + 1 for blocks in hog.blocks(size))
    parts = (pad.part(pad.part(x, 1, 0, high * hog.cell), 2, 0, wide * hog.cell) for x in gradients)
    strength, *direction = (pad.op("Unsqueeze", part, pad.whole(1)) for part in parts)
    each = pad.constant(np.arange(hog.orientations)[:, None, None], np.float64)
    mine = pad.op("Equal", _bins(pad, direction, hog), each)
    votes = pad.op("Where", mine, strength, pad.constant(0, np.float64))
    shape = pad.whole(-1, hog.orientations, high, hog.cell, wide, hog.cell)
    cells = pad.op("ReduceMean", pad.op("Reshape", votes, shape), axes=[3, 5], keepdims=0)
    cells = pad.op("Transpose", cells, perm=[0, 2, 3, 1])
    return _blocks(pad, cells, (high, wide)), (high - 1) * (wide - 1) * 4 * hog.orientations


def _bins(pad: _Pad, direction: list[str], hog: Hog) -> str:
    """The bin of each gradient's direction: the number of bin edges that it has passed, counted from the right.

    ONNX has no atan2, and runtimes have no arctangent in double precision; the sign of a cross
    product gives the same result. Twelve digits make the edges at 45 degrees exact.
    """
    right, down, turned = direction
    half_circle = hog.orientations // 2 if hog.signed else hog.orientations
    degrees = (np.arange(half_circle) + (0.5 if hog.centred else 1)) * 180 / half_circle
    angles = np.radians(degrees if hog.centred else degrees[:-1])[:, None, None]
    cos, sin = (pad.constant(f(angles).round(12), np.float64) for f in (np.cos, np.sin))
    side = pad.op("Sub", pad.op("Mul", cos, down), pad.op("Mul", sin, right))
    passed = pad.op("GreaterOrEqual", side, pad.constant(0, np.float64))
    bins = pad.op("ReduceSum", pad.op("Cast", passed, to=TensorProto.DOUBLE), pad.whole(1), keepdims=1)
    if hog.signed:
        bins = pad.op("Add", bins, pad.op("Mul", turned, pad.constant(half_circle, np.float64)))
    if not hog.centred:
        return bins
    last = pad.op("Equal", bins, pad.constant(hog.orientations, np.float64))
    return pad.op("Where", last, pad.constant(0, np.float64), bins)


def _blocks(pad: _Pad, cells: str, count: tuple[int, int]) -> str:
    """All 2 x 2 blocks of cells ``(n, high, wide, o)``, normalised L2-Hys: float32 ``(n, d)``."""
    corners = []
    for row in (0, 1):
        for column in (0, 1):
            corner = pad.part(pad.part(cells, 1, row, count[0] - 1 + row), 2, column, count[1] - 1 + column)
            corners.append(pad.op("Unsqueeze", corner, pad.whole(3)))
    blocks = pad.op("Concat", *corners, axis=3)
    blocks = pad.op("Min", _unit(pad, blocks), pad.constant(0.2, np.float64))
    flat = pad.op("Flatten", _unit(pad, blocks), axis=1)
    return pad.op("Cast", flat, to=TensorProto.FLOAT)


def _unit(pad: _Pad, blocks: str) -> str:
    squares = pad.op("ReduceSum", pad.op("Mul", blocks, blocks), pad.whole(3, 4), keepdims=1)
    return pad.op("Div", blocks, pad.op("Sqrt", pad.op("Add", squares, pad.constant(1e-10, np.float64))))


def _linear(pad: _Pad, x: str, machine: Linear) -> str:
    return pad.op("Add", pad.op("MatMul", x, pad.weight(machine.weights)), pad.weight(machine.bias))


def _kernel(pad: _Pad, x: str, machine: Kernel) -> str:
    """Scores of an RBF machine after a projection, averaged over a face and its mirror image if ``even`` is set."""
    support = np.asarray(machine.vectors)
    z = pad.op("MatMul", pad.op("Sub", x, pad.weight(machine.mean)), pad.weight(np.asarray(machine.components)))
    width = support.shape[1]
    even = width if machine.even is None else machine.even
    vectors = pad.weight(support.T)
    kept = pad.op("MatMul", pad.part(z, 1, 0, even), pad.part(vectors, 0, 0, even))
    squares = pad.op("ReduceSum", pad.op("Mul", z, z), pad.whole(1), keepdims=1)
    squares = pad.op("Add", squares, pad.constant((support**2).sum(axis=1)))
    products = [kept]
    if machine.even is not None:
        turned = pad.op("MatMul", pad.part(z, 1, even, width), pad.part(vectors, 0, even, width))
        products = [pad.op("Add", kept, turned), pad.op("Sub", kept, turned)]
    kernels = [_rbf(pad, product, squares, machine.gamma) for product in products]
    kernel = pad.op("Mean", *kernels)
    scores = pad.op("MatMul", kernel, pad.weight(machine.coefficients))
    return pad.op("Add", scores, pad.weight(machine.bias))


def _rbf(pad: _Pad, products: str, squares: str, gamma: float) -> str:
    apart = pad.op("Sub", squares, pad.op("Mul", products, pad.constant(2)))
    apart = pad.op("Max", apart, pad.constant(0))
    return pad.op("Exp", pad.op("Mul", apart, pad.constant(-gamma)))


def network(graph: Graph, title: str = "cnn") -> bytes:
    """A network: ``crop (n, h, w, c)`` float32 in, ``probabilities (n, k)`` out.

    Raises
    ------
    UnsupportedError
        It has an unsupported layer; shipped and taught networks have none.
    """
    pad = _Pad()
    made = {"": pad.op("Transpose", "crop", perm=[0, 3, 1, 2])}  # ONNX puts channels before rows
    for node in graph.nodes:
        if node.kind not in _WRITERS:
            raise UnsupportedError(f"Layer {node.name}: {node.kind} is not written in ONNX.")
        made[node.name] = _WRITERS[node.kind](pad, node, *(made[name] for name in node.inputs))
    pad.named(made[graph.nodes[-1].name], "probabilities")
    given = helper.make_tensor_value_info("crop", TensorProto.FLOAT, ["n", *graph.input_shape])
    return pad.model(
        title, given, helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", graph.outputs])
    )


def _conv(pad: _Pad, node: Node, x: str) -> str:
    layer = node.layer_as(layers.Conv2D)
    inputs = [x, pad.weight(node.weights["kernel"].transpose(3, 2, 0, 1))]
    inputs += [pad.weight(node.weights["bias"])] if layer.use_bias else []
    edges = "SAME_UPPER" if layer.padding == "same" else "VALID"
    out = pad.op("Conv", *inputs, auto_pad=edges, strides=layer.strides, dilations=layer.dilation)
    return _activated(pad, out, layer.activation)


def _activated(pad: _Pad, x: str, activation: str) -> str:
    known = {"relu": "Relu", "elu": "Elu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softsign": "Softsign"}
    if activation == "linear":
        return x
    if activation == "softmax":
        return pad.op("Softmax", x, axis=1)
    if activation not in known:
        raise UnsupportedError(f"{activation} is not written in ONNX.")
    return pad.op(known[activation], x)


def _depthwise(pad: _Pad, node: Node, x: str) -> str:
    layer = node.layer_as(layers.DepthwiseConv2D)
    height, width, channels, each = node.weights["kernel"].shape
    kernel = node.weights["kernel"].reshape(height, width, 1, channels * each).transpose(3, 2, 0, 1)
    inputs = [x, pad.weight(kernel)] + ([pad.weight(node.weights["bias"])] if layer.use_bias else [])
    edges = "SAME_UPPER" if layer.padding == "same" else "VALID"
    out = pad.op("Conv", *inputs, auto_pad=edges, strides=layer.strides, group=channels)
    return _activated(pad, out, layer.activation)


def _dense(pad: _Pad, node: Node, x: str) -> str:
    layer = node.layer_as(layers.Dense)
    out = pad.op("MatMul", x, pad.weight(node.weights["kernel"]))
    out = pad.op("Add", out, pad.weight(node.weights["bias"])) if layer.use_bias else out
    return _activated(pad, out, layer.activation)


def _batch_normalization(pad: _Pad, node: Node, x: str) -> str:
    width = len(node.weights["moving_mean"])
    filled = {"gamma": np.ones(width), "beta": np.zeros(width), **node.weights}
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    epsilon = node.layer_as(layers.BatchNormalization).epsilon
    return pad.op("BatchNormalization", x, *(pad.constant(filled[n]) for n in names), epsilon=epsilon)


def _layer_normalization(pad: _Pad, node: Node, x: str) -> str:
    centred = pad.op("Sub", x, pad.op("ReduceMean", x, axes=[1, 2, 3], keepdims=1))
    spread = pad.op("ReduceMean", pad.op("Mul", centred, centred), axes=[1, 2, 3], keepdims=1)
    epsilon = pad.constant(node.layer_as(layers.LayerNormalization).epsilon)
    return pad.op("Div", centred, pad.op("Sqrt", pad.op("Add", spread, epsilon)))


def _relu(pad: _Pad, node: Node, x: str) -> str:
    layer = node.layer_as(layers.ReLU)
    if layer.slope or layer.limit != math.inf:
        raise UnsupportedError("a ReLU with a slope or a limit is not written in ONNX.")
    return pad.op("Relu", x)


def _max_pooling(pad: _Pad, node: Node, x: str) -> str:
    layer = node.layer_as(layers.MaxPooling2D)
    edges = "SAME_UPPER" if layer.padding == "same" else "VALID"
    return pad.op("MaxPool", x, kernel_shape=layer.kernel, strides=layer.strides, auto_pad=edges)


def _reshape(pad: _Pad, node: Node, x: str) -> str:
    """Reshape a row to a picture, then move channels before rows."""
    target = node.layer_as(layers.Reshape).target
    if len(target) != 3:
        raise UnsupportedError(f"a Reshape to {target} is not written in ONNX.")
    return pad.op("Transpose", pad.op("Reshape", x, pad.whole(-1, *target)), perm=[0, 3, 1, 2])


_WRITERS: dict[str, Callable[..., str]] = {
    "Conv2D": _conv,
    "DepthwiseConv2D": _depthwise,
    "Dense": _dense,
    "Flatten": lambda pad, node, x: pad.op("Flatten", pad.op("Transpose", x, perm=[0, 2, 3, 1]), axis=1),
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _layer_normalization,
    "ReLU": _relu,
    "MaxPooling2D": _max_pooling,
    "Reshape": _reshape,
    "Activation": lambda pad, node, x: _activated(pad, x, node.layer_as(layers.Activation).activation),
    "Add": lambda pad, node, *x: pad.op("Sum", *x),
    "Multiply": lambda pad, node, *x: pad.op("Mul", *x),
    "GlobalAveragePooling2D": lambda pad, node, x: pad.op("ReduceMean", x, axes=[2, 3], keepdims=0),
}
