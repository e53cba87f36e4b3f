"""The Video tab: an annotated clip, every face over time, and the largest disagreements."""

from __future__ import annotations

import logging
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from features import clips, images
from features.clips import ClipError, ClipWriter, Frame, Limits
from ui import text
from ui.compare import results
from ui.components import errors
from ui.components.choices import label_choice, mix_choice, model_choice
from ui.components.options import Direct, PrivateRaw, Unstyled
from ui.examples.portraits import PICTURES
from ui.gradio_files import upload_folder
from ui.languages import phrase
from ui.model_service import ModelService
from ui.serving.refusal import Refusal
from ui.serving.storage import check_room
from ui.theme import read
from ui.video import page
from zoo.inference.rested import RestingError
from zoo.inference.timeline_rest import AUTO, NONE
from zoo.inference.video import VideoOptions, annotate
from zoo.labels import label_set
from zoo.models.label_mix import DEFAULT, mix_named
from zoo.reports.markup import say

LOG = logging.getLogger(__name__)
BAD_INPUT = (*errors.BAD_INPUT, RestingError, Refusal)
# Others may be waiting; longer clips are left to the command line.
LIMITS = Limits(seconds=text.VIDEO_MINUTES * 60, size=text.VIDEO_MEGABYTES * 2**20)
TOLD = 0.3  # seconds between two progress reports
PRIVATE: PrivateRaw = {"api_visibility": "private", "preprocess": False}
PROGRESS = gr.Progress()  # as a default, it makes Gradio pass one in
NAME = "face-off.mp4"
MOMENT = "moment"
# Times in the annotated clip are those of the uploaded clip.
NOW = "() => ['moment', Math.round(10 * (document.querySelector('#fv-video video')?.currentTime ?? 0)) / 10]"
BEGIN = "() => window.dispatchEvent(new CustomEvent('face-off-video', { detail: true }))"
END = BEGIN.replace("true", "false")
EXAMPLE = ("photo", "brows-raised", "mouth-open", "corners-down", "brows-lowered", "photo")


class StoppedError(Exception):
    """The visitor pressed Stop, or left."""


@dataclass(frozen=True)
class Sent:
    """The values of the tab's controls as the browser sends them, in the order of the controls.

    Parameters
    ----------
    file : dict or None
        The uploaded clip, as an upload box sends it.
    models : list of str
    labels : str
        Name of a label set.
    steady : bool
        Smooth answers over time.
    mix : str
        Name of a label mix.
    rest : str
        Which frames show the faces at rest: ``"auto"``, ``"moment"`` or ``"none"``.
    seconds : float or None
        The time at which the faces are at rest, for ``"moment"``.
    """

    file: dict | None
    models: list[str]
    labels: str
    steady: bool
    mix: str = DEFAULT
    rest: str = AUTO
    seconds: float | None = None


class VideoTab:
    """Handlers of the tab's events.

    Parameters
    ----------
    service : ModelService
    """

    def __init__(self, service: ModelService) -> None:
        self.service = service
        self._stops: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def run(self, sent: Sent, request: gr.Request, progress: gr.Progress) -> tuple[gr.Video, str, str]:
        """The annotated clip, the results as HTML, and one line for screen readers."""
        file = sent.file
        if file is None:
            return _sorry(text.VIDEO["choose"])
        session = str(request.session_hash)
        with self._stoppable(session) as stop, _target() as target:
            try:
                check_room(target.parent, LIMITS.size)
                cards = self.service.cards_of(session, sent.mix)
                chosen = self.service.models([name for name in cards if name in (sent.models or [])], session)
                options = _options(sent)
                result = annotate(uploaded(file), target, chosen, cards, options, _Ticker(progress, stop))
            except StoppedError:
                return _nothing(text.VIDEO["stopped"])
            except BAD_INPUT as error:
                return _sorry(errors.sentence(error))
            except Exception:
                LOG.exception("a clip could not be answered")
                return _sorry(text.FAILED)
            html = page.page(result, cards, _file_name(file))
            return gr.Video(str(target), visible=True), html, say(page.summary(result))

    @contextmanager
    def _stoppable(self, session: str) -> Iterator[threading.Event]:
        """One clip per session at a time: a new one stops the previous one."""
        mine = threading.Event()
        with self._lock:
            before, self._stops[session] = self._stops.get(session), mine
        if before:
            before.set()
        try:
            yield mine
        finally:
            with self._lock:
                if self._stops.get(session) is mine:
                    del self._stops[session]

    def stop(self, request: gr.Request) -> tuple[gr.Video, str, str]:
        """Stop this session's clip."""
        self.leave(request)
        return _nothing(text.VIDEO["stopped"])

    def leave(self, request: gr.Request) -> None:
        """Called when the page is closed."""
        self.left(str(request.session_hash))

    def left(self, session: str) -> None:
        """Stop the clip of a session whose page was closed."""
        with self._lock:
            mine = self._stops.get(session)
        if mine:
            mine.set()

    def __len__(self) -> int:
        """Number of clips being processed."""
        return len(self._stops)


