"""`cnn-tiny`: a third of a megabyte, `cnn` made narrow: a quarter of a million weights, distilled from large networks.

The shipped weights were trained on a GPU, together with `cnn-large` and by the same teachers; its recipe has the
commands, and ``python -m zoo train cnn-tiny --data fer2013.csv --trained gpu`` makes the checkpoint.

Without a GPU, it learns the labels and the predictions of a teacher, `cnn`, for the same copy of each picture
(temperature 3, teacher .8, labels .2). Several teachers, separated by commas, are averaged.
``--teacher-sees crop`` asks the teachers once instead, about the crop and its mirror image, before training.

``--kind separable`` takes a network of separable convolutions instead; it is wider for as many
weights, and an epoch takes twice as long on a CPU.

Expected: 70.9 % on PublicTest from the GPU. On a CPU, 68.3 % after 36 epochs; two more cosines, of 44 and
24 epochs, in which ``hog-svm`` replaces a part of the teachers (``--opinions``, see `zoo.training.out_of_fold`), give
68.8 %. About 40 seconds an epoch on an idle core with ``--precision mixed_bfloat16`` and
``--teacher-sees crop``, 80 on a shared one. Threads are TensorFlow's: ``TF_NUM_INTRAOP_THREADS=1``
keeps it to one core. Commands::

    python -m zoo train cnn-tiny --data fer2013.csv --epochs 36 --rate 0.06 --teacher-sees crop
    python -m zoo train cnn-tiny --data fer2013.csv --epochs 44 --rate 0.06 --teacher-sees crop --start checkpoints \\
        --opinions 0.4
    python -m zoo train cnn-tiny --data fer2013.csv --epochs 24 --rate 0.04 --teacher-sees crop --start checkpoints \\
        --opinions 0.4
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from zoo.datasets.aligned import AlignedSet, DataError
from zoo.models import registry
from zoo.models.svm import softmax
from zoo.training import out_of_fold, single_head, trained_elsewhere
from zoo.training.architectures import residual_vgg, separable_vgg
from zoo.training.augmentation import Augmentation
from zoo.training.distillation import Teachers, Teaching
from zoo.training.out_of_fold import SoftTargetMix
from zoo.training.recipes import hog_svm
from zoo.training.single_head import DistilledBatches, Plan

KINDS = {
    "narrow": lambda: residual_vgg(single_head.SIDE, widths=(16, 32, 64, 80)),
    "separable": lambda: separable_vgg(single_head.SIDE),
}
PLAN = Plan(
    name="cnn-tiny",
    title="CNN, tiny",
    summary="A third of a megabyte, trained to imitate the large network. What is lost by being small?",
    network=KINDS["narrow"],
    changes=Augmentation(
        degrees=12, zoom=0.12, shift=0.06, gamma=1.6, contrast=0.3, soften=0.15, noise=0.12, erase=0.2
    ),
    dropout=0.1,
    mirror=True,
    bits=8,
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the recipe's own options."""
    single_head.add_options(parser, epochs=60)
    parser.add_argument("--rate", type=float, default=PLAN.rate, help="peak learning rate")
    parser.add_argument("--kind", choices=tuple(KINDS), default="narrow", help="type of convolutions")
    parser.add_argument(
        "--teachers",
        type=_paths,
        default=[registry.CHECKPOINTS / "cnn"],
        help="teacher checkpoints, separated by commas",
    )
    parser.add_argument(
        "--teacher-sees",
        choices=("copy", "crop"),
        default="copy",
        help="copy: the augmented copy; crop: the plain crop, once, which is faster",
    )
    trained_elsewhere.add_option(parser)
    parser.add_argument("--start", type=Path, help="checkpoints folder to start from instead of random weights")
    parser.add_argument(
        "--opinions",
        type=float,
        default=0.0,
        metavar="WEIGHT",
        help="weight of hog-svm's out-of-fold predictions beside the teachers; 0.5 is half",
    )


def _paths(text: str) -> list[Path]:
    return [Path(part) if Path(part).is_dir() else registry.CHECKPOINTS / part for part in text.split(",")]


def train(args: argparse.Namespace) -> None:
    """Fit on Training with the teachers' predictions, keep the best epoch on PublicTest, publish."""
    plan = replace(PLAN, network=KINDS[args.kind])
    if args.trained:
        return single_head.adopt(PLAN, args)
    if args.convert:
        return single_head.convert(plan, args)
    teachers = Teachers(load_teachers(args.teachers), Teaching(same_copy=args.teacher_sees == "copy"))
    schedule, data = single_head.begin(plan, args, rate=args.rate, smoothing=0.0, decay=2e-4)
    training, public = data.split("Training"), data.split("PublicTest")
    others = (SoftTargetMix(args.opinions), _softened(training, args.run)) if args.opinions else None
    batches = DistilledBatches(training, schedule, plan.changes, teachers, others)
    single_head.fit(plan, batches, public, args.run, args.resume, args.start)
    single_head.publish(plan, public, args, _command(plan, args))


def _softened(training: AlignedSet, run: Path) -> np.ndarray:
    """Predictions of ``hog-svm`` for each training picture, softened like the teachers'."""
    predicted = out_of_fold.kept(run / "opinions.npy", lambda: hog_svm.out_of_fold_predictions(training))
    return softmax(np.log(predicted) / Teaching.temperature)


def _command(plan: Plan, args: argparse.Namespace) -> str:
    typed = (
        f"{single_head.command(plan, args)} --kind {args.kind} --rate {args.rate:g} --teacher-sees {args.teacher_sees}"
    )
    typed += f" --teachers {','.join(path.name for path in args.teachers)}"
    typed += f" --start {args.start.name}" if args.start else ""
    return typed + (f" --opinions {args.opinions:g}" if args.opinions else "")


def load_teachers(folders: list[Path]) -> list[keras.Model]:
    """The trained networks of checkpoints.

    Raises
    ------
    DataError
        A checkpoint is missing, has no ``model.keras``, or has other labels.
    """
    models = []
    for folder in folders:
        path = folder / "model.keras"
        if not path.is_file():
            raise DataError(f"There is no {path}; a teacher is a checkpoint with its .keras file. Train cnn first.")
        model = keras.saving.load_model(path, compile=False)
        if model.outputs[0].shape[-1] != len(PLAN.labels) or model.inputs[0].shape[1] != single_head.SIDE:
            raise DataError(
                f"{path} answers otherwise: expected {len(PLAN.labels)} labels from {single_head.SIDE} pixels."
            )
        models.append(model)
    return models
