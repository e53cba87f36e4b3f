"""`hog-svm`: HOG at two scales, an RBF machine that cannot tell left from right, calibrated.

Expected: about 69 % on PrivateTest, mirrored or not, in four minutes on two cores. Command::

    python -m zoo train hog-svm --data fer2013.csv

Two runs with the same number of threads give the same weights; another number rounds differently, to the same figure.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np

from features.descriptors import Hog, Joined
from zoo import checkpoint, classical
from zoo.classical import KernelSettings
from zoo.datasets import AlignedSet, load_fer2013
from zoo.recipes import svm
from zoo.svm import Kernel

CARD = checkpoint.draft(
    "hog-svm",
    "HOG + SVM",
    "Gradient histograms at two scales and a kernel machine: every face is weighed against thousands.",
    "svm",
)
FINE, COARSE = (Hog(cell, orientations=16, centred=True, signed=True) for cell in (6, 12))
DESCRIPTOR = Joined((FINE, COARSE), (1.0, 1.0))
SETTINGS = KernelSettings(components=176, c=5.0, gamma=2.0)


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of its own."""
    parser.add_argument("--c", type=float, default=SETTINGS.c, help="price of a mistake")
    parser.add_argument("--gamma", type=float, default=SETTINGS.gamma, help="kernel width, times 1 / total variance")
    svm.add_align(parser)


def train(args: argparse.Namespace) -> None:
    """Fit on Training, calibrate on PublicTest, write the checkpoint."""
    start = time.perf_counter()
    settings = KernelSettings(SETTINGS.components, args.c, args.gamma, args.seed)
    card = svm.aligned_as(CARD, args)
    data = load_fer2013(args.data, card.align)
    machine = fit(data.split("Training"), settings)
    command = f"python -m zoo train {CARD.name} --data fer2013.csv --c {args.c:g} --gamma {args.gamma:g}"
    command += svm.align_words(card)
    note = checkpoint.training_note(command, "FER2013", args.seed, (time.perf_counter() - start) / 60)
    card = replace(card, settings={"gamma": machine.gamma, "even": machine.even, "c": args.c}, training=note)
    svm.publish(card, svm.Fit(DESCRIPTOR, machine, _arrays(machine)), data.split("PublicTest"), args.out)


def fit(training: AlignedSet, settings: KernelSettings) -> Kernel:
    """The machine, with projection and support vectors as exact as they are kept."""
    described = classical.describe(DESCRIPTOR, training.faces)
    order = DESCRIPTOR.mirror_order(training.faces.spec.size)
    projection = classical.project(described, order, settings)
    z = classical.half(projection(described))
    return classical.kernel_machine(projection, classical.fit_kernel(z, projection.even, training.targets, settings))


def _arrays(machine: Kernel) -> dict[str, np.ndarray]:
    return {
        "mean": machine.mean.astype(np.float16),
        "components": machine.components.astype(np.float16),
        "vectors": machine.vectors.astype(np.float16),
        "coefficients": machine.coefficients,
        "bias": machine.bias,
    }
