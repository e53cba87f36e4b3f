"""Trains networks with one head, on labels alone or with distillation from trained networks.

As `zoo.training.two_head` for `cnn` with its two heads: batches, a run that can be interrupted and
resumed, export. Imports Keras.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import keras
import numpy as np
from keras import layers

from features.align import AlignSpec
from zoo.cards import Training, checked
from zoo.cli_types import whole
from zoo.datasets.aligned import AlignedSet
from zoo.datasets.fer2013 import load_fer2013
from zoo.labels import SEVEN, LabelSet
from zoo.models import checkpoint, registry
from zoo.models.cnn import CnnClassifier, Reading, to_input
from zoo.training import trained_elsewhere
from zoo.training.augmentation import Augmentation
from zoo.training.callbacks import Rule, ended, epochs_before
from zoo.training.distillation import Teachers, accuracy_of, objective
from zoo.training.export import tflite_bytes, write_artefacts
from zoo.training.loop import Batches, Schedule, calibrated, keepers, minutes, sgd, take_over
from zoo.training.out_of_fold import SoftTargetMix
from zoo.training.plots import run_files
from zoo.training.two_head import middle_of

SIDE = 48


@dataclass(frozen=True)
class Plan:
    """Architecture and training settings of a network with one head.

    Parameters
    ----------
    name, title, summary : str
        For the card.
    network : callable
        Builds the graph: inputs, maps, embedding.
    changes : Augmentation
        Of the copies it is trained on; without effect if the network is only published (`adopt`).
    labels : LabelSet
        Pictures with other labels are excluded.
    batch : int
    rate : float
        Initial learning rate or, with a cosine schedule, its peak.
    optimiser : callable
        Builds the optimiser from schedule and steps per epoch.
    rules : callable
        Builds the rules for stopping and learning rate from the run's folder.
    dropout : float
        Dropout before the last layer.
    mirror : bool
        Whether outputs are averaged with the mirror image's when serving; see `zoo.models.cnn.Reading`.
    pooled_middle : bool
        Whether the served network also has the second stage's maps, averaged over squares of 2 x 2, as input of a
        kernel machine; see `zoo.training.kernel_head`.
    keep_keras : bool
        Whether the checkpoint includes the ``.keras`` file, for further training.
    bits : int
        Bits per served weight; see `zoo.training.export.tflite_bytes`.
    """

    name: str
    title: str
    summary: str
    network: Callable[[], tuple]
    changes: Augmentation = Augmentation()
    labels: LabelSet = SEVEN
    batch: int = 128
    rate: float = 0.05
    optimiser: Callable[[Schedule, int], keras.optimizers.Optimizer] = sgd
    rules: Callable[[Path], Sequence[Rule]] = lambda run: ()
    dropout: float = 0.3
    mirror: bool = False
    pooled_middle: bool = False
    keep_keras: bool = True
    bits: Literal[8, 16] = 16


class DistilledBatches(Batches):
    """Batches for one head; with teachers, targets also contain their probabilities.

    Parameters
    ----------
    data : AlignedSet
    schedule : Schedule
    changes : Augmentation
    teachers : Teachers, optional
    others : (SoftTargetMix, ndarray), optional
        Further predictions for each picture, ``(n, k)``, and how to mix them with the teachers'.
    """

    def __init__(
        self,
        data: AlignedSet,
        schedule: Schedule,
        changes: Augmentation,
        teachers: Teachers | None = None,
        others: tuple[SoftTargetMix, np.ndarray] | None = None,
    ) -> None:
        none = np.zeros((len(data), 1), np.float32), np.zeros(len(data), np.float32)
        super().__init__(data, none, SIDE, schedule, changes)
        self.teachers = teachers
        self.others = others
        self.teacher_probs = None
        if teachers and not teachers.teaching.same_copy:
            self.teacher_probs = teachers.see(to_input(self.crops, SIDE))

    def __getitem__(self, index: int) -> tuple:
        x, targets, _ = super().__getitem__(index)
        return x, targets["fer2013"].astype(np.float32)

    def taught(self, rows: np.ndarray, copies: np.ndarray) -> np.ndarray:
        """The teachers' probabilities, as they see these copies or as they saw the crops, with `others` mixed in."""
        taught = super().taught(rows, copies) if self.teacher_probs is None else self.teacher_probs[rows]
        if self.others is None:
            return taught
        mixture, predicted = self.others
        return mixture(taught, predicted[rows])


