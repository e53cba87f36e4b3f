"""Converts a trained network to a `Graph` of layers that Keras 2 and 3, TensorFlow.js, LiteRT and ONNX all have.

The shipped networks standardise each crop with ``keras.ops``, which are not layers in other formats.
Here layers alone compute the same: for a crop x with mean m and standard deviation s,

    u = LayerNormalization(x) = (x - m) / s
    mean of x * u             = s
    softsign(s)               = s / (1 + s)
    u * softsign(s)           = (x - m) / (s + 1)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from features.descriptors import Joined
from zoo.cards import Card, CardError, checked
from zoo.exchange.exports import rbf_layers
from zoo.exchange.formats.hdf5 import by_place, read_h5
from zoo.exchange.formats.keras_config import blueprint
from zoo.exchange.network import layers as kinds
from zoo.exchange.network.graph import Graph, Node, check
from zoo.exchange.network.layer_base import Layer, Shape
from zoo.exchange.validation import MODEL_ZIP, model_zip, read_json, record
from zoo.models import registry
from zoo.models.cnn import CnnClassifier
from zoo.models.svm import Kernel, Linear, SvmClassifier
from zoo.teach.head_model import TaughtCnn

Dense = tuple[np.ndarray, np.ndarray]  # kernel and bias
SERVED, KEPT = "model.tflite", "model.keras"
MIRRORED = "_mirrored"
HOG_KINDS = ("hog", "textbookhog", "zoom")  # kinds of descriptors that exported programs compute
TINY = 1e-6  # avoids a division by 0 for uniform crops; other standard deviations are far larger


def network(model: CnnClassifier | TaughtCnn, root: Path = registry.CHECKPOINTS) -> Graph:
    """A classifier's network, from the crop (0 to 255) to calibrated probabilities.

    Parameters
    ----------
    model : CnnClassifier or TaughtCnn
        A shipped network, or a head taught on one.
    root : Path
        Folder of the shipped networks.

    Returns
    -------
    Graph
        The trunk's weights are rounded to half precision, as in the served file unless that is in eight bits.

    Raises
    ------
    CardError
        The network's ``.keras`` file is missing or has changed.
    """
    shape, once, head = _trunk(model.trunk.name if isinstance(model, TaughtCnn) else model.name, root)
    nodes, layers = list(once), model.layers if isinstance(model, TaughtCnn) else (head,)
    if model.mirror:
        nodes, layers = both_ways(shape, nodes), _halved(layers)
    end = ("probabilities", "softmax") if model.kernel_head is None else ("first", "linear")
    nodes = [*nodes, *_dense(layers, nodes[-1].name, model.temperature, end)]
    if model.kernel_head is not None:
        middle = [node.name for node in once if node.kind == "MaxPooling2D"][1]
        nodes += read_again(_cooled(model.kernel_head, model.temperature), middle, model.mirror)
    return check(Graph(shape, tuple(nodes)))


def _dense(
    layers: Sequence[tuple[np.ndarray, np.ndarray]], source: str, temperature: float, end: tuple[str, str]
) -> list[Node]:
    """Dense layers with ReLU; the last has the name and activation in `end`, and logits over `temperature`."""
    nodes = []
    for i, (kernel, bias) in enumerate(layers):
        name, activation = end if i == len(layers) - 1 else (f"dense_{i + 1}", "relu")
        scale = np.float32(temperature if i == len(layers) - 1 else 1.0)
        weights = {"kernel": (kernel / scale).astype(np.float32), "bias": (bias / scale).astype(np.float32)}
        nodes.append(_node(name, kinds.Dense(len(bias), True, activation), source, **weights))
        source = name
    return nodes


def read_again(machine: Kernel, middle: str, mirrored: bool) -> list[Node]:
    """Nodes that add a kernel machine's scores for intermediate maps to the logits, and compute probabilities.

    Parameters
    ----------
    machine : Kernel
    middle : str
        Name of the node that outputs the maps.
    mirrored : bool
        Whether the trunk has a mirrored copy, whose maps are averaged with the others (see `both_ways`).
    """
    maps, before = middle, list[Node]()
    if mirrored:
        maps = "middle"
        before = [Node(maps, "Add", {}, kinds.Add(), (middle, f"{middle}{MIRRORED}"), {})]
    second = rbf_layers.scores(machine, maps, 0.5 if mirrored else 1.0)
    added = Node("twice", "Add", {}, kinds.Add(), ("first", second[-1].name), {})
    return [*before, *second, added, _node("probabilities", kinds.Activation("softmax"), "twice")]


def _cooled(machine: Kernel, temperature: float) -> Kernel:
    """The machine with its scores divided by a temperature."""
    scale = np.float32(temperature)
    return replace(machine, coefficients=machine.coefficients / scale, bias=machine.bias / scale)


def both_ways(shape: Shape, nodes: list[Node]) -> list[Node]:
    """A trunk and its mirrored copy, with their embeddings added: the sum for a face and its mirror image.

    No format has a layer for mirroring. But a network with mirrored kernels computes for a face what the original
    computes for the mirror image, because all layers before a mean or Flatten are symmetric in other respects.
    """
    names = {"": ""} | {node.name: f"{node.name}{MIRRORED}" for node in nodes}
    shapes = Graph(shape, tuple(nodes)).shapes()
    flattened = {node.name: shapes[node.inputs[0]] for node in nodes if node.kind == "Flatten"}
    turned = []
    for node in nodes:
        weights = dict(node.weights)
        if "kernel" in weights:
            weights["kernel"] = _mirrored(weights["kernel"], flattened.get(node.inputs[0]))
        inputs = tuple(names[name] for name in node.inputs)
        turned.append(replace(node, name=names[node.name], inputs=inputs, weights=weights))
    last = nodes[-1].name
    return [*nodes, *turned, Node("both", "Add", {}, kinds.Add(), (last, names[last]), {})]


def _mirrored(kernel: np.ndarray, picture: Shape | None) -> np.ndarray:
    """A mirrored kernel ``(h, w, c, k)``, or one that reads flattened maps; others are unchanged."""
    if kernel.ndim == 4:
        return kernel[:, ::-1]
    return kernel.reshape(*picture, -1)[:, ::-1].reshape(kernel.shape) if picture else kernel


def _halved(layers: tuple[Dense, ...]) -> tuple[Dense, ...]:
    """The layers adapted to a sum of two embeddings instead of their mean."""
    (kernel, bias), *others = layers
    return (kernel / 2, bias), *others


def on_network(machine: SvmClassifier, root: Path = registry.CHECKPOINTS) -> TaughtCnn | None:
    """A linear machine on a shipped network's embedding, as a network with one dense layer and equal probabilities.

    Parameters
    ----------
    machine : SvmClassifier
    root : Path
        Folder of the shipped models.

    Returns
    -------
    TaughtCnn or None
        None for any other machine, and if the network that it was trained on is missing or has changed.
    """
    if isinstance(machine.descriptor, Joined) or not isinstance(machine.machine, Linear):
        return None
    card = registry.card(machine.name, root)
    network = str(card.settings.get("network", ""))
    if network not in registry.names(root) or registry.card(network, root).files[SERVED] != card.files[SERVED]:
        return None
    weights, bias = machine.machine.weights * machine.scale, machine.machine.bias * machine.scale + machine.shift
    trunk, layers = registry.load(network, root), ((weights, bias),)
    if not isinstance(trunk, CnnClassifier):
        return None
    mirror = bool(card.settings.get("mirror", False))
    return TaughtCnn(machine.name, machine.labels, machine.align, trunk, layers, mirror=mirror)


def goes_out(card: Card, root: Path = registry.CHECKPOINTS) -> bool:
    """Whether a shipped model can be exported.

    Networks need a ``.keras`` file, their own or their trunk's; support vector machines must be on HOG.
    """
    if card.loader == "svm":
        return all(part.get("kind") in HOG_KINDS for part in card.settings["descriptor"])
    if KEPT in card.files or not card.loader.startswith("tflite"):
        return True
    network = str(card.settings.get("network", ""))
    return network in registry.names(root) and KEPT in registry.card(network, root).files


def half(values: np.ndarray) -> np.ndarray:
    """Values rounded to half precision, as float32."""
    return values.astype(np.float16).astype(np.float32)


@cache
def _trunk(name: str, root: Path) -> tuple[Shape, tuple[Node, ...], tuple[np.ndarray, np.ndarray]]:
    """A shipped network's input, its nodes up to the embedding, and the kernel and bias of its own head."""
    owner = _owner(registry.card(name, root), root)
    graph = from_keras(checked(root / owner.name, owner, KEPT).read_bytes())
    *nodes, head = (_rounded(node) for node in graph.nodes)
    return graph.input_shape, tuple(nodes), (head.weights["kernel"], head.weights["bias"])


