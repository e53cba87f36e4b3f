"""`hog-svm`: HOG of the face and, enlarged, of eyes and mouth; an RBF machine that is invariant to mirroring.

Expected: 71.7 % on PrivateTest, mirrored or not, in three minutes on two cores; the kernel alone takes
3.3 GB of memory. Command::

    python -m zoo train hog-svm --data fer2013.csv --votes fer2013new.csv --gamma 1.5 --ridge 0.2

The FER+ votes on a picture have a part of its target beside the label (``--votes-weight``). Without ``--votes``,
and with the narrower kernel of the default settings, this is the model that was shipped until 2026-11-27; `cnn` and
others learn from its out-of-fold predictions. What came before, a hinge loss on the whole face only, in two
minutes::

    python -m zoo train hog-svm --data fer2013.csv --parts whole --components 176 --loss hinge --gamma 2

What each gives is in ``checkpoints/README.md``.

Two runs with the same number of threads give the same weights; another number rounds differently, to the same figure.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from features.descriptors import Hog, Joined, Zoom
from zoo.cards import Card
from zoo.datasets.aligned import AlignedSet, DataError
from zoo.datasets.fer2013 import load_fer2013
from zoo.datasets.ferplus import shares_of_seven, votes_for
from zoo.models import checkpoint
from zoo.models.svm import Kernel
from zoo.training import out_of_fold, svm_fit
from zoo.training.out_of_fold import SoftTargetMix
from zoo.training.recipes import svm_common
from zoo.training.svm_fit import KernelSettings

CARD = checkpoint.draft(
    "hog-svm",
    "HOG + SVM, least squares",
    "Gradient histograms (our own HOG code) of the face and, enlarged, of eyes and mouth; a kernel machine fitted by "
    "least squares over all training faces (LS-SVM, equivalent to kernel ridge regression).",
    "svm",
)
WHOLE = [Hog(cell, orientations=16, centred=True, signed=True) for cell in (6, 12)]
EYES = Zoom(8, 16, True, True, top=0.12, bottom=0.54, breadth=0.9, high=48, wide=96)
MOUTH = Zoom(8, 16, True, True, top=0.56, bottom=1.0, breadth=0.6, high=48, wide=64)
# Weights with which eyes and mouth together count as much as the whole face.
PARTS = {
    "whole": Joined(tuple(WHOLE), (1.0, 1.0)),
    "enlarged": Joined((*WHOLE, EYES, MOUTH), (1.0, 1.0, 1.3, 1.6)),
}
SETTINGS = KernelSettings(components=288, c=5.0, ridge=0.3, gamma=2.5)
VOTES_WEIGHT = 0.3  # of the target, with --votes
LOSSES = {"squares": svm_fit.fit_least_squares, "hinge": svm_fit.fit_kernel}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the recipe's own options."""
    parser.add_argument(
        "--parts", choices=tuple(PARTS), default="enlarged", help="whole face only, or enlarged eyes and mouth as well"
    )
    parser.add_argument("--components", type=int, default=SETTINGS.components, help="principal components kept")
    parser.add_argument("--loss", choices=tuple(LOSSES), default="squares", help="loss function")
    parser.add_argument(
        "--ridge", type=float, default=SETTINGS.ridge, help="ridge (L2) regularisation strength, squared loss"
    )
    parser.add_argument("--c", type=float, default=SETTINGS.c, help="penalty for misclassification (C), hinge loss")
    parser.add_argument(
        "--gamma", type=float, default=SETTINGS.gamma, help="kernel width, as a multiple of 1 / total variance"
    )
    parser.add_argument(
        "--votes-weight", type=float, default=VOTES_WEIGHT, help="with --votes: their weight beside the label, 0 to 1"
    )
    svm_common.add_align(parser)


def train(args: argparse.Namespace) -> None:
    """Fit on Training, calibrate on PublicTest, write the checkpoint."""
    if args.votes and args.loss != "squares":
        raise DataError("--votes softens the targets, which the hinge loss cannot use; use --loss squares with it.")
    start = time.perf_counter()
    settings = KernelSettings(args.components, args.c, args.ridge, args.gamma, args.seed)
    card = svm_common.aligned_as(CARD, args)
    data = load_fer2013(args.data, card.align)
    wanted = softened(data, args.votes, args.votes_weight) if args.votes else None
    machine = fit(data.split("Training"), settings, args.parts, args.loss, wanted)
    source = "FER2013 and FER+ votes" if args.votes else "FER2013"
    note = checkpoint.training_note(_command(args, card), source, args.seed, (time.perf_counter() - start) / 60)
    card = replace(card, settings={"gamma": machine.gamma, "even": machine.even}, training=note)
    made = svm_common.Fit(PARTS[args.parts], machine, svm_fit.kernel_arrays(machine))
    svm_common.publish(card, made, data.split("PublicTest"), args.out)


def _command(args: argparse.Namespace, card: Card) -> str:
    price = f"--ridge {args.ridge:g}" if args.loss == "squares" else f"--c {args.c:g}"
    kind = f"--parts {args.parts} --components {args.components} --loss {args.loss}"
    return (
        f"python -m zoo train {CARD.name} --data fer2013.csv {kind} {price} --gamma {args.gamma:g}"
        + (f" --votes fer2013new.csv --votes-weight {args.votes_weight:g}" if args.votes else "")
        + svm_common.align_words(card)
    )


def softened(data: AlignedSet, votes: Path, weight: float) -> np.ndarray:
    """Targets of Training's pictures ``(n, 7)``: the label, and the FER+ votes with this weight."""
    counts = votes_for(data, votes)[data.splits == "Training"]
    hot = np.eye(len(data.labels), dtype=np.float32)[data.split("Training").targets]
    return SoftTargetMix(weight)(hot, shares_of_seven(counts, hot))


def fit(
    training: AlignedSet,
    settings: KernelSettings = SETTINGS,
    parts: str = "enlarged",
    loss: str = "squares",
    wanted: np.ndarray | None = None,
) -> Kernel:
    """The machine, with projection and support vectors rounded as in the checkpoint; `wanted` are soft targets."""
    descriptor = PARTS[parts]
    order = descriptor.mirror_order(training.faces.spec.size)
    described = partial(svm_fit.describe, descriptor, training.faces)
    targets = training.targets if wanted is None else wanted
    return svm_fit.mirror_blind_machine(described, order, targets, settings, LOSSES[loss])


def out_of_fold_predictions(training: AlignedSet) -> np.ndarray:
    """Each picture's predictions by a machine fitted on the other folds: ``(n, 7)``; ten minutes on two cores."""
    descriptor = PARTS["enlarged"]

    def machine(part: AlignedSet) -> out_of_fold.Scores:
        fitted = fit(part)
        return lambda faces: fitted(svm_fit.describe(descriptor, faces))

    return out_of_fold.cross_fitted(machine, training)