def one_head(plan: Plan) -> keras.Model:
    """The plan's network with a last layer for logits."""
    inputs, _, embedding = plan.network()
    x = layers.Dropout(plan.dropout, dtype="float32")(embedding)
    return keras.Model(inputs, layers.Dense(len(plan.labels), name="logits", dtype="float32")(x), name=plan.name)


def fit(
    plan: Plan,
    batches: DistilledBatches,
    public: AlignedSet,
    run: Path,
    resume: bool = False,
    start: Path | None = None,
) -> None:
    """Train, storing state and best weights in a folder; an interrupted run continues with `resume`.

    Parameters
    ----------
    plan : Plan
    batches : DistilledBatches
    public : AlignedSet
        For choosing the best epoch: PublicTest.
    run : Path
        For ``log.csv``, ``best.weights.h5``, ``state/``, and ``events.log`` if a rule fires.
    resume : bool
    start : Path, optional
        Folder of checkpoints with initial weights; default: random ones.
    """
    schedule, teachers, k = batches.schedule, batches.teachers, len(plan.labels)
    rules = plan.rules(run)
    if resume and (reason := _over(rules, run)):
        print(f"nothing to resume: the run {reason}", flush=True)
        return
    model = one_head(plan)
    if start:
        take_over(model, start / plan.name / "model.keras", "logits")
    teaching = teachers.teaching if teachers else None
    model.compile(
        plan.optimiser(schedule, len(batches)),
        loss=objective(k, schedule.smoothing, teaching),
        metrics=[accuracy_of(k)],
        jit_compile=False,
    )
    x = to_input(public.faces.images, SIDE)
    y = keras.utils.to_categorical(public.targets, k)
    if teachers:
        y = np.concatenate([y, teachers.see(x)], axis=1)
    steps = keepers(batches, run, "val_accuracy", resume, rules)
    epochs = schedule.epochs
    model.fit(batches, epochs=epochs, validation_data=(x, y), validation_batch_size=256, callbacks=steps, verbose=2)


def _over(rules: Sequence[Rule], run: Path) -> str | None:
    """Why the run to resume has already ended."""
    log = epochs_before(run, 10**9)
    reasons = [reason for rule in rules if log and (reason := rule.fires(log))]
    return f"stopped after epoch {len(log)}: {reasons[0]}" if reasons else None


def served(plan: Plan, weights: Path) -> keras.Model:
    """The model for serving with trained weights: logits, embedding, the first stage's maps and maybe the middle's."""
    keras.mixed_precision.set_global_policy("float32")
    model = one_head(plan)
    model.load_weights(weights)
    inside = keras.Model(model.inputs, model.get_layer("embedding").output)
    maps = next(layer.output for layer in model.layers if isinstance(layer, layers.MaxPooling2D))
    outputs = [model.output, inside.output, maps]
    if plan.pooled_middle:
        outputs.append(layers.AveragePooling2D(2)(middle_of(model).output))
    return keras.Model(model.inputs, outputs, name=plan.name)


# --- What the recipes share --------------------------------------------------------------------


def add_options(parser: argparse.ArgumentParser, epochs: int) -> None:
    """Command line options of all recipes for one head."""
    parser.add_argument("--epochs", type=whole, default=epochs)
    parser.add_argument("--precision", choices=("float32", "mixed_bfloat16"), default="float32")
    parser.add_argument(
        "--convert",
        type=Path,
        metavar="FOLDER",
        help="train nothing: convert and calibrate the trained network of this checkpoints folder again",
    )