def _owner(card: Card, root: Path) -> Card:
    """The card whose folder has a network's ``.keras`` file: the model's own, or that of the model it is built on.

    Raises
    ------
    CardError
        The network it was built on is missing or has changed.
    """
    name = card.settings.get("network")
    if KEPT in card.files or not name:
        return card
    owner = registry.card(str(name), root) if name in registry.names(root) else None
    if owner is None or owner.files.get(SERVED) != card.files[SERVED]:
        raise CardError(f"{card.name} was built on a network {name} that is not in {root}; train {card.name} again.")
    return owner


def from_keras(data: bytes) -> Graph:
    """The graph of a ``model.keras`` of this app, from crop to logits, with batch normalisation folded where possible.

    Parameters
    ----------
    data : bytes
        The file; its first output is the logits.

    Raises
    ------
    ModelFileError
        The file is damaged, or contains an unsupported layer.
    """
    with model_zip(data) as file:
        config = record(read_json(file, "config.json"), "config.json")
        arrays = read_h5(file.read("model.weights.h5", MODEL_ZIP.unpacked)).arrays
    plan = blueprint(_with_layers_only(config, config["config"]["output_layers"][0][0]))
    graph = plan.with_weights(by_place(arrays, plan.paths, plan.weight_names()))
    *nodes, head = _folded(_plain_pooling(graph))
    return check(Graph(graph.input_shape, tuple(_named(nodes, head))))


