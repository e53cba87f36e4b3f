"""Models as Teachable Machine writes them, made here: the same nested topology, narrow and with weights by chance."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass

import h5py
import numpy as np
import pytest

import zoo
from features.align import AlignedFaces, AlignSpec
from features.descriptors import Hog, Joined
from zoo.labels import LabelSet
from zoo.models import registry
from zoo.models.svm import Linear, SvmClassifier
from zoo.teach.feature_cache import TRUNK
from zoo.teach.head_model import TaughtCnn

LABELS = ("Happy", "Sad face", "Wink left")
SIDE = 64


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip in memory."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


@dataclass(frozen=True)
class TeachableMachine:
    """A network by its Keras 2 description and its weights, `{layer: {name: array}}`."""

    topology: dict
    weights: dict
    labels: tuple[str, ...] = LABELS

    @property
    def labels_txt(self) -> bytes:
        return "\n".join(f"{i} {name}" for i, name in enumerate(self.labels)).encode()

    @property
    def metadata(self) -> bytes:
        notes = {"tfjsVersion": "1.3.1", "tmVersion": "2.4.5", "packageVersion": "0.8.4", "userMetadata": {}}
        notes |= {"timeStamp": "2024-01-01T00:00:00.000Z", "modelName": "tm-my-image-model", "imageSize": SIDE}
        return json.dumps(notes | {"labels": self.labels}).encode()

    def h5(self) -> bytes:
        """``keras_model.h5`` as Keras 2.4 lays it out."""
        stored = io.BytesIO()
        with h5py.File(stored, "w") as file:
            file.attrs["model_config"] = json.dumps(self.topology).encode()
            file.attrs["keras_version"], file.attrs["backend"] = b"2.4.0", b"tensorflow"
            group = file.create_group("model_weights")
            outer = [layer["config"]["name"] for layer in self.topology["config"]["layers"]]
            group.attrs["layer_names"] = np.array(outer, "S")
            for layer, names in zip(outer, (self.inner, self.head), strict=True):
                _write(group.create_group(layer), {name: self.weights[name] for name in names if name in self.weights})
        return stored.getvalue()

    @property
    def inner(self) -> list[str]:
        return [name for name in self.weights if not name.startswith("dense")]

    @property
    def head(self) -> list[str]:
        return [name for name in self.weights if name.startswith("dense")]

    def tfjs(self) -> dict[str, bytes]:
        """``model.json`` and ``weights.bin`` as Teachable Machine's own export has them."""
        table, blocks = [], []
        for layer, arrays in self.weights.items():
            for name, array in arrays.items():
                table.append({"name": f"{layer}/{name}", "shape": list(array.shape), "dtype": "float32"})
                blocks.append(array.astype("<f4").tobytes())
        topology = {**self.topology, "keras_version": "tfjs-layers 1.3.1", "backend": "tensor_flow.js"}
        manifest = [{"paths": ["weights.bin"], "weights": table}]
        model = {"modelTopology": topology, "weightsManifest": manifest}
        return {"model.json": json.dumps(model).encode(), "weights.bin": b"".join(blocks)}

    def keras_zip(self) -> bytes:
        return zipped({"keras_model.h5": self.h5(), "labels.txt": self.labels_txt})

    def tfjs_zip(self) -> bytes:
        return zipped(self.tfjs() | {"metadata.json": self.metadata})


def _write(group: h5py.Group, weights: dict) -> None:
    group.attrs["weight_names"] = np.array([f"{layer}/{n}:0" for layer, w in weights.items() for n in w], "S")
    for layer, arrays in weights.items():
        for name, array in arrays.items():
            group.create_dataset(f"{layer}/{name}:0", data=array)


def _mobilenet() -> list[tuple[str, str, dict, list[str]]]:
    """A few blocks of MobileNetV2 with its own layer names: name, class, settings, inputs."""
    rows = [("input_1", "InputLayer", {"batch_input_shape": [None, SIDE, SIDE, 3]}, [])]
    last = "input_1"

    def add(name: str, kind: str, *sources: str, **settings) -> None:
        nonlocal last
        rows.append((name, kind, settings, list(sources) or [last]))
        last = name

    def norm(name: str) -> None:
        add(name, "BatchNormalization", axis=[3], momentum=0.999, epsilon=0.001, center=True, scale=True)

    def relu(name: str) -> None:
        add(name, "ReLU", max_value=6.0, negative_slope=0.0, threshold=0.0)

    def conv(name: str, filters: int, size: int, stride: int = 1, padding: str = "same") -> None:
        sizes = {"kernel_size": [size, size], "strides": [stride, stride], "dilation_rate": [1, 1]}
        add(name, "Conv2D", filters=filters, padding=padding, use_bias=False, activation="linear", groups=1, **sizes)

    def block(name: str, filters: int, stride: int, expand: int) -> None:
        before = last
        if expand:
            conv(f"{name}_expand", expand, 1)
            norm(f"{name}_expand_BN")
            relu(f"{name}_expand_relu")
        if stride == 2:
            add(f"{name}_pad", "ZeroPadding2D", padding=[[0, 1], [0, 1]], data_format="channels_last")
        sizes = {"kernel_size": [3, 3], "strides": [stride, stride], "dilation_rate": [1, 1], "groups": 1}
        padding = "valid" if stride == 2 else "same"
        depth = {"padding": padding, "depth_multiplier": 1, "use_bias": False, "activation": "linear"}
        add(f"{name}_depthwise", "DepthwiseConv2D", **sizes, **depth)
        norm(f"{name}_depthwise_BN")
        relu(f"{name}_depthwise_relu")
        conv(f"{name}_project", filters, 1)
        norm(f"{name}_project_BN")
        if name == "block_2":
            add(f"{name}_add", "Add", before, last)

    add("Conv1_pad", "ZeroPadding2D", padding=[[0, 1], [0, 1]], data_format="channels_last")
    conv("Conv1", 8, 3, 2, "valid")
    norm("bn_Conv1")
    relu("Conv1_relu")
    block("expanded_conv", 4, 1, 0)
    block("block_1", 6, 2, 16)
    block("block_2", 6, 1, 24)
    conv("Conv_1", 32, 1)
    norm("Conv_1_bn")
    relu("out_relu")
    return rows


