"""Trains Keras networks on aligned crops and exports them for serving.

The only file, with `zoo.training.architectures`, that imports Keras; serving does not need it.
"""

from __future__ import annotations

import contextlib
import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from keras import callbacks, layers

from zoo.datasets.aligned import FERPLUS_VOTES, AlignedSet, DataError
from zoo.labels import EIGHT
from zoo.models.cnn import CnnClassifier, to_input
from zoo.models.svm import softmax
from zoo.training import calibration
from zoo.training.augmentation import Augmentation, augment
from zoo.training.callbacks import Clock, Rule

_VOTED = {"anger": "angry", "happiness": "happy", "sadness": "sad"}
FERPLUS_ORDER = [EIGHT.index(_VOTED.get(name, name)) for name in FERPLUS_VOTES[:8]]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast.

    Parameters
    ----------
    epochs, batch : int
    rate : float
        Peak learning rate of SGD with Nesterov momentum, after a warm-up, then a cosine to zero.
    warm_up : float
        Epochs of warm-up; a third of all at most.
    decay : float
        Weight decay, not on biases and normalisation.
    smoothing : float
        Label smoothing of the FER2013 head.
    seed : int
    precision : str
        ``"mixed_bfloat16"`` is half as fast again on CPUs with AVX512-BF16; ``"float32"`` runs anywhere.
    """

    epochs: int
    batch: int = 128
    rate: float = 0.05
    warm_up: float = 2.0
    decay: float = 5e-4
    smoothing: float = 0.1
    seed: int = 1
    precision: str = "float32"


class Batches(keras.utils.PyDataset):
    """Shuffled, augmented batches. Every epoch's order and copies follow from seed and epoch alone.

    Parameters
    ----------
    data : AlignedSet
    votes : (ndarray, ndarray)
        What `vote_shares` returns for the same pictures.
    side : int
        Side of the network's input in pixels.
    schedule : Schedule
    changes : Augmentation
    blend : float
        Each copy is laid over another, and so are their targets, in shares drawn from Beta(blend, blend);
        0 for none.

    References
    ----------
    Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018.
    """

    def __init__(
        self,
        data: AlignedSet,
        votes: tuple,
        side: int,
        schedule: Schedule,
        changes: Augmentation,
        blend: float = 0.0,
    ) -> None:
        super().__init__(workers=2)  # with one, tf.data tunes itself and ends every epoch with up to a minute's wait
        self.blend = blend
        self.crops, self.targets = data.faces.images, keras.utils.to_categorical(data.targets, len(data.labels))
        self.shares, self.weights = votes
        self.side, self.schedule, self.changes = side, schedule, changes
        self.epoch = 0
        self._shuffle()

    def __len__(self) -> int:
        return len(self.crops) // self.schedule.batch

    def __getitem__(self, index: int):
        rows = self.order[index * self.schedule.batch : (index + 1) * self.schedule.batch]
        rng = np.random.default_rng((self.schedule.seed, self.epoch, index))
        x = augment(self.crops[rows], self.side, self.changes, rng)
        targets = {"fer2013": self.targets[rows], "ferplus": self.shares[rows]}
        weights = {"fer2013": np.ones(len(rows), np.float32), "ferplus": self.weights[rows]}
        x = x[:, :, :, None].astype(np.float32)
        if not self.blend:
            return x, targets, weights
        return blended(x, targets, weights, rng.beta(self.blend, self.blend, len(rows)))

    def start_epoch(self, epoch: int) -> None:
        """Order the pictures for this epoch."""
        self.epoch = epoch
        self._shuffle()

    def _shuffle(self) -> None:
        self.order = np.random.default_rng((self.schedule.seed, self.epoch)).permutation(len(self.crops))


def blended(x: np.ndarray, targets: dict, weights: dict, shares: np.ndarray) -> tuple[np.ndarray, dict, dict]:
    """Each picture of a batch over the one at the batch's other end, and their targets: `shares` ``(n,)`` of the first.

    Weights are blended too, and each target is weighed by its own: one that counts for nothing adds nothing.
    """

    def over(values: np.ndarray) -> np.ndarray:
        part = shares.astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))
        return part * values + (1 - part) * values[::-1]

    weighed = {name: over(weights[name][:, None] * targets[name]) for name in targets}
    sums = {name: over(weights[name]) for name in targets}
    means = {name: weighed[name] / np.maximum(sums[name], 1e-6)[:, None] for name in targets}
    return over(x), means, sums


def vote_shares(votes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """FER+ votes as targets: ``(n, 10) -> (n, 8)`` shares in the order of `EIGHT`, and weights ``(n,)``.

    A picture counts as much as taggers saw one of the eight in it; "unknown" and "no face" do not.
    """
    known = votes[:, :8].astype(np.float32)
    shares = np.zeros_like(known)
    shares[:, FERPLUS_ORDER] = known / np.maximum(known.sum(axis=1, keepdims=True), 1)
    return shares, (known.sum(axis=1) / np.maximum(votes.sum(axis=1), 1)).astype(np.float32)


def two_heads(network: tuple, dropout: float = 0.3) -> keras.Model:
    """A network with a head for FER2013's labels and one for the FER+ votes; both give logits."""
    inputs, _, embedding = network
    x = layers.Dropout(dropout, dtype="float32")(embedding)
    heads = {
        "fer2013": layers.Dense(7, name="fer2013", dtype="float32")(x),
        "ferplus": layers.Dense(8, name="ferplus", dtype="float32")(x),
    }
    return keras.Model(inputs, heads)


