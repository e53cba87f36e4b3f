"""Two panels of the Teach tab: export of models to a zip, and import from one."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from weakref import WeakKeyDictionary

import gradio as gr
import numpy as np

from features.images import ImageError
from ui import text, uploads
from ui.components import errors, labels
from ui.components.options import Choice, Limited, Private
from ui.gradio_files import upload_folder
from ui.languages import phrase
from ui.model_service import ModelService
from ui.serving import storage
from ui.serving.refusal import Refusal
from zoo.cards import CardError
from zoo.exchange.errors import ModelFileError
from zoo.exchange.exports import bundle, portable_graph
from zoo.exchange.formats.keras_writer import ExportError
from zoo.exchange.imports.classifiers import PIXEL_RANGES, suggest
from zoo.exchange.imports.reader import ModelFile, read_models
from zoo.exchange.imports.session_models import GREY, check_room, session_model
from zoo.exchange.network.graph import Graph
from zoo.exchange.validation import MODEL_ZIP
from zoo.labels import SEVEN, LabelSet, named
from zoo.models.cnn import CnnClassifier
from zoo.models.registry import UnknownModelError
from zoo.models.svm import SvmClassifier
from zoo.reports.markup import say
from zoo.teach.head_model import TaughtCnn
from zoo.teach.project import ProjectError
from zoo.teach.session import TeachSession
from zoo.unicode_names import is_printable, tidy

LOG = logging.getLogger(__name__)
YOURS = ""
USUAL = ["page", "tfjs", "tflite"]
LONGEST = 40
SORRY = (bundle.NothingToExportError, ExportError, ModelFileError, UnknownModelError, ProjectError, Refusal)
PRIVATE: Private = {"api_visibility": "private"}
LEAVE_OUT = phrase("import.leave")


def _sorry(sentence: str) -> str:
    return f'<div class="fo-sorry">{say(sentence, "p")}</div>'


class Exports:
    """Event handlers of the export panel.

    Parameters
    ----------
    service : ModelService
    """

    def __init__(self, service: ModelService) -> None:
        self.service = service

    def make(
        self,
        model: str,
        title: str,
        parts: Sequence[str],
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008  (so that Gradio passes one in)
    ) -> tuple[gr.DownloadButton, str]:
        """Make a zip for this session; return its download button and what was left out, or why there is no zip."""
        try:
            wanted = self.wanted(model, title, tuple(parts), str(request.session_hash))
            made = bundle.make(wanted, lambda share, words: progress(share, desc=f"{words[0].upper()}{words[1:]} …"))
            file = kept(made.data, f"{bundle.identifier(wanted.title).replace('_', '-')}.zip")
        except SORRY as error:
            return gr.DownloadButton(visible=False), _sorry(str(error))
        except CardError as error:  # it names folders of this computer
            LOG.warning("%r cannot be exported: %s", model, error)
            return gr.DownloadButton(visible=False), _sorry(phrase("models.damaged", repr(model)))
        except Exception:
            LOG.exception("an export failed")
            return gr.DownloadButton(visible=False), _sorry(text.FAILED)
        words = text.export_ready(len(made.data) / 2**20)
        notes = "".join(say(sentence, "p") for sentence in (words, *made.left_out))
        return gr.DownloadButton(f"↓ {file.name}", value=str(file), visible=True), notes

    def wanted(self, model: str, title: str, parts: tuple[str, ...], session: str) -> bundle.ExportRequest:
        """The requested export; raises one of `SORRY` if it is not possible."""
        title = tidy((title or "")[: 40 * LONGEST])[:LONGEST].strip() or text.EXPORT_NAME
        if not is_printable(title):
            raise bundle.NothingToExportError(phrase("export.letters"))
        if model == YOURS:
            trained = self.service.teach_sessions.at(session).trained
            if trained is None:
                raise bundle.NothingToExportError(text.EXPORT_UNTAUGHT)
            return bundle.ExportRequest(title, parts, trained.cnn, trained.svm, trained.material.faces.images)
        loaded = self.service.models([str(model)])[0]
        cnn: CnnClassifier | TaughtCnn | None = loaded if isinstance(loaded, CnnClassifier) else None
        svm = loaded if isinstance(loaded, SvmClassifier) else None
        if svm is not None and (same := portable_graph.on_network(svm, self.service.root)):
            cnn, svm = same, None  # layers on top of a network are exported with it, in every format
        if svm is not None and "onnx" not in parts:
            raise bundle.NothingToExportError(text.EXPORT_ONNX_ONLY)
        with np.load(self.service.root / model / "golden.npz", allow_pickle=False) as golden:
            return bundle.ExportRequest(title, parts, cnn, svm, golden["images"])

    def formats(self, model: str) -> list[str]:
        """The formats ticked when a model is chosen; an SVM on descriptors can be exported as ONNX only."""
        if model == YOURS:
            return USUAL
        try:
            loaded = self.service.models([str(model)])[0]
        except UnknownModelError as error:
            raise errors.refusal(errors.sentence(error)) from None
        alone = isinstance(loaded, SvmClassifier) and not portable_graph.on_network(loaded, self.service.root)
        return ["onnx"] if alone else USUAL


def kept(data: bytes, name: str) -> Path:
    """Write a file among this app's temporary files, with which it is deleted; return its path.

    Raises
    ------
    Refusal
        The disk is too full for it.
    """
    above = upload_folder()
    above.mkdir(parents=True, exist_ok=True)
    storage.check_room(above, len(data))
    folder = tempfile.mkdtemp(prefix="export-", dir=above)
    file = Path(folder) / name
    file.write_bytes(data)
    return file


def export_panel(service: ModelService) -> None:
    """Lay out the export panel and connect its events."""
    exports = Exports(service)
    shipped = [(text.title(card), name) for name, card in service.cards.items() if portable_graph.goes_out(card)]
    gr.HTML(say(text.EXPORT_HINT, "p", 'class="fo-hint"'), apply_default_css=False)
    with gr.Row():
        model = gr.Dropdown([(text.EXPORT_YOURS, YOURS), *shipped], value=YOURS, label=text.MODELS, filterable=False)
        title = gr.Textbox(text.EXPORT_NAME, label=phrase("export.name"), max_length=LONGEST)
    parts = gr.CheckboxGroup(
        [(words, part) for part, words in bundle.PARTS.items()], value=USUAL, label=phrase("export.formats")
    )
    with gr.Row():
        button = gr.Button(phrase("export.make"), variant="primary", elem_id="fx-make")
        download = gr.DownloadButton(phrase("export.download"), visible=False, elem_id="fx-download")
    notes = gr.HTML("", elem_id="fx-notes", apply_default_css=False, min_height=48)
    model.input(exports.formats, model, parts, queue=False, **PRIVATE)
    begin = lambda: (gr.DownloadButton(visible=False), "", gr.Button(interactive=False))
    begun = button.click(begin, None, [download, notes, button], queue=False, **PRIVATE)
    made = begun.then(
        exports.make,
        [model, title, parts],
        [download, notes],
        concurrency_id="export",
        concurrency_limit=1,  # TensorFlow takes most of a gigabyte: one export at a time, others wait
        show_progress_on=notes,
        **PRIVATE,
    )
    made.then(lambda: gr.Button(interactive=True), None, button, queue=False, **PRIVATE)


@dataclass(frozen=True)
class Offer:
    """What the page asks about models that were read.

    Parameters
    ----------
    labels : LabelSet
        Their classes.
    any_range : bool
        Whether the range of pixels that a network expects is not known.
    """

    labels: LabelSet
    any_range: bool

    @classmethod
    def of(cls, files: Sequence[ModelFile]) -> Offer:
        """The questions about these models."""
        return cls(files[0].labels, any(isinstance(file.core, Graph) and not file.ours for file in files))


class Imports:
    """Event handlers of the import panel.

    Models that were read wait here, not in the page's state: their memory is limited with that of the Teach sessions,
    and freed with the session.

    Parameters
    ----------
    service : ModelService
    """

    def __init__(self, service: ModelService) -> None:
        self.service = service
        self._waiting: WeakKeyDictionary[TeachSession, tuple[ModelFile, ...]] = WeakKeyDictionary()

    def read(self, path: str | None, request: gr.Request) -> tuple[Offer | None, str]:
        """What to ask about the models in an uploaded zip, and their description or why they cannot be added.

        The upload is deleted.
        """
        self._forget(request)
        if path is None:
            return None, ""
        try:
            found = read_models(uploads.take(path, MODEL_ZIP.size))
            session = self.service.teach_sessions.at(str(request.session_hash))
            check_room([model for _, model in session.extra.values()], found)
        except (ModelFileError, ImageError) as error:
            return None, _sorry(str(error))
        except Exception:
            LOG.exception("an import failed")
            return None, _sorry(text.FAILED)
        self._waiting[session] = found
        return Offer.of(found), "".join(map(about, found))

    def clear(self, request: gr.Request) -> tuple[None, str]:
        """The visitor took the zip away again."""
        self._forget(request)
        return None, ""

    def _forget(self, request: gr.Request) -> None:
        session = self.service.teach_sessions.known(str(request.session_hash))
        if session is not None:
            self._waiting.pop(session, None)

    def add_read(self, pixels: str | None, to: Sequence[str] | None, session: str) -> str:
        """`add` with what was read last; a sentence if it is gone."""
        files = self._waiting.get(self.service.teach_sessions.at(session), ())
        return self.add(files, pixels, to, session) if files else _sorry(phrase("teach.not_arrived"))

    def add(self, files: tuple[ModelFile, ...], pixels: str | None, to: Sequence[str] | None, session: str) -> str:
        """Add imported models to a session; return a message that says so, or why not.

        Parameters
        ----------
        files : tuple of ModelFile
        pixels : str or None
            Key of `PIXEL_RANGES`: the range in which a foreign network expects its pixels.
        to : sequence of str or None
            For each class, the label that it stands for, or an empty string to leave it out; None keeps the classes.
        session : str
        """
        names = []
        try:
            teach_session = self.service.teach_sessions.at(session)
            check_room([model for _, model in teach_session.extra.values()], files)
            for file in files:
                file = file.scaled(PIXEL_RANGES[pixels]) if pixels in PIXEL_RANGES and not file.ours else file
                mapped = tuple(label if label in SEVEN.labels else None for label in to) if to is not None else None
                card, model = session_model(file, mapped, {*self.service.cards, *teach_session.extra})
                teach_session.extra[card.name] = card, model
                names.append(file.title)
        except SORRY as error:
            return _sorry(str(error))
        return say(text.import_added(names), "p")

    def remove(self, request: gr.Request) -> str:
        """Remove all imported models from the session."""
        teach_session = self.service.teach_sessions.known(str(request.session_hash))
        if teach_session is not None:
            teach_session.extra.clear()
        return say(text.IMPORT_REMOVED, "p")


def about(file: ModelFile) -> str:
    """A description of an imported model, as HTML."""
    what = phrase("import.classes_n", len(file.labels))
    if isinstance(file.core, Graph):
        what = text.import_facts(len(file.labels), file.core.input_shape, file.core.parameters)
    name = f'<b translate="no">{escape(file.title)}</b> <span translate="no">({escape(file.origin)})</span>'
    note = "" if file.ours else say(GREY, "p")
    return f"<p>{name}: {say(what)}.</p>{note}"


def import_panel(service: ModelService) -> None:
    """Lay out the import panel and connect its events."""
    imports = Imports(service)
    gr.HTML(say(text.IMPORT_HINT, "p", 'class="fo-hint"'), apply_default_css=False)
    file = gr.File(label=phrase("import.file"), file_types=[".zip"], type="filepath", elem_id="fx-file", height=140)
    found = gr.State(None)
    notes = gr.HTML("", elem_id="fx-found", apply_default_css=False)
    limits: Limited = {"concurrency_id": "import", "concurrency_limit": 2, **PRIVATE}
    file.upload(imports.read, file, [found, notes], show_progress_on=notes, **limits)
    file.clear(imports.clear, None, [found, notes], queue=False, **PRIVATE)

    @gr.render(inputs=found)
    def mapping(offer: Offer | None) -> None:
        if offer:
            _mapping(imports, offer, notes)

    gr.Button(phrase("import.remove"), size="sm", elem_id="fx-remove").click(
        imports.remove, None, notes, queue=False, **PRIVATE
    )


def _mapping(imports: Imports, offer: Offer, notes: gr.HTML) -> None:
    """Lay out the choices for the meaning of the classes and the range of pixels, and the button to add the model."""
    guesses = suggest(offer.labels)
    known = sum(guess is not None for guess in guesses) >= 2
    keep = gr.Radio(
        [(text.IMPORT_MAP, "map"), (text.IMPORT_KEEP, "keep")],
        value="map" if known else "keep",
        label=phrase("import.stand"),
        elem_id="fx-keep",
    )
    options = [(LEAVE_OUT, ""), *((named(label, SEVEN), label) for label in SEVEN)]
    box: Choice = {"filterable": False, "min_width": 140, "elem_classes": "fo-own"}
    with gr.Row(visible=known, elem_id="fx-map") as row:
        choices = [
            gr.Dropdown(options, value=guess or "", label=name, **box)
            for name, guess in zip(offer.labels, guesses, strict=True)
        ]
    keep.change(lambda way: gr.Row(visible=way == "map"), keep, row, queue=False, **PRIVATE)
    pixels = gr.Radio(
        list(PIXEL_RANGES),
        value=next(iter(PIXEL_RANGES)),
        label=phrase("import.trained"),
        info=text.IMPORT_PIXELS,
        visible=offer.any_range,
    )
    button = gr.Button(phrase("import.add"), variant="primary", elem_id="fx-add")

    def add(request: gr.Request, way: str, scale: str, *to: str) -> str:
        return imports.add_read(scale, to if way == "map" else None, str(request.session_hash))

    gr.HTML(labels.table([keep, pixels, button, *choices]), apply_default_css=False)
    button.click(add, [keep, pixels, *choices], notes, **PRIVATE)
