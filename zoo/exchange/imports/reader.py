"""A zip somebody exported elsewhere, or here, as networks that can be compared with the others.

Understood are Teachable Machine's Keras zip (``keras_model.h5``, ``labels.txt``), its TensorFlow.js
zip (``model.json``, ``weights.bin``, ``metadata.json``), ``model.json`` with weights in ``.h5``,
``.keras`` files, and what this app exports. Nothing of an upload is executed: a network is a list
of numbers and of layers from a fixed list (`zoo.exchange.network.layers`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from features.align import AlignSpec
from zoo.exchange.archive import MAX_BYTES, Archive, parse_json
from zoo.exchange.errors import ModelFileError
from zoo.exchange.formats import svm_json as svm_file
from zoo.exchange.formats import tfjs
from zoo.exchange.formats.hdf5 import by_layer, by_place, read_h5
from zoo.exchange.formats.keras_config import blueprint
from zoo.exchange.imports.classifiers import PIXEL_RANGES, ImportedNetwork, PixelRange, check_answers
from zoo.exchange.network.graph import Graph
from zoo.exchange.validation import record, rows, short, text, whole
from zoo.labels import ELSEWHERE, LabelSet, own_labels
from zoo.models.svm import SvmClassifier

_NO_MODEL = (
    "The zip has no model that can be read here: neither keras_model.h5, nor model.json with its weights, nor a .keras "
    "file. In Teachable Machine choose Export Model, then TensorFlow.js (Download) or Keras; here, TensorFlow.js."
)
MAX_CLASSES = 50
MAX_NAME = 60
PREPROCESSING = "preprocessing.json"


@dataclass(frozen=True, eq=False)
class ModelFile:
    """A model that came, and what came with it.

    Parameters
    ----------
    title : str
        Its name, if it had one.
    origin : str
        What kind of file it was, in words.
    core : Graph or SvmClassifier
    labels : LabelSet
        Its classes.
    pixels : PixelRange
        How grey levels become what a network takes.
    align : AlignSpec
        How its crops are cut: as the file says, or as everybody's here.
    ours : bool
        Whether it was exported here, and so learned from crops like ours.
    """

    title: str
    origin: str
    core: Graph | SvmClassifier
    labels: LabelSet
    pixels: PixelRange
    align: AlignSpec
    ours: bool

    @property
    def family(self) -> str:
        """``"deep"`` or ``"classical"``."""
        return "deep" if isinstance(self.core, Graph) else "classical"

    def scaled(self, pixels: PixelRange) -> ModelFile:
        """The same with grey levels scaled otherwise."""
        return replace(self, pixels=pixels)

    def classifier(self, name: str) -> ImportedNetwork | SvmClassifier:
        """The model under a name, ready to answer in its own classes."""
        if isinstance(self.core, Graph):
            return ImportedNetwork(name, self.labels, self.align, self.core, self.pixels)
        parts = self.core.descriptor, self.core.machine, (self.core.scale, self.core.shift)
        return SvmClassifier(name, self.labels, self.align, *parts)


def read_models(data: bytes) -> tuple[ModelFile, ...]:
    """Read a zip with a model in it; what this app exported may hold two.

    Parameters
    ----------
    data : bytes

    Raises
    ------
    ModelFileError
        With one sentence that says what is wrong and what to do. Nothing else is raised,
        whatever comes.
    """
    archive = Archive(data)
    contract = archive.find(PREPROCESSING)
    align, pixels = _contract(archive, contract) if contract else (AlignSpec(), PIXEL_RANGES["-1 to 1"])
    found = []
    machine = archive.find("svm.json") if contract else None
    if (chosen := _choose(archive)) is not None:
        origin, read, name = chosen
        graph = read(archive, name)
        labels = _labels(archive, name, graph.outputs)
        check_answers(graph, pixels)
        found.append(ModelFile(_title(archive, name), origin, graph, labels, pixels, align, contract is not None))
    if machine:
        labels = _labels(archive, machine, None)
        core = svm_file.read(archive, machine, labels, align)
        found.append(ModelFile(_title(archive, machine), "Face-off, HOG + SVM", core, labels, pixels, align, True))
    if not found:
        raise ModelFileError(_NO_MODEL)
    return tuple(found)


def _choose(archive: Archive) -> tuple[str, Callable[[Archive, str], Graph], str] | None:
    """The network to read: its kind in words, how, and where it is."""
    if name := archive.find("keras_model.h5"):
        return "Teachable Machine, Keras", _read_keras_h5, name
    for name in _all(archive, "model.json"):
        if archive.beside(name, "weights.bin"):
            return "TensorFlow.js", tfjs.read, name
    for name in archive.names:
        if name.endswith(".keras"):
            return "Keras", _read_keras, name
    for name in (*_all(archive, "model.json"), *_all(archive, "fer.json")):
        if _weights_beside(archive, name):
            return "Keras, description and weights", _read_json_and_h5, name
    whole_models = [name for name in archive.names if name.endswith(".h5")]
    return ("Keras", _read_keras_h5, whole_models[0]) if len(whole_models) == 1 else None


def _all(archive: Archive, ending: str) -> list[str]:
    found = [name for name in archive.names if name.rsplit("/", 1)[-1] == ending]
    return sorted(found, key=lambda name: (name.count("/"), name))


def _weights_beside(archive: Archive, name: str) -> str | None:
    folder = name.rpartition("/")[0]
    found = [other for other in archive.names if other.endswith(".h5") and other.rpartition("/")[0] == folder]
    return min(found) if found else None


def _read_keras_h5(archive: Archive, name: str) -> Graph:
    """Keras 2's whole model in one file; Keras 3's too."""
    file = read_h5(archive.read(name, MAX_BYTES))
    if not file.config:
        raise ModelFileError(f"{short(name)} holds weights only, without model.json beside it. Export the whole model.")
    plan = blueprint(parse_json(file.config.encode("utf-8", "surrogateescape"), "model_config"))
    return plan.with_weights(by_layer(file.arrays))


def _read_json_and_h5(archive: Archive, name: str) -> Graph:
    weights = read_h5(archive.read(_weights_beside(archive, name), MAX_BYTES))
    return _joined(archive.json(name), weights.arrays)


def _read_keras(archive: Archive, name: str) -> Graph:
    """A ``.keras`` file: a zip in the zip, opened with the same care."""
    inner = Archive(archive.read(name, MAX_BYTES))
    for wanted in ("config.json", "model.weights.h5"):
        if wanted not in inner.names:
            raise ModelFileError(f"{short(name)} lacks {wanted}; it is no .keras file. Export the model again.")
    return _joined(inner.json("config.json"), read_h5(inner.read("model.weights.h5", MAX_BYTES)).arrays)


def _joined(config: object, arrays: dict) -> Graph:
    """A description and weights in Keras 2's or Keras 3's layout."""
    plan = blueprint(config)
    if not any(path.startswith(("layers/", "_layer_checkpoint_dependencies/")) for path in arrays):
        return plan.with_weights(by_layer(arrays))
    return plan.with_weights(by_place(arrays, plan.paths, plan.weight_names()))


def _metadata(archive: Archive, model: str) -> dict:
    name = archive.beside(model, "metadata.json") or archive.find("metadata.json")
    value = archive.json(name) if name else {}
    return record(value, "metadata.json")


def _title(archive: Archive, model: str) -> str:
    title = _metadata(archive, model).get("modelName")
    known = isinstance(title, str) and title.isprintable() and 0 < len(title.strip()) <= MAX_NAME
    return title.strip() if known else "Imported model"


def _labels(archive: Archive, model: str, count: int | None) -> LabelSet:
    """Names of the classes, from ``labels.txt`` or ``metadata.json``; their number must be the model's, if known."""
    if count is not None and not 2 <= count <= MAX_CLASSES:
        raise ModelFileError(f"The model tells {count} classes apart; expected 2 to {MAX_CLASSES}.")
    if name := archive.beside(model, "labels.txt") or archive.find("labels.txt"):
        names = _lines(archive.read(name, 2**16))
    else:
        names = rows(_metadata(archive, model).get("labels"), "The labels in metadata.json")
    count = len(names) if count is None and 2 <= len(names) <= MAX_CLASSES else count
    if len(names) != count:
        raise ModelFileError(f"The model tells {count or '2 to 50'} classes apart, but {len(names)} have a name.")
    names = [text(label, "A class's name", MAX_NAME).strip() for label in names]
    if len(set(names)) < count or not all(names):
        raise ModelFileError("Two classes have the same name, or one has none. Rename them and export again.")
    return own_labels(names, ELSEWHERE)


