"""Reads Keras' configuration of a network (versions 2 and 3, and TensorFlow.js) as a flat `Graph` without weights.

Nested networks are flattened; Teachable Machine, for example, nests MobileNet in a Sequential.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, fields, is_dataclass, replace

from features.phrase import Phrase
from zoo.exchange.errors import ModelFileError
from zoo.exchange.network.graph import MAX_LAYERS, Graph, Node, check
from zoo.exchange.network.layer_base import MAX_INPUTS, Shape, Weights
from zoo.exchange.network.layers import make
from zoo.exchange.validation import MAX_SIDE, record, rows, text, whole
from zoo.filenames import quoted

MAX_NESTING = 6
_NETWORKS = ("Sequential", "Functional", "Model")


@dataclass
class _Found:
    """The nodes found so far, with nested networks flattened."""

    input_shape: Shape | None = None
    nodes: list[Node] = field(default_factory=list)
    paths: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Blueprint:
    """A network without weights.

    Parameters
    ----------
    input_shape : tuple of int
    nodes : tuple of Node
    paths : dict
        Node name to the path of its weights in Keras 3's files.
    """

    input_shape: Shape
    nodes: tuple[Node, ...]
    paths: dict[str, str]

    def weight_names(self) -> dict[str, list[str]]:
        """Names of each layer's weights, in the order in which Keras 3 numbers them."""
        shapes: dict[str, Shape] = {"": self.input_shape}
        names = {}
        for node in self.nodes:
            inputs = [shapes[name] for name in node.inputs]
            shapes[node.name] = node.layer.shape(*inputs)
            names[node.name] = list(node.layer.parameters(*inputs))
        return names

    def with_weights(self, named: dict[str, Weights]) -> Graph:
        """The network with these weights, by layer and name; `ModelFileError` unless they fit. Others are ignored."""
        nodes = tuple(replace(node, weights=named.get(node.name, {})) for node in self.nodes)
        return check(Graph(self.input_shape, nodes))


def blueprint(config: object) -> Blueprint:
    """Read a network's configuration.

    Parameters
    ----------
    config : object
        Parsed JSON: ``{"class_name": "Sequential" or "Functional" or "Model", "config": …}``.

    Raises
    ------
    ModelFileError
        Not a valid configuration, an unsupported layer, or too many layers.
    """
    found = _Found()
    _prune(_network(record(config, "The model's description"), "", found, 0, ""), found)
    if found.input_shape is None:
        raise ModelFileError("The model does not say how large its pictures are (batch_input_shape).")
    if not found.nodes:
        raise ModelFileError(Phrase("import.no_layers", "The model has no layers."))
    return Blueprint(found.input_shape, tuple(found.nodes), found.paths)


def _network(entry: dict, feed: str, found: _Found, depth: int, path: str) -> str:
    """Add a network's layers, and return the name of its output node."""
    if depth > MAX_NESTING:
        raise ModelFileError(f"The model nests networks more than {MAX_NESTING} deep.")
    kind, config = entry.get("class_name"), entry.get("config")
    if kind not in _NETWORKS:
        raise ModelFileError(f"The file describes {quoted(kind)}, not a network; expected {', '.join(_NETWORKS)}.")
    if kind == "Sequential" and isinstance(config, list):  # Keras before 2.2.3
        config = {"layers": config}
    config = record(config, f"The description of a {kind}")
    layers = [record(layer, "A layer") for layer in rows(config.get("layers"), "layers")]
    if len(found.nodes) + len(layers) > MAX_LAYERS:
        raise ModelFileError(f"The model has more than {MAX_LAYERS} layers.")
    places = _places(layers, path)
    if kind == "Sequential":
        _note_input(config.get("build_input_shape"), found)
        return _sequential(layers, places, feed, found, depth)
    return _functional(config, layers, places, feed, found, depth)


def _places(layers: list[dict], path: str) -> list[str]:
    """Path of each layer's weights in Keras 3: its class in snake case, with a number."""
    counts: dict[str, int] = {}
    places = []
    for layer in layers:
        snake = _snake(str(layer.get("class_name"))[:80])
        number = counts.get(snake, 0)
        counts[snake] = number + 1
        places.append(f"{path}layers/{snake}{f'_{number}' if number else ''}/")
    return places


