"""The Compare tab: every model's answer for a picture, on the page and as an API."""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from features import images
from features.images import ImageError
from features.mesh import MAX_FACES
from ui import gradio_files, text
from ui.compare import cover, occlusion_maps, results, thumbnails
from ui.compare.results import Extras
from ui.components import errors
from ui.components.choices import label_choice, mix_choice, model_choice
from ui.components.options import Direct, Private, Raw
from ui.examples.cartoons import DRAWINGS
from ui.examples.portraits import EXAMPLES, PICTURES
from ui.gradio_calls import sent_value
from ui.languages import phrase
from ui.lesson.classroom import HOME, Mode
from ui.model_service import ModelService, NoModelError
from ui.theme import read
from zoo.cards import Card
from zoo.classifier import Classifier
from zoo.exchange.imports.session_models import seconds
from zoo.filenames import shortened
from zoo.inference import serialise
from zoo.inference.compare import Comparison
from zoo.inference.rested import Rested, RestingError, choose, relative_to
from zoo.inference.serialise import Record
from zoo.labels import label_set
from zoo.models.label_mix import DEFAULT, MIXES, threshold
from zoo.reports.markup import say

LOG = logging.getLogger(__name__)
PATIENCE = 20.0  # seconds that a picture may take an imported model, roughly
LONGEST_CHOICE = 2000  # characters that pair up `MOST_FACES`
MOST_FACES = 200  # per picture, if more than the largest faces are requested


class TooManyFacesError(ValueError):
    """The requested number of faces is not a number, or too large."""


BAD_INPUT = (*errors.BAD_INPUT, TooManyFacesError, RestingError)
# Values arrive as the browser or a script sent them: Gradio's own decoding would open any
# picture before its size is known, and its choice boxes refuse a name without saying which there are.
RAW: Raw = {"preprocess": False, "concurrency_id": "models", "concurrency_limit": 2}
NOT_UPLOADED = "The picture did not arrive as an uploaded file. Upload it and send what the upload returns."
PRIVATE: Private = {"api_visibility": "private"}
RELAXED = ("brows-raised", "lips-closed")  # an expression, and the same person at rest


@dataclass(frozen=True)
class Inputs:
    """The tab's controls, in the order of `Sent`; `chosen` is not visible."""

    photo: gr.Image
    models: gr.CheckboxGroup
    labels: gr.Radio
    mix: gr.Radio
    rest: gr.Image
    every: gr.Checkbox
    chosen: gr.Textbox

    def __iter__(self) -> Iterator[Any]:
        return iter((self.photo, self.models, self.labels, self.mix, self.rest, self.every, self.chosen))


@dataclass(frozen=True)
class Sent:
    """What the browser sends: the values of the tab's controls.

    Parameters
    ----------
    photo : dict or None
        The uploaded picture, as an image box sends it.
    models : list of str
    labels, mix : str
        Names of a label set and of a label mix.
    rest : dict or None
        A picture of the same people at rest.
    every : bool
        Show all faces instead of the largest ones.
    chosen : str
        Which resting face belongs to which face, see `_chosen`.
    """

    photo: dict | None
    models: list[str]
    labels: str
    mix: str = DEFAULT
    rest: dict | None = None
    every: bool = False
    chosen: str = ""


@dataclass(frozen=True)
class CompareRequest:
    """A request for predictions on a picture.

    Parameters
    ----------
    models : list of str
    labels, mix : str
        Names of a label set and of a label mix.
    session : str
        Session whose own models can be used besides the shipped ones.
    most : int
        Largest number of faces.
    """

    models: list[str]
    labels: str
    mix: str = DEFAULT
    session: str = ""
    most: int = MAX_FACES


