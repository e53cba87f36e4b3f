"""The lesson on paper: the worksheet, the teacher's sheet with the answer key, and a lesson without computers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from features import images
from features.phrase import Phrase
from ui import text
from ui.components import data_uri
from ui.components.scripted import message
from ui.examples.portraits import Example
from ui.languages import dictionaries, phrase
from zoo.reports.markup import say

SIDE = 240  # pixels of a face to cut out
# Step to the tabs and examples that it links to.
PLACES: dict[int, tuple[tuple[str, str], ...]] = {
    3: (("compare", "photo"), ("compare", "lips-closed")),
    4: (("compare", ""),),
    5: (("compare", "drawn-mouth-open"), ("zoo", "")),
    6: (("compare", "drawn-nothing-moved"), ("live", "")),
}


def steps() -> list[dict]:
    """The lesson's steps as messages for the script."""
    return [
        {
            "title": message(title),
            "minutes": message(text.minutes(minutes)),
            "todo": message(todo),
            "questions": [message(one) for one in questions],
            "places": [_place(tab, example) for tab, example in PLACES.get(n, ())],
        }
        for n, (title, minutes, todo, questions) in enumerate(text.WORKSHEET, 1)
    ]


def _place(tab: str, example: str) -> dict:
    return {"tab": tab, "example": example, "title": message(phrase(example or f"tab.{tab}"))}


@dataclass(frozen=True)
class Block:
    """A paragraph of the worksheet as a file.

    Parameters
    ----------
    kind : str
        The title, a step's heading, plain text, a question, or an empty line to write on.
    words : str
        Empty for a line.
    """

    kind: Literal["title", "heading", "text", "question", "line"]
    words: str = ""


LINES = 2  # to write on, per question


def blocks(language: str) -> list[Block]:
    """The worksheet in a language of the page, for files; unknown codes give English."""
    translated = lambda phrase: _in(language, phrase)
    note = f"{translated(text.NOT_EMOTION)} {translated(text.CANNOT_KNOW)}"
    parts = [Block("title", translated(text.LESSON["sheet"])), Block("text", translated(text.LESSON["sheet_how"]))]
    parts.append(Block("text", note))
    for n, (title, minutes, todo, questions) in enumerate(text.WORKSHEET, 1):
        parts.append(Block("heading", f"{n}. {translated(title)} ({translated(text.minutes(minutes))})"))
        parts.append(Block("text", translated(todo)))
        for question in questions:
            parts += [Block("question", translated(question)), *[Block("line")] * LINES]
    return parts


def _in(language: str, phrase: Phrase) -> str:
    template = dictionaries().get(language, dictionaries()["en"])[phrase.key]
    return template.format(*phrase.values) if phrase.values else template


def worksheet() -> str:
    """The worksheet as HTML: tasks, timing, and lines to write on."""
    parts = "".join(
        f"<li>{_heading(title, minutes)}{say(todo, 'p')}"
        f"<ul>{''.join(f'<li>{say(one)}<i></i></li>' for one in questions)}</ul></li>"
        for title, minutes, todo, questions in text.WORKSHEET
    )
    top = f"{_top('sheet')}{say(text.LESSON['sheet_how'], 'p')}{_note()}"
    return f'<section class="fl-sheet">{top}<ol>{parts}</ol></section>'


def teachers_sheet() -> str:
    """The teacher's sheet as HTML: timing, tasks, questions, and what to look for in the answers."""
    parts = "".join(
        f"<li>{_heading(title, minutes)}{say(todo, 'p')}"
        f"<ul>{''.join(say(one, 'li') for one in questions)}</ul>"
        f"<p><b>{say(text.LESSON['key'])}</b>: {say(key)}</p></li>"
        for (title, minutes, todo, questions), key in zip(text.WORKSHEET, text.ANSWER_KEY, strict=True)
    )
    return f"{_top('key_title')}{_note()}<ol>{parts}</ol>{say(text.LESSON['ailit'], 'p')}"


def unplugged(faces: list[Example]) -> str:
    """A lesson without computers, with faces to cut out, as HTML."""
    todo = "".join(say(one, "li") for one in text.UNPLUGGED)
    cut = "".join(data_uri.img(data_uri.shrink(images.load(one.path), SIDE), one.alt) for one in faces)
    return (
        f'{_top("unplugged")}{_note()}<ol>{todo}</ol><div class="fl-cut">{cut}</div>{say(text.LESSON["no_right"], "p")}'
    )


def _top(name: str) -> str:
    return say(text.LESSON[name], "h2")


def _note() -> str:
    return f"<p>{say(text.NOT_EMOTION, 'b')} {say(text.CANNOT_KNOW)}</p>"


def _heading(title: str, minutes: int) -> str:
    return f"<h3>{say(title)} {say(text.minutes(minutes), 'small')}</h3>"
