"""Every network that can be trained here, fresh and with odd statistics, as the ``.keras`` file a training leaves."""

from __future__ import annotations

import tempfile
from pathlib import Path

import keras
import numpy as np
from keras import layers

from zoo.training import architectures

NETWORKS = ("residual_vgg", "separable_vgg", "keras_blog", "paired_elu")


def fresh(name: str) -> tuple[keras.Model, bytes]:
    """A network whose first output are 7 logits, and its file."""
    keras.utils.set_random_seed(7)
    inputs, maps, embedding = getattr(architectures, name)()
    logits = layers.Dense(7, name="fer2013")(layers.Dropout(0.3)(embedding))
    model = keras.Model(inputs, [logits, embedding, maps])
    rng = np.random.default_rng(7)
    for weight in model.weights:
        if "variance" in weight.path:
            weight.assign(rng.uniform(0.5, 2, weight.shape))
        elif "mean" in weight.path or "beta" in weight.path:
            weight.assign(rng.normal(0, 0.3, weight.shape))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return model, path.read_bytes()
