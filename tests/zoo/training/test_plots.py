import numpy as np
import pytest
from PIL import Image

from zoo.training.plots import Curve, boxes, curves, draw_architecture, draw_curves, heading, read_log, run_files

LOG = """epoch,a_accuracy,a_loss,loss,val_a_accuracy,val_a_loss,val_loss
0,0.30,1.9,3.5,0.34,1.7,3.2
1,0.45,1.5,2.7,0.52,1.4,2.5
2,0.51,1.4
"""


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(LOG)
    return path


def test_a_log_cut_off_in_a_line_is_read_up_to_there(log):
    columns = read_log(log)
    assert columns["epoch"] == (0, 1) and columns["val_a_accuracy"] == (0.34, 0.52)
    assert curves(columns, "accuracy") == [Curve("a_accuracy", (1, 2), (0.34, 0.52), (0.30, 0.45))]
    assert [curve.name for curve in curves(columns, "loss")] == ["a_loss", "loss"]


def test_a_log_of_validation_only_has_epochs_of_its_own(tmp_path):
    (tmp_path / "log.csv").write_text("epoch,val_accuracy,seconds\n4,0.5,1\n9,0.6,1\n")
    assert curves(read_log(tmp_path / "log.csv"), "accuracy") == [Curve("accuracy", (5, 10), (0.5, 0.6), ())]
    draw_curves(tmp_path / "log.csv", tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as opened:
        assert opened.size[0] > 600


@pytest.mark.parametrize("text", ["", "epoch,loss\n"])
def test_an_empty_log(tmp_path, text):
    (tmp_path / "log.csv").write_text(text)
    assert read_log(tmp_path / "log.csv") == {}
    with pytest.raises(ValueError, match="holds no epoch"):
        draw_curves(tmp_path / "log.csv", tmp_path / "curves.png")


def test_curves_are_drawn(log, tmp_path):
    draw_curves(log, tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as opened:
        picture = np.asarray(opened.convert("RGB"))
    assert picture.shape[1] > 600
    for colour in ((0, 0x72, 0xB2), (0xD5, 0x5E, 0)):
        assert (np.abs(picture.astype(int) - colour).sum(axis=2) < 12).sum() > 200


class Tensor:
    def __init__(self, *shape):
        self.shape = (None, *shape)


class Layer:
    """What `boxes` asks of a Keras layer."""

    def __init__(self, name, shape, count=0, kernel=None):
        self.name, self.output, self.count = name, Tensor(*shape), count
        if kernel:
            self.kernel_size = kernel

    def count_params(self):
        return self.count


class Conv2D(Layer):
    pass


class BatchNormalization(Layer):
    pass


class ReLU(Layer):
    pass


class Add(Layer):
    pass


class Graph:
    name = "toy"

    def __init__(self, layers, parents):
        self.layers, self.operations, self._parents = layers, layers, parents

    def get_layer(self, name):
        return next(layer for layer in self.layers if layer.name == name)

    def get_config(self):
        def node(parent):
            return {"class_name": "__keras_tensor__", "config": {"keras_history": [parent, 0, 0]}}

        def entry(layer):
            parents = self._parents.get(layer.name, ())
            return {"name": layer.name, "inbound_nodes": [{"args": [[node(p) for p in parents]], "kwargs": {}}]}

        return {"layers": [entry(layer) for layer in self.layers]}


@pytest.fixture
def residual():
    layers = [
        Layer("crop", (48, 48, 1)),
        Conv2D("conv", (48, 48, 8), 72, (3, 3)),
        BatchNormalization("norm", (48, 48, 8), 32),
        ReLU("relu", (48, 48, 8)),
        Conv2D("conv2", (48, 48, 8), 576, (3, 3)),
        BatchNormalization("norm2", (48, 48, 8), 32),
        Add("add", (48, 48, 8)),
        ReLU("relu2", (48, 48, 8)),
    ]
    names = [layer.name for layer in layers]
    parents = {name: [before] for before, name in zip(names, names[1:], strict=False)}
    return Graph(layers, {**parents, "add": ["relu", "norm2"]})


def test_layers_are_folded_and_shortcuts_kept(residual):
    found = boxes(residual)
    assert [box.words for box in found] == [
        "Layer",
        "Conv2D 3×3 · BatchNormalization · ReLU",
        "Conv2D 3×3 · BatchNormalization",
        "Add · ReLU",
    ]
    assert [box.parameters for box in found] == [0, 104, 608, 0]
    assert found[3].parents == ("relu", "norm2") and found[1].shape == (48, 48, 8)


def test_names_that_keras_gave_are_not_shown():
    assert heading("functional_5", 1938143) == "The network: 1,938,143 parameters"
    assert heading("cnn-tiny", 9) == "cnn-tiny: 9 parameters"


def test_architecture_is_drawn(residual, tmp_path):
    draw_architecture(residual, tmp_path / "net.png")
    with Image.open(tmp_path / "net.png") as picture:
        width, height = picture.size
    assert width > 600 and height > 4 * 50


def test_a_checkpoint_keeps_log_and_pictures(log, residual):
    files = run_files(log.parent, residual)
    assert list(files) == ["log.csv", "curves.png", "architecture.png"]
    assert files["log.csv"].decode() == LOG
    assert all(files[name].startswith(b"\x89PNG") for name in list(files)[1:])


def test_the_shipped_network_is_understood(tmp_path):
    keras = pytest.importorskip("keras")
    networks = pytest.importorskip("zoo.training.architectures")
    inputs, _, embedding = networks.residual_vgg(48, (4, 8, 8, 16))
    model = keras.Model(inputs, embedding)
    found = boxes(model)
    assert sum(box.parameters for box in found) == model.count_params()
    assert {layer.name for layer in model.layers} <= {name for box in found for name in box.layers}
    assert any("Add" in box.words and len(box.parents) == 2 for box in found)
    sequential = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.ReLU()])
    assert [box.words for box in boxes(sequential)] == ["InputLayer", "Dense · ReLU"]
    draw_architecture(model, tmp_path / "net.png")
