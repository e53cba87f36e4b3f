"""`hog-svm`: HOG at two scales, an RBF machine that cannot tell left from right, calibrated.

Expected: about 68 % on PrivateTest, mirrored or not, in three minutes on two cores. Command::

    python -m zoo train hog-svm --data fer2013.csv

Two runs with the same number of threads give the same weights; another number rounds differently, to the same figure.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from features.align import AlignSpec
from features.descriptors import Hog, Joined, to_config
from zoo import calibration, checkpoint, classical
from zoo.cards import Card
from zoo.classical import KernelSettings
from zoo.datasets import AlignedSet, load_fer2013
from zoo.labels import SEVEN
from zoo.svm import Kernel, softmax

NAME = "hog-svm"
DESCRIPTOR = Joined((Hog(cell=6, centred=True), Hog(cell=12, centred=True)), (1.0, 1.0))
SETTINGS = KernelSettings(components=176, c=10.0, gamma=1.5)


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of its own."""
    parser.add_argument("--c", type=float, default=SETTINGS.c, help="price of a mistake")
    parser.add_argument("--gamma", type=float, default=SETTINGS.gamma, help="kernel width, times 1 / total variance")


def train(args: argparse.Namespace) -> None:
    """Fit on Training, calibrate on PublicTest, write the checkpoint."""
    start = time.perf_counter()
    settings = KernelSettings(SETTINGS.components, args.c, args.gamma, args.seed)
    spec = AlignSpec()
    data = load_fer2013(args.data, spec)
    machine = fit(data.split("Training"), settings)
    public = data.split("PublicTest")
    scores = machine(classical.describe(DESCRIPTOR, public.faces))
    scale, shift = calibration.vector_scaling(scores, public.targets)
    probs = softmax(scores * scale + shift)
    print(f"PublicTest accuracy {np.mean(probs.argmax(axis=1) == public.targets):.4f}")
    command = f"python -m zoo train {NAME} --data fer2013.csv --c {args.c:g} --gamma {args.gamma:g}"
    card = Card(
        name=NAME,
        title="HOG + SVM",
        summary="Gradient histograms at two scales and a kernel machine: every face is weighed against thousands.",
        family="classical",
        loader="svm",
        labels=SEVEN,
        align=spec,
        fingerprint=spec.fingerprint,
        files={},
        settings={"descriptor": to_config(DESCRIPTOR), "gamma": machine.gamma, "even": machine.even, "c": args.c},
        threshold=calibration.sure_from(probs, public.targets),
        training=checkpoint.training_note(command, "FER2013", args.seed, (time.perf_counter() - start) / 60),
        limits=checkpoint.LIMITS,
    )
    checkpoint.save(card, {"model.npz": _pack(machine, scale, shift)}, args.out)


def fit(training: AlignedSet, settings: KernelSettings) -> Kernel:
    """The machine, with projection and support vectors as exact as they are kept."""
    described = classical.describe(DESCRIPTOR, training.faces)
    order = DESCRIPTOR.mirror_order(training.faces.spec.size)
    projection = classical.project(described, order, settings)
    z = classical.half(projection(described))
    return classical.kernel_machine(projection, classical.fit_kernel(z, projection.even, training.targets, settings))


def _pack(machine: Kernel, scale: np.ndarray, shift: np.ndarray) -> bytes:
    return checkpoint.arrays_bytes(
        mean=machine.mean.astype(np.float16),
        components=machine.components.astype(np.float16),
        vectors=machine.vectors.astype(np.float16),
        coefficients=machine.coefficients,
        bias=machine.bias,
        scale=scale,
        shift=shift,
    )
