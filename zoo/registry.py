"""A folder of `checkpoints/` with a card is a model; this finds and loads them."""

from __future__ import annotations

import difflib
import zipfile
from functools import cache
from pathlib import Path

import numpy as np

from features import descriptors
from zoo.cards import CARD, Card, CardError, checked, read_card
from zoo.classifier import Classifier
from zoo.cnn import CnnClassifier
from zoo.svm import Kernel, Linear, SvmClassifier

CHECKPOINTS = Path(__file__).parent.parent / "checkpoints"


class UnknownModelError(ValueError):
    """There is no model of this name. The message lists close ones."""


def names(root: Path = CHECKPOINTS) -> list[str]:
    """Every model there is, in alphabetical order."""
    return sorted(path.parent.name for path in root.glob(f"*/{CARD}"))


def card(name: str, root: Path = CHECKPOINTS) -> Card:
    """A model's card; `UnknownModelError` if there is none, `CardError` if it is broken."""
    known = names(root)
    if name not in known:
        close = difflib.get_close_matches(str(name), known, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(known) or 'none'}"
        raise UnknownModelError(f"no model {name!r}; {hint}")
    return read_card(root / name)


@cache
def load(name: str, root: Path = CHECKPOINTS) -> Classifier:
    """A model, ready to answer. The second call returns the same one.

    Raises
    ------
    UnknownModelError
        No such model.
    CardError
        The card is broken, or a file is missing or has another hash than the card says.
    """
    found = card(name, root)
    if found.loader not in LOADERS:
        raise CardError(f"{name}: loader {found.loader!r} is unknown; expected one of {', '.join(LOADERS)}")
    return LOADERS[found.loader](found, root / name)


def _load_svm(card: Card, folder: Path) -> SvmClassifier:
    arrays = _arrays(checked(folder, card, "model.npz"))
    try:
        descriptor = descriptors.from_config(card.settings["descriptor"])
        scaling = arrays.pop("scale"), arrays.pop("shift")
        if "vectors" in arrays:
            machine = Kernel(**arrays, gamma=float(card.settings["gamma"]), even=card.settings.get("even"))
        else:
            machine = Linear(**arrays)
    except (KeyError, TypeError, ValueError) as error:
        raise CardError(f"{folder}: model.npz and card.json do not make an SVM: {error!r}") from error
    return SvmClassifier(card.name, card.labels, card.align, descriptor, machine, scaling)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """Named arrays, half precision widened to float32. Never a pickle."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            return {key: kept[key].astype(np.float32) for key in kept.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise CardError(f"{path} holds no plain arrays: {error}") from error


def _load_cnn(card: Card, folder: Path) -> CnnClassifier:
    model = checked(folder, card, "model.tflite").read_bytes()
    temperature = float(card.settings.get("temperature", 1.0))
    return CnnClassifier(card.name, card.labels, card.align, model, temperature)


LOADERS = {"svm": _load_svm, "tflite": _load_cnn}
