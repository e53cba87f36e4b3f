"""Exports models as a zip: files for other programs, the preprocessing, example programs, and a web page."""

from __future__ import annotations

import base64
import datetime
import html
import io
import json
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from features import face_models
from features.align import AlignSpec
from features.descriptors import Joined
from features.faces import LEFT_EYE, MOUTH, RIGHT_EYE
from features.phrase import Phrase, joined
from zoo.exchange.exports import portable_graph
from zoo.exchange.formats import keras_config, keras_writer, svm_json, tfjs
from zoo.exchange.network.graph import Graph
from zoo.inference.terms import reads_movements
from zoo.labels import LabelSet
from zoo.models.cnn import CnnClassifier, to_input
from zoo.models.svm import SvmClassifier
from zoo.teach.head_model import TaughtCnn
from zoo.training import tensorflow_needed

TEMPLATES = Path(__file__).parent / "templates"

PARTS = {
    "page": Phrase("part.page", "A single web page that works offline, with photo and camera"),
    "tfjs": "TensorFlow.js (model.json, weights.bin)",
    "tflite": "LiteRT / TensorFlow Lite",
    "int8": Phrase("part.int8", "LiteRT, 8-bit, for small devices"),
    "keras": "Keras (.keras)",
    "h5": Phrase("part.h5", "Keras (model.json and weights .h5)"),
    "onnx": Phrase("part.onnx", "ONNX, both models"),
}
_MADE_BY_TENSORFLOW = keras_writer.PARTS
_FACE_FILES = (
    face_models.SHORT_RANGE.path,
    face_models.MESH.path,
    face_models.MODELS / "NOTICE.md",
    face_models.MODELS / "LICENSE",
)
_FOLDERS = {"keras": "", "h5": "keras-h5/", "tflite": "tflite/", "int8": "tflite/"}
_ABOUT = {
    "page.html": "open it in a browser: photo or camera, no internet, no installation",
    "tfjs/model.json": "TensorFlow.js layers model, with `weights.bin`; `tfjs.html` shows how to use it",
    "tflite/model.tflite": "LiteRT (TensorFlow Lite), half-precision weights",
    "tflite/model-int8.tflite": "the same in eight bits, floats in and out",
    "model.keras": "Keras 3: `keras.models.load_model`",
    "keras-h5/model.json": 'Keras: `keras.models.model_from_json`, then `load_weights("model.weights.h5")`',
    "onnx/cnn.onnx": "ONNX, the network: `crop` float32 (n, {side}, {side}, 1) to `probabilities`",
    "onnx/svm.onnx": "ONNX, the support vector machine: `crop` uint8 (n, {size}, {size}) to `probabilities` and HOG",
    "svm/svm.json": "the support vector machine as plain numbers, with `svm.bin`; Face-off reads it back",
    "preprocessing.json": "how a face is cut; `preprocess.py` does it",
    "find_faces.py": "finds the faces with MediaPipe and the networks in `faces/` (Google, Apache License 2.0)",
    "predict.py": "every face in a photo; `webcam.py` for a camera",
    "labels.txt": "the classes, as Teachable Machine writes them; `metadata.json` says more",
}


class NothingToExportError(ValueError):
    """The export is not possible as requested. The message says why, and what to do."""


@dataclass(frozen=True, eq=False)
class ExportRequest:
    """Models and formats to export.

    Parameters
    ----------
    title : str
        The model's name, as typed by the user.
    parts : tuple of str
        One or more keys of `PARTS`.
    cnn : CnnClassifier or TaughtCnn, optional
    svm : SvmClassifier, optional
        At least one of the two models; both must have the same labels.
    crops : ndarray
        ``uint8 (n, S, S)``: representative input, to set the scales of ``int8``. They are not
        exported.

    Raises
    ------
    NothingToExportError
        There is no model or no known format, the machine is not on HOG alone, or the labels differ.
    """

    title: str
    parts: tuple[str, ...]
    cnn: CnnClassifier | TaughtCnn | None
    svm: SvmClassifier | None
    crops: np.ndarray

    def __post_init__(self) -> None:
        if self.cnn is None and self.svm is None:
            raise NothingToExportError(
                Phrase("export.no_model", "No model is chosen. Train one, or choose a built-in one.")
            )
        if not self.parts or set(self.parts) - set(PARTS):
            raise NothingToExportError(Phrase("export.none", "Choose one or more formats: {0}.", ", ".join(PARTS)))
        if self.svm is not None and not isinstance(self.svm.descriptor, Joined):
            raise NothingToExportError(
                Phrase("export.features", "This machine uses a network's features; only those on HOG can be exported.")
            )
        if self.svm is not None and reads_movements(self.svm):
            raise NothingToExportError(
                Phrase(
                    "export.movements",
                    "This model reads facial movements with MediaPipe's networks, which no export has; only those on "
                    "HOG can be exported.",
                )
            )
        if self.cnn is not None and self.svm is not None and self.cnn.labels.labels != self.svm.labels.labels:
            raise NothingToExportError(
                Phrase("export.classes", "The two models have different classes; export one after the other.")
            )

    @property
    def model(self) -> CnnClassifier | TaughtCnn | SvmClassifier:
        """The network, or the support vector machine if there is no network."""
        model = self.cnn or self.svm
        assert model is not None  # see __post_init__
        return model

    @property
    def labels(self) -> LabelSet:
        return self.model.labels

    @property
    def align(self) -> AlignSpec:
        return self.model.align


