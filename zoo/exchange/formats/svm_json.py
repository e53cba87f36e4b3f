"""A support vector machine as ``svm.json`` (descriptor, settings, a table of arrays) and ``svm.bin`` (the arrays)."""

from __future__ import annotations

import json
import math

import numpy as np

from features.align import AlignedFaces, AlignSpec
from features.descriptors import Hog, Joined, from_config, portable, to_config
from features.faces import MESH_POINTS
from features.phrase import Phrase
from zoo.exchange.errors import ModelFileError
from zoo.exchange.formats.tfjs import MAX_BYTES, read_group
from zoo.exchange.formats.weight_packing import pack
from zoo.exchange.network.layer_base import Shape, Weights, named_shapes
from zoo.exchange.validation import number, read_json, record, rows, whole
from zoo.filenames import quoted
from zoo.labels import LabelSet
from zoo.models.svm import Kernel, Linear, SvmClassifier
from zoo.safe_zip import SafeZip

_KERNEL = ("mean", "components", "vectors", "coefficients", "bias")


def write(model: SvmClassifier) -> dict[str, bytes]:
    """The contents of both files, by name."""
    machine = model.machine
    names = _KERNEL if isinstance(machine, Kernel) else ("weights", "bias")
    arrays = {name: getattr(machine, name) for name in names} | {"scale": model.scale, "shift": model.shift}
    table, content = pack({f"svm/{name}": np.asarray(array, np.float32) for name, array in arrays.items()})
    settings = {"gamma": machine.gamma, "even": machine.even} if isinstance(machine, Kernel) else {}
    notes = {"descriptor": to_config(portable(model.descriptor)), **settings, "arrays": table}
    return {"svm.json": json.dumps(notes, indent=1).encode(), "svm.bin": content}


def read(archive: SafeZip, name: str, labels: LabelSet, align: AlignSpec) -> SvmClassifier:
    """Read a machine from a zip.

    Parameters
    ----------
    archive : SafeZip
    name : str
        The path of ``svm.json`` in the zip; ``svm.bin`` must be beside it.
    labels : LabelSet
    align : AlignSpec

    Raises
    ------
    ModelFileError
        Something is missing, invalid or inconsistent.
    """
    notes = record(read_json(archive, name), "svm.json")
    content = archive.beside(name, "svm.bin")
    if not content:
        raise ModelFileError(
            Phrase("import.svm_bin", "The zip lacks svm.bin, the numbers of svm.json. Export the model again.")
        )
    named: dict[str, Weights] = {}
    read_group(archive.read(content, MAX_BYTES), rows(notes.get("arrays"), "arrays of svm.json"), named)
    arrays = named.get("svm", {})
    descriptor = _descriptor(notes.get("descriptor"), align)
    kernel = "vectors" in arrays
    _check(arrays, _shapes(arrays, len(labels), _width(descriptor, align), kernel))
    scaling = arrays["scale"], arrays["shift"]
    if not kernel:
        machine: Linear | Kernel = Linear(arrays["weights"], arrays["bias"])
    else:
        width = arrays["vectors"].shape[1]
        even = None if notes.get("even") is None else whole(notes, "even", 0, width)
        gamma = number(notes, "gamma", 1e-9, 1e6, 1)
        machine = Kernel(**{key: arrays[key] for key in _KERNEL}, gamma=gamma, even=even)
    return SvmClassifier("imported", labels, align, descriptor, machine, scaling)


_HOG = ("kind", "weight", "cell", "orientations", "centred", "signed")
_ZOOM = (*_HOG, "top", "bottom", "breadth", "high", "wide")


def _descriptor(config: object, align: AlignSpec) -> Joined:
    """The descriptor: 1 to 4 HOG parts, of the whole crop or of an enlarged part. No other kinds are accepted."""
    parts = [record(part, "A part of the descriptor") for part in rows(config, "The descriptor")]
    if not 1 <= len(parts) <= 4:
        raise ModelFileError(f"The descriptor has {len(parts)} parts; expected 1 to 4.")
    for part in parts:
        known = {"hog": _HOG, "zoom": _ZOOM}.get(str(part.get("kind")))
        if known is None or set(part) - set(known):
            raise ModelFileError(
                f"The descriptor has a part {quoted(part)}; only hog, with {', '.join(_HOG)}, is known, and zoom, with "
                f"{', '.join(_ZOOM[len(_HOG) :])} besides."
            )
        if known is _ZOOM:
            _check_zoom(part, align)
        whole(part, "cell", 3, align.size // 2)
        whole(part, "orientations", 2, 36)
        number(part, "weight", 1e-6, 1e6, 1)
        for key in ("centred", "signed"):
            if not isinstance(part.get(key, False), bool):
                raise ModelFileError(f"{key} is {quoted(part[key])}; expected true or false.")
    return from_config(parts)


def _check_zoom(part: dict, align: AlignSpec) -> None:
    """Reject a region that is outside the crop or too small, or would be enlarged too much."""
    for key in ("high", "wide"):
        whole(part, key, 2 * whole(part, "cell", 3, align.size // 2), 4 * align.size)
    top, bottom, breadth = (number(part, key, 0.0, 1.0, -1.0) for key in ("top", "bottom", "breadth"))
    if bottom - top < 0.1 or breadth < 0.1:
        raise ModelFileError(f"The descriptor enlarges {quoted(part)}; expected at least a tenth of the crop each way.")


def _width(descriptor: Joined, align: AlignSpec) -> int:
    """The length of the descriptor, found by computing it for a blank crop."""
    zero = np.zeros
    blank = AlignedFaces(
        zero((1, align.size, align.size), np.uint8), zero((1, MESH_POINTS, 3), "f4"), zero((1, 2, 3), "f4"), align
    )
    assert all(isinstance(part, Hog) for part in descriptor.parts)
    return descriptor(blank).shape[1]


def _shapes(arrays: Weights, k: int, d: int, kernel: bool) -> dict[str, Shape]:
    """The required shape of every array."""
    common = {"bias": (k,), "scale": (k,), "shift": (k,)}
    if not kernel:
        return common | {"weights": (d, k)}
    if arrays["vectors"].ndim != 2:
        raise ModelFileError("The vectors in svm.json do not form a table.")
    m, r = arrays["vectors"].shape
    return common | {"mean": (d,), "components": (d, r), "vectors": (m, r), "coefficients": (m, k)}


def _check(arrays: Weights, expected: dict[str, Shape]) -> None:
    got = {name: array.shape for name, array in arrays.items()}
    if got != expected or not all(math.prod(shape) for shape in expected.values()):
        raise ModelFileError(f"The machine has arrays {named_shapes(got)}; it needs {named_shapes(expected)}.")
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ModelFileError("The machine has weights that are not finite numbers (NaN or infinite).")
