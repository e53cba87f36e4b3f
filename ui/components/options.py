"""Types of the keyword arguments that several Gradio events or components of a tab share.

The values of a plain ``dict`` in ``**options`` would not be type-checked. Each class declares exactly the keys of its
dictionaries, because a call may not get the same keyword twice.
"""

from __future__ import annotations

from typing import Literal, TypedDict


class Private(TypedDict):
    """An event that is not part of the public API."""

    api_visibility: Literal["private"]


class Hidden(Private):
    """A private event that shows no progress."""

    show_progress: Literal["hidden"]


class Direct(Hidden):
    """A private event that shows no progress; `queue` says whether it goes through the queue."""

    queue: bool


class Limited(Private):
    """A private event with limited concurrency."""

    concurrency_id: str
    concurrency_limit: int


class PrivateRaw(Private):
    """A private event that can get its values as the browser sent them, without preprocessing."""

    preprocess: bool


class Raw(TypedDict):
    """An event with limited concurrency that can get its values as a browser or script sent them."""

    preprocess: bool
    concurrency_id: str
    concurrency_limit: int


class Unstyled(TypedDict):
    """`gr.HTML` without Gradio's styles."""

    apply_default_css: bool


class Scripted(Unstyled):
    """`gr.HTML` with a script, and without Gradio's styles."""

    js_on_load: str


class Choice(TypedDict):
    """`gr.Dropdown`."""

    filterable: bool
    min_width: int
    elem_classes: str