def _with_layers_only(config: dict, output: str) -> dict:
    """The configuration with one output, and its operations replaced by the layers in the module's docstring."""
    inner = config["config"]
    operations = [layer["name"] for layer in inner["layers"] if layer["module"].startswith("keras.src.ops")]
    kept = [layer for layer in inner["layers"] if layer["name"] not in operations]
    crop = inner["input_layers"][0]
    crop = crop if isinstance(crop, str) else crop[0]  # a single input, or a list of one
    entries = [
        _entry("LayerNormalization", "unit", [crop], axis=[1, 2, 3], epsilon=TINY, center=False, scale=False),
        _entry("Multiply", "times", [crop, "unit"]),
        _entry("GlobalAveragePooling2D", "spread", ["times"]),
        _entry("Activation", "softsign", ["spread"], activation="softsign"),
        _entry("Reshape", "factor", ["softsign"], target_shape=[1, 1, 1]),
        _entry("Multiply", operations[-1], ["unit", "factor"]),
    ]
    layers = [*kept[:1], *entries, *kept[1:]]
    return config | {"config": inner | {"layers": layers, "output_layers": [[output, 0, 0]]}}


def _entry(kind: str, name: str, sources: Sequence[str], **settings: object) -> dict:
    inputs = [[[source, 0, 0, {}] for source in sources]]
    return {"class_name": kind, "name": name, "config": {"name": name, **settings}, "inbound_nodes": inputs}


def _plain_pooling(graph: Graph) -> list[Node]:
    """The nodes with `keepdims` means replaced by a mean and a Reshape, for TensorFlow.js."""
    shapes, nodes = graph.shapes(), []
    for node in graph.nodes:
        if isinstance(node.layer, kinds.GlobalAveragePooling2D) and node.layer.keepdims:
            mean = f"{node.name}_mean"
            nodes.append(replace(node, name=mean, layer=kinds.GlobalAveragePooling2D()))
            nodes.append(_node(node.name, kinds.Reshape(shapes[node.name]), mean))
        else:
            nodes.append(node)
    return nodes


def _node(name: str, layer: Layer, source: str, **weights: np.ndarray) -> Node:
    return Node(name, type(layer).__name__, {}, layer, (source,), weights)


def _folded(nodes: list[Node]) -> list[Node]:
    """The nodes with each batch normalisation folded into the layer before it, as LiteRT's converter does."""
    readers = [name for node in nodes for name in node.inputs]
    made: dict[str, Node] = {}
    for node in nodes:
        before = made.get(node.inputs[0])
        if node.kind == "BatchNormalization" and before and readers.count(before.name) == 1 and _is_linear(before):
            del made[before.name]
            made[node.name] = _fold(before, node)
        else:
            made[node.name] = node
    return list(made.values())


def _is_linear(node: Node) -> bool:
    return isinstance(node.layer, _LEARNED) and node.layer.activation == "linear"


def _fold(node: Node, norm: Node) -> Node:
    weights, layer = norm.weights, node.layer
    assert isinstance(layer, _LEARNED)  # see _is_linear
    epsilon = np.float32(norm.layer_as(kinds.BatchNormalization).epsilon)
    slope = weights["gamma"] / np.sqrt(weights["moving_variance"] + epsilon)
    bias = weights["beta"] + (node.weights.get("bias", np.zeros(1, np.float32)) - weights["moving_mean"]) * slope
    each = slope.reshape(-1, layer.multiplier) if isinstance(layer, kinds.DepthwiseConv2D) else slope
    folded = {"kernel": node.weights["kernel"] * each, "bias": bias}
    return replace(node, name=norm.name, layer=replace(layer, use_bias=True), weights=folded)


_LEARNED = (kinds.Conv2D, kinds.DepthwiseConv2D, kinds.Dense)


def _rounded(node: Node) -> Node:
    """The node with weights rounded to half precision, as they are served."""
    if not isinstance(node.layer, _LEARNED):
        return node
    return replace(node, weights={name: half(array) for name, array in node.weights.items()})


def _named(nodes: list[Node], head: Node) -> list[Node]:
    """The nodes named by kind and number, except the last two, which are called embedding and logits."""
    counts: dict[str, int] = {}
    names = {"": ""}
    for node in nodes:
        counts[node.kind] = counts.get(node.kind, 0) + 1
        names[node.name] = f"{node.kind.lower()}_{counts[node.kind]}"
    names |= {nodes[-1].name: "embedding", head.name: "logits"}
    named = [*nodes, head]
    return [replace(node, name=names[node.name], inputs=tuple(names[i] for i in node.inputs)) for node in named]
