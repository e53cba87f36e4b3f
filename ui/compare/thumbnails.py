"""Thumbnails of the examples."""

from __future__ import annotations

from functools import cache

from features import images
from ui.examples.cartoons import DRAWINGS
from ui.examples.portraits import EXAMPLES, Example
from ui.languages import phrase
from ui.serving.page_files import PageFile
from zoo.reports.markup import attribute, say


@cache
def files() -> dict[str, PageFile]:
    """Name of an example to its thumbnail, a file of the page."""
    every = (*EXAMPLES, *DRAWINGS)
    return {one.name: PageFile(one.small.name, one.small.read_bytes(), "image/webp") for one in every}


def shown() -> str:
    """All thumbnails as buttons, in HTML."""
    thumbs = "".join(map(_button, (*EXAMPLES, *DRAWINGS)))
    about = f"<details><summary>{say(phrase('note.title'))}</summary>{say(phrase('note'), 'p')}</details>"
    return f'{say(phrase("try"), "h2")}<div class="fo-thumbs">{thumbs}</div>{about}'


def _button(example: Example) -> str:
    file = files()[example.name]
    width, height = images.check(file.body)
    return (
        f'<button type="button" aria-pressed="false" data-name="{example.name}">'
        f'<img src="{file.address}" {attribute("alt", example.alt)} width="{width}" height="{height}">'
        f"{say(example.caption)}</button>"
    )
