"""A small Gradio app behind the gate: a call, an upload, a script of its own."""

import contextlib
import os

import gradio as gr
from starlette.middleware import Middleware

from ui.serving import server
from ui.serving.bodies import Limits
from ui.serving.forwarded import Proxy
from ui.serving.guard import Policy
from ui.serving.headers import PagePolicy
from ui.serving.hosts import hosts
from ui.serving.manifest import Manifest
from ui.serving.storage import Quota

SCRIPT = (
    "window.faceOffSmall = (element, props, server) => server.shout({ text: 'hello' })"
    ".then((answer) => { element.firstElementChild.textContent = answer.text; });"
)


def shout(value):
    return {"text": value["text"].upper()}


def small_app():
    with gr.Blocks(title="Small", analytics_enabled=False) as app:
        gr.HTML(
            html_template="<div></div>",
            head=f"<script>{SCRIPT}</script>",
            js_on_load="window.faceOffSmall(element, props, server);",
            elem_id="small",
            server_functions=[shout],
        )
        given, answer, press = gr.Textbox(label="Given"), gr.Textbox(label="Answer"), gr.Button("Press")
        press.click(lambda text: text[::-1], given, answer, api_name="turn")
        file, size = gr.File(label="File"), gr.Textbox(label="Size")
        file.change(lambda path: str(os.path.getsize(path)) if path else "", file, size, api_name="size")
    return app


def policy(**given):
    usual = {"hosts": hosts(), "quota": Quota(2**30, 600), "proxy": Proxy(), "limits": Limits(), "root": ""}
    return Policy(**{**usual, **given})


@contextlib.contextmanager
def launched(own=None, root_path=None, host="127.0.0.1"):
    """The small app, served by that policy; its address without the last slash."""
    app = small_app()
    heads = [block.head for block in app.blocks.values() if getattr(block, "head", None)]
    with server.serving(server.address(host, None), own or policy()):
        _, address, _ = app.launch(
            prevent_thread_lock=True,
            quiet=True,
            share=False,
            ssr_mode=False,
            run_history=False,
            enable_monitoring=False,
            root_path=root_path,
            app_kwargs={"middleware": [Middleware(Manifest), Middleware(PagePolicy, heads=heads)]},
        )
    try:
        yield address.rstrip("/")
    finally:
        app.close(verbose=False)