def _snake(name: str) -> str:
    """A class name as in Keras' files: ``Conv2D -> conv2d``, ``ReLU -> re_lu``."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _sequential(layers: list[dict], places: list[str], feed: str, found: _Found, depth: int) -> str:
    for layer, place in zip(layers, places, strict=True):
        feed = _layer(layer, (feed,), found, depth, place)
    return feed


def _functional(config: dict, layers: list[dict], places: list[str], feed: str, found: _Found, depth: int) -> str:
    inputs, outputs = (_ends(config.get(key), key) for key in ("input_layers", "output_layers"))
    waiting = {_name(layer): (layer, place) for layer, place in zip(layers, places, strict=True)}
    if len(waiting) < len(layers):
        raise ModelFileError("Two layers of a network have the same name.")
    made = {inputs: feed}
    if inputs not in waiting:
        raise ModelFileError(f"The model's input is {quoted(inputs)}, which is none of its layers.")
    _note_input(_shape_of(waiting.pop(inputs)[0]), found)
    sources = {name: _sources(layer) for name, (layer, _) in waiting.items()}
    while waiting:
        ready = [name for name in waiting if all(source in made for source in sources[name])]
        if not ready:
            raise ModelFileError(f"Layer {quoted(min(waiting))} never gets its input: the layers go in a circle.")
        for name in ready:
            layer, place = waiting.pop(name)
            made[name] = _layer(layer, tuple(made[source] for source in sources[name]), found, depth, place)
    if outputs not in made:
        raise ModelFileError(f"The model's output is {quoted(outputs)}, which is none of its layers.")
    return made[outputs]


def _prune(last: str, found: _Found) -> None:
    """Remove nodes that do not contribute to the output, and move the output to the end."""
    needed, by_name = {last}, {node.name: node for node in found.nodes}
    for node in reversed(found.nodes):
        if node.name in needed:
            needed.update(node.inputs)
    kept = [node for node in found.nodes if node.name in needed and node.name != last]
    found.nodes[:] = [*kept, *([by_name[last]] if last in by_name else [])]


def _name(layer: dict) -> str:
    inner = layer.get("config")
    return text(layer.get("name", inner.get("name") if isinstance(inner, dict) else None), "A layer's name")


def _ends(value: object, key: str) -> str:
    """The single input or output layer of a network: ``[["crop", 0, 0]]``, or flat in Keras 3."""
    value = rows(value, key)
    if value and isinstance(value[0], list):
        if len(value) != 1:
            raise ModelFileError(f"The model has {len(value)} {key}; expected 1.")
        value = value[0]
    if not value:
        raise ModelFileError(f"The model has no {key}.")
    return text(value[0], key)


def _layer(layer: dict, feeds: tuple[str, ...], found: _Found, depth: int, place: str) -> str:
    """Add one layer or nested network."""
    kind = layer.get("class_name")
    if kind in _NETWORKS:
        if len(feeds) != 1:
            raise ModelFileError(f"A network inside the model has {len(feeds)} inputs; expected 1.")
        return _network(layer, feeds[0], found, depth + 1, place)
    config = record(layer.get("config"), f"The settings of a {quoted(kind)}")
    _note_input(_shape_of(layer), found)
    if kind in ("InputLayer", "Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout"):
        return feeds[0]  # these have no effect after training
    name = _name(layer)
    if any(node.name == name for node in found.nodes):
        raise ModelFileError(f"Two layers have the same name {quoted(name)}.")
    try:
        made = make(kind, config)
    except ModelFileError as error:
        raise ModelFileError(Phrase("import.in_layer", "Layer {0}: {1}", quoted(name), str(error))) from None
    found.nodes.append(Node(name, str(kind), config, made, feeds))
    found.paths[name] = f"{place}vars/"
    return name


def _shape_of(layer: dict) -> object:
    config = record(layer.get("config"), "A layer's settings")
    return config.get("batch_input_shape", config.get("batch_shape"))


def _note_input(value: object, found: _Found) -> None:
    """Use the first shape in the configuration as the network's input shape."""
    if value is None or found.input_shape is not None or found.nodes:
        return
    sides = rows(value, "batch_input_shape")
    if len(sides) != 4:
        raise ModelFileError(f"The model's input has {len(sides)} sides; expected (n, height, width, channels).")
    height, width = (whole({"side": side}, "side", 1, MAX_SIDE) for side in sides[1:3])
    channels = whole({"channels": sides[3]}, "channels", 1, 4)
    found.input_shape = height, width, channels


