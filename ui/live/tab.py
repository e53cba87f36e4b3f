"""The Live tab: the camera's frames go to the server one at a time, numbers come back, the browser draws them.

The camera is our own component, because Gradio's sends large pictures at a fixed rate whether
they are answered or not. A frame is one call of a `gr.HTML`'s server function and never a file.
Gradio's queue would make three messages and a broadcast of it, at several times the processor; and
a page whose queue has broken off stays broken, while the next call goes to whoever serves by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

import gradio as gr
import numpy as np
from anyio import to_thread

from features.face_tracking import Readers
from features.mesh import tesselation
from ui import text
from ui.components import errors
from ui.components.choices import label_choice, mix_choice, model_choice
from ui.components.modules import joined
from ui.components.scripted import message, scripted
from ui.languages import phrase
from ui.lesson.classroom import HOME, Mode
from ui.model_service import ModelService
from zoo.cards import Card
from zoo.inference import live_sessions
from zoo.inference.live_sessions import FullError, Viewers
from zoo.inference.live_stream import READINGS, Options, Viewer, read_frame
from zoo.labels import COLOURS, OTHER, SEVEN, label_set
from zoo.models.label_mix import DEFAULT, MIXES, LabelMix, mix_named, threshold
from zoo.reports.markup import say
from zoo.sessions.sweeper import Chore

BAD_INPUT = (*errors.BAD_INPUT, FullError)
WARMING = "warming"  # a session that nobody has
AT_ONCE = 2  # frames worked on at the same time; others wait in line, first come first served

CHOSEN = "(models, labels, mix) => { window.faceOffChosen = { models, labels, mix }; }"


@dataclass(frozen=True)
class Sent:
    """What the browser sends with every frame.

    Parameters
    ----------
    run, turn : int
        How often Start was pressed, and the frame's number; sent back with the answer.
    image : str
        The frame as a JPEG's data URL.
    models : tuple of str
    labels : str
        Name of a label set.
    options : Options
    edges : bool
        Whether the browser wants the mesh's edges, which it asks for once.
    mix : str
        Name of a label mix; the default if none came.
    """

    run: int
    turn: int
    image: str
    models: tuple[str, ...]
    labels: str
    options: Options
    edges: bool
    mix: str = DEFAULT

    @classmethod
    def read(cls, value: object) -> Sent:
        """From what came, whatever it is; what is missing or of another kind counts as nothing."""
        value = value if isinstance(value, dict) else {}
        run, turn, rest = (_whole(value.get(name)) for name in ("run", "turn", "rest"))
        smooth, mesh, so_far, movements = (
            value.get(name) is True for name in ("smooth", "mesh", "so_far", "movements")
        )
        options = Options(smooth, mesh, rest, so_far, movements=movements)
        models = value.get("models")
        models = tuple(name for name in models if isinstance(name, str)) if isinstance(models, list) else ()
        labels, mix, edges = str(value.get("labels")), str(value.get("mix", DEFAULT)), value.get("edges") is True
        return cls(run, turn, value.get("image", ""), models, labels, options, edges, mix)


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


class LiveTab:
    """What the tab's calls do.

    Parameters
    ----------
    service : ModelService
    viewers : Viewers
    mode : Mode
    """

    def __init__(self, service: ModelService, viewers: Viewers, mode: Mode = HOME) -> None:
        self.service = service
        self.viewers = viewers
        self.mode = mode
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._under_way: set[str] = set()

    async def frame(self, value: object, session: str) -> dict:
        """Answer one frame. A session has one place in the line: a second frame meanwhile comes to nothing."""
        sent = Sent.read(value)
        turn = {"run": sent.run, "turn": sent.turn}
        if not self.mode.camera.on:
            return turn | await self.may(value, session)
        if session in self._under_way:
            return turn | {"words": ""}
        self._under_way.add(session)
        try:
            async with self._turns:
                seen = await to_thread.run_sync(self.answer, sent, session)
        finally:
            self._under_way.discard(session)
        return turn | (seen if self.mode.camera.on else await self.may(value, session))

    def answer(self, sent: Sent, session: str) -> dict:
        """The predictions for a frame, or one sentence that says why there are none."""
        if not self.service.ready:
            return {"words": text.LIVE["warming"]}
        if not self.mode.camera.on:  # turned off while this frame stood in line
            return {}
        try:
            return self._look(sent, session) | ({"edges": _edges()} if sent.edges else {})
        except BAD_INPUT as error:
            return {"words": str(error)}

    def _look(self, sent: Sent, session: str) -> dict:
        wanted = label_set(sent.labels)
        cards = self.service.cards_of(session)
        names = [name for name in cards if name in sent.models]
        if not names:
            return {"words": text.CHOOSE_MODELS}
        chosen = self.service.models(names, session)
        image = read_frame(sent.image)
        options = replace(sent.options, mix=LabelMix(mix_named(sent.mix), cards))
        work = lambda viewer, now: viewer.step(image, chosen, wanted, options, now).as_json()
        return (self.viewers.use(session, sent.run, work) or {"words": ""}) | _titles(cards, self.service.cards)

    async def may(self, _: object, session: str) -> dict:
        """Whether the camera may be opened; the page asks before it does."""
        return {} if self.mode.camera.on else {"off": True, "words": text.CAMERA_OFF}

    async def stop(self, value: object, session: str) -> dict:
        """Forget this session's faces."""
        await to_thread.run_sync(self.viewers.stop, session, Sent.read(value).run)
        return {}

    def warm(self, portrait: np.ndarray) -> None:
        """Follow a face for two frames: what is loaded only then, the first visitor's camera need not wait for."""
        if names := self.service.default_models:
            models = self.service.models(names)
            look = lambda viewer, now: [viewer.step(portrait, models, SEVEN, Options(), now + i) for i in range(2)]
            self.viewers.use(WARMING, 1, look)
            self.viewers.leave(WARMING)

    def leave(self, request: gr.Request) -> None:
        """The page was closed."""
        self.viewers.leave(str(request.session_hash))