def _lines(content: bytes) -> list[str]:
    """Teachable Machine's ``0 Happy``, a line a class; lines without numbers are names too."""
    try:
        lines = [line.strip() for line in content.decode("utf-8-sig").splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise ModelFileError("labels.txt is no text (UTF-8).") from None
    numbered = [re.fullmatch(r"(\d{1,3})\s+(.+)", line) for line in lines]
    if lines and all(numbered):
        lines = [match[2] for match in sorted(numbered, key=lambda match: int(match[1]))]
    return lines


def _contract(archive: Archive, name: str) -> tuple[AlignSpec, PixelRange]:
    """How crops are cut and scaled, as `preprocessing.json` of our own exports says."""
    value = record(archive.json(name), PREPROCESSING)
    settings = record(value.get("align"), "align in preprocessing.json")
    pixels = record(value.get("pixels"), "pixels in preprocessing.json")
    whole(settings, "size", 16, 256)
    try:
        spec = AlignSpec(**settings)
        fits = spec.fingerprint == value.get("fingerprint")
        pixel_range = PixelRange(float(pixels["scale"]), float(pixels["offset"]))
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise ModelFileError(f"preprocessing.json is not as this app writes it ({short(str(error))}).") from None
    if not fits or replace(spec, registration="anchors") != AlignSpec():
        raise ModelFileError(
            "This model learned from faces cut otherwise than this app cuts them; it would see what it never learned."
        )
    return spec, pixel_range