class CompareTab:
    """Handlers of the tab's events.

    Parameters
    ----------
    service : ModelService
    mode : Mode
    """

    def __init__(self, service: ModelService, mode: Mode = HOME) -> None:
        self.service = service
        self.mode = mode

    def show(self, sent: Sent, request: gr.Request) -> tuple[str, str]:
        """The answer as HTML, and as one line for screen readers."""
        photo, rest = sent.photo, sent.rest
        if photo is None:
            return results.WAITING, ""
        try:
            asked = self._asked(sent, request)
            if not asked.models:
                return _sorry(text.CHOOSE_MODELS)
            comparison, cards, loaded = self._answered(photo, asked)
            pictures = _pictures(photo, rest)
            rested, note = self._rested(comparison, rest, asked, _chosen(sent.chosen, pictures))
            extras = Extras(self._file_name(photo), rested, note, pictures, self.mode.files)
            html = results.page(comparison, cards, loaded, extras)
            return html, say(results.summary(comparison, rested)) + (f" {say(note)}" if note else "")
        # An error is an answer too: an older picture's must not stay beside this one.
        except BAD_INPUT as error:
            return _sorry(errors.sentence(error))
        except Exception:
            LOG.exception("a picture could not be answered")
            return _sorry(text.FAILED)

    def warm(self, portrait: np.ndarray) -> None:
        """Answer a picture once, so that the first visitor need not wait longer than others."""
        if names := self.service.default_models:
            comparison = self.service.compare(portrait, names, "7")
            loaded = {model.name: model for model in self.service.models(names)}
            results.page(comparison, self.service.cards_of("", comparison.mix), loaded)

    def mattered(self, sent: Sent, request: gr.Request, event: gr.EventData) -> str:
        """Which parts of one face mattered to each model; the page's script puts it on that face's card."""
        number, answer = sent_value(event, "face"), str(sent_value(event, "answer") or "")
        try:
            comparison, cards, chosen = self._answered(sent.photo or {}, self._asked(sent, request))
            i = _index(number, len(comparison.faces))
            ends = time.monotonic() + occlusion_maps.SECONDS
            panel = occlusion_maps.panel(comparison, i, cards, chosen, ends)
        except BAD_INPUT as error:
            panel = say(errors.sentence(error), "p")
        except Exception:
            LOG.exception("a face could not be covered")
            panel = say(text.FAILED, "p")
        return results.mattered(panel, number if isinstance(number, int) else 0, answer)

    def _asked(self, sent: Sent, request: gr.Request) -> CompareRequest:
        """The request described by the controls, with the models in the order of the cards."""
        session = str(request.session_hash)
        models = [name for name in self.service.cards_of(session, sent.mix) if name in (sent.models or [])]
        most = self._fewer_if_slow(models, session) if sent.every is True else MAX_FACES
        return CompareRequest(models, sent.labels, sent.mix, session, most)

    def _fewer_if_slow(self, models: Sequence[str], session: str) -> int:
        """How many faces imported models can answer before others have waited too long."""
        known = self.service.teach_sessions.known(session)
        own = known.models if known else {}
        each = sum(seconds(own[name]) for name in models if name in own)
        return max(MAX_FACES, int(min(MOST_FACES, PATIENCE / each))) if each else MOST_FACES

    def _answered(
        self, photo: dict | None, asked: CompareRequest
    ) -> tuple[Comparison, dict[str, Card], dict[str, Classifier]]:
        """A comparison, the cards of all models, and the requested models by name."""
        comparison = self._compare(photo, asked)
        models = self.service.models(asked.models, asked.session)
        return comparison, self.service.cards_of(asked.session, asked.mix), {model.name: model for model in models}

    def answer(
        self,
        image: dict | None,
        models: list[str],
        labels: str,
        max_faces: int = MAX_FACES,
        mix: str = DEFAULT,
        rest: dict | None = None,
        pairs: str = "",
    ) -> Record:
        """Compare models on one picture: faces, boxes, pose, quality, probabilities, times.

        With a resting picture, or pairs of faces in the same one, also relative to each resting face.
        """
        if image is None:
            raise errors.refusal("No image came. Send a JPEG, PNG or WebP file.")
        try:
            asked = CompareRequest(_names(models), labels, mix, most=_most(max_faces))
            comparison = self._compare(image, asked)
            rested = self._relative(comparison, rest, asked, pairs)
            cards = self.service.cards_of("", mix)
        except BAD_INPUT as error:
            raise errors.refusal(errors.sentence(error)) from None
        thresholds = results.thresholds(comparison, cards)
        return serialise.record(comparison, thresholds, self._file_name(image), rested)

    def _rested(
        self, comparison: Comparison, rest: dict | None, asked: CompareRequest, pairs: str | None
    ) -> tuple[Rested | None, str]:
        """The answers relative to resting faces, or the reason why there are none."""
        try:
            return self._relative(comparison, rest, asked, pairs or ""), ""
        except (RestingError, ImageError) as error:
            return None, errors.sentence(error)

    def _relative(
        self, comparison: Comparison, rest: dict | None, asked: CompareRequest, pairs: object
    ) -> Rested | None:
        """The answers relative to resting faces; None with neither a resting picture nor pairs of faces.

        Raises
        ------
        RestingError, ImageError
        """
        if not isinstance(pairs, str) or len(pairs) > LONGEST_CHOICE:
            raise RestingError(f'pairs is {str(pairs)[:40]}; expected a text such as "1=2, 2=1".')
        if rest is None and not pairs.strip():
            return None
        looks = comparison if rest is None else self._compare(rest, asked)
        file = self._file_name(rest) if rest else ""
        return relative_to(
            comparison, looks, choose(comparison, looks, pairs), file, self.service.cards_of(asked.session)
        )

    def list_models(self) -> list[dict]:
        """Every model: name, title, family, labels, threshold, accuracy where measured."""
        return [_model_record(card) for card in self.service.cards.values()]

    def _file_name(self, photo: dict) -> str:
        return file_name(photo) if self.mode.files else ""

    def _compare(self, photo: dict | None, asked: CompareRequest) -> Comparison:
        label_set(asked.labels)
        self.service.models(asked.models, asked.session)
        return self.service.compare(read_photo(photo), asked.models, asked.labels, asked.session, asked.most, asked.mix)


