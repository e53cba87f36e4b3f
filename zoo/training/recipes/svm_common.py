"""Common parts of the support vector machines' recipes: from a fitted machine to a checkpoint."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np

from features.align import REGISTRATIONS, AlignSpec
from features.descriptors import Joined, to_config
from features.normalise import ILLUMINATIONS, POSES
from zoo.card_fields import Settings
from zoo.cards import Card
from zoo.datasets.aligned import AlignedSet
from zoo.models import checkpoint
from zoo.models.svm import Kernel, Linear, softmax
from zoo.training import calibration, svm_fit


def add_align(parser: argparse.ArgumentParser) -> None:
    """Add options that change the alignment, to measure the effect of each step."""
    parser.add_argument("--illumination", choices=ILLUMINATIONS, default="none", help="illumination normalisation")
    parser.add_argument("--pose", choices=POSES, default="none", help="pose normalisation")
    parser.add_argument(
        "--registration",
        choices=REGISTRATIONS,
        default="anchors",
        help="box: crop by bounding box only, without alignment",
    )


def aligned_as(card: Card, args: argparse.Namespace) -> Card:
    """The card with the requested alignment; each alignment has its own fingerprint and cache."""
    spec = replace(card.align, illumination=args.illumination, pose=args.pose, registration=args.registration)
    return replace(card, align=spec, fingerprint=spec.fingerprint)


def align_words(card: Card) -> str:
    """The alignment options for the command on the card; empty for the defaults."""
    plain = AlignSpec()
    asked = {name: getattr(card.align, name) for name in ("illumination", "pose", "registration")}
    return "".join(f" --{name} {value}" for name, value in asked.items() if value != getattr(plain, name))


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted machine to publish: its descriptor, the machine, and its arrays as stored."""

    descriptor: Joined
    machine: Linear | Kernel
    arrays: dict[str, np.ndarray]


def publish(card: Card, fit: Fit, public: AlignedSet, out: Path) -> Card:
    """Calibrate on PublicTest, report the accuracy there, write the checkpoint.

    Parameters
    ----------
    card : Card
        With `training` set, and in `settings` what the loader needs besides the descriptor.
    fit : Fit
    public : AlignedSet
        Pictures the machine was not fitted on.
    out : Path
        The folder of checkpoints.

    Returns
    -------
    Card
        As written.
    """
    scores = fit.machine(svm_fit.describe(fit.descriptor, public.faces))
    scale, shift = calibration.vector_scaling(scores, public.targets)
    probs = softmax(scores * scale + shift)
    print(f"{card.name}: PublicTest accuracy {np.mean(probs.argmax(axis=1) == public.targets):.4f}")
    settings = cast(Settings, {"descriptor": to_config(fit.descriptor), **card.settings})
    card = replace(card, settings=settings, threshold=calibration.sure_from(probs, public.targets))
    arrays = checkpoint.arrays_bytes(**fit.arrays, scale=scale, shift=shift)
    return checkpoint.save(card, {"model.npz": arrays}, out)


@dataclass(frozen=True, eq=False)
class LinearRecipe:
    """A linear machine on one descriptor: ``fit`` takes descriptors ``(n, d)``, targets ``(n,)`` and a seed."""

    card: Card
    descriptor: Joined
    c: float
    fit: Callable[[np.ndarray, np.ndarray, int], Linear]

    def train(self, args: argparse.Namespace, load: Callable[[Path, AlignSpec], AlignedSet]) -> None:
        """Fit on Training of the data set that `load` gives, calibrate on PublicTest, write the checkpoint."""
        start = time.perf_counter()
        card = aligned_as(self.card, args)
        data = load(args.data, card.align)
        training = data.split("Training")
        machine = self.fit(svm_fit.describe(self.descriptor, training.faces), training.targets, args.seed)
        command = f"python -m zoo train {card.name} --data fer2013.csv{align_words(card)}"
        note = checkpoint.training_note(command, "FER2013", args.seed, (time.perf_counter() - start) / 60)
        arrays = {"weights": machine.weights, "bias": machine.bias}
        card = replace(card, settings={"c": self.c}, training=note)
        publish(card, Fit(self.descriptor, machine, arrays), data.split("PublicTest"), args.out)
