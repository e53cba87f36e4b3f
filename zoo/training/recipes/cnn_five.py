"""`cnn-five`: five labels, without disgust and fear, and a run that stops by two thresholds.

The founding Colab notebook leaves the two labels out because "these two expressions are not clear",
and stops training as soon as accuracy > .75 and val_accuracy > .71 hold in the same epoch, "to
avoid overfitting". It shows its network only as a picture; this one is of the kind its sources use: pairs
of 3 x 3 convolutions (32, 64, 128) with ELU and one dense layer of 128. The same holds for the optimiser (Nadam,
0.001), the lower learning rate on a plateau of val_accuracy, and early stopping if the thresholds
are never reached. The log says which condition held first and which one ended the run.

Differences: the aligned crop that all models use; epochs are chosen on PublicTest, results reported on
PrivateTest. The two omitted labels cannot be predicted.

Expected: 76.2 % on PrivateTest, of five labels (figures for seven do not compare); both thresholds hold
after 33 epochs, 82 minutes. About 100 seconds per epoch on two cores, one of them busy. Threads are TensorFlow's:
``TF_NUM_INTRAOP_THREADS=1`` keeps it to one core. Command::

    python -m zoo train cnn-five --data fer2013.csv
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import keras

from zoo.labels import FIVE
from zoo.training import single_head
from zoo.training.architectures import paired_elu
from zoo.training.augmentation import Augmentation
from zoo.training.callbacks import VAL_ACCURACY, EarlyStop, Plateau, Rule, StopWhenBoth
from zoo.training.single_head import Plan

PLAN = Plan(
    name="cnn-five",
    title="CNN, five labels",
    summary="Learned only angry, happy, sad, surprise and neutral; it cannot answer disgust or fear.",
    network=lambda: paired_elu(single_head.SIDE),
    changes=Augmentation(degrees=10, zoom=0.1, shift=0.06, gamma=1.2, contrast=0.1, soften=0, noise=0, erase=0),
    labels=FIVE,
    batch=64,
    rate=1e-3,
    optimiser=lambda schedule, steps: keras.optimizers.Nadam(schedule.rate),
    dropout=0.5,
    bits=8,
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the recipe's own options."""
    single_head.add_options(parser, epochs=60)
    parser.add_argument("--accuracy", type=float, default=0.75, help="stop when training accuracy exceeds this")
    parser.add_argument("--val-accuracy", type=float, default=0.71, help="and PublicTest accuracy exceeds this")


def train(args: argparse.Namespace) -> None:
    """Fit on Training, keep the best epoch on PublicTest, publish."""
    single_head.train(replace(PLAN, rules=lambda run: rules(run, args)), args, smoothing=0.0)


def rules(run: Path, args: argparse.Namespace) -> list[Rule]:
    """The notebook's two thresholds; the other rules apply to runs that never reach them."""
    return [
        StopWhenBoth(run, {"accuracy": args.accuracy, "val_accuracy": args.val_accuracy}),
        EarlyStop(run, VAL_ACCURACY, patience=11),
        Plateau(run, VAL_ACCURACY, patience=7, factor=0.5, lowest=1e-6),
    ]
