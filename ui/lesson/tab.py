"""The Lesson tab: you against the machines, a worksheet to print, and the teacher's switch for the camera.

A pupil commits to a label before the models' answers are sent: what the page does not have it cannot
show too early. Of what the class chose only counts are kept, in memory, while the app runs.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import Counter
from dataclasses import dataclass

import gradio as gr
from anyio import to_thread

from features import images
from features.phrase import number
from ui import text
from ui.components import data_uri, probability_bars
from ui.components.modules import joined
from ui.components.scripted import message, scripted, with_page
from ui.examples.cartoons import DRAWINGS
from ui.examples.portraits import EXAMPLES, Example
from ui.lesson import join
from ui.lesson.classroom import Mode, WrongCodeError
from ui.model_service import ModelService
from zoo.inference.compare import Comparison
from zoo.labels import SEVEN, named
from zoo.reports.markup import say

ROUNDS = ("corners-down", "drawn-mouth-open", "lips-closed", "drawn-brows-lowered", "brows-raised", "drawn-corners-up")
SIDE = 420
MOST_VOTES = 20_000  # a school's; the hashes of so many take two megabytes
MOST_OF_ADDRESS = 60  # two classes behind one
LONGEST_VOTER = 64


@dataclass(frozen=True)
class Voter:
    """Who votes, as far as it matters.

    Parameters
    ----------
    page : str
        What their page calls itself, the same after a reload; without, the session counts.
    address : str
        Of the client; a class may share one.
    pages : int
        How many pages were open there at one time.
    """

    page: str = ""
    address: str = ""
    pages: int = MOST_OF_ADDRESS


NOBODY = Voter()


class Poll:
    """What the class chose for each picture: one vote per page and picture, without names and order.

    Safe to use from several threads. A page that is closed is forgotten but for a keyed hash that says that it has
    voted, so that the same page, reloaded, is not counted twice. Of a client address there are no more votes for a
    picture than it had pages open at one time, whatever its pages call themselves.
    """

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {}
        self._first: dict[tuple[str, str], str] = {}
        self._voted: set[bytes] = set()
        self._of_address: Counter[tuple[str, str]] = Counter()
        self._key = secrets.token_bytes(16)
        self._lock = threading.Lock()

    def commit(self, session: str, picture: str, label: str, voter: Voter = NOBODY) -> str:
        """Count a vote, unless there is one of this page for this picture.

        Returns
        -------
        str
            The session's first label for the picture.
        """
        with self._lock:
            first = self._first.setdefault((session, picture), label)
            ballot = self._ballot(voter.page or session, picture)
            if ballot not in self._voted and self._has_place(picture, voter):
                self._voted.add(ballot)
                self._of_address[picture, voter.address] += 1
                self._counts.setdefault(picture, Counter())[label] += 1
            return first

    def _has_place(self, picture: str, voter: Voter) -> bool:
        return len(self._voted) < MOST_VOTES and self._of_address[picture, voter.address] < voter.pages

    def _ballot(self, voter: str, picture: str) -> bytes:
        return hashlib.blake2b(f"{picture} {voter}".encode(errors="replace"), key=self._key, digest_size=16).digest()

    def counts(self, picture: str) -> dict[str, int]:
        """Votes by label, in the labels' order."""
        with self._lock:
            found = self._counts.get(picture, Counter())
            return {label: found[label] for label in SEVEN if found[label]}

    def leave(self, session: str) -> None:
        """Forget which session chose what; the counts stay."""
        with self._lock:
            for key in [key for key in self._first if key[0] == session]:
                del self._first[key]

    def clear(self) -> None:
        """A new group: no votes, and everybody may vote again."""
        with self._lock:
            self._counts, self._first, self._voted, self._of_address = {}, {}, set(), Counter()


