"""`.keras` files for older versions of Keras, too."""

import io
import json
import zipfile

import pytest

from zoo.models import registry
from zoo.models.keras_file import portable, portable_json

SHIPPED = sorted(registry.CHECKPOINTS.glob("*/model.keras"))


def test_settings_that_older_versions_refuse_are_taken_out(tmp_path):
    path = tmp_path / "model.keras"
    config = {"class_name": "HeNormal", "config": {"seed": None, "input_axes": None, "output_axes": None}}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", b', "input_axes": null, "output_axes": null')
    with zipfile.ZipFile(io.BytesIO(portable(path.read_bytes()))) as archive:
        assert json.loads(archive.read("config.json")) == {"class_name": "HeNormal", "config": {"seed": None}}
        assert archive.read("model.weights.h5") == b', "input_axes": null, "output_axes": null'


def test_settings_that_were_changed_stay():
    config = {"layers": [{"renorm": True, "renorm_momentum": 0.99, "units": 3}]}
    assert json.loads(portable_json(json.dumps(config))) == {"layers": [{"renorm": True, "units": 3}]}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_what_is_shipped_is_read_by_the_last_keras_for_python_3_10(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        config = archive.read("config.json")
        assert b"_axes" not in config and b"renorm" not in config and b"quantization_config" not in config


def test_networks_are_shipped():
    assert {path.parent.name for path in SHIPPED} >= {"cnn", "cnn-tiny", "cnn-five", "cnn-ferplus"}
