"""`hog-linear-svm`: the textbook baseline. scikit-image's `hog` of the aligned crop, scikit-learn's `LinearSVC`.

Expected: 56 % on PrivateTest, three minutes on one core. Command::

    python -m zoo train hog-linear-svm --data fer2013.csv

``notebooks/textbook_baseline.ipynb`` rebuilds it in ten lines.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

from features.descriptors import Joined, TextbookHog
from zoo.datasets.fer2013 import load_fer2013
from zoo.models import checkpoint
from zoo.training import svm_fit
from zoo.training.recipes import svm_common

CARD = checkpoint.draft(
    "hog-linear-svm",
    "HOG + linear SVM",
    "The textbook baseline: one grid of gradient histograms (HOG, scikit-image) and one linear function for each label "
    "(LinearSVC, scikit-learn).",
    "svm",
)
DESCRIPTOR = Joined((TextbookHog(cell=8, orientations=8),), (1.0,))
C = 0.01


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of its own."""
    svm_common.add_align(parser)


def train(args: argparse.Namespace) -> None:
    """Fit on Training, calibrate on PublicTest, write the checkpoint."""
    start = time.perf_counter()
    card = svm_common.aligned_as(CARD, args)
    data = load_fer2013(args.data, card.align)
    training = data.split("Training")
    machine = svm_fit.fit_linear(svm_fit.describe(DESCRIPTOR, training.faces), training.targets, C, args.seed)
    command = f"python -m zoo train {CARD.name} --data fer2013.csv{svm_common.align_words(card)}"
    note = checkpoint.training_note(command, "FER2013", args.seed, (time.perf_counter() - start) / 60)
    arrays = {"weights": machine.weights, "bias": machine.bias}
    card = replace(card, settings={"c": C}, training=note)
    svm_common.publish(card, svm_common.Fit(DESCRIPTOR, machine, arrays), data.split("PublicTest"), args.out)
