"""Reads zips exported by other programs or by this app, as models that can be compared with the others.

Supported are Teachable Machine's Keras zip (``keras_model.h5``, ``labels.txt``), its TensorFlow.js
zip (``model.json``, ``weights.bin``, ``metadata.json``), ``model.json`` with weights in ``.h5``,
``.keras`` files, and exports of this app. Code in an upload is never executed: a network consists of
numbers, and of layers from a fixed list (`zoo.exchange.network.layers`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from features.align import AlignSpec
from features.phrase import Phrase
from zoo.cards import Family
from zoo.exchange.errors import ModelFileError
from zoo.exchange.formats import svm_json, tfjs
from zoo.exchange.formats.hdf5 import by_layer, by_place, read_h5
from zoo.exchange.formats.keras_config import blueprint
from zoo.exchange.imports.classifiers import PIXEL_RANGES, ImportedNetwork, PixelRange, check_answers
from zoo.exchange.network.graph import Graph
from zoo.exchange.validation import (
    MAX_JSON,
    MODEL_ZIP,
    model_zip,
    parse_json,
    read_json,
    record,
    rows,
    text,
    whole,
)
from zoo.filenames import quoted
from zoo.labels import ELSEWHERE, LabelSet, own_labels
from zoo.models.svm import SvmClassifier
from zoo.safe_zip import SafeZip, UnpackError
from zoo.unicode_names import composed, decoded, is_printable, tidy

_NO_MODEL = Phrase(
    "import.none",
    "The zip has no model that can be read here: neither keras_model.h5, nor model.json with its weights, nor a .keras "
    "file. In Teachable Machine choose Export Model, then TensorFlow.js (Download) or Keras; here, TensorFlow.js.",
)
MAX_CLASSES = 50
MAX_NAME = 60
PREPROCESSING = "preprocessing.json"


@dataclass(frozen=True, eq=False)
class ModelFile:
    """An imported model and its metadata.

    Parameters
    ----------
    title : str
        Its name, or "Imported model".
    origin : str
        The kind of file, in words.
    core : Graph or SvmClassifier
    labels : LabelSet
        The model's classes.
    pixels : PixelRange
        Scaling of grey levels to the network's input.
    align : AlignSpec
        Alignment of its crops: from the file, or the app's default.
    ours : bool
        Whether it was exported by this app, and so trained on aligned crops.
    """

    title: str
    origin: str
    core: Graph | SvmClassifier
    labels: LabelSet
    pixels: PixelRange
    align: AlignSpec
    ours: bool

    @property
    def family(self) -> Family:
        """``"deep"`` or ``"classical"``."""
        return "deep" if isinstance(self.core, Graph) else "classical"

    def scaled(self, pixels: PixelRange) -> ModelFile:
        """The same model with another scaling of grey levels."""
        return replace(self, pixels=pixels)

    def classifier(self, name: str) -> ImportedNetwork | SvmClassifier:
        """The model as a classifier with its own classes, under this name."""
        if isinstance(self.core, Graph):
            return ImportedNetwork(name, self.labels, self.align, self.core, self.pixels)
        parts = self.core.descriptor, self.core.machine, (self.core.scale, self.core.shift)
        return SvmClassifier(name, self.labels, self.align, *parts)


def read_models(data: bytes) -> tuple[ModelFile, ...]:
    """Read the models in a zip; exports of this app may contain two.

    Parameters
    ----------
    data : bytes
        The zip.

    Raises
    ------
    ModelFileError
        The message says what is wrong, and what to do. No other exception is raised, whatever the content.
    """
    with model_zip(data) as archive:
        found = tuple(_read(archive))
    if not found:
        raise ModelFileError(_NO_MODEL)
    return found


def _read(archive: SafeZip) -> Iterator[ModelFile]:
    contract = archive.find(PREPROCESSING)
    align, pixels = _contract(archive, contract) if contract else (AlignSpec(), PIXEL_RANGES["-1 to 1"])
    machine = archive.find("svm.json") if contract else None
    if (chosen := _choose(archive)) is not None:
        origin, read, name = chosen
        graph = read(archive, name)
        labels = _labels(archive, name, graph.outputs)
        check_answers(graph, pixels)
        yield ModelFile(_title(archive, name), origin, graph, labels, pixels, align, contract is not None)
    if machine:
        labels = _labels(archive, machine, None)
        core = svm_json.read(archive, machine, labels, align)
        yield ModelFile(_title(archive, machine), "Face-off, HOG + SVM", core, labels, pixels, align, True)


def _choose(archive: SafeZip) -> tuple[str, Callable[[SafeZip, str], Graph], str] | None:
    """The network to read: its kind in words, the reader, and the file's name."""
    if name := archive.find("keras_model.h5"):
        return "Teachable Machine, Keras", _read_keras_h5, name
    for name in _tfjs_descriptions(archive):
        if any(_WEIGHTS.fullmatch(other.rpartition("/")[2]) for other in _in_folder(archive, name)):
            return "TensorFlow.js", tfjs.read, name
    for name in archive.names:
        if name.endswith(".keras"):
            return "Keras", _read_keras, name
    for name in (*_all(archive, "model.json"), *_all(archive, "fer.json")):
        if _weights_beside(archive, name):
            return "Keras, description and weights", _read_json_and_h5, name
    whole_models = [name for name in archive.names if name.endswith(".h5")]
    return ("Keras", _read_keras_h5, whole_models[0]) if len(whole_models) == 1 else None