@dataclass(frozen=True)
class Bundle:
    """A zip, and the requested formats that are not in it.

    Parameters
    ----------
    data : bytes
        The zip.
    left_out : tuple of str
        One sentence for each format left out, with the reason.
    """

    data: bytes
    left_out: tuple[str, ...]


def make(wanted: ExportRequest, told: Callable[[float, str], None] = lambda share, words: None) -> Bundle:
    """Write all requested formats.

    Parameters
    ----------
    wanted : ExportRequest
    told : callable, optional
        Called with the progress, 0 to 1, and the current step in words.

    Raises
    ------
    NothingToExportError
        There are no crops, which ``int8`` needs.
    keras_writer.ExportError
        TensorFlow could not write its files, or it is not installed and no other format was requested.
    CardError
        A network's ``.keras`` file is missing or has changed.
    """
    files: dict[str, bytes] = {}
    left_out: list[str] = []
    if wanted.cnn is not None:
        told(0.05, "reading the network")
        graph = portable_graph.network(wanted.cnn)
        side = graph.input_shape[0]
        told(0.1, "TensorFlow.js, ONNX and the page")
        _light_parts(wanted, graph, files, left_out)
        heavy = _heavy_parts(wanted.cnn, wanted.parts, left_out)
        if heavy:
            told(0.2, "Keras and LiteRT: TensorFlow starts, this takes ten to thirty seconds")
            made = keras_writer.write(graph, identifier(wanted.title), heavy, _for_scales(wanted, heavy, side))
            for name, content in made.items():
                part, _, file = name.partition("/")
                files[_FOLDERS[part] + file] = content
    else:
        side = 48
    if wanted.svm is not None:
        told(0.85, "the support vector machine")
        _machine_parts(wanted.svm, "onnx" in wanted.parts, files, left_out)
    told(0.95, "packing")
    return Bundle(_zipped(files | _papers(wanted, side, files)), tuple(left_out))


def _heavy_parts(cnn: CnnClassifier | TaughtCnn, parts: tuple[str, ...], left_out: list[str]) -> list[str]:
    """The formats that need TensorFlow; `ExportError` if it is missing and no other format was requested."""
    heavy = [part for part in parts if part in _MADE_BY_TENSORFLOW]
    if cnn.kernel_head is not None and "int8" in heavy:
        heavy.remove("int8")
        left_out.append(_TOO_FINE)
    if not heavy or tensorflow_needed.installed():
        return heavy
    if set(parts) <= set(_MADE_BY_TENSORFLOW):
        raise keras_writer.ExportError(
            Phrase(
                "export.tensorflow",
                "Keras and LiteRT files need TensorFlow, which is not installed. {0} (or choose the page, "
                "TensorFlow.js or ONNX).",
                tensorflow_needed.WHICH,
            )
        )
    left_out.append(
        Phrase(
            "export.left_out_tensorflow",
            "{0} left out: Keras and LiteRT files need TensorFlow, which is not installed. {1}.",
            joined([PARTS[part] for part in heavy]),
            tensorflow_needed.WHICH,
        )
    )
    return []


def _for_scales(wanted: ExportRequest, parts: Sequence[str], side: int) -> np.ndarray:
    """Input ``(n, side, side, 1)`` that sets the scales of ``int8``; empty if no format has scales."""
    if "int8" not in parts:
        return np.zeros((0, side, side, 1), np.float32)
    return to_input(representative(wanted.crops), side)


