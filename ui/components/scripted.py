"""A part of the page that a script of ours draws, and that asks the server by calls, past Gradio's queue."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence

import gradio as gr
from fastapi import Response

Call = Callable[[object, str], Awaitable[dict]]


def scripted(name: str, script: str, function: str, calls: Sequence[Call], **props: object) -> gr.HTML:
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
    **props
        What the script finds in `props`.
    """
    return gr.HTML(
        html_template=f'<div class="{name}"></div>',
        head=f"<script>{script}</script>",
        js_on_load=f"window.{function}(element, props, server, upload);",
        apply_default_css=False,
        elem_id=name,
        server_functions=[_server_function(call) for call in calls],
        **props,
    )


def _server_function(work: Call) -> Callable:
    """A call as Gradio's server function.

    Gradio gives it the plain request, whose body also tells the session. The answer goes out as
    it is; FastAPI would walk through every number of it first.
    """

    async def call(value: object, request: gr.Request) -> Response:
        asked = await request.json()  # read already, and kept
        answer = await work(value, str(asked.get("session_hash")))
        return Response(json.dumps(answer), media_type="application/json")

    call.__name__ = work.__name__
    return call
