"""`hog-linear-svm`: the textbook baseline. scikit-image's `hog` of the aligned crop, scikit-learn's `LinearSVC`.

Expected: 56 % on PrivateTest, three minutes on one core. Command::

    python -m zoo train hog-linear-svm --data fer2013.csv

``notebooks/textbook_baseline.ipynb`` rebuilds it in ten lines.
"""

from __future__ import annotations

import argparse

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
    """Add the recipe's own options."""
    svm_common.add_align(parser)


def train(args: argparse.Namespace) -> None:
    """Fit on Training, calibrate on PublicTest, write the checkpoint."""
    svm_common.LinearRecipe(
        CARD, DESCRIPTOR, C, lambda x, targets, seed: svm_fit.fit_linear(x, targets, C, seed)
    ).train(args, load_fer2013)