def _topology(rows: list, classes: int) -> dict:
    layers = [
        {
            "name": name,
            "class_name": kind,
            "config": {"name": name, "trainable": False, "dtype": "float32", **settings},
            "inbound_nodes": [[[source, 0, 0, {}] for source in sources]] if sources else [],
        }
        for name, kind, settings, sources in rows
    ]
    ends = {"input_layers": [["input_1", 0, 0]], "output_layers": [[rows[-1][0], 0, 0]]}
    model = {"class_name": "Functional", "config": {"name": "model1", "layers": layers, **ends}}
    pool = {"class_name": "GlobalAveragePooling2D", "config": {"name": "global_average_pooling2d_1"}}
    common = {"trainable": True, "dtype": "float32"}
    dense = [
        {"name": "dense_Dense1", "units": 20, "activation": "relu", "use_bias": True, **common},
        {"name": "dense_Dense2", "units": classes, "activation": "softmax", "use_bias": False, **common},
    ]
    dense[0]["batch_input_shape"] = [None, 32]
    inner = [
        {"class_name": "Sequential", "config": {"name": "sequential_1", "layers": [model, pool]}},
        {
            "class_name": "Sequential",
            "config": {"name": "sequential_3", "layers": [{"class_name": "Dense", "config": c} for c in dense]},
        },
    ]
    return {"class_name": "Sequential", "config": {"name": "sequential_4", "layers": inner}}


def _weights(rows: list, classes: int, seed: int) -> dict:
    rng = np.random.default_rng(seed)
    weights, channels = {}, {"input_1": 3}
    for name, kind, settings, sources in rows[1:]:
        width = channels[sources[0]]
        channels[name] = settings.get("filters", width)
        if kind == "BatchNormalization":
            sizes = {"gamma": 1, "beta": 0, "moving_mean": 0, "moving_variance": 1}
            weights[name] = {
                n: rng.uniform(0.5, 1.5, width) if one else rng.normal(0, 0.3, width) for n, one in sizes.items()
            }
        elif kind == "Conv2D":
            shape = (*settings["kernel_size"], width, settings["filters"])
            weights[name] = {"kernel": rng.normal(0, (2 / np.prod(shape[:3])) ** 0.5, shape)}
        elif kind == "DepthwiseConv2D":
            weights[name] = {"depthwise_kernel": rng.normal(0, 0.4, (3, 3, width, 1))}
    weights["dense_Dense1"] = {"kernel": rng.normal(0, 0.5, (32, 20)), "bias": rng.normal(0, 0.1, 20)}
    weights["dense_Dense2"] = {"kernel": rng.normal(0, 0.2, (20, classes))}
    return {layer: {n: a.astype(np.float32) for n, a in arrays.items()} for layer, arrays in weights.items()}


@pytest.fixture(scope="session")
def make_tm():
    """``make(seed=0, labels=LABELS) -> TeachableMachine``."""

    def make(seed: int = 0, labels: tuple[str, ...] = LABELS) -> TeachableMachine:
        rows = _mobilenet()
        return TeachableMachine(_topology(rows, len(labels)), _weights(rows, len(labels), seed), labels)

    return make


@pytest.fixture(scope="session")
def tm(make_tm) -> TeachableMachine:
    return make_tm()


@pytest.fixture(scope="session")
def make_zip():
    """``make({name: bytes}) -> bytes``."""
    return zipped


@pytest.fixture(scope="session")
def faces() -> AlignedFaces:
    """Crops of a public-domain portrait: as it is, leaning, dark, soft, and each in the mirror."""
    golden = np.load(registry.CHECKPOINTS / "cnn" / "golden.npz")
    some = AlignedFaces(golden["images"], golden["landmarks"], golden["to_crop"], AlignSpec())
    both = some, some.mirrored()
    parts = (np.concatenate([getattr(f, name) for f in both]) for name in ("images", "landmarks", "to_crop"))
    return AlignedFaces(*parts, AlignSpec())


@pytest.fixture(scope="session")
def taught() -> tuple[TaughtCnn, SvmClassifier]:
    """A head and a linear machine for three classes, their weights by chance."""
    rng = np.random.default_rng(5)
    labels, spec, trunk = LabelSet("mine", LABELS), AlignSpec(), zoo.load(TRUNK)
    sizes = (256, 100, len(LABELS))
    layers = tuple(
        (rng.normal(0, (6 / i) ** 0.5, (i, o)).astype(np.float32), rng.normal(0, 0.1, o).astype(np.float32))
        for i, o in zip(sizes, sizes[1:], strict=False)
    )
    machine = Linear(rng.normal(0, 0.4, (2048, len(LABELS))).astype(np.float32), np.zeros(len(LABELS), np.float32))
    descriptor = Joined((Hog(cell=8, centred=True),), (1.0,))
    scaling = np.full(len(LABELS), 1.5, np.float32), np.array([0.1, 0, -0.1], np.float32)
    return (
        TaughtCnn("mine cnn", labels, spec, trunk, layers, 0.7),
        SvmClassifier("mine svm", labels, spec, descriptor, machine, scaling),
    )