def _pictures(photo: dict, rest: dict | None) -> str:
    """Identifies these two pictures, so that a choice of resting faces for other pictures is ignored."""
    paths = [str(one.get("path")) if isinstance(one, dict) else "" for one in (photo, rest)]
    return hashlib.sha256("\n".join(paths).encode("utf-8", "replace")).hexdigest()[:16]


def _chosen(sent: object, pictures: str) -> str:
    """The pairs of faces chosen on the page for these pictures; empty (the default) if chosen for others."""
    named, _, pairs = str(sent or "")[:LONGEST_CHOICE].partition(" ")
    return pairs if named == pictures else ""


def _index(number: object, faces: int) -> int:
    """Position of the face with this number.

    Raises
    ------
    ImageError
        There is no such face.
    """
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= faces:
        raise ImageError(phrase("face.missing_n", str(number)[:20], faces))
    return number - 1


def _most(max_faces: object) -> int:
    """The requested number of faces.

    Raises
    ------
    TooManyFacesError
        Not a whole number from 1 to `MOST_FACES`.
    """
    if isinstance(max_faces, float) and max_faces.is_integer():  # as JSON and Gradio's number boxes send it
        max_faces = int(max_faces)
    if isinstance(max_faces, bool) or not isinstance(max_faces, int) or not 1 <= max_faces <= MOST_FACES:
        raise TooManyFacesError(f"max_faces is {str(max_faces)[:40]}; expected a whole number from 1 to {MOST_FACES}.")
    return max_faces


def read_photo(photo: dict | None) -> np.ndarray:
    """The picture that an image box sent.

    The client sends the path, so only uploads and the app's own examples are opened.

    Raises
    ------
    ImageError
    """
    path = photo.get("path") if isinstance(photo, dict) else None
    if not isinstance(path, str) or not _is_ours(Path(path)):
        raise ImageError(NOT_UPLOADED)
    if not Path(path).is_file():
        raise ImageError(text.GONE)
    return images.load(Path(path).read_bytes() if Path(path).stat().st_size <= images.MAX_BYTES else path)


def _is_ours(path: Path) -> bool:
    try:
        real = path.resolve()
    except (OSError, ValueError):  # a name that no file can have
        return False
    return any(real.is_relative_to(Path(folder).resolve()) for folder in (gradio_files.upload_folder(), PICTURES))


def file_name(photo: dict) -> str:
    """The picture's file name, without the sender's folders."""
    return re.split(r"[/\\]", str(photo.get("orig_name") or photo.get("path") or ""))[-1]


def _names(models: object) -> list[str]:
    """Model names from a check box group, or from a script as one text with commas.

    Raises
    ------
    NoModelError
        Neither a list of names nor a text.
    """
    parts = models.split(",") if isinstance(models, str) else models or []
    if not (isinstance(parts, list | tuple) and all(isinstance(part, str) for part in parts)):
        raise NoModelError(f'Models are a list of names, such as ["hog-svm", "cnn"]; this came: {str(models)[:80]}')
    return [part.strip() for part in parts if part.strip()]


def _sorry(sentence: str) -> tuple[str, str]:
    return results.sorry(sentence), say(sentence)


def _model_record(card: Card) -> dict:
    line = card.figure()
    return {
        "name": card.name,
        "title": card.title,
        "summary": card.summary,
        "family": card.family,
        "labels": list(card.labels.labels),
        "threshold": threshold(card, DEFAULT),
        "thresholds": {mix: threshold(card, mix) for mix in MIXES},
        "accuracy": line.accuracy if line else None,
        "limits": list(card.limits),
    }


def build(service: ModelService, mode: Mode = HOME) -> gr.CheckboxGroup:
    """Lay out the tab inside the surrounding `gr.Blocks` and connect its events; return its choice of models."""
    tab = CompareTab(service, mode)
    service.warm_too(tab.warm)
    with gr.Row(elem_classes="fo-compare"):
        with gr.Column(scale=6, min_width=300, elem_classes="fo-controls"):
            inputs, examples = _controls(service, mode)
        with gr.Column(scale=11, min_width=340):
            spoken = gr.HTML(elem_id="fo-spoken", apply_default_css=False, js_on_load=read("assets/spoken.js"))
            answer = gr.HTML(
                results.WAITING, elem_id="fo-answer", apply_default_css=False, js_on_load=read("compare/answer.js")
            )
            mattered = gr.HTML(
                elem_id="fo-mattered", apply_default_css=False, js_on_load=read("compare/mattered.js"), container=False
            )
            cover.build(service)
    _wire(tab, inputs, examples, [answer, spoken])
    _wire_mattered(tab, inputs, answer, mattered)
    return inputs.models


