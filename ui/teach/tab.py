"""The Teach tab: user-defined classes, samples, training, preview. The script draws it and sends requests to this app.

A request is one call of a `gr.HTML`'s server function. Long requests (training, an archive) are
answered when they are done; meanwhile the script polls their progress and may cancel them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import gradio as gr
from anyio import CapacityLimiter, to_thread

from features.phrase import Phrase
from ui import text
from ui.components import errors
from ui.components.modules import joined
from ui.components.scripted import scripted, with_page
from ui.languages import phrase
from ui.lesson.classroom import HOME, Mode
from ui.model_service import ModelService
from ui.teach import exports, requests
from ui.teach.requests import Call, RequestParams
from zoo.reports import charts
from zoo.teach.feature_cache import Stopped
from zoo.teach.fit import RANGES, Settings
from zoo.teach.project import MAX_NAME, ProjectError

LOG = logging.getLogger(__name__)
BAD_INPUT = (*errors.BAD_INPUT, ProjectError)
AT_ONCE, LONG_AT_ONCE = 8, 40  # short and long requests processed at the same time; others wait

# Panels below the three columns: the title, and the function that lays out the panel.
PANELS: tuple[tuple[Phrase, Callable[[ModelService], None]], ...] = (
    (phrase("export.title"), exports.export_panel),
    (phrase("import.title"), exports.import_panel),
)


class TeachTab:
    """Handlers of the tab's calls.

    Parameters
    ----------
    service : ModelService
    mode : Mode
    """

    def __init__(self, service: ModelService, mode: Mode = HOME) -> None:
        self.service = service
        self._limits = CapacityLimiter(AT_ONCE), CapacityLimiter(LONG_AT_ONCE)
        self.mode = mode

    async def teach(self, value: object, session: str) -> dict:
        """Answer one request; long ones have a limit of their own, so that they do not delay the others."""
        long = isinstance(value, dict) and value.get("do") in requests.LONG
        return await to_thread.run_sync(self.answer, value, session, limiter=self._limits[long])

    def answer(self, value: object, session: str) -> dict:
        """The requested result, or one sentence that says why there is none; no input raises an error."""
        asked = RequestParams(value if isinstance(value, dict) else {})
        teach_session = self.service.teach_sessions.at(session)
        if self.service.teach_sessions.gave_way(session):
            return requests.view(teach_session) | {"closed": True, "words": text.TEACH["gave_way"], "failed": True}
        try:
            return requests.answer(Call(self.service, teach_session, asked, self.mode))
        except BAD_INPUT as error:
            return {"words": str(error), "failed": True}
        except Stopped:
            return {"words": text.TEACH["stopped"], "failed": True}
        except Exception:
            LOG.exception("a request of the Teach tab could not be answered")
            return {"words": text.FAILED, "failed": True}

    async def without_page(self, value: object, session: str) -> dict:
        """Answer a session without an open page: it gets no new state, but can use the state that it has."""
        if self.service.teach_sessions.known(session):
            return await self.teach(value, session)
        asked = RequestParams(value if isinstance(value, dict) else {})
        if asked.text("do") in requests.HARMLESS:
            return requests.answer(Call(self.service, self.service.teach_sessions.passing(), asked, self.mode))
        return {"words": text.NO_PAGE, "failed": True}

    def leave(self, request: gr.Request) -> None:
        """Called when the page is closed."""
        self.service.teach_sessions.leave(str(request.session_hash))


def build(service: ModelService, mode: Mode = HOME) -> None:
    """Lay out the tab inside the surrounding `gr.Blocks` and connect its events."""
    tab = TeachTab(service, mode)
    chart_script = charts.SCRIPT.read_text(encoding="utf-8")
    scripted(
        "ft",
        f"{joined('teach/teach.js')}\nwindow.faceOffCharts = (element) => {{ {chart_script} }};",
        "faceOffTeach",
        [with_page(service.pages, tab.teach, tab.without_page)],
        here=service.pages,
        trials={name: name in text.TRIALS_RECORDED for name in text.TRIALS},
        settings={name: getattr(Settings(), name) for name in (*RANGES, "augment", "aligned")},
        ranges=RANGES,
        longest=MAX_NAME,
        files=mode.files,
    )
    for title, lay_out in PANELS:
        with gr.Accordion(title, open=False, elem_classes="ft-accordion"):
            lay_out(service)
    service.pages.when_left(service.teach_sessions.leave)
