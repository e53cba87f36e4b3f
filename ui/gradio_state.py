"""What Gradio itself remembers of every session, made short: nothing that a page showed stays when it is closed.

Gradio keeps each session's settings of all components and their last values, the answer with the
pictures in it too, until 10,000 other sessions have come: for links that open a page as it was, of
which there are none here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import gradio as gr

from zoo.inference.live_sessions import give_back_memory

MOST = 300  # sessions at one time; Gradio forgets the one that was silent longest


def forget_page(app: gr.Blocks) -> Callable[[gr.Request], None]:
    """What `app.unload` is to call, after all else that it calls: forget what a page that is closed showed."""

    def forget(request: gr.Request) -> None:
        if _forget_values(app, str(request.session_hash)):
            give_back_memory()

    return forget


def tidy(app: gr.Blocks, silent: float) -> None:
    """Forget what pages showed that were silent for so many seconds, and those that were closed altogether."""
    held, now = app.state_holder, datetime.now()
    gone = [name for name, used in list(held.time_last_used.items()) if (now - used).total_seconds() >= silent]
    forgotten = [_forget_values(app, name) for name in gone]
    if any(forgotten):
        give_back_memory()
    with held.lock:
        for name in gone:
            if name not in held or held.session_data[name].is_closed:
                held.session_data.pop(name, None)
                held.time_last_used.pop(name, None)


def _forget_values(app: gr.Blocks, session: str) -> bool:
    """Whether there was anything to forget. Gradio makes an entry anew where it next sets a value."""
    kept = app.state_holder.session_data.get(session)
    known = kept is not None and len(kept.config_values) > 0
    if known:
        kept.config_values.clear()
    return known


@contextmanager
def tidied(app: gr.Blocks, silent: float, every: float) -> Iterator[None]:
    """Meanwhile `tidy` every so many seconds."""
    done = threading.Event()

    def work() -> None:
        while not done.wait(every):
            tidy(app, silent)

    threading.Thread(target=work, name="tidy-sessions", daemon=True).start()
    try:
        yield
    finally:
        done.set()