def _titles(cards: Mapping[str, Card], shipped: Mapping[str, Card]) -> dict:
    """What the browser has to know of the session's own models."""
    own = {name: _title(card) for name, card in cards.items() if name not in shipped}
    return {"taught": own} if own else {}


def _title(card: Card) -> dict:
    return {"title": message(text.title(card)), "thresholds": {mix: threshold(card, mix) for mix in MIXES}}


def _edges() -> list[int]:
    return tesselation().ravel().tolist()


def build(service: ModelService, mode: Mode = HOME) -> gr.CheckboxGroup:
    """Lay the tab out inside the surrounding `gr.Blocks` and wire it; its choice of models."""
    readers = Readers(AT_ONCE)
    tab = LiveTab(service, Viewers(lambda: Viewer(readers=readers, readings=READINGS), pages=service.pages), mode)
    with gr.Row(elem_classes="fo-live-row"):
        with gr.Column(scale=3, min_width=250, elem_classes="fo-controls"):
            inputs = _choices(service)
        with gr.Column(scale=10, min_width=340):
            _camera(service, tab)
    # Chosen in the browser and sent with every frame: nothing has to be asked or remembered here.
    gr.on([each.change for each in inputs], None, inputs, None, js=CHOSEN, api_visibility="private")
    service.pages.when_left(tab.viewers.leave)
    service.warm_too(readers.warm)
    service.warm_too(tab.warm)
    service.sweeper.add(Chore("Live viewers", live_sessions.LOOK_SECONDS, tab.viewers.close_idle))
    return inputs[0]


def _choices(service: ModelService) -> tuple[gr.CheckboxGroup, gr.Radio, gr.Radio]:
    models = model_choice(service.cards.values(), service.default_models, "fo-live-models")
    with gr.Accordion(phrase("options.live"), open=False, elem_id="fo-live-options", elem_classes="fo-options"):
        labels, mix = label_choice("fo-live-labels"), mix_choice("fo-live-mix")
    return models, labels, mix


def _help(timeline: bool) -> str:
    shown = text.LIVE_HELP if timeline else text.LIVE_HELP[:2]
    shown = (*shown, (text.LIVE["movements"], phrase("moves.note")))
    rows = "".join(f"<div>{say(name, 'dt')}{say(words, 'dd')}</div>" for name, words in shown)
    return f'<details class="fo-live-help" open>{say(text.LIVE["about"], "summary")}<dl>{rows}</dl></details>'


def _camera(service: ModelService, tab: LiveTab) -> gr.HTML:
    models = {name: _title(card) for name, card in service.cards.items()}
    return scripted(
        "fo-live",
        joined("live/live.js"),
        "faceOffLive",
        [tab.frame, tab.may, tab.stop],
        here=service.pages,
        privacy=str(phrase("live_privacy")),
        models=models,
        chosen={"models": service.default_models, "labels": "7", "mix": DEFAULT},
        help=_help(not tab.mode.lesson),
        colours=COLOURS | {"": OTHER},
        timeline=not tab.mode.lesson,
    )
