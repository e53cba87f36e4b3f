"""Types of the keyword arguments that several Gradio events or components of a tab share.

A plain ``dict`` in ``**options`` would leave its values unchecked. Every class has exactly the keys that its
dictionaries have, because a key may not be given twice.
"""

from __future__ import annotations

from typing import Literal, TypedDict


class Private(TypedDict):
    """An event that is not part of the public API."""

    api_visibility: Literal["private"]


class Hidden(Private):
    """The same, without a sign of progress."""

    show_progress: Literal["hidden"]


class Direct(Hidden):
    """The same, past the queue."""

    queue: bool


class Limited(Private):
    """A private event of which only some run at one time."""

    concurrency_id: str
    concurrency_limit: int


class PrivateRaw(Private):
    """A private event whose values arrive as the browser sent them."""

    preprocess: bool


class Raw(TypedDict):
    """An event whose values arrive as the browser or a script sent them, and of which only some run at one time."""

    preprocess: bool
    concurrency_id: str
    concurrency_limit: int


class Unstyled(TypedDict):
    """`gr.HTML` without Gradio's styles."""

    apply_default_css: bool


class Scripted(Unstyled):
    """The same with a script."""

    js_on_load: str


class Choice(TypedDict):
    """`gr.Dropdown`."""

    filterable: bool
    min_width: int
    elem_classes: str
