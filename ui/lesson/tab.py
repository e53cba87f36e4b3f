"""The Lesson tab: a game against the models, a worksheet to print, and controls for the teacher.

A pupil commits to a label before the models' answers are sent, so that the page cannot show these too
early. The class's votes are kept only as counts (see `Poll`), in memory, while the app runs.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable

from anyio import to_thread

from features import images
from ui import text
from ui.components import data_uri, probability_bars
from ui.components.modules import joined
from ui.components.scripted import message, scripted, with_page
from ui.examples.cartoons import DRAWINGS
from ui.examples.portraits import EXAMPLES, Example
from ui.languages import dictionaries
from ui.lesson import join, odt, pdf
from ui.lesson.classroom import Mode, WrongCodeError
from ui.lesson.poll import MOST_OF_ADDRESS, Poll, Voter
from ui.lesson.worksheet import steps, teachers_sheet, unplugged, worksheet
from ui.model_service import ModelService
from zoo.inference.compare import Comparison
from zoo.labels import SEVEN
from zoo.reports.markup import say

ROUNDS = ("corners-down", "drawn-mouth-open", "lips-closed", "drawn-brows-lowered", "brows-raised", "drawn-corners-up")
SIDE = 420
LONGEST_VOTER = 64


class LessonTab:
    """Handlers of the tab's calls.

    Parameters
    ----------
    service : ModelService
    mode : Mode
    """

    def __init__(self, service: ModelService, mode: Mode) -> None:
        self.service = service
        self.mode = mode
        self.poll = Poll()
        self._known: dict[str, Comparison] = {}
        self._lock = threading.Lock()

    # ---- for everybody

    async def commit(self, value: object, session: str) -> dict:
        """Take a pupil's label for a picture; return the models' answers."""
        return await to_thread.run_sync(self.reveal, value, session)

    def reveal(self, value: object, session: str) -> dict:
        """Count the label; return the models' answers and the class's votes."""
        value = value if isinstance(value, dict) else {}
        picture, label = value.get("picture"), value.get("label")
        if picture not in ROUNDS or label not in SEVEN.labels:
            return {"words": text.LESSON["which"]}
        comparison = self._compared(picture)
        counted = self.poll.commit(self._voter(session, value), picture, SEVEN.labels[SEVEN.index(label)])
        return {"label": label, "counted": counted, "answers": self._answers(comparison), **self._board(picture)}

    async def votes(self, value: object, session: str) -> dict:
        """The class's votes for each picture on which this page has voted."""
        voter = self._voter(session, value if isinstance(value, dict) else {})
        return {"votes": {name: self.poll.counts(name) for name in ROUNDS if self.poll.has_voted(voter, name)}}

    async def document(self, value: object, session: str) -> dict:
        """The worksheet in the page's language, in base64: an editable .odt file or, for ``format: "pdf"``, a PDF."""
        asked = value if isinstance(value, dict) else {}
        language = asked.get("language")
        language = language if isinstance(language, str) and language in dictionaries() else "en"
        ending, kind = ("pdf", pdf) if asked.get("format") == "pdf" else ("odt", odt)
        body = await to_thread.run_sync(kind.worksheet, language)
        data = base64.b64encode(body).decode("ascii")
        return {"name": f"face-off-{language}.{ending}", "type": kind.MEDIA_TYPE, "data": data}

    def _voter(self, session: str, value: dict) -> Voter:
        page, pages = str(value.get("voter", ""))[:LONGEST_VOTER] or session, self.service.pages
        if session not in pages:
            return Voter(page)
        address = pages.address(session)
        return Voter(page, address, min(MOST_OF_ADDRESS, pages.peak(address)))

    async def camera(self, value: object, session: str) -> dict:
        """Turn the camera on with the teacher's code, or off without it; without ``on``, only return its state."""
        value, words = value if isinstance(value, dict) else {}, ""
        try:
            if isinstance(value.get("on"), bool):
                self.mode.camera.turn(value["on"], str(value.get("code", "")), session)
        except WrongCodeError as error:
            words = str(error)
        on = self.mode.camera.on
        return {"on": on, "state": text.CAMERA_ON if on else text.CAMERA_OFF, "words": words}

    async def without_page(self, value: object, session: str) -> dict:
        """Reject a call from a session without an open page."""
        return {"words": text.NO_PAGE, "failed": True}

    async def camera_off(self, value: object, session: str) -> dict:
        """`camera` for a session without an open page, which can turn the camera off but not on."""
        if isinstance(value, dict) and value.get("on") is True:
            return {"words": text.NO_PAGE, "failed": True}
        return await self.camera(value, session)

    # ---- with the teacher's code

    async def boards(self, value: object, session: str) -> dict:
        """The class's votes and the models' predictions for every picture; on request, the teacher's sheets."""
        work = self._desk if isinstance(value, dict) and value.get("sheets") is True else self._boards
        return await to_thread.run_sync(self._if_teacher, work, value, session)

    async def new_group(self, value: object, session: str) -> dict:
        """Delete all votes, with the teacher's code."""
        return await to_thread.run_sync(self._if_teacher, self._new_group, value, session)

    def _if_teacher(self, work: Callable[[], dict], value: object, session: str) -> dict:
        code = value.get("code", "") if isinstance(value, dict) else ""
        try:
            self.mode.camera.lock.check(str(code), session)
        except WrongCodeError as error:
            return {"words": str(error)}
        return work()

    def _boards(self) -> dict:
        return {"boards": {name: self._board(name) for name in ROUNDS}}

    def _desk(self) -> dict:
        return {"sheet": teachers_sheet(), "unplugged": unplugged(_to_cut_out()), **self._boards()}

    def _new_group(self) -> dict:
        self.poll.clear()
        return {"words": text.LESSON["group_done"], "done": True}

    # ---- predictions for a picture

    def _compared(self, picture: str) -> Comparison:
        with self._lock:
            if picture not in self._known:
                image = images.load(_examples()[picture].path)
                self._known[picture] = self.service.compare(image, self.service.default_models, "7")
            return self._known[picture]

    def _board(self, picture: str) -> dict:
        """Votes by label; for each model, its label, whether it is sure, and its probabilities."""
        comparison = self._compared(picture)
        cards = self.service.cards_of("", comparison.mix)
        models = {
            name: {
                "label": one.names[0],
                "sure": bool(one.confidence[0] >= cards[name].threshold),
                "shares": dict(zip(one.labels.labels, one.probs[0].round(4).tolist(), strict=True)),
            }
            for name, one in comparison.predictions.items()
        }
        return {"votes": self.poll.counts(picture), "models": models}

    def _answers(self, comparison: Comparison) -> str:
        cards = self.service.cards_of("", comparison.mix)
        return "".join(
            f'<article class="fo-answer">{say(text.title(cards[name]), "h4")}'
            f'<p class="fo-says">{text.looks_like(one, 0, cards[name].threshold)}</p>'
            f"{probability_bars.bars(one, 0)}</article>"
            for name, one in comparison.predictions.items()
        )


def _examples() -> dict[str, Example]:
    return {example.name: example for example in (*EXAMPLES, *DRAWINGS)}


def _to_cut_out() -> list[Example]:
    return [one for one in _examples().values() if one.name not in ("six-faces", "no-face")]


def _faces() -> list[dict]:
    known = [_examples()[name] for name in ROUNDS]
    return [
        {"name": one.name, "picture": data_uri.img(data_uri.shrink(images.load(one.path), SIDE), one.alt)}
        for one in known
    ]


def build(service: ModelService, mode: Mode) -> None:
    """Lay out the tab inside the surrounding `gr.Blocks` and connect its events."""
    tab = LessonTab(service, mode)
    pages = service.pages
    work = (tab.commit, tab.votes, tab.document, tab.boards, tab.new_group)
    calls = [with_page(pages, one, tab.without_page) for one in work]
    scripted(
        "fl",
        joined("lesson/lesson.js"),
        "faceOffLesson",
        [*calls, with_page(pages, tab.camera, tab.camera_off)],
        here=pages,
        faces=_faces(),
        labels=list(SEVEN),
        titles={name: message(text.title(service.cards[name])) for name in service.default_models},
        sheet=worksheet(),
        steps=steps(),
    )
    join.build()
