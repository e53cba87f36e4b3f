"""What the recipes of support vector machines share: from a fitted machine to a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from features.descriptors import Joined, to_config
from zoo import calibration, checkpoint, classical
from zoo.cards import Card
from zoo.datasets import AlignedSet
from zoo.svm import Kernel, Linear, softmax


@dataclass(frozen=True, eq=False)
class Fit:
    """What is to be published: what the machine sees of a face, the machine, and its arrays as they are kept."""

    descriptor: Joined
    machine: Linear | Kernel
    arrays: dict[str, np.ndarray]


def publish(card: Card, fit: Fit, public: AlignedSet, out: Path) -> Card:
    """Calibrate on PublicTest, say how good it is there, write the checkpoint.

    Parameters
    ----------
    card : Card
        With `training` and what the loader needs besides the descriptor in `settings`.
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
    scores = fit.machine(classical.describe(fit.descriptor, public.faces))
    scale, shift = calibration.vector_scaling(scores, public.targets)
    probs = softmax(scores * scale + shift)
    print(f"{card.name}: PublicTest accuracy {np.mean(probs.argmax(axis=1) == public.targets):.4f}")
    settings = {"descriptor": to_config(fit.descriptor), **card.settings}
    card = replace(card, settings=settings, threshold=calibration.sure_from(probs, public.targets))
    arrays = checkpoint.arrays_bytes(**fit.arrays, scale=scale, shift=shift)
    return checkpoint.save(card, {"model.npz": arrays}, out)