# Names used by Teachable Machine, `model.save` of TensorFlow.js and the converter.
_WEIGHTS = re.compile(r"(.+\.)?weights\.bin|group\d+-shard\d+of\d+(\.bin)?")


def _tfjs_descriptions(archive: SafeZip) -> list[str]:
    """Every ``model.json``, and other JSON with a TensorFlow.js topology, nearest to the top first."""
    others = [name for name in archive.names if name.endswith(".json") and name.rpartition("/")[2] != "model.json"]
    return _all(archive, "model.json") + [name for name in others[:10] if _has_topology(archive, name)]


def _has_topology(archive: SafeZip, name: str) -> bool:
    try:
        return b'"modelTopology"' in archive.read(name, MAX_JSON)
    except UnpackError:  # too large or damaged
        return False


def _all(archive: SafeZip, ending: str) -> list[str]:
    found = [name for name in archive.names if name.rsplit("/", 1)[-1] == ending]
    return sorted(found, key=lambda name: (name.count("/"), name))


def _in_folder(archive: SafeZip, name: str) -> list[str]:
    """All files in the same folder as a file."""
    folder = name.rpartition("/")[0]
    return [other for other in archive.names if other.rpartition("/")[0] == folder]


def _weights_beside(archive: SafeZip, name: str) -> str | None:
    return min((other for other in _in_folder(archive, name) if other.endswith(".h5")), default=None)


def _read_keras_h5(archive: SafeZip, name: str) -> Graph:
    """A whole model of Keras 2 or 3 in one file."""
    file = read_h5(archive.read(name, MODEL_ZIP.size))
    if not file.config:
        raise ModelFileError(
            Phrase(
                "import.weights_only",
                "{0} holds weights only, without model.json beside it. Export the whole model.",
                quoted(name),
            )
        )
    plan = blueprint(parse_json(file.config.encode("utf-8", "surrogateescape"), "model_config"))
    return plan.with_weights(by_layer(file.arrays))


def _read_json_and_h5(archive: SafeZip, name: str) -> Graph:
    beside = _weights_beside(archive, name)
    if beside is None:
        raise ModelFileError(_NO_MODEL)
    return _joined(read_json(archive, name), read_h5(archive.read(beside, MODEL_ZIP.size)).arrays)


def _read_keras(archive: SafeZip, name: str) -> Graph:
    """A ``.keras`` file, which is a zip within the zip and has the same limits."""
    with model_zip(archive.read(name, MODEL_ZIP.size)) as inner:
        for wanted in ("config.json", "model.weights.h5"):
            if wanted not in inner.names:
                raise ModelFileError(
                    Phrase(
                        "import.not_keras",
                        "{0} lacks {1}; it is not a .keras file. Export the model again.",
                        quoted(name),
                        wanted,
                    )
                )
        return _joined(read_json(inner, "config.json"), read_h5(inner.read("model.weights.h5", MODEL_ZIP.size)).arrays)


