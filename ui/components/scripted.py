"""A part of the page that a script of ours draws, and that asks the server by calls, past Gradio's queue."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import gradio as gr
from fastapi import Response

from features.phrase import Phrase
from ui import text
from ui.gradio_state import session_of
from zoo.sessions.pages import EVERYONE, Presence

# Of one function, calls under way at one time: of sessions without an open page, and of all others together.
MOST_ALONE, MOST_AT_ONCE = 8, 400
Call = Callable[[object, str], Awaitable[dict]]


def scripted(
    name: str, script: str, function: str, calls: Sequence[Call], *, here: Presence = EVERYONE, **props: Any
) -> gr.HTML:
    """Lay out an element for a script inside the surrounding `gr.Blocks`.

    Parameters
    ----------
    name : str
        The element's id, and the class of the empty box in it.
    script : str
        Goes into the page's head.
    function : str
        What the script calls itself; run with element, props, server and upload once the element is there.
    calls : sequence of callable
        Each gets what the script sent and the session's hash, and is ``server.ITS_NAME(value)`` in the script.
    here : Presence
        Which sessions have a page open; without, all have.
    **props
        What the script finds in `props`.
    """
    return gr.HTML(
        html_template=f'<div class="{name}"></div>',
        head=f"<script>{script}</script>",
        js_on_load=f"window.{function}(element, props, (window.faceOffCalls?.(server) ?? server), upload);",
        apply_default_css=False,
        elem_id=name,
        server_functions=[_server_function(call, here) for call in calls],
        **props,
    )


def message(value: object) -> object:
    """A phrase with its key, as scripts show it; anything else as it is."""
    return value.as_json() if isinstance(value, Phrase) else value


def _server_function(work: Call, here: Presence) -> Callable:
    """A call as Gradio's server function.

    The answer goes out as it is; FastAPI would walk through every number of it first. A page whose event stream broke
    off is told its session, so that it opens another: see ``calls.js``.
    """
    under_way: Counter[bool] = Counter()

    async def call(value: object, request: gr.Request) -> Response:
        session = await session_of(request)
        alone = session not in here
        if under_way[alone] >= (MOST_ALONE if alone else MOST_AT_ONCE):
            answer = {"words": text.BUSY, "failed": True}
        else:
            under_way[alone] += 1
            try:
                answer = await work(value, session)
            finally:
                under_way[alone] -= 1
        sent = {name: message(one) for name, one in answer.items()}
        return Response(json.dumps({**sent, "reopen": session} if alone else sent), media_type="application/json")

    call.__name__ = work.__name__
    return call


def with_page(here: Presence, work: Call, otherwise: Call) -> Call:
    """A call that is another one for sessions without an open page."""

    async def call(value: object, session: str) -> dict:
        return await (work if session in here else otherwise)(value, session)

    call.__name__ = work.__name__
    return call