def _controls(service: ModelService, mode: Mode) -> tuple[Inputs, gr.HTML]:
    """Picture, examples and models are visible without scrolling; the rest is folded."""
    photo = _picture_box(mode, "picture", "fo-picture", 140)
    examples = gr.HTML(
        thumbnails.shown(), elem_id="fo-examples", apply_default_css=False, js_on_load=read("examples/examples.js")
    )
    models = model_choice(service.cards.values(), service.default_models, "fo-models")
    with gr.Accordion(phrase("options.compare"), open=False, elem_id="fo-options", elem_classes="fo-options"):
        labels = label_choice("fo-labels")
        mix = mix_choice("fo-mix")
        rest = _resting(mode, photo)
        every = gr.Checkbox(False, label=text.EVERY_FACE, info=text.EVERY_FACE_HINT, elem_id="fo-every")
    chosen = gr.Textbox(visible=False)
    return Inputs(photo, models, labels, mix, rest, every, chosen), examples


def _picture_box(mode: Mode, label: str, name: str, height: int) -> gr.Image:
    box = gr.Image(
        label=phrase(label),
        show_label=False,
        type="filepath",
        sources=["upload", "clipboard"] if mode.lesson else ["upload", "webcam", "clipboard"],
        height=height,
        buttons=[],
        webcam_options=gr.WebcamOptions(mirror=True, constraints={"video": {"width": 1280, "height": 720}}),
        placeholder=str(phrase("box.picture")),
        elem_id=name,
    )
    gradio_files.check_images(box, partial(errors.refusal, NOT_UPLOADED))
    return box


def _resting(mode: Mode, photo: gr.Image) -> gr.Image:
    """The optional picture of the same person at rest, with an example."""
    with gr.Group(elem_id="fo-rest-box"):
        about = say(phrase("rest.title"), "h3") + say(phrase("rest.hint"), "p")
        gr.HTML(about, apply_default_css=False)
        rest = _picture_box(mode, "rest.picture", "fo-rest-picture", 170)
        example = gr.Button(phrase("rest.example"), size="sm", elem_id="fo-rest-example")
    shown: Direct = {"show_progress": "hidden", "queue": False, **PRIVATE}
    example.click(lambda: tuple(str(PICTURES / f"{name}.jpg") for name in RELAXED), None, [photo, rest], **shown)
    return rest


def _wire_mattered(tab: CompareTab, inputs: Inputs, answer: gr.HTML, mattered: gr.HTML) -> None:
    """Connect the buttons for occlusion maps. Several can run at a time; each result goes to its own card."""

    def run(request: gr.Request, event: gr.EventData, *values: Any) -> str:
        return tab.mattered(Sent(*values), request, event)

    done = answer.mattered(run, [*inputs], mattered, trigger_mode="multiple", show_progress="hidden", **RAW, **PRIVATE)
    done.failure(None, None, None, js="() => window.dispatchEvent(new Event('face-off-mattered-failed'))")


def _wire(tab: CompareTab, inputs: Inputs, examples: gr.HTML, outputs: list[gr.HTML]) -> None:
    def show(request: gr.Request, *values: Any) -> tuple[str, str]:
        return tab.show(Sent(*values), request)

    outputs[0].pair(_paired, None, inputs.chosen, show_progress="hidden", queue=False, **PRIVATE)
    changes = [each.change for each in inputs]
    gr.on(changes, show, [*inputs], outputs, trigger_mode="always_last", **RAW, **PRIVATE)
    examples.pick(_picked, None, inputs.photo, show_progress="hidden", queue=False, **PRIVATE)
    script = gr.Button(visible=False)
    most = gr.Number(MAX_FACES, label="max_faces", visible=False)
    pairs = gr.Textbox("", label="pairs", visible=False)
    sent = [inputs.photo, inputs.models, inputs.labels, most, inputs.mix, inputs.rest, pairs]
    script.click(tab.answer, sent, gr.JSON(visible=False), api_name="compare", **RAW)
    gr.api(tab.list_models, api_name="models", queue=False)


def _paired(event: gr.EventData) -> str:
    """The page's choice of pairs for `_chosen`, cut to `LONGEST_CHOICE` characters."""
    return str(sent_value(event, "pairs") or "")[:LONGEST_CHOICE]


def _picked(event: gr.EventData) -> str:
    names = {example.name: example for example in (*EXAMPLES, *DRAWINGS)}
    name = str(sent_value(event, "name"))
    chosen = names.get(name)
    if chosen is None:
        raise errors.refusal(f"There is no example {shortened(name)!r}; there are {', '.join(names)}.")
    return str(chosen.path)
