"""The Live tab: the camera's frames go to the server one at a time, numbers come back, the browser draws them.

The camera is our own component, because Gradio's sends large pictures at a fixed rate whether
they are answered or not. What it sends is the value of a `gr.HTML`, and so never a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import gradio as gr
from gradio.context import Context

from features.images import ImageError
from features.mesh import tesselation
from ui import wording
from ui.engine import Engine, NoModelError
from ui.theme import read
from zoo.labels import COLOURS, DESCRIPTIONS, OTHER, UnknownLabelsError, label_set
from zoo.live import Options, Viewer, read_frame
from zoo.registry import UnknownModelError
from zoo.viewers import FullError, Viewers

ASKED_WRONGLY = (ImageError, NoModelError, UnknownModelError, UnknownLabelsError, FullError)
# Values are read as the browser sent them; inference is shared with the Compare tab, two at a time.
RAW = {"preprocess": False, "show_progress": "hidden", "api_visibility": "private"}
TURN = {"trigger_mode": "once", "concurrency_id": "models", "concurrency_limit": 2}

# Short, because Gradio searches it for events' names dozens of times a frame: the script itself took 2 ms of each.
ON_LOAD = """window.faceOffLive(element, props, (name) => trigger(name), watch); // triggers 'frame' and 'stop'"""


@dataclass(frozen=True)
class Sent:
    """What the browser sends with every frame.

    Parameters
    ----------
    run, turn : int
        How often Start was pressed, and the frame's number; sent back with the answer.
    image : str
        The frame as a JPEG's data URL.
    options : Options
    edges : bool
        Whether the browser wants the mesh's edges, which it asks for once.
    """

    run: int
    turn: int
    image: str
    options: Options
    edges: bool

    @classmethod
    def read(cls, value: object) -> Sent:
        """From the component's value; what is missing or no number counts as nothing."""
        value = value if isinstance(value, dict) else {}
        run, turn, rest = (_whole(value.get(name)) for name in ("run", "turn", "rest"))
        options = Options(value.get("smooth") is True, value.get("mesh") is True, rest)
        return cls(run, turn, value.get("image", ""), options, value.get("edges") is True)


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


class LiveTab:
    """What the tab's events do.

    Parameters
    ----------
    engine : Engine
    viewers : Viewers
    """

    def __init__(self, engine: Engine, viewers: Viewers) -> None:
        self.engine = engine
        self.viewers = viewers

    def frame(self, value: object, models: list[str], labels: str, request: gr.Request) -> gr.HTML:
        """Answer one frame."""
        sent = Sent.read(value)
        answer = self.answer(sent, models, labels, str(request.session_hash))
        return gr.HTML(result={"run": sent.run, "turn": sent.turn} | answer)

    def answer(self, sent: Sent, models: Sequence[str], labels: str, session: str) -> dict:
        """What is said of a frame, or one sentence about why nothing is."""
        if not self.engine.ready:
            return {"words": wording.LIVE["warming"]}
        try:
            return self._look(sent, models, labels, session) | ({"edges": _edges()} if sent.edges else {})
        except ASKED_WRONGLY as error:
            return {"words": str(error)}

    def _look(self, sent: Sent, models: Sequence[str], labels: str, session: str) -> dict:
        wanted = label_set(labels)
        chosen = self.engine.models([name for name in self.engine.cards if name in (models or [])])
        image = read_frame(sent.image)
        work = lambda viewer, now: viewer.step(image, chosen, wanted, sent.options, now).as_json()
        return self.viewers.use(session, sent.run, work) or {"words": ""}

    def stop(self, value: object, request: gr.Request) -> None:
        """Forget this session's faces."""
        self.viewers.stop(str(request.session_hash), Sent.read(value).run)

    def leave(self, request: gr.Request) -> None:
        """The page was closed."""
        self.viewers.leave(str(request.session_hash))


def _edges() -> list[int]:
    return tesselation().ravel().tolist()


def build(engine: Engine) -> None:
    """Lay the tab out inside the surrounding `gr.Blocks` and wire it."""
    tab = LiveTab(engine, Viewers(Viewer))
    with gr.Row(elem_classes="fo-live-row"):
        with gr.Column(scale=3, min_width=250, elem_classes="fo-controls"):
            models, labels = _choices(engine)
        with gr.Column(scale=10, min_width=340):
            camera = _camera(engine)
    camera.frame(tab.frame, [camera, models, labels], camera, **RAW, **TURN)
    camera.stop(tab.stop, camera, None, queue=False, **RAW)
    Context.root_block.unload(tab.leave)


def _choices(engine: Engine) -> tuple[gr.CheckboxGroup, gr.Radio]:
    titles = [(card.title, name) for name, card in engine.cards.items()]
    models = gr.CheckboxGroup(titles, value=engine.default_models, label="Models", elem_id="fo-live-models")
    sets = [(words, name) for name, words in DESCRIPTIONS.items()]
    return models, gr.Radio(sets, value="7", label="Labels", elem_id="fo-live-labels")


def _help() -> str:
    rows = "".join(f"<div><dt>{name}</dt><dd>{words}</dd></div>" for name, words in wording.LIVE_HELP)
    return f'<dl class="fo-live-help">{rows}</dl>'


def _camera(engine: Engine) -> gr.HTML:
    models = {name: {"title": card.title, "threshold": card.threshold} for name, card in engine.cards.items()}
    return gr.HTML(
        html_template='<div class="fo-live"></div>',
        head=f"<script>{read('live.js')}</script>",
        js_on_load=ON_LOAD,
        apply_default_css=False,
        elem_id="fo-live",
        words=wording.LIVE | {"privacy": wording.LIVE_PRIVACY},
        models=models,
        help=_help(),
        colours=COLOURS | {"": OTHER},
        result=None,
    )