def _joined(config: object, arrays: dict) -> Graph:
    """The network of a configuration, with weights in the layout of Keras 2 or 3."""
    plan = blueprint(config)
    if not any(path.startswith(("layers/", "_layer_checkpoint_dependencies/")) for path in arrays):
        return plan.with_weights(by_layer(arrays))
    return plan.with_weights(by_place(arrays, plan.paths, plan.weight_names()))


def _metadata(archive: SafeZip, model: str) -> dict:
    name = archive.beside(model, "metadata.json") or archive.find("metadata.json")
    value = read_json(archive, name) if name else {}
    return record(value, "metadata.json")


def _title(archive: SafeZip, model: str) -> str:
    title = _metadata(archive, model).get("modelName")
    title = tidy(title) if isinstance(title, str) else ""
    return title if is_printable(title) and 0 < len(title) <= MAX_NAME else "Imported model"


def _labels(archive: SafeZip, model: str, count: int | None) -> LabelSet:
    """Names of the classes, from ``labels.txt`` or ``metadata.json``; there must be `count`, if it is known."""
    if count is not None and not 2 <= count <= MAX_CLASSES:
        raise ModelFileError(
            Phrase("import.some_n", "The model's number of classes is {0}; expected 2 to {1}.", count, MAX_CLASSES)
        )
    names = _names(archive, model)
    count = len(names) if count is None and 2 <= len(names) <= MAX_CLASSES else count
    if len(names) != count:
        raise ModelFileError(
            Phrase(
                "import.named_n",
                "The model has {0} classes, but labels for {1}.",
                count or f"2–{MAX_CLASSES}",
                len(names),
            )
        )
    names = [text(composed(one).strip() if isinstance(one, str) else one, "A class's name", MAX_NAME) for one in names]
    if len(set(names)) < count:
        raise ModelFileError(
            Phrase("import.same", "Two classes have the same name, or one has none. Rename them and export again.")
        )
    return own_labels(names, ELSEWHERE)


def _names(archive: SafeZip, model: str) -> list:
    """The unchecked names of the classes, from the first file that has them."""
    if name := archive.beside(model, "labels.txt") or archive.find("labels.txt"):
        return _lines(archive.read(name, 2**16))
    notes = _metadata(archive, model)
    if "labels" not in notes:
        raise ModelFileError(
            Phrase(
                "import.nameless",
                "The zip has no names of the model's classes. Add a file labels.txt with one line per class, in the "
                "model's order, or metadata.json with a list of labels.",
            )
        )
    return rows(notes["labels"], "The labels in metadata.json")


def _lines(content: bytes) -> list[str]:
    """Names from lines such as Teachable Machine's ``0 Happy``, or from unnumbered lines, one per class."""
    try:
        lines = [line.strip() for line in decoded(content).splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise ModelFileError(
            Phrase("import.labels", "labels.txt is not a text file in UTF-8 or UTF-16. Save it as UTF-8.")
        ) from None
    numbered = [match for line in lines if (match := re.fullmatch(r"(\d{1,3})\s+(.+)", line))]
    if len(numbered) < len(lines):
        return lines
    return [match[2] for match in sorted(numbered, key=lambda match: int(match[1]))]


def _contract(archive: SafeZip, name: str) -> tuple[AlignSpec, PixelRange]:
    """Alignment and scaling of crops, from the `preprocessing.json` of this app's exports."""
    value = record(read_json(archive, name), PREPROCESSING)
    settings = record(value.get("align"), "align in preprocessing.json")
    pixels = record(value.get("pixels"), "pixels in preprocessing.json")
    whole(settings, "size", 16, 256)
    try:
        spec = AlignSpec(**settings)
        fits = spec.fingerprint == value.get("fingerprint")
        pixel_range = PixelRange(float(pixels["scale"]), float(pixels["offset"]))
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise ModelFileError(
            Phrase("import.contract", "preprocessing.json is not as this app writes it ({0}).", quoted(str(error)))
        ) from None
    if not fits or replace(spec, registration="anchors") != AlignSpec():
        raise ModelFileError(
            Phrase(
                "import.crops",
                "This model was trained on crops made with other settings than this app’s, so it would get pictures "
                "unlike those it learned from.",
            )
        )
    return spec, pixel_range