@dataclass
class _Ticker:
    """Reports progress, and ends the work when it must stop."""

    progress: gr.Progress
    stop: threading.Event
    told: float = -1.0

    def __call__(self, now: float, whole: float | None, drawing: bool) -> None:
        if self.stop.is_set():
            raise StoppedError
        if time.monotonic() - self.told < TOLD:
            return
        self.told = time.monotonic()
        words = text.progress(now, whole, drawing)
        if whole:
            self.progress(min(1.0, now / whole), desc=words)
        else:
            self.progress((round(now), None), desc=words, unit="s")


def _options(sent: Sent) -> VideoOptions:
    """The options that the controls describe, checked."""
    labels, mix = label_set(sent.labels), mix_named(sent.mix)
    rest = _rest(sent.rest, sent.seconds)
    return VideoOptions(labels, bool(sent.steady), limits=LIMITS, mix=mix, rest=rest)


def _rest(choice: object, seconds: object) -> str | float:
    """The requested resting face: ``"auto"``, ``"none"`` or a time in seconds.

    Raises
    ------
    RestingError
    """
    if choice in (AUTO, NONE):
        return str(choice)
    if choice != MOMENT or isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise RestingError(phrase("video.rest_when"))
    if not 0 <= seconds <= LIMITS.seconds:
        raise RestingError(phrase("video.rest_when"))
    return float(seconds)


def uploaded(file: dict) -> Path:
    """The path of an uploaded clip. The client sends the path, so only files in the upload folder are accepted.

    Raises
    ------
    ClipError
    """
    path = file.get("path") if isinstance(file, dict) else None
    home = upload_folder().resolve()
    if not isinstance(path, str) or "\0" in path or not Path(path).resolve().is_relative_to(home):
        raise ClipError("The clip did not arrive as an uploaded file. Upload it and send what the upload returns.")
    if not Path(path).is_file():
        raise ClipError(text.VIDEO["gone"])
    return Path(path)


@contextmanager
def _target() -> Iterator[Path]:
    """An unguessable path among the temporary files; removed if nothing was written."""
    folder = upload_folder() / f"video-{secrets.token_hex(16)}"
    folder.mkdir(parents=True)
    try:
        yield folder / NAME
    finally:
        if not (folder / NAME).is_file():
            shutil.rmtree(folder, ignore_errors=True)


