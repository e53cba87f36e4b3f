"""Builds a network in Keras and writes it in TensorFlow's formats: from a message on stdin to one on stdout.

This is a separate program because TensorFlow takes ten seconds to start and most of a gigabyte of memory, which is
freed when the program exits. `zoo.exchange.formats.keras_writer` runs one at a time.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import frames
import keras
import numpy as np


def build(header: dict, arrays: dict[str, np.ndarray], for_litert: bool = False) -> keras.Model:
    """The network in a message. LiteRT has no softsign; of standard deviations, which are >= 0, it is s / (s + 1)."""
    crop = keras.Input(header["input_shape"], name="crop")
    made = {"": crop}
    for node in header["nodes"]:
        config = node["config"]
        if for_litert and config.get("activation") == "softsign":
            config = config | {"activation": lambda spread: spread / (spread + 1.0)}
        layer = getattr(keras.layers, node["kind"])(**config)
        inputs = [made[name] for name in node["inputs"]]
        made[node["name"]] = layer(inputs if len(inputs) > 1 else inputs[0])
        if node["weights"]:
            layer.set_weights([arrays[f"{node['name']}/{name}"] for name in node["weights"]])
    return keras.Model(crop, made[header["nodes"][-1]["name"]], name=header["name"])


def keras_file(model: keras.Model, header: dict, arrays: dict) -> dict[str, bytes]:
    """The network as ``model.keras``."""
    return _saved(model.save, "model.keras")


def json_and_h5(model: keras.Model, header: dict, arrays: dict) -> dict[str, bytes]:
    """The network as ``model.json``, and its weights as HDF5."""
    return {"model.json": model.to_json(indent=1).encode()} | _saved(model.save_weights, "model.weights.h5")


def _saved(save: Callable[[Path], object], name: str) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        save(Path(folder) / name)
        return {name: (Path(folder) / name).read_bytes()}


def tflite(model: keras.Model, header: dict, arrays: dict) -> dict[str, bytes]:
    """LiteRT with half-precision weights, as served by the app."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(build(header, arrays, for_litert=True))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return {"model.tflite": converter.convert()}


def tflite_int8(model: keras.Model, header: dict, arrays: dict) -> dict[str, bytes]:
    """LiteRT with eight-bit weights and activations, calibrated with crops; float input and output."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(build(header, arrays, for_litert=True))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([crop[None]] for crop in arrays["crops"])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.lite.OpsSet.TFLITE_BUILTINS]
    return {"model-int8.tflite": converter.convert()}


PARTS = {"keras": keras_file, "h5": json_and_h5, "tflite": tflite, "int8": tflite_int8}


def main() -> None:
    """Write the requested formats; TensorFlow's messages go to stderr."""
    answer_to = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with contextlib.redirect_stdout(sys.stderr):
        header, arrays = frames.unpack(sys.stdin.buffer.read())
        model = build(header, arrays)
        files: dict[str, bytes] = {}
        for part in header["parts"]:
            files |= {f"{part}/{name}": content for name, content in PARTS[part](model, header, arrays).items()}
    with answer_to:
        answer_to.write(frames.pack({}, files))


if __name__ == "__main__":
    main()