def warm_start(model: keras.Model, folder: Path) -> None:
    """Begin from kept models instead of random weights: a restart of the cosine (SGDR).

    Parameters
    ----------
    model : keras.Model
        As `two_heads` makes it.
    folder : Path
        Holds ``cnn/model.keras`` and, if the second head learned something, ``cnn-ferplus/model.keras``.

    References
    ----------
    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017.
    """
    for name, head in (("cnn", "fer2013"), ("cnn-ferplus", "ferplus")):
        path = folder / name / "model.keras"
        if name != "cnn" and not path.is_file():
            continue
        take_over(model, path, head)


def take_over(model: keras.Model, path: Path, head: str) -> None:
    """The weights of a ``.keras`` file of the same graph, with this one of its heads.

    Raises
    ------
    DataError
        There is no such file.
    """
    if not path.is_file():
        raise DataError(f"There is no {path}; --start wants a folder of checkpoints, each with its .keras file.")
    kept = keras.saving.load_model(path, compile=False)
    _trunk(model).set_weights(_trunk(kept).get_weights())
    model.get_layer(head).set_weights(kept.get_layer(head).get_weights())


def _trunk(model: keras.Model) -> keras.Model:
    return keras.Model(model.inputs, model.get_layer("embedding").output)


def fit(model: keras.Model, batches: Batches, public: tuple, run: Path, resume: bool = False) -> None:
    """Train, keeping state and the best weights in a folder; cut off at any moment it goes on with `resume`.

    Parameters
    ----------
    model : keras.Model
        As `two_heads` makes it.
    batches : Batches
    public : (AlignedSet, (ndarray, ndarray))
        What the best epoch is chosen on (PublicTest), and its vote shares and weights.
    run : Path
        Gets ``log.csv``, ``best.weights.h5`` and ``state/``.
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


def keepers(batches: Batches, run: Path, watch: str, resume: bool, rules: Sequence[Rule] = ()) -> list:
    """Callbacks that keep a run's log, best weights and state, after `rules` had their say.

    Parameters
    ----------
    batches : Batches
    run : Path
        Made if it is not there.
    watch : str
        Column of the log that is highest at the best epoch.
    resume : bool
    rules : sequence of Rule
    """
    run.mkdir(parents=True, exist_ok=True)
    best = callbacks.ModelCheckpoint(
        run / "best.weights.h5",
        monitor=watch,
        mode="max",
        save_best_only=True,
        save_weights_only=True,
        initial_value_threshold=_best_so_far(run / "log.csv", watch) if resume else None,
    )
    # The state is written last, so that an epoch that counts as done has its log line and its best weights.
    return [
        callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: batches.start_epoch(epoch)),
        Clock(),
        *rules,
        best,
        callbacks.CSVLogger(run / "log.csv", append=resume),
        callbacks.BackupAndRestore(run / "state", double_checkpoint=True, delete_checkpoint=False),
    ]


def minutes(run: Path) -> float:
    """How long all epochs of a run took together, interruptions left out."""
    with (run / "log.csv").open(newline="") as text:
        return sum(float(row.get("seconds") or 0) for row in csv.DictReader(text)) / 60


def sgd(schedule: Schedule, steps: int) -> keras.optimizers.Optimizer:
    """SGD with Nesterov momentum; its rate warms up, then falls along a cosine. `steps` an epoch."""
    warm_up = int(min(schedule.warm_up, schedule.epochs / 3) * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        schedule.rate / 100, schedule.epochs * steps - warm_up, warmup_target=schedule.rate, warmup_steps=warm_up
    )
    optimiser = keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=schedule.decay)
    optimiser.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimiser


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


def _best_so_far(log: Path, column: str) -> float | None:
    if not log.is_file():
        return None
    with log.open(newline="") as text:
        return max((float(row[column]) for row in csv.DictReader(text)), default=-math.inf)


def with_head(weights: Path, network: Callable[[], tuple], head: str) -> keras.Model:
    """Trained weights as the network that is served: crop to logits, embedding and the first stage's maps.

    Parameters
    ----------
    weights : Path
        As `fit` wrote them.
    network : callable
        Makes the network again.
    head : str
        ``"fer2013"`` or ``"ferplus"``.
    """
    keras.mixed_precision.set_global_policy("float32")
    inputs, maps, embedding = parts = network()
    model = two_heads(parts)
    model.load_weights(weights)
    return keras.Model(inputs, [model.output[head], embedding, maps])


def middle_of(model: keras.Model) -> keras.layers.Layer:
    """The layer that ends a network's second stage: what `zoo.training.kernel_head` reads."""
    return [layer for layer in model.layers if isinstance(layer, layers.MaxPooling2D)][1]


def with_middle(model: keras.Model) -> keras.Model:
    """A network that is served, which also gives its middle maps."""
    return keras.Model(model.inputs, [*model.outputs[:3], middle_of(model).output], name=model.name)


def calibrated(served: CnnClassifier, public: AlignedSet) -> tuple[dict, float]:
    """A card's settings and threshold for a network as it will be served; says how good it is on PublicTest.

    Parameters
    ----------
    served : CnnClassifier
        Its own temperature does not matter.
    public : AlignedSet
        Pictures the network was not fitted on.

    Returns
    -------
    settings : dict
    threshold : float
        See `zoo.training.calibration.sure_from`.
    """
    logits = served.raw_logits(public.faces)
    temperature = calibration.temperature(logits, public.targets)
    probs = softmax(logits / temperature)
    print(f"{served.name}: PublicTest accuracy {np.mean(probs.argmax(axis=1) == public.targets):.4f}")
    settings = {"temperature": temperature, "side": served.side, "mirror": served.mirror}
    return settings, calibration.sure_from(probs, public.targets)


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