def _sources(layer: dict) -> list[str]:
    """Names of a layer's input layers, in order; `ModelFileError` if no layer can have so many."""
    names = _names_of_sources(layer)
    if len(names) > MAX_INPUTS:
        raise ModelFileError(f"Layer {quoted(_name(layer))} has {len(names):,} inputs; expected at most {MAX_INPUTS}.")
    return names


def _names_of_sources(layer: dict) -> list[str]:
    nodes = rows(layer.get("inbound_nodes"), "inbound_nodes")
    if not nodes:
        raise ModelFileError(f"Layer {quoted(_name(layer))} has no input.")
    if isinstance(nodes[0], dict):  # Keras 3
        names: list[str] = []
        _tensors(nodes[0].get("args"), names)
        return names
    first = rows(nodes[0], "inbound_nodes")
    if first and isinstance(first[0], str):  # a flat single input, from some converters
        first = [first]
    return [text(rows(source, "inbound_nodes")[0] if source else None, "inbound_nodes") for source in first]


def _tensors(value: object, names: list[str]) -> None:
    """Add the source layer of every ``__keras_tensor__`` (Keras 3) in a layer's arguments to `names`."""
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        history = rows(record(value.get("config"), "keras_tensor").get("keras_history"), "keras_history")
        names.append(text(history[0] if history else None, "keras_history"))
    elif isinstance(value, list):
        for inner in value[:64]:
            _tensors(inner, names)


def elements(shape: object, what: str) -> Shape:
    """A weight's shape from JSON; `ModelFileError` if it has over 4 axes or 2**26 elements."""
    sides = tuple(whole({"shape": side}, "shape", 0, 2**26) for side in rows(shape, f"{what}: shape"))
    if len(sides) > 4 or math.prod(sides) > 2**26:
        raise ModelFileError(f"{what} has shape {sides[:6]}: too large.")
    return sides


_CALLED = {
    "kernel": "kernel_size",
    "dilation": "dilation_rate",
    "multiplier": "depth_multiplier",
    "limit": "max_value",
    "slope": "negative_slope",
    "target": "target_shape",
    "borders": "padding",
}


def settings(node: Node) -> dict:
    """A node's settings with the names that Keras 2, Keras 3 and TensorFlow.js share."""
    config: dict = {"name": node.name, "trainable": True}
    if is_dataclass(node.layer):
        values = {each.name: getattr(node.layer, each.name) for each in fields(node.layer)}
        config |= {_CALLED.get(key, key): list(v) if isinstance(v, tuple) else v for key, v in values.items()}
    if node.kind.endswith("Pooling2D"):
        config.pop("keepdims", None)
        if "kernel_size" in config:
            config["pool_size"] = config.pop("kernel_size")
    if node.kind == "LayerNormalization":
        config |= {"axis": [1, 2, 3], "center": False, "scale": False}
    if node.kind == "ReLU":
        config["max_value"] = None if config["max_value"] == float("inf") else config["max_value"]
    return config


def describe(graph: Graph, name: str) -> dict:
    """The network's configuration in the form of Keras 2, without weights, for TensorFlow.js."""
    crop = {"name": "crop", "batch_input_shape": [None, *graph.input_shape], "dtype": "float32"}
    layers: list[dict] = [{"class_name": "InputLayer", "name": "crop", "config": crop, "inbound_nodes": []}]
    for node in graph.nodes:
        inputs = [[[source or "crop", 0, 0, {}] for source in node.inputs]]
        layers.append({"class_name": node.kind, "name": node.name, "config": settings(node), "inbound_nodes": inputs})
    ends = {"input_layers": [["crop", 0, 0]], "output_layers": [[graph.nodes[-1].name, 0, 0]]}
    return {"class_name": "Functional", "config": {"name": name, "layers": layers, **ends}}