def begin(
    plan: Plan,
    args: argparse.Namespace,
    rate: float | None = None,
    smoothing: float = Schedule.smoothing,
    decay: float = Schedule.decay,
) -> tuple[Schedule, AlignedSet]:
    """Set seed and precision, and read the data, as every run does. The default rate is the plan's."""
    schedule = Schedule(
        args.epochs,
        plan.batch,
        plan.rate if rate is None else rate,
        smoothing=smoothing,
        decay=decay,
        seed=args.seed,
        precision=args.precision,
    )
    keras.utils.set_random_seed(schedule.seed)
    keras.mixed_precision.set_global_policy(schedule.precision)
    return schedule, load_fer2013(args.data, AlignSpec()).within(plan.labels)


def train(plan: Plan, args: argparse.Namespace, smoothing: float = Schedule.smoothing) -> None:
    """Fit on Training without a teacher, keep the best epoch on PublicTest, publish."""
    if args.convert:
        return convert(plan, args)
    schedule, data = begin(plan, args, smoothing=smoothing)
    batches = DistilledBatches(data.split("Training"), schedule, plan.changes)
    public = data.split("PublicTest")
    fit(plan, batches, public, args.run, args.resume)
    publish(plan, public, args, command(plan, args))


def command(plan: Plan, args: argparse.Namespace) -> str:
    """The command of this run, without paths."""
    return f"python -m zoo train {plan.name} --data fer2013.csv --epochs {args.epochs} --precision {args.precision}"


def adopt(plan: Plan, args: argparse.Namespace) -> None:
    """Publish a network of ``scripts/train_on_gpu.py`` from the folder ``args.trained``."""
    keras.utils.set_random_seed(args.seed)
    keras.mixed_precision.set_global_policy("float32")
    model = one_head(plan)
    typed = trained_elsewhere.take(model, args.trained, plan.name, args.run, ("logits",))
    public = load_fer2013(args.data, AlignSpec()).within(plan.labels).split("PublicTest")
    publish(plan, public, args, typed, trained_elsewhere.DATA)


def publish(plan: Plan, public: AlignedSet, args: argparse.Namespace, typed: str, data: str = "FER2013") -> None:
    """Export the best epoch, calibrate it on PublicTest, and write the checkpoint."""
    made = write_artefacts(served(plan, args.run / "best.weights.h5"), args.run / plan.name, plan.bits)
    files = {"model.tflite": made["model.tflite"].read_bytes()}
    files |= {"model.keras": made["model.keras"].read_bytes()} if plan.keep_keras else {}
    note = checkpoint.training_note(typed, data, args.seed, minutes(args.run))
    files |= run_files(args.run, one_head(plan))
    _save(plan, public, replace(note, ended=ended(args.run)), files, args.out)


def convert(plan: Plan, args: argparse.Namespace) -> None:
    """Write the trained network of ``args.convert`` again, with the plan's bits per weight, calibrated on PublicTest.

    Raises
    ------
    UnknownModelError
        The folder has no such model.
    CardError
        The model has no ``model.keras``, or a file of it has changed.
    """
    before = registry.card(plan.name, args.convert)
    kept = checked(args.convert / plan.name, before, "model.keras")
    files = {name: checked(args.convert / plan.name, before, name).read_bytes() for name in before.files}
    files["model.tflite"] = tflite_bytes(keras.saving.load_model(kept, compile=False), plan.bits)
    public = load_fer2013(args.data, AlignSpec()).within(plan.labels).split("PublicTest")
    _save(plan, public, before.training, files, args.out)


def _save(plan: Plan, public: AlignedSet, note: Training, files: dict[str, bytes], out: Path) -> None:
    """Calibrate the network as it will be served and write its checkpoint."""
    spec, reading = public.faces.spec, Reading(mirror=plan.mirror)
    settings, threshold = calibrated(
        CnnClassifier(plan.name, plan.labels, spec, files["model.tflite"], reading), public
    )
    card = replace(
        checkpoint.draft(plan.name, plan.title, plan.summary, "tflite", plan.labels),
        align=spec,
        fingerprint=spec.fingerprint,
        settings={**settings, "bits": plan.bits},
        threshold=threshold,
        training=note,
    )
    checkpoint.save(card, files, out)
