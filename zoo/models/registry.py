"""Finds and loads models: every folder of `checkpoints/` with a card is one."""

from __future__ import annotations

import difflib
import os
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from features import descriptors
from features.align import AlignedFaces, AlignSpec
from features.faces import MESH_POINTS
from zoo.cards import CARD, Card, CardError, checked, read_card
from zoo.classifier import Classifier
from zoo.filenames import shortened
from zoo.models.byte_product import Steps, Table
from zoo.models.cnn import CnnClassifier, Reading
from zoo.models.svm import Kernel, Linear, SvmClassifier

MAX_ARRAYS = 512 * 2**20  # of one model's .npz, unpacked; the largest here has 13 MB
SERVED = (".tflite", ".npz")
CHECKPOINTS = Path(__file__).parents[2] / "checkpoints"


class UnknownModelError(ValueError):
    """No model has this name. The message lists similar names."""


def names(root: Path = CHECKPOINTS) -> list[str]:
    """All models, in alphabetical order."""
    return sorted(path.parent.name for path in root.glob(f"*/{CARD}"))


def card(name: str, root: Path = CHECKPOINTS) -> Card:
    """A model's card; `UnknownModelError` if there is none, `CardError` if it is broken."""
    known = names(root)
    if name not in known:
        raise UnknownModelError(f"no model {shortened(name)!r}; {_hint(str(name), known, root)}")
    return read_card(root / name)


def verified_card(name: str, root: Path = CHECKPOINTS) -> Card:
    """The same, after verifying the hashes of the files that the model is served from."""
    found = card(name, root)
    for file in found.files:
        if file.endswith(SERVED):
            checked(root / name, found, file)
    return found


def _hint(name: str, known: list[str], root: Path) -> str:
    # Only names of folders themselves: a name may come from a visitor, who must not choose paths.
    if Path(name).name == name != ".." and os.path.isdir(root / name):
        return f"{root / name} has no {CARD}, and a checkpoint without its card is not loaded; fetch or train it again"
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    return f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(known) or 'none'}"


@cache
def load(name: str, root: Path = CHECKPOINTS) -> Classifier:
    """A model, ready to answer. The second call returns the same one.

    Raises
    ------
    UnknownModelError
        No such model.
    CardError
        The card is invalid, a file is missing or its hash differs from the card's, or the files
        do not give a model that answers.
    """
    found = card(name, root)
    if found.loader not in LOADERS:
        raise CardError(f"{root / name}: loader {found.loader!r} is unknown; expected one of {', '.join(LOADERS)}")
    try:
        model = LOADERS[found.loader](found, root / name)
        model.predict_proba(_blank_face(found.align))
    except (CardError, ImportError):  # their messages say what to do
        raise
    except Exception as error:  # damaged files raise any exception of their library or of NumPy
        raise CardError(
            f"{root / name}: the files and {CARD} make no model ({error!r}). Fetch the checkpoint again, "
            "or train it again."
        ) from error
    return model


def load_network(name: str, root: Path = CHECKPOINTS) -> CnnClassifier:
    """A model that is a network, ready to answer.

    Raises
    ------
    UnknownModelError
        There is no such model, or it is not a network.
    CardError
        As for `load`.
    """
    model = load(name, root)
    if not isinstance(model, CnnClassifier):
        raise UnknownModelError(f"{name} is not a network; its loader is {card(name, root).loader!r}")
    return model


def _blank_face(spec: AlignSpec) -> AlignedFaces:
    """A black crop, to test whether a model answers."""
    return AlignedFaces(
        np.zeros((1, spec.size, spec.size), np.uint8),
        np.zeros((1, MESH_POINTS, 3), np.float32),
        np.zeros((1, 2, 3), np.float32),
        spec,
    )


def _load_svm(card: Card, folder: Path) -> SvmClassifier:
    arrays = _arrays(checked(folder, card, "model.npz"))
    descriptor = descriptors.from_config(card.settings["descriptor"])
    scaling = _scaling(arrays)
    machine = _kernel(card, arrays) if "vectors" in arrays else _linear(arrays)
    return SvmClassifier(card.name, card.labels, card.align, descriptor, machine, scaling)


def _kernel(card: Card, arrays: dict[str, Table]) -> Kernel:
    tables = arrays.pop("components"), arrays.pop("vectors")
    rows = {name: np.asarray(array) for name, array in arrays.items()}
    gamma, even = float(card.settings["gamma"]), card.settings.get("even")
    return Kernel(components=tables[0], vectors=tables[1], gamma=gamma, even=even, **rows)


def _linear(arrays: dict[str, Table]) -> Linear:
    return Linear(**{name: np.asarray(array) for name, array in arrays.items()})


def _scaling(arrays: dict[str, Table]) -> tuple[np.ndarray, np.ndarray]:
    """Scale and shift of the scores, taken out of the arrays."""
    return np.asarray(arrays.pop("scale")), np.asarray(arrays.pop("shift"))


def _arrays(path: Path) -> dict[str, Table]:
    """Arrays of an ``.npz`` as float32; tables of steps (`zoo.training.svm_fit.steps_of`) as such. Never unpickles."""
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(member.file_size for member in packed.infolist())
        if size > MAX_ARRAYS:
            raise ValueError(f"they unpack to {size >> 20} MB; at most {MAX_ARRAYS >> 20} MB are read")
        with np.load(path, allow_pickle=False) as kept:
            arrays = {key: _real(key, kept[key]) for key in kept.files}
    except (OSError, ValueError, EOFError, NotImplementedError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
        raise CardError(f"{path} holds no plain arrays ({error}). Fetch it again, or train the model again.") from error
    steps = {key.removesuffix("_step"): arrays.pop(key) for key in list(arrays) if key.endswith("_step")}
    floats = {key: array.astype(np.float32) for key, array in arrays.items() if key not in steps}
    return floats | {key: _stepped(arrays[key], step) for key, step in steps.items()}


def _real(name: str, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in "fiu":
        raise ValueError(f"{name} holds {array.dtype}; expected real numbers")
    return array


def _stepped(whole: np.ndarray, step: np.ndarray | np.float32) -> Table:
    """A table in steps: in bytes as it is stored, which takes a quarter of the memory."""
    bytes_of_one_step = whole.dtype == np.int8 and whole.ndim == 2 and np.ndim(step) == 0
    return Steps(whole, np.float32(step)) if bytes_of_one_step else whole.astype(np.float32) * step


def _load_cnn(card: Card, folder: Path, kernel_head: Kernel | None = None) -> CnnClassifier:
    model = checked(folder, card, "model.tflite").read_bytes()
    temperature, mirror = float(card.settings.get("temperature", 1.0)), bool(card.settings.get("mirror", False))
    return CnnClassifier(card.name, card.labels, card.align, model, Reading(temperature, mirror, kernel_head))


def _load_cnn_with_kernel_head(card: Card, folder: Path) -> CnnClassifier:
    return _load_cnn(card, folder, _kernel(card, _arrays(checked(folder, card, "model.npz"))))


def _load_embedding_svm(card: Card, folder: Path) -> SvmClassifier:
    network = _load_cnn(card, folder)
    arrays = _arrays(checked(folder, card, "model.npz"))
    scaling = _scaling(arrays)
    return SvmClassifier(card.name, card.labels, card.align, network.pooled, _linear(arrays), scaling)


LOADERS: dict[str, Callable[[Card, Path], Classifier]] = {
    "svm": _load_svm,
    "tflite": _load_cnn,
    "tflite-kernel": _load_cnn_with_kernel_head,
    "embedding-svm": _load_embedding_svm,
}
