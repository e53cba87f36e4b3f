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

from features.descriptors import Hog, Joined, Zoom
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
WHOLE = [Hog(cell, orientations=16, centred=True, signed=True) for cell in (6, 12)]
EYES = Zoom(8, 16, True, True, top=0.12, bottom=0.54, breadth=0.9, high=48, wide=96)
MOUTH = Zoom(8, 16, True, True, top=0.56, bottom=1.0, breadth=0.6, high=48, wide=64)
DESCRIPTOR = Joined((*WHOLE, EYES, MOUTH), (1.0, 1.0, 1.0, 1.0))
SETTINGS = KernelSettings(components=176, c=5.0, ridge=0.3, gamma=2.0)
LOSSES = {"squares": classical.fit_least_squares, "hinge": classical.fit_kernel}


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of its own."""
    parser.add_argument("--loss", choices=tuple(LOSSES), default="squares", help="what the machines are fitted by")
    parser.add_argument("--ridge", type=float, default=SETTINGS.ridge, help="what the squared loss gives up for calm")
    parser.add_argument("--c", type=float, default=SETTINGS.c, help="price of a mistake, for the hinge loss")
    parser.add_argument("--gamma", type=float, default=SETTINGS.gamma, help="kernel width, times 1 / total variance")
    svm.add_align(parser)


def train(args: argparse.Namespace) -> None:
    """Fit on Training, calibrate on PublicTest, write the checkpoint."""
    start = time.perf_counter()
    settings = KernelSettings(SETTINGS.components, args.c, args.ridge, args.gamma, args.seed)
    card = svm.aligned_as(CARD, args)
    data = load_fer2013(args.data, card.align)
    machine = fit(data.split("Training"), settings, args.loss)
    price = f"--ridge {args.ridge:g}" if args.loss == "squares" else f"--loss hinge --c {args.c:g}"
    command = f"python -m zoo train {CARD.name} --data fer2013.csv {price} --gamma {args.gamma:g}"
    command += svm.align_words(card)
    note = checkpoint.training_note(command, "FER2013", args.seed, (time.perf_counter() - start) / 60)
    card = replace(card, settings={"gamma": machine.gamma, "even": machine.even}, training=note)
    svm.publish(card, svm.Fit(DESCRIPTOR, machine, _arrays(machine)), data.split("PublicTest"), args.out)


def fit(training: AlignedSet, settings: KernelSettings = SETTINGS, loss: str = "squares") -> Kernel:
    """The machine, with projection and support vectors as exact as they are kept."""
    described = classical.describe(DESCRIPTOR, training.faces)
    order = DESCRIPTOR.mirror_order(training.faces.spec.size)
    projection = classical.project(described, order, settings)
    z = classical.stepped(projection(described))
    del described  # as large as the kernel that comes next
    return classical.kernel_machine(projection, LOSSES[loss](z, projection.even, training.targets, settings))


def _arrays(machine: Kernel) -> dict[str, np.ndarray]:
    return {
        "mean": machine.mean.astype(np.float16),
        **_bytes("components", machine.components),
        **_bytes("vectors", machine.vectors),
        "coefficients": machine.coefficients,
        "bias": machine.bias,
    }


def _bytes(name: str, values: np.ndarray) -> dict[str, np.ndarray]:
    whole, step = classical.steps_of(values)
    return {name: whole, f"{name}_step": np.array(step)}
