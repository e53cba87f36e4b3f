"""`cnn-rbf`: the network of `cnn` with a kernel machine on its middle maps.

The network is unchanged. A kernel machine (RBF, squared loss) is fitted on what the network computes
after two of its four stages, averaged over the face and its mirror image; every training face is a
support vector. Its scores, weighted on PublicTest, are added to the network's logits.
See `zoo.training.kernel_head`.

Expected: 73.8 % on PublicTest where the network alone has 71.8 %; the card has PrivateTest. Three
minutes on two idle cores and 6 GB of memory. Command::

    python -m zoo train cnn-rbf --data fer2013.csv
"""

from __future__ import annotations

import argparse
import io
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import keras

from features.align import AlignSpec
from zoo.card_fields import Settings
from zoo.cards import Card, checked
from zoo.datasets.fer2013 import load_fer2013
from zoo.models import checkpoint, registry
from zoo.models.cnn import CnnClassifier, Reading
from zoo.models.svm import Kernel
from zoo.training import kernel_head, svm_fit
from zoo.training.loop import calibrated
from zoo.training.plots import Box, draw_architecture
from zoo.training.svm_fit import KernelSettings
from zoo.training.two_head import middle_of

CARD = checkpoint.draft(
    "cnn-rbf",
    "CNN + RBF",
    "The same network with a kernel machine on the features after the second of its four stages.",
    "tflite-kernel",
)


def configure(
    parser: argparse.ArgumentParser, network: str = "cnn", usual: KernelSettings = kernel_head.SETTINGS
) -> None:
    """Add the recipe's own options."""
    parser.add_argument("--network", default=network, help="model whose intermediate features are used")
    parser.add_argument("--checkpoints", type=Path, default=registry.CHECKPOINTS, help="folder with that model")
    parser.add_argument("--components", type=int, default=usual.components, help="principal components kept")
    parser.add_argument(
        "--gamma", type=float, default=usual.gamma, help="kernel width, as a multiple of 1 / total variance"
    )
    parser.add_argument("--ridge", type=float, default=usual.ridge, help="ridge (L2) regularisation strength")


def train(args: argparse.Namespace, draft: Card = CARD) -> None:
    """Fit on Training, weigh and calibrate on PublicTest, write the checkpoint."""
    start = time.perf_counter()
    folder, before = args.checkpoints / args.network, registry.card(args.network, args.checkpoints)
    model = checked(folder, before, "model.tflite").read_bytes()
    data = load_fer2013(args.data, AlignSpec())
    settings = KernelSettings(args.components, ridge=args.ridge, gamma=args.gamma, seed=args.seed)
    public = data.split("PublicTest")
    network = partial(CnnClassifier, draft.name, public.labels, public.faces.spec, model)
    alone = network(Reading(mirror=True))
    machine = kernel_head.fit(alone, data.split("Training"), settings)
    machine = kernel_head.as_logits(machine, alone, public)
    found, threshold = calibrated(network(Reading(mirror=True, kernel_head=machine)), public)
    spent = (time.perf_counter() - start) / 60
    note = checkpoint.training_note(_command(args, draft.name), "FER2013", args.seed, spent)
    found |= Settings(network=args.network, gamma=machine.gamma, even=machine.even)
    card = replace(draft, settings=found, threshold=threshold, training=note)
    files = {"model.tflite": model, "model.npz": checkpoint.arrays_bytes(**svm_fit.kernel_arrays(machine))}
    if "model.keras" in before.files:
        kept = keras.saving.load_model(checked(folder, before, "model.keras"), compile=False)
        files["architecture.png"] = picture(kept, machine)
    checkpoint.save(card, files, args.out)


def _command(args: argparse.Namespace, name: str) -> str:
    return (
        f"python -m zoo train {name} --data fer2013.csv --network {args.network} "
        f"--components {args.components} --gamma {args.gamma:g} --ridge {args.ridge:g}"
    )


def picture(network: keras.Model, machine: Kernel) -> bytes:
    """The network with the kernel machine beside its last layers, drawn as a PNG."""
    count, labels = machine.coefficients.shape
    parameters = machine.components.size + machine.vectors.size + machine.coefficients.size
    words = f"Kernel machine, {count:,} faces × {machine.vectors.shape[1]}"
    png = io.BytesIO()
    draw_architecture(network, png, [Box(("kernel",), words, (labels,), parameters, (middle_of(network).name,))])
    return png.getvalue()
