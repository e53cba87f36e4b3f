"""`movements-linear`: multinomial logistic regression on 52 facial movements, such as opening the jaw.

Expected: 52 % on PrivateTest, six minutes on one core, nearly all of them for measuring the movements. Command::

    python -m zoo train movements-linear --data fer2013.csv

The score of a label is a sum: a base value, and for each movement its strength times a weight. Every picture is used
with its mirror image, so that left and right count equally.
"""

from __future__ import annotations

import argparse

import numpy as np

from features.descriptors import Joined
from features.movements import Movements, mirror_order
from zoo.datasets.fer2013 import load_fer2013
from zoo.models import checkpoint
from zoo.models.svm import Linear
from zoo.training.recipes import svm_common

CARD = checkpoint.draft(
    "movements-linear",
    "Movements, linear",
    "52 facial movements (MediaPipe’s blendshapes), a weight for each and each label: a sum that can be read.",
    "svm",
)
DESCRIPTOR = Joined((Movements(),), (1.0,))
C = 0.1


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the recipe's own options."""
    svm_common.add_align(parser)


def train(args: argparse.Namespace) -> None:
    """Fit on Training, calibrate on PublicTest, write the checkpoint."""
    svm_common.LinearRecipe(CARD, DESCRIPTOR, C, lambda x, targets, _seed: fit(x, targets)).train(args, load_fer2013)


def fit(x: np.ndarray, targets: np.ndarray) -> Linear:
    """Fit weights for the movements without standardising them: ``(n, 52), (n,) -> Linear``."""
    from sklearn.linear_model import LogisticRegression

    both = np.concatenate([x, x[:, mirror_order()]])
    mean, spread = both.mean(axis=0), both.std(axis=0).clip(1e-3)
    machine = LogisticRegression(C=C, max_iter=1000).fit((both - mean) / spread, np.concatenate([targets, targets]))
    weights = (machine.coef_ / spread).T
    return Linear(weights.astype(np.float32), (machine.intercept_ - mean @ weights).astype(np.float32))
