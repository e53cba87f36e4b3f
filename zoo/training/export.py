"""Exports trained networks as `.tflite` and `.keras` files."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import keras

from zoo.models.keras_file import portable, portable_json


def tflite_bytes(model: keras.Model, bits: int = 16) -> bytes:
    """A model as ``.tflite``.

    Parameters
    ----------
    model : keras.Model
    bits : int
        16: weights in half precision, computation in float32. 8: integer weights with a scale for
        each channel, and activations quantised dynamically; three times as
        fast or more, with errors of some hundredths in the logits.

    References
    ----------
    Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
    Inference", CVPR 2018; LiteRT's guide to post-training quantization ("dynamic range").
    """
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [] if bits == 8 else [tf.float16]
    with contextlib.redirect_stdout(io.StringIO()):  # the converter prints every captured tensor
        return converter.convert()


def write_artefacts(model: keras.Model, folder: Path, bits: int = 16) -> dict[str, Path]:
    """Write a trained model in all common formats of Keras.

    Parameters
    ----------
    model : keras.Model
    folder : Path
        For ``model.json`` (the graph), ``model.weights.h5`` (its weights), ``model.keras``
        (both) and ``model.tflite`` (for serving).
    bits : int
        Bits per served weight, see `tflite_bytes`.

    Returns
    -------
    dict
        File name to path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / name for name in ("model.json", "model.weights.h5", "model.keras", "model.tflite")}
    files["model.json"].write_text(portable_json(model.to_json()), encoding="utf-8", newline="\n")
    model.save_weights(files["model.weights.h5"])
    model.save(files["model.keras"])
    files["model.keras"].write_bytes(portable(files["model.keras"].read_bytes()))
    files["model.tflite"].write_bytes(tflite_bytes(model, bits))
    return files
