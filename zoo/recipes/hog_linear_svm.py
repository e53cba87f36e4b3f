"""`hog-linear-svm`: the textbook baseline. HOG of the aligned crop, a linear SVM a label.

Expected: about 55 % on PrivateTest, five minutes on two cores. Command::

    python -m zoo train hog-linear-svm --data fer2013.csv
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from features.align import AlignSpec
from features.descriptors import Hog, Joined, to_config
from zoo import calibration, checkpoint, classical
from zoo.cards import Card
from zoo.datasets import load_fer2013
from zoo.labels import SEVEN
from zoo.svm import softmax

NAME = "hog-linear-svm"
DESCRIPTOR = Joined((Hog(cell=8),), (1.0,))
C = 0.01


def configure(parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def train(args: argparse.Namespace) -> None:
    """Fit on Training, calibrate on PublicTest, write the checkpoint."""
    start = time.perf_counter()
    spec = AlignSpec()
    data = load_fer2013(args.data, spec)
    training, public = data.split("Training"), data.split("PublicTest")
    machine = classical.fit_linear(classical.describe(DESCRIPTOR, training.faces), training.targets, C, args.seed)
    scores = machine(classical.describe(DESCRIPTOR, public.faces))
    scale, shift = calibration.vector_scaling(scores, public.targets)
    probs = softmax(scores * scale + shift)
    print(f"PublicTest accuracy {np.mean(probs.argmax(axis=1) == public.targets):.4f}")
    card = Card(
        name=NAME,
        title="HOG + linear SVM",
        summary="The textbook's way: one grid of gradient histograms and a straight line for every label.",
        family="classical",
        loader="svm",
        labels=SEVEN,
        align=spec,
        fingerprint=spec.fingerprint,
        files={},
        settings={"descriptor": to_config(DESCRIPTOR), "c": C},
        threshold=calibration.sure_from(probs, public.targets),
        training=checkpoint.training_note(
            f"python -m zoo train {NAME} --data fer2013.csv", "FER2013", args.seed, (time.perf_counter() - start) / 60
        ),
        limits=checkpoint.LIMITS,
    )
    arrays = {"weights": machine.weights, "bias": machine.bias, "scale": scale, "shift": shift}
    checkpoint.save(card, {"model.npz": checkpoint.arrays_bytes(**arrays)}, args.out)