def representative(crops: np.ndarray, count: int = 64) -> np.ndarray:
    """Crops for eight-bit calibration: a sample of those given, and the same mirrored, darker and lighter.

    Parameters
    ----------
    crops : ndarray
        ``uint8 (n, S, S)``.
    count : int
        Largest size of the sample.

    Returns
    -------
    ndarray
        ``uint8 (m, S, S)``, four for each crop in the sample.

    Raises
    ------
    NothingToExportError
        There are no crops.
    """
    if not len(crops):
        raise NothingToExportError(
            Phrase("export.crops", "Eight-bit export needs sample crops to set its scales. Record samples first.")
        )
    chosen = crops[np.linspace(0, len(crops) - 1, min(count, len(crops))).astype(int)]
    dark = (chosen * 0.6).astype(np.uint8)
    return np.concatenate([chosen, chosen[:, :, ::-1], dark, 255 - ((255 - chosen) * 0.6).astype(np.uint8)])


_RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d")


def identifier(title: str) -> str:
    """A title as a valid name in Keras and for files, even on Windows, which reserves con, nul and so on."""
    word = re.sub(r"\W+", "_", title, flags=re.ASCII).strip("_").lower()
    usable = word[:1].isalpha() and not _RESERVED.fullmatch(word)
    return word if usable else f"model_{word}".rstrip("_")


def _light_parts(wanted: ExportRequest, graph: Graph, files: dict[str, bytes], left_out: list[str]) -> None:
    """Write the formats that do not need TensorFlow."""
    from zoo.exchange.formats import onnx_writer

    if "tfjs" in wanted.parts:
        config = keras_config.describe(graph, identifier(wanted.title))
        files |= {f"tfjs/{name}": content for name, content in tfjs.write(graph, config).items()}
        files["tfjs/metadata.json"] = files["metadata.json"] = _metadata(wanted, graph.input_shape[0])
        files["tfjs.html"] = (TEMPLATES / "tfjs.html").read_bytes()
    if "onnx" in wanted.parts:
        _try("onnx/cnn.onnx", lambda: onnx_writer.network(graph), files, left_out)
    if "page" in wanted.parts and wanted.align.registration != "anchors":
        left_out.append(
            Phrase(
                "export.left_out_page",
                "page.html is left out: its three clicks align the face, and this model learned without that.",
            )
        )
    elif "page" in wanted.parts:
        files["page.html"] = page(graph, wanted.title, wanted.labels, wanted.align)


def _machine_parts(svm: SvmClassifier, as_onnx: bool, files: dict[str, bytes], left_out: list[str]) -> None:
    from zoo.exchange.formats import onnx_writer

    files |= {f"svm/{name}": content for name, content in svm_json.write(svm).items()}
    if as_onnx:
        _try("onnx/svm.onnx", lambda: onnx_writer.support_vectors(svm), files, left_out)


def _try(name: str, write: Callable[[], bytes], files: dict[str, bytes], left_out: list[str]) -> None:
    from zoo.exchange.formats import onnx_writer

    try:
        files[name] = write()
    except onnx_writer.UnsupportedError as error:
        left_out.append(Phrase("export.left_out", "{0} is left out: {1}", name, str(error)))


def page(graph: Graph, title: str, labels: LabelSet, align: AlignSpec) -> bytes:
    """A self-contained HTML page with the network, which makes no requests; UTF-8."""
    table, content = tfjs.pack_weights(graph)
    nodes = [
        {
            "name": node.name,
            "kind": node.kind,
            "config": keras_config.settings(node),
            "inputs": node.inputs,
            "weights": list(node.weights),
        }
        for node in graph.nodes
    ]
    names = [f"{node.name}/{name}" for node in graph.nodes for name in node.weights]
    sizes = [(int(np.prod(entry["shape"])), entry.get("quantization", {})) for entry in table]
    weights = [[name, *size] for name, size in zip(names, sizes, strict=True)]
    filled = {
        "title": html.escape(title),
        "model": _script({"input_shape": graph.input_shape, "nodes": nodes, "weights": weights}),
        "contract": _script(contract(align, graph.input_shape[0])),
        "labels": _script(list(labels)),
        "weights": base64.b64encode(content).decode(),
    }
    text = (TEMPLATES / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda gap: filled[gap[1]], text).encode()


def _script(value: object) -> str:
    """JSON that is safe inside a script."""
    return json.dumps(value).replace("<", "\\u003c")