class LessonTab:
    """What the tab's calls do.

    Parameters
    ----------
    engine : ModelService
    room : Mode
    """

    def __init__(self, engine: ModelService, room: Mode) -> None:
        self.engine = engine
        self.room = room
        self.poll = Poll()
        self._known: dict[str, Comparison] = {}

    async def commit(self, value: object, session: str) -> dict:
        """A pupil's label for a picture; the models' answers come back."""
        return await to_thread.run_sync(self.reveal, value, session)

    def reveal(self, value: object, session: str) -> dict:
        """Count the label, then say what the models say and what the class chose."""
        value = value if isinstance(value, dict) else {}
        picture, label = value.get("picture"), value.get("label")
        if picture not in ROUNDS or label not in SEVEN.labels:
            return {"words": text.LESSON["which"]}
        comparison = self._compared(picture)
        voter = self._voter(session, str(value.get("voter", ""))[:LONGEST_VOTER])
        first = self.poll.commit(session, picture, SEVEN.labels[SEVEN.index(label)], voter)
        names = {name: one.names[0] for name, one in comparison.predictions.items()}
        return {"label": first, "models": names, "answers": self._answers(comparison), "poll": self._poll(picture)}

    def _voter(self, session: str, page: str) -> Voter:
        pages = self.engine.pages
        if session not in pages:
            return Voter(page)
        address = pages.address(session)
        return Voter(page, address, min(MOST_OF_ADDRESS, pages.peak(address)))

    def _compared(self, picture: str) -> Comparison:
        if picture not in self._known:
            image = images.load(_examples()[picture].path)
            self._known[picture] = self.engine.compare(image, self.engine.default_models, "7")
        return self._known[picture]

    def _answers(self, comparison: Comparison) -> str:
        cards = self.engine.cards_of("", comparison.mix)
        return "".join(
            f'<article class="fo-answer">{say(text.title(cards[name]), "h4")}'
            f'<p class="fo-says">{text.looks_like(one, 0, cards[name].threshold)}</p>'
            f"{probability_bars.bars(one, 0)}</article>"
            for name, one in comparison.predictions.items()
        )

    def _poll(self, picture: str) -> str:
        parts = "".join(
            f"<li>{say(named(label, SEVEN))} {say(number('{0}', n))}</li>"
            for label, n in self.poll.counts(picture).items()
        )
        return f"{say(text.LESSON['class'], 'h4')}<ul>{parts}</ul>"

    async def camera(self, value: object, session: str) -> dict:
        """The camera's switch: on with the teacher's code, off for everybody. Without a wish, its state only."""
        value, words = value if isinstance(value, dict) else {}, ""
        try:
            if isinstance(value.get("on"), bool):
                self.room.camera.turn(value["on"], str(value.get("code", "")), session)
        except WrongCodeError as error:
            words = str(error)
        on = self.room.camera.on
        return {"on": on, "state": text.CAMERA_ON if on else text.CAMERA_OFF, "words": words}

    async def without_page(self, value: object, session: str) -> dict:
        """A vote of a session without an open page is not counted."""
        return {"words": text.NO_PAGE, "failed": True}

    async def camera_off(self, value: object, session: str) -> dict:
        """The camera's switch for a session without an open page: off at once, but no code is compared."""
        if isinstance(value, dict) and value.get("on") is True:
            return {"words": text.NO_PAGE, "failed": True}
        return await self.camera(value, session)

    def leave(self, request: gr.Request) -> None:
        """The page was closed."""
        self.poll.leave(str(request.session_hash))


def _examples() -> dict[str, Example]:
    return {example.name: example for example in (*EXAMPLES, *DRAWINGS)}


def _faces() -> list[dict]:
    known = [_examples()[name] for name in ROUNDS]
    return [
        {"name": one.name, "picture": data_uri.img(data_uri.shrink(images.load(one.path), SIDE), one.alt)}
        for one in known
    ]


def worksheet() -> str:
    """The lesson on paper: what to do, how long, and lines to write on."""
    parts = "".join(
        f"<li><h3>{say(title)} {say(text.minutes(minutes), 'small')}</h3>{say(todo, 'p')}"
        f"<ul>{''.join(f'<li>{say(one)}<i></i></li>' for one in questions)}</ul></li>"
        for title, minutes, todo, questions in text.WORKSHEET
    )
    return (
        f'<section class="fl-sheet">{say(text.LESSON["sheet"], "h2")}{say(text.LESSON["sheet_how"], "p")}'
        f"<p>{say(text.NOT_EMOTION, 'b')} {say(text.CANNOT_KNOW)}</p><ol>{parts}</ol></section>"
    )


def build(engine: ModelService, room: Mode) -> None:
    """Lay the tab out inside the surrounding `gr.Blocks` and wire it."""
    tab = LessonTab(engine, room)
    scripted(
        "fl",
        joined("lesson/lesson.js"),
        "faceOffLesson",
        [with_page(engine.pages, tab.commit, tab.without_page), with_page(engine.pages, tab.camera, tab.camera_off)],
        here=engine.pages,
        faces=_faces(),
        labels=list(SEVEN),
        titles={name: message(text.title(engine.cards[name])) for name in engine.default_models},
        sheet=worksheet(),
    )
    join.build()
    engine.pages.when_left(tab.poll.leave)
