"""Trained networks as `.tflite` and `.keras` files."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import keras


def tflite_bytes(model: keras.Model, bits: int = 16) -> bytes:
    """A model as ``.tflite``.

    Parameters
    ----------
    model : keras.Model
    bits : int
        16: weights in half precision, calculated in float32. 8: weights in whole numbers with a scale for
        each channel, and what they are multiplied with likewise, scaled as it comes; three times as
        fast or more, logits off by some hundredths.

    References
    ----------
    Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
    Inference", CVPR 2018; LiteRT's guide to post-training quantization ("dynamic range").
    """
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [] if bits == 8 else [tf.float16]
    with contextlib.redirect_stdout(io.StringIO()):  # the converter prints every tensor it captures
        return converter.convert()


def write_artefacts(model: keras.Model, folder: Path, bits: int = 16) -> dict[str, Path]:
    """A trained model in every form that Keras' users exchange, for whoever wants to take it elsewhere.

    Parameters
    ----------
    model : keras.Model
    folder : Path
        Gets ``model.json`` (the graph) and ``model.weights.h5`` (its weights), ``model.keras``
        (both in one) and ``model.tflite`` (for serving).
    bits : int
        Of the served weights, see `tflite_bytes`.

    Returns
    -------
    dict
        File name to path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / name for name in ("model.json", "model.weights.h5", "model.keras", "model.tflite")}
    files["model.json"].write_text(model.to_json(indent=1), encoding="utf-8", newline="\n")
    model.save_weights(files["model.weights.h5"])
    model.save(files["model.keras"])
    files["model.tflite"].write_bytes(tflite_bytes(model, bits))
    return files