def example() -> str:
    """Write a six-second clip of the public-domain portrait with a sequence of drawn expressions; return its path."""
    folder = upload_folder() / f"video-{secrets.token_hex(16)}"
    folder.mkdir(parents=True)
    shown = [images.load(PICTURES / f"{name}.jpg", max_side=480) for name in EXAMPLE]
    height, width = (side // 2 * 2 for side in shown[0].shape[:2])
    with ClipWriter(folder / "example.mp4", (width, height)) as writer:
        for i in range(15 * (len(shown) - 1) + 10):
            before, part = min(i // 15, len(shown) - 1), min(1.0, max(0.0, i % 15 / 5 - 2))
            after = min(before + 1, len(shown) - 1)
            mixed = shown[before] * (1 - part) + shown[after] * part
            writer.write(Frame(np.rint(mixed[:height, :width]).astype(np.uint8), i / 15))
    return str(folder / "example.mp4")


def _file_name(file: dict) -> str:
    """The clip's file name, without the sender's folders."""
    return re.split(r"[/\\]", str(file.get("orig_name") or file.get("path") or ""))[-1]


def _nothing(words: str) -> tuple[gr.Video, str, str]:
    return gr.Video(None, visible=False), f'<div class="fo-empty">{say(words, "p")}</div>', say(words)


def _sorry(sentence: str) -> tuple[gr.Video, str, str]:
    return gr.Video(None, visible=False), results.sorry(sentence), say(sentence)


def build(service: ModelService) -> gr.CheckboxGroup:
    """Lay out the tab inside the surrounding `gr.Blocks` and connect its events; return its choice of models."""
    tab = VideoTab(service)
    with gr.Row(elem_classes="fo-compare fv-row"):
        with gr.Column(scale=4, min_width=300, elem_classes="fo-controls"):
            inputs, buttons = _controls(service)
        with gr.Column(scale=9, min_width=340):
            plain: Unstyled = {"apply_default_css": False}
            spoken = gr.HTML(elem_id="fv-spoken", js_on_load=read("assets/spoken.js"), **plain)
            shown = gr.Video(
                visible=False, show_label=False, buttons=["download"], autoplay=True, loop=True, elem_id="fv-video"
            )
            answer = gr.HTML(page.WAITING, elem_id="fv-answer", js_on_load=read("video/video.js"), **plain)
    _wire(tab, inputs, buttons, [shown, answer, spoken])
    return inputs[1]


def _controls(service: ModelService) -> tuple[list, list[gr.Button]]:
    file = gr.File(
        label=text.VIDEO["file"], file_types=sorted(clips.SUFFIXES), height=150, elem_id="fv-file", buttons=[]
    )
    with gr.Row(elem_classes="fv-buttons"):
        start = gr.Button(text.VIDEO["start"], variant="primary", elem_id="fv-start", min_width=120)
        stop = gr.Button(text.VIDEO["stop"], elem_id="fv-stop", min_width=120)
    sample = gr.Button(text.VIDEO["example"], size="sm", elem_id="fv-example")
    gr.HTML(say(text.VIDEO["limits"], "p", 'class="fv-limits"'), apply_default_css=False)
    with gr.Accordion(text.VIDEO["options"], open=False, elem_id="fv-options"):
        models = model_choice(service.cards.values(), service.default_models, "fv-models")
        labels, mix = label_choice("fv-labels"), mix_choice("fv-mix")
        steady = gr.Checkbox(True, label=text.LIVE["smooth"], elem_id="fv-steady")
        rest, seconds = _resting()
    return [file, models, labels, steady, mix, rest, seconds], [start, stop, sample]


def _resting() -> tuple[gr.Radio, gr.Number]:
    """Controls for the resting face: its most neutral frames, a moment, or none."""
    words = {AUTO: phrase("video.rest_auto"), MOMENT: phrase("video.rest_moment"), NONE: phrase("video.rest_none")}
    choices = [(title, name) for name, title in words.items()]
    rest = gr.Radio(choices, value=AUTO, label=phrase("video.rest"), info=phrase("video.rest_hint"), elem_id="fv-rest")
    with gr.Group(visible=False) as marking:
        seconds = gr.Number(0, label=phrase("video.rest_at"), minimum=0, elem_id="fv-rest-at")
        now = gr.Button(phrase("video.rest_now"), size="sm", elem_id="fv-rest-now")
    shown: Direct = {"show_progress": "hidden", "queue": False, "api_visibility": "private"}
    rest.change(lambda choice: gr.update(visible=choice == MOMENT), rest, marking, **shown)
    now.click(None, None, [rest, seconds], js=NOW, api_visibility="private")
    return rest, seconds


def _wire(tab: VideoTab, inputs: list, buttons: list[gr.Button], outputs: list) -> None:
    """Connect the buttons: Annotate and the example each start a run, and Stop cancels it."""
    start, stop, sample = buttons
    for button in (start, sample):
        button.click(None, js=BEGIN, api_visibility="private")
    running = _answering(start.click, tab, inputs, outputs)
    chosen = sample.click(
        example, None, inputs[0], show_progress="hidden", concurrency_limit=1, api_visibility="private"
    )
    shown = _answering(chosen.success, tab, inputs, outputs)
    chosen.failure(None, js=END, api_visibility="private")
    for last in (running, shown):
        last.then(None, js=END, api_visibility="private")
    stopped = stop.click(
        tab.stop, None, outputs, cancels=[running, chosen, shown], queue=False, show_progress="hidden", **PRIVATE
    )
    stopped.then(None, js=END, api_visibility="private")
    tab.service.pages.when_left(tab.left)


def _answering(event: Callable[..., Any], tab: VideoTab, inputs: list, outputs: list) -> Any:
    """Annotate the clip when `event` occurs; returns the new event."""

    def run(request: gr.Request, progress: gr.Progress = PROGRESS, *values: Any) -> tuple[gr.Video, str, str]:
        return tab.run(Sent(*values), request, progress)

    return event(
        run,
        inputs,
        outputs,
        concurrency_id="video",
        concurrency_limit=1,
        show_progress_on=outputs[1],
        **PRIVATE,
    )
