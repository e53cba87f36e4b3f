"""Parts of the page that the app's own scripts draw, and their calls to the server, which bypass Gradio's queue."""

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

# Concurrent calls per function: from all sessions without an open page together, and from all others together.
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
        JavaScript for the page's head.
    function : str
        The script's function, on `window`; called with element, props, server and upload once the element exists.
    calls : sequence of callable
        Coroutine functions of the value that the script sent and the session's hash; the script calls each as
        ``server.NAME(value)``.
    here : Presence
        The sessions that have a page open; by default, all sessions count as such.
    **props
        The values that the script finds in `props`.
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
    """A phrase as JSON with its key, so that scripts can translate it; anything else unchanged."""
    return value.as_json() if isinstance(value, Phrase) else value


def _server_function(work: Call, here: Presence) -> Callable:
    """A call as a server function for Gradio.

    It returns a finished response, because FastAPI would otherwise visit every number in the answer. A page whose
    event stream has broken off is sent its session, so that it opens a new stream: see ``calls.js``.
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
    """A call that runs `work` for sessions with an open page, and `otherwise` for all others."""

    async def call(value: object, session: str) -> dict:
        return await (work if session in here else otherwise)(value, session)

    call.__name__ = work.__name__
    return call
