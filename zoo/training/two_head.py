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
from zoo.training.distillation import accuracy_of, objective
from zoo.training.loop import Batches, keepers, sgd, take_over


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
    _compile(model, batches)
    data, (shares, weights) = public
    x = to_input(data.faces.images, batches.side)
    labels = keras.utils.to_categorical(data.targets, len(data.labels))
    if batches.teachers:
        labels = np.concatenate([labels, batches.teachers.see(x)], axis=1)
    targets = {"fer2013": labels, "ferplus": shares}
    valid = (x, targets, {"fer2013": np.ones(len(data), np.float32), "ferplus": weights})
    steps = keepers(batches, run, "val_fer2013_accuracy", resume)
    model.fit(
        batches, epochs=schedule.epochs, validation_data=valid, validation_batch_size=256, callbacks=steps, verbose=2
    )


def keep_stages(model: keras.Model, stages: int) -> None:
    """Exclude the first stages from training: neither weights nor statistics of batch normalisation change.

    Parameters
    ----------
    model : keras.Model
        As `two_heads` makes it, not yet compiled.
    stages : int
        Each ends with a pooling by 2.
    """
    ends = [i for i, layer in enumerate(model.layers) if isinstance(layer, layers.MaxPooling2D)]
    for layer in model.layers[: ends[stages - 1] if stages else 0]:
        layer.trainable = False


def _compile(model: keras.Model, batches: Batches) -> None:
    schedule, teachers = batches.schedule, batches.teachers
    k = batches.targets.shape[1]
    model.compile(
        sgd(schedule, len(batches)),
        loss={
            "fer2013": objective(k, schedule.smoothing, teachers.teaching if teachers else None),
            "ferplus": keras.losses.CategoricalCrossentropy(from_logits=True),
        },
        weighted_metrics={"fer2013": [accuracy_of(k)], "ferplus": ["accuracy"]},
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
