"""Trains networks with two heads on aligned crops, and exports them for serving.

Imports Keras, which serving does not need.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from keras import layers

from zoo.models.cnn import to_input
from zoo.training.loop import Batches, Schedule, keepers, sgd, take_over


def two_heads(network: tuple, dropout: float = 0.3) -> keras.Model:
    """A network with one head for FER2013's labels and one for the FER+ votes, both with logits."""
    inputs, _, embedding = network
    x = layers.Dropout(dropout, dtype="float32")(embedding)
    heads = {
        "fer2013": layers.Dense(7, name="fer2013", dtype="float32")(x),
        "ferplus": layers.Dense(8, name="ferplus", dtype="float32")(x),
    }
    return keras.Model(inputs, heads)


def warm_start(model: keras.Model, folder: Path) -> None:
    """Load the weights of trained models as initial ones: a warm restart of the cosine schedule (SGDR).

    Parameters
    ----------
    model : keras.Model
        As `two_heads` makes it.
    folder : Path
        Contains ``cnn/model.keras`` and, if the second head was trained, ``cnn-ferplus/model.keras``.

    References
    ----------
    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017.
    """
    for name, head in (("cnn", "fer2013"), ("cnn-ferplus", "ferplus")):
        path = folder / name / "model.keras"
        if name != "cnn" and not path.is_file():
            continue
        take_over(model, path, head)


def fit(model: keras.Model, batches: Batches, public: tuple, run: Path, resume: bool = False) -> None:
    """Train, storing state and best weights in a folder; an interrupted run continues with `resume`.

    Parameters
    ----------
    model : keras.Model
        As `two_heads` makes it.
    batches : Batches
    public : (AlignedSet, (ndarray, ndarray))
        For choosing the best epoch (PublicTest), with its vote shares and weights.
    run : Path
        For ``log.csv``, ``best.weights.h5`` and ``state/``.
    """
    schedule = batches.schedule
    _compile(model, schedule, len(batches))
    data, (shares, weights) = public
    x = to_input(data.faces.images, batches.side)
    targets = {"fer2013": keras.utils.to_categorical(data.targets, len(data.labels)), "ferplus": shares}
    valid = (x, targets, {"fer2013": np.ones(len(data), np.float32), "ferplus": weights})
    steps = keepers(batches, run, "val_fer2013_accuracy", resume)
    model.fit(
        batches, epochs=schedule.epochs, validation_data=valid, validation_batch_size=256, callbacks=steps, verbose=2
    )


def _compile(model: keras.Model, schedule: Schedule, steps: int) -> None:
    cross_entropy = keras.losses.CategoricalCrossentropy
    model.compile(
        sgd(schedule, steps),
        loss={
            "fer2013": cross_entropy(from_logits=True, label_smoothing=schedule.smoothing),
            "ferplus": cross_entropy(from_logits=True),
        },
        weighted_metrics={"fer2013": ["accuracy"], "ferplus": ["accuracy"]},
        jit_compile=False,
    )


def with_head(weights: Path, network: Callable[[], tuple], head: str) -> keras.Model:
    """The network for serving with trained weights: crop to logits, embedding and the first stage's maps.

    Parameters
    ----------
    weights : Path
        Written by `fit`.
    network : callable
        Builds the network.
    head : str
        ``"fer2013"`` or ``"ferplus"``.
    """
    keras.mixed_precision.set_global_policy("float32")
    inputs, maps, embedding = parts = network()
    model = two_heads(parts)
    model.load_weights(weights)
    return keras.Model(inputs, [model.output[head], embedding, maps])


def middle_of(model: keras.Model) -> keras.layers.Layer:
    """The last layer of a network's second stage, whose maps are the input of `zoo.training.kernel_head`."""
    return [layer for layer in model.layers if isinstance(layer, layers.MaxPooling2D)][1]


def with_middle(model: keras.Model) -> keras.Model:
    """A network for serving with its middle maps as a further output."""
    return keras.Model(model.inputs, [*model.outputs[:3], middle_of(model).output], name=model.name)
