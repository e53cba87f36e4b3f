"""The Zoo tab: leaderboard, models' pages with charts and cards, and a comparison of two models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import gradio as gr

from ui import text
from ui.components import terms
from ui.components.errors import refusal
from ui.components.options import Hidden, Unstyled
from ui.gradio_calls import sent_value
from ui.gradio_state import surrounding_tab
from ui.languages import phrase
from ui.model_service import ModelService
from ui.model_zoo import page as zoo_page
from ui.theme import read
from zoo.benchmark.stages import bench_models
from zoo.cards import CardError
from zoo.evaluation.paired import PairResult, read_pairs
from zoo.filenames import shortened
from zoo.models.registry import UnknownModelError
from zoo.reports import charts
from zoo.reports.markup import say

ROUNDS = 30
PRIVATE: Hidden = {"api_visibility": "private", "show_progress": "hidden"}
PLAIN: Unstyled = {"apply_default_css": False}
NO_MODEL = "–"


@dataclass(frozen=True)
class Choices:
    """Choices of a model, a data set, and a second model to compare with."""

    model: gr.Dropdown
    pictures: gr.Dropdown
    against: gr.Dropdown


class ZooTab:
    """Handlers of the tab's events.

    Parameters
    ----------
    service : ModelService
    """

    def __init__(self, service: ModelService) -> None:
        self.service = service

    def show(self, name: str | None, pictures: str | None) -> str:
        """A model's page."""
        card = self.service.cards.get(name or "")
        return zoo_page.model(card, pictures, self.service.root / card.name) if card else ""

    def show_once(self, name: str | None, pictures: str | None, shown: tuple | None) -> tuple:
        """As `show`, unless that page is shown already; also returns what is shown."""
        asked = name, pictures
        return gr.skip() if asked == shown else self.show(*asked), asked

    def compare(self, name: str | None, other: str | None, pictures: str | None) -> str:
        """The comparison of two models; empty if only one is chosen."""
        cards = self.service.cards
        if name not in cards or other not in cards:
            return ""
        return zoo_page.duel(cards[name], cards[other], pictures, self._pairs())

    def _pairs(self) -> tuple[PairResult, ...]:
        try:
            return read_pairs(self.service.root)
        except CardError as error:
            raise refusal(str(error)) from None

    def measure(self) -> str:
        """Time every model on this machine; returns the leaderboard with the milliseconds."""
        return zoo_page.board(self.service.cards, self._milliseconds(list(self.service.cards)))

    def _milliseconds(self, names: Sequence[str]) -> dict[str, float]:
        try:
            models = sorted(self.service.models(names), key=lambda model: model.align.fingerprint)
        except (UnknownModelError, CardError) as error:
            raise refusal(str(error)) from None
        took: dict[str, float] = {}
        for _, alike in groupby(models, key=lambda model: model.align.fingerprint):
            took |= {name: timing.p50 for name, timing in bench_models(list(alike), ROUNDS).items()}
        return took


def build(service: ModelService) -> None:
    """Lay out the tab inside the surrounding `gr.Blocks` and connect its events."""
    tab = ZooTab(service)
    intro = f'<div class="fz-intro">{say(text.ZOO, "h2")}{say(text.ZOO_NOTE, "p")}{terms.listed(zoo_page.TERMS)}</div>'
    gr.HTML(intro + terms.explanations(), **PLAIN)
    left_out = gr.HTML(zoo_page.left_out(service.broken), elem_id="fz-left-out", **PLAIN)
    board = gr.HTML(
        zoo_page.board(service.cards, {}), elem_id="fz-board", js_on_load=read("model_zoo/board.js"), **PLAIN
    )
    _warming(service, left_out, board)
    _measuring(tab, board)
    choices = _choices(service)
    duel = gr.HTML("", elem_id="fz-duel", **PLAIN)
    page = gr.HTML("", elem_id="fz-page", js_on_load=charts.SCRIPT.read_text(encoding="utf-8"), **PLAIN)
    _wire(tab, choices, board, duel, page)


def _warming(service: ModelService, left_out: gr.HTML, board: gr.HTML) -> None:
    """Update the leaderboard while models load: damaged ones are removed from it."""

    def look() -> tuple:
        shown = zoo_page.board(service.cards, {}) if service.broken and service.ready else gr.skip()
        return zoo_page.left_out(service.broken), shown, gr.Timer(active=not service.ready)

    clock = gr.Timer(2.0, active=not service.ready)
    clock.tick(look, None, [left_out, board, clock], queue=False, **PRIVATE)


def _measuring(tab: ZooTab, board: gr.HTML) -> None:
    with gr.Row(elem_id="fz-measure"):
        button = gr.Button(phrase("zoo.measure_here"), variant="secondary", size="sm", scale=0, min_width=200)
        gr.HTML(say(text.MEASURE_HINT, "p"), **PLAIN)
    button.click(tab.measure, None, board, concurrency_id="bench", concurrency_limit=1, api_visibility="private")


def _choices(service: ModelService) -> Choices:
    titles = [(text.title(card), name) for name, card in service.cards.items()]
    lines = zoo_page.lines_of(service.cards)
    with gr.Row(elem_id="fz-choices"):
        model = gr.Dropdown(titles, value=_best(service), label=phrase("zoo.choose"), filterable=False)
        pictures = gr.Dropdown(
            lines or [(NO_MODEL, "")],
            value=lines[0][1] if lines else "",
            label=phrase("zoo.on"),
            filterable=False,
        )
        against = gr.Dropdown([(NO_MODEL, ""), *titles], value="", label=phrase("zoo.against"), filterable=False)
    return Choices(model, pictures, against)


def _best(service: ModelService) -> str | None:
    ranked = zoo_page.ranked(service.cards)
    return ranked[0].name if ranked else None


def _wire(tab: ZooTab, choices: Choices, board: gr.HTML, duel: gr.HTML, page: gr.HTML) -> None:
    model, pictures, against = choices.model, choices.pictures, choices.against
    # The first page comes when the tab is opened: with it, the whole app's page would be a third larger.
    shown = gr.State(None)
    asked = [surrounding_tab().select, model.change, pictures.change]
    gr.on(asked, tab.show_once, [model, pictures, shown], [page, shown], trigger_mode="always_last", **PRIVATE)
    changes = [model.change, pictures.change, against.change]
    gr.on(changes, tab.compare, [model, against, pictures], duel, **PRIVATE)
    board.select(_picked(tab.service), None, model, queue=False, **PRIVATE)


def _picked(service: ModelService) -> Callable[[gr.EventData], str]:
    def picked(event: gr.EventData) -> str:
        name = str(sent_value(event, "model"))
        if name not in service.cards:
            raise refusal(f"There is no model {shortened(name)!r}; there are {', '.join(service.cards)}.")
        return name

    return picked