def contract(align: AlignSpec, side: int) -> dict:
    """The content of `preprocessing.json`: how a face becomes the network's input, a crop of `side` pixels."""
    names = ("left_eye", "right_eye", "mouth")
    return {
        "fingerprint": align.fingerprint,
        "align": asdict(align),
        "template": dict(zip(names, align.template.tolist(), strict=True)),
        "points": dict(zip(names, (LEFT_EYE, RIGHT_EYE, MOUTH), strict=True)),
        "left": "of the picture, as the viewer sees it",
        "mesh": "MediaPipe Face Mesh, indices of its 468 points; a point is the mean of those named",
        "grey": "ITU-R BT.601",
        "network": {"side": side, "channels": 1, "type": "float32", "resize": "bilinear, pixel centres at halves"},
        "pixels": {"scale": 1.0, "offset": 0.0},
        "standardise": "(x - mean) / (spread + 1) of each crop, inside every file, made of ordinary layers",
    }


def _metadata(wanted: ExportRequest, side: int) -> bytes:
    """``metadata.json`` in Teachable Machine's form, for programs that read it."""
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    notes = {
        "modelName": wanted.title,
        "labels": list(wanted.labels),
        "timeStamp": now,
        "imageSize": side,
        "grayscale": True,
        "packageName": "face-off",
        "userMetadata": {"fingerprint": wanted.align.fingerprint},
    }
    return json.dumps(notes, indent=1, ensure_ascii=False).encode()


def _papers(wanted: ExportRequest, side: int, files: dict[str, bytes]) -> dict[str, bytes]:
    """The files that every zip contains besides the models."""
    lines = "".join(f"{i} {label}\n" for i, label in enumerate(wanted.labels))
    papers = {
        "labels.txt": lines.encode(),
        "metadata.json": _metadata(wanted, side),
        "preprocessing.json": json.dumps(contract(wanted.align, side), indent=1).encode(),
        **{name: (TEMPLATES / name).read_bytes() for name in ("preprocess.py", "find_faces.py")},
        **{f"faces/{path.name}": path.read_bytes() for path in _FACE_FILES},
    }
    if any(name.startswith("tflite/") for name in files):
        papers |= {name: (TEMPLATES / name).read_bytes() for name in ("predict.py", "webcam.py")}
    return papers | {"README.md": _readme(wanted, side, {*files, *papers}).encode()}


def _readme(wanted: ExportRequest, side: int, names: set[str]) -> str:
    size = {"side": side, "size": wanted.align.size}
    rows = [f"- `{name}`: {about.format(**size)}" for name, about in _ABOUT.items() if name in names]
    machine = "The support vector machine takes the larger crop as it is. " if wanted.svm is not None else ""
    return (
        (TEMPLATES / "README.md")
        .read_text(encoding="utf-8")
        .format(
            title=markdown(wanted.title),
            labels=", ".join(map(markdown, wanted.labels)),
            date=datetime.date.today().isoformat(),
            files="\n".join(rows),
            detail=wanted.align.detail,
            machine=machine,
            eight_bits=_EIGHT_BITS if wanted.cnn is not None and wanted.cnn.bits == 8 else "",
            snippets=_snippets(names),
            **size,
        )
    )


# Characters that begin markup, links or URLs; those that begin HTML become entities.
_MARKUP = re.compile(r"[\\`*_{}\[\]|~@]|(?<=www)\.|:(?=//)|^[#+-]")


def markdown(text: str) -> str:
    """A user's text escaped as Markdown, on one line."""
    return html.escape(_MARKUP.sub(r"\\\g<0>", " ".join(text.split())), quote=False)


_TOO_FINE = Phrase(
    "export.left_out_int8",
    "tflite/model-int8.tflite is left out: a kernel machine adds up thousands of numbers that eight bits make zero. "
    "The network alone (cnn) can be exported in eight bits.",
)
_EIGHT_BITS = "The app itself runs this network in eight bits, so its probabilities differ, mostly by thousandths. "


def _snippets(names: Sequence[str] | set[str]) -> str:
    """The sections of the README for the exported formats."""
    text = (TEMPLATES / "SNIPPETS.md").read_text(encoding="utf-8")
    sections = re.split(r"^<!-- (\S+) -->\n", text, flags=re.MULTILINE)[1:]
    return "\n".join(body for name, body in zip(sections[::2], sections[1::2], strict=True) if name in names).strip()


def _zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(files):
            archive.writestr(name, files[name])
    return out.getvalue()
