"""Common parts of all networks' training: schedule, batches, callbacks, resuming, calibration."""

from __future__ import annotations

import copy
import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from keras import callbacks

from zoo.card_fields import Settings
from zoo.datasets.aligned import AlignedSet, DataError
from zoo.models.cnn import CnnClassifier
from zoo.models.svm import softmax
from zoo.training import calibration
from zoo.training.augmentation import Augmentation, augment
from zoo.training.callbacks import Clock, Rule
from zoo.training.distillation import Teachers
from zoo.training.weakening import Weakening


@dataclass(frozen=True)
class Schedule:
    """Duration, learning rate and regularisation of a run.

    Parameters
    ----------
    epochs, batch : int
    rate : float
        Peak learning rate of SGD with Nesterov momentum, after a warm-up, then a cosine to zero.
    warm_up : float
        Epochs of warm-up; at most a third of all.
    decay : float
        Weight decay, except for biases and normalisation.
    smoothing : float
        Label smoothing of the FER2013 head.
    seed : int
    precision : str
        ``"mixed_bfloat16"`` is 1.5 times as fast on CPUs with AVX512-BF16; ``"float32"`` runs everywhere.
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
    """Shuffled, augmented batches. Order and copies of every epoch depend on seed and epoch only.

    With `teachers`, the second half of the targets of FER2013's head are their probabilities. They see each copy as
    it was before `weakening`.

    Parameters
    ----------
    data : AlignedSet
    votes : (ndarray, ndarray)
        Result of `vote_shares` for the same pictures.
    side : int
        Side of the network's input in pixels.
    schedule : Schedule
    changes : Augmentation
    blend : float
        Mixup: copies and their targets are mixed with weights drawn from Beta(blend, blend);
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
        super().__init__(workers=2)  # with one, tf.data's autotuning delays the end of every epoch by up to a minute
        self.blend = blend
        self.weakening: Weakening | None = None
        self.teachers: Teachers | None = None
        self.crops, self.labels = data.faces.images, data.targets
        self.targets = keras.utils.to_categorical(data.targets, len(data.labels))
        self.shares, self.weights = votes
        self.side, self.schedule, self.changes = side, schedule, changes
        self.epoch = 0
        self._shuffle()

    def __len__(self) -> int:
        return len(self.crops) // self.schedule.batch

    def __getitem__(self, index: int) -> tuple:
        rows = self.order[index * self.schedule.batch : (index + 1) * self.schedule.batch]
        rng = np.random.default_rng((self.schedule.seed, self.epoch, index))
        crops = self.weakening(self.crops[rows], self.labels[rows], rng) if self.weakening else self.crops[rows]
        same_draws = copy.deepcopy(rng)
        x = self._copies(crops, rng)
        targets = {"fer2013": self.targets[rows], "ferplus": self.shares[rows]}
        weights = {"fer2013": np.ones(len(rows), np.float32), "ferplus": self.weights[rows]}
        if self.teachers:
            before = self._copies(self.crops[rows], same_draws) if self.weakening else x
            targets["fer2013"] = np.concatenate([targets["fer2013"], self.taught(rows, before)], axis=1)
        if not self.blend:
            return x, targets, weights
        return blended(x, targets, weights, rng.beta(self.blend, self.blend, len(rows)))

    def taught(self, rows: np.ndarray, copies: np.ndarray) -> np.ndarray:
        """The teachers' probabilities ``(n, k)`` for the copies ``(n, side, side, 1)`` of these rows."""
        assert self.teachers is not None
        return self.teachers(copies)

    def start_epoch(self, epoch: int) -> None:
        """Shuffle the pictures for this epoch."""
        self.epoch = epoch
        self._shuffle()

    def _copies(self, crops: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return augment(crops, self.side, self.changes, rng)[:, :, :, None].astype(np.float32)

    def _shuffle(self) -> None:
        self.order = np.random.default_rng((self.schedule.seed, self.epoch)).permutation(len(self.crops))


def blended(x: np.ndarray, targets: dict, weights: dict, shares: np.ndarray) -> tuple[np.ndarray, dict, dict]:
    """Mixup of each picture of a batch with the one at the opposite position; `shares` ``(n,)`` weigh the first.

    Sample weights are mixed too, and each target is weighted with its own: one with weight 0 has no effect.
    """

    def over(values: np.ndarray) -> np.ndarray:
        part = shares.astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))
        return part * values + (1 - part) * values[::-1]

    weighed = {name: over(weights[name][:, None] * targets[name]) for name in targets}
    sums = {name: over(weights[name]) for name in targets}
    means = {name: weighed[name] / np.maximum(sums[name], 1e-6)[:, None] for name in targets}
    return over(x), means, sums


def take_over(model: keras.Model, path: Path, head: str) -> None:
    """Load the weights of a ``.keras`` file of the same graph, with one of its heads.

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


def keepers(batches: Batches, run: Path, watch: str, resume: bool, rules: Sequence[Rule] = ()) -> list:
    """Callbacks that store a run's log, best weights and state, after `rules`.

    Parameters
    ----------
    batches : Batches
    run : Path
        Created if necessary.
    watch : str
        Column of the log that is largest in the best epoch.
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
    # The state is written last, so that every completed epoch has its log line and best weights.
    return [
        callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: batches.start_epoch(epoch)),
        Clock(),
        *rules,
        best,
        callbacks.CSVLogger(run / "log.csv", append=resume),
        callbacks.BackupAndRestore(run / "state", double_checkpoint=True, delete_checkpoint=False),
    ]


def minutes(run: Path) -> float:
    """Total duration of all epochs of a run in minutes, without interruptions."""
    with (run / "log.csv").open(newline="") as text:
        return sum(float(row.get("seconds") or 0) for row in csv.DictReader(text)) / 60


def sgd(schedule: Schedule, steps: int) -> keras.optimizers.Optimizer:
    """SGD with Nesterov momentum, and a rate with warm-up and cosine decay. `steps` per epoch."""
    warm_up = int(min(schedule.warm_up, schedule.epochs / 3) * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        schedule.rate / 100, schedule.epochs * steps - warm_up, warmup_target=schedule.rate, warmup_steps=warm_up
    )
    optimiser = keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=schedule.decay)
    optimiser.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimiser


def _best_so_far(log: Path, column: str) -> float | None:
    if not log.is_file():
        return None
    with log.open(newline="") as text:
        return max((float(row[column]) for row in csv.DictReader(text)), default=-math.inf)


def calibrated(served: CnnClassifier, public: AlignedSet) -> tuple[Settings, float]:
    """Calibrate a network as it will be served, and print its accuracy on PublicTest.

    Parameters
    ----------
    served : CnnClassifier
        Its own temperature is ignored.
    public : AlignedSet
        Pictures that the network was not fitted on.

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
    settings: Settings = {"temperature": temperature, "side": served.side, "mirror": served.mirror}
    return settings, calibration.sure_from(probs, public.targets)
