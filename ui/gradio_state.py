"""Adapts Gradio's internals: sessions, queue and server. Files and values: `ui/gradio_files.py`, `ui/gradio_calls.py`.

Only these three modules can break with a new release of Gradio. This one limits what Gradio keeps of sessions, and
makes its queue fair. Checked with Gradio 6.31.0.

Each replacement names a test of plain Gradio in `tests/ui/test_gradio_defaults.py`. If that test fails, Gradio no
longer does what the replacement is for.

By default, Gradio remembers a session after one request, and runs a queued job even if nobody waits for its result.
Here, only sessions with an open page, or with an open stream that waits for a result, are remembered for longer than
`PASSING_SECONDS`.

Gradio also keeps each session's component settings and last values, including pictures in answers, until 10,000 other
sessions have come. They serve links that restore a page, which this app does not have.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import Any, Literal
from urllib.parse import parse_qs

import fastapi
import gradio as gr
import uvicorn
from anyio import to_thread
from fastapi.encoders import jsonable_encoder
from fastapi.routing import APIRoute
from gradio import http_server, networking
from gradio.block_function import BlockFunction
from gradio.blocks import Block as Block  # the type of every component, for those that only name it
from gradio.context import Context
from gradio.data_classes import PredictBodyInternal
from gradio.exceptions import ServerFailedToStartError
from gradio.queueing import Event, EventQueue, Queue
from gradio.server_messages import ProcessCompletedMessage
from gradio.state_holder import SessionState, StateHolder
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.gradio_files import forget_deleted
from ui.serving.storage import client_of
from zoo.sessions.fair_share import REAL, Holder, who_yields
from zoo.sessions.memory import give_back_memory
from zoo.sessions.pages import EVERYONE, Pages

MOST = 300  # sessions at one time; when there are more, one without a page is forgotten, or the idlest
MOST_WITHOUT_PAGE = 64
PASSING_SECONDS = 60.0  # for how long a session that never had a page is remembered
MOST_JOBS = 64  # waiting in the queue
UNHEARD_SECONDS = 15.0  # for how long a job waits for somebody who wants its answer
FULL = "The server is busy: too many requests are waiting. Try again in a moment."

NO_SESSION = "session_hash should be 1 to 64 letters, digits and hyphens. Leave it to gradio_client to make one."
SESSION = re.compile(r"[\w-]{1,64}")
STREAM = re.compile(r"/gradio_api/(?:heartbeat|call/(?:v2/)?[^/]+)/([\w-]{1,64})$")
CALL = re.compile(r"/gradio_api/component_server/?$")
DATA = re.compile(r"/gradio_api/queue/data/?$")


# ---- who is there


class OpenPages:
    """ASGI middleware that registers which sessions have an event stream open.

    Parameters
    ----------
    app : ASGI application
    pages : Pages
        Where they are registered.
    left : callable
        Awaited with each session whose last stream has ended.
    """

    def __init__(self, app: ASGIApp, pages: Pages, left: Callable[[str], Coroutine[Any, Any, None]]) -> None:
        self._app, self._pages, self._left = app, pages, left
        self._leaving: set[asyncio.Task] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = _streaming(scope)
        if not session:
            return await self._app(scope, receive, send)
        if not self._pages.open(session, client_of(scope)):
            await send({"type": "http.response.start", "status": 503, "headers": [(b"retry-after", b"30")]})
            return await send({"type": "http.response.body", "body": b"Too many pages are open from your address.\n"})
        try:
            return await self._app(scope, receive, send)
        finally:
            if self._pages.close(session):
                task = asyncio.create_task(self._left(session))
                self._leaving.add(task)
                task.add_done_callback(self._leaving.discard)


def _streaming(scope: Scope) -> str:
    """The session or job whose event stream is requested; empty for other requests."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return ""
    found = STREAM.search(scope["path"])
    if found:
        return found[1]
    if not DATA.search(scope["path"]):
        return ""
    (session, *_) = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])
    return session if SESSION.fullmatch(session) else ""


# ---- calls


class DirectCalls:
    """ASGI middleware that passes a script's call directly to Gradio's function for it.

    FastAPI would compare the request with a hundred routes and check in another thread whether the sender is logged
    in, although there is no login: more work than everything else between a camera's frame and the model. Needed as
    long as `test_gradio_looks_for_a_login_before_every_call` passes.

    Parameters
    ----------
    app : ASGI application
    blocks : gr.Blocks
    """

    def __init__(self, app: ASGIApp, blocks: gr.Blocks) -> None:
        self._app, self._blocks = app, blocks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        call = scope["type"] == "http" and scope["method"] == "POST" and CALL.search(scope["path"]) is not None
        if not call or self._blocks.app.auth is not None or self._blocks.app.auth_dependency is not None:
            return await self._app(scope, receive, send)
        try:
            found = await self._function(fastapi.Request(scope, receive))
        except fastapi.HTTPException as error:
            found = JSONResponse({"detail": error.detail}, error.status_code)
        answer = found if isinstance(found, fastapi.Response) else JSONResponse(jsonable_encoder(found))
        await answer(scope, receive, send)

    @cached_property
    def _function(self) -> Callable[[fastapi.Request], Awaitable[Any]]:
        routers = [getattr(one, "original_router", None) for one in self._blocks.app.routes]
        routes = [*self._blocks.app.routes, *(route for router in routers if router for route in router.routes)]
        return next(one.endpoint for one in routes if isinstance(one, APIRoute) and CALL.search(one.path))


# ---- the queue


class FairQueue(Queue):
    """Gradio's queue, limited to jobs whose client is waiting. Replaces ``Blocks._queue``.

    Turns rotate over client addresses, and over the sessions of each. When the queue is full, a job of the address
    and session with the most jobs is dropped; functions that do not use the queue are never refused. Needed as long as
    `test_gradio_runs_a_job_whose_client_has_left` passes.

    Parameters
    ----------
    app : gr.Blocks
        Its queue's settings are kept.
    pages : Pages
    most : int
        Largest number of waiting jobs.
    """

    def __init__(self, app: gr.Blocks, pages: Pages, most: int = MOST_JOBS) -> None:
        old = app._queue
        super().__init__(
            live_updates=old.live_updates,
            concurrency_count=old.max_thread_count,
            update_intervals=old.update_intervals,
            max_size=None,
            blocks=app,
            default_concurrency_limit=old.default_concurrency_limit,
        )
        self.pages, self.most = pages, most
        self._served: dict[str, int] = {}  # addresses and sessions, by their last turn
        self._turn = 0

    async def push(
        self, body: PredictBodyInternal, request: fastapi.Request, username: str | None
    ) -> tuple[bool, str | list[dict[str, Any]], Literal["success", "error", "queue_full", "validator_error"]]:
        """Add a job if there is room, or if another one can be dropped."""
        light = self._is_light(self.blocks.fns.get(-1 if body.fn_index is None else body.fn_index))
        waiting = [event for event in self._waiting() if self._is_light(event.fn) == light]
        if len(waiting) >= self.most:
            out = self._gives_way(waiting, body.session_hash or "", client_of(request.scope))
            if out is None:
                return False, FULL, "queue_full"
            self._refuse(out)
        return await super().push(body, request, username)

    def compute_analytics_summary(self, records: list[dict[str, Any]]) -> dict[str, Any]:
        """Nothing new. Gradio tabulates recent jobs with pandas after every job, for a page that is not served here.

        Needed as long as `test_gradio_tabulates_its_recent_jobs_with_pandas` passes.
        """
        return self.cached_event_analytics_summary

    def get_events(self) -> tuple[list[Event], bool, str] | None:
        """The next job: among those with a waiting client, the one whose client has waited longest for a turn."""
        self._drop_unheard()
        for name, queue in self.event_queue_per_concurrency_id.items():
            if queue.concurrency_limit is None or queue.current_concurrency < queue.concurrency_limit:
                heard = [event for event in queue.queue if self._heard(event)]
                if heard:
                    return [self._take(queue, heard)], False, name
        return None

    def _take(self, queue: EventQueue, heard: list[Event]) -> Event:
        turn = lambda one: (self._served.get(_address(one), -1), self._served.get(one.session_hash, -1))
        chosen = min(heard, key=turn)
        queue.queue.remove(chosen)
        if not self._waiting():  # nobody is behind anybody any more
            self._served.clear()
        self._served[_address(chosen)] = self._served[chosen.session_hash] = self._turn = self._turn + 1
        return chosen

    @staticmethod
    def _is_light(fn: BlockFunction | None) -> bool:
        return fn is not None and not fn.queue

    def _waiting(self) -> list[Event]:
        return [event for queue in self.event_queue_per_concurrency_id.values() for event in queue.queue]

    def _heard(self, event: Event) -> bool:
        return event.session_hash in self.pages or event._id in self.pages

    def _gives_way(self, waiting: list[Event], session: str, address: str) -> Event | None:
        """The job to drop for a new one of this session: the newest of the holder with the most jobs."""

        def holder(event: Event, share: str) -> Holder:
            return Holder(event._id, share, self._heard(event), REAL, -event.enqueue_time)

        of = {event._id: event for event in waiting}
        out = of[_who([holder(one, _address(one)) for one in waiting], address)]
        if not self._heard(out) or _address(out) != address:
            return out
        alike = [one for one in waiting if _address(one) == address]
        out = of[_who([holder(one, one.session_hash) for one in alike], session)]
        return None if out.session_hash == session else out

    def _drop_unheard(self) -> None:
        late = time.monotonic() - UNHEARD_SECONDS
        for event in self._waiting():
            if event.enqueue_time < late and not self._heard(event):
                self._refuse(event)

    def _refuse(self, event: Event) -> None:
        """Drop a waiting job, and tell its client."""
        self.event_queue_per_concurrency_id[event.concurrency_id].queue.remove(event)
        self.event_ids_to_events.pop(event._id, None)
        if self._heard(event):
            self.send_message(event, ProcessCompletedMessage(output={"error": FULL}, title="Error", success=False))
            return
        ids = self.pending_event_ids_session.get(event.session_hash, set())
        ids.discard(event._id)
        if not ids:
            self.pending_event_ids_session.pop(event.session_hash, None)
            self.pending_messages_per_session.pop(event.session_hash, None)


def _address(event: Event) -> str:
    return client_of(event.request.scope)


def _who(holders: list[Holder], newcomer: str) -> str:
    """The key of the holder that is evicted. There always is one, because no holder here is busy."""
    out = who_yields(holders, newcomer)
    assert out is not None
    return out.key


# ---- what is remembered of sessions


class FairStates(StateHolder):
    """Gradio's session states, of which those without an open page are deleted first. Replaces ``App.state_holder``.

    Needed as long as `test_gradio_remembers_ten_thousand_sessions_under_any_name` passes.

    Parameters
    ----------
    app : gr.Blocks
    pages : Pages
    """

    def __init__(self, app: gr.Blocks, pages: Pages) -> None:
        super().__init__()
        self.pages = pages
        self.set_blocks(app)

    def __getitem__(self, session_id: str) -> SessionState:
        """A session's state. Every call requests it before anything else is stored under the session's name.

        Raises
        ------
        HTTPException
            The name is not one that pages or clients use. Names are kept in several queues and tables, so long ones
            are refused.
        """
        if not SESSION.fullmatch(session_id):
            raise fastapi.HTTPException(400, NO_SESSION)
        return super().__getitem__(session_id)

    def update(self, session_id: str) -> None:
        """Record that a session was used, and delete another one if there are too many."""
        with self.lock:
            if session_id in self.session_data:
                self.session_data.move_to_end(session_id)
            alone = [one for one in self.session_data if one not in self.pages and one != session_id]
            for one in alone[: max(0, len(alone) - MOST_WITHOUT_PAGE)]:
                self._forget(one)
            while len(self.session_data) > self.capacity:
                self._forget(self._idlest(session_id))

    def _idlest(self, newcomer: str) -> str:
        holders = [
            Holder(one, self.pages.address(one), one in self.pages, REAL, place)  # idlest first
            for place, one in enumerate(self.session_data)
            if one != newcomer
        ]
        return _who(holders, self.pages.address(newcomer))

    def _forget(self, session: str) -> None:
        self.session_data.pop(session, None)
        self.time_last_used.pop(session, None)


# ---- for the app


def queue_fairly(app: gr.Blocks, pages: Pages) -> None:
    """Install the `FairQueue` before launch, and close the routes that bypass the queue."""
    app.api_open = False  # `Blocks.queue` would set this too, but also build the whole web application again
    app._queue = FairQueue(app, pages)


def remember_fairly(app: gr.Blocks) -> None:
    """Install `FairStates` in an app after launch; it must have a `FairQueue`."""
    if isinstance(app._queue, FairQueue):
        app.app.state_holder = FairStates(app, app._queue.pages)


def middleware(app: gr.Blocks) -> list[Middleware]:
    """The middleware for `Blocks.launch`, which tracks which sessions have a page open."""
    if not isinstance(app._queue, FairQueue):
        return []
    pages = app._queue.pages

    async def left(session: str) -> None:
        await app._queue.clean_events(session_hash=session, event_id=session)
        await to_thread.run_sync(pages.left, session)

    return [Middleware(OpenPages, pages=pages, left=left), Middleware(DirectCalls, blocks=app)]


def forget_page(app: gr.Blocks, session: str) -> None:
    """Delete the state of a closed page."""
    if _forget_values(app, session):
        give_back_memory()


def tidy(app: gr.Blocks, silent: float) -> None:
    """Delete the values of pages that have been silent for this many seconds, and all state of closed pages.

    Needed as long as `test_gradio_keeps_the_settings_of_every_component_for_each_session` passes.
    """
    forget_deleted(app)
    held, now = app.state_holder, datetime.now()
    idle = {name: (now - used).total_seconds() for name, used in list(held.time_last_used.items())}
    gone = [name for name, seconds in idle.items() if seconds >= silent]
    forgotten = [_forget_values(app, name) for name in gone]
    if any(forgotten):
        give_back_memory()
    pages = getattr(held, "pages", EVERYONE)
    with held.lock:
        for name, seconds in idle.items():
            closed = name not in held or held.session_data[name].is_closed  # of a page that may come back
            passing = not closed and name not in pages
            if (closed and seconds >= silent) or (passing and seconds >= min(silent, PASSING_SECONDS)):
                held.session_data.pop(name, None)
                held.time_last_used.pop(name, None)


def _forget_values(app: gr.Blocks, session: str) -> bool:
    """Delete a session's values; returns whether there were any. Gradio creates an entry again when it sets a value."""
    kept = app.state_holder.session_data.get(session)
    if kept is None or not len(kept.config_values):
        return False
    kept.config_values.clear()
    return True


# ---- while the page is being built


def surrounding_page() -> gr.Blocks:
    """The `gr.Blocks` that is being built, for events when a page is loaded."""
    page = Context.root_block
    if page is None:
        raise RuntimeError("no page is being built; call this inside a `with gr.Blocks():`")
    return page


def surrounding_tab() -> gr.Tab:
    """The `gr.Tab` that is being laid out, for events when it is opened."""
    block = Context.block
    while block is not None and not isinstance(block, gr.Tab):
        block = block.parent
    if block is None:
        raise RuntimeError("no tab is being laid out; call this inside a `with gr.Tab():`")
    return block


# ---- the server


async def session_of(request: gr.Request) -> str:
    """The session that called a server function, from the body of the plain request that Gradio passes on."""
    return str((await request.json()).get("session_hash"))  # read already, and kept


class Server(http_server.Server):
    """Gradio's server on a socket that is already listening."""

    def __init__(self, config: uvicorn.Config, listening: socket.socket) -> None:
        super().__init__(config)
        self._listening = listening

    def run_in_thread(self) -> None:
        """Start, and return once the server answers."""
        self.thread = threading.Thread(target=self.run, args=([self._listening],), name="server", daemon=True)
        self.thread.start()
        until = time.monotonic() + 30
        while not self.started:
            if not self.thread.is_alive() or time.monotonic() > until:
                raise ServerFailedToStartError("The web server did not start.")
            time.sleep(0.002)

    def close(self) -> None:
        """Stop; whatever is not answered within three seconds ends with the program."""
        self.should_exit = True
        self.thread.join(3)


def wait_until_closed(app: gr.Blocks) -> None:
    """Return only when `Blocks.close` is called elsewhere; Ctrl-C is raised as usual.

    `Blocks.block_thread` closes the server before the streams of open pages, and waits five seconds for them in vain.
    """
    while app.is_running:
        time.sleep(0.1)  # a wait without a limit cannot be interrupted on Windows


@contextmanager
def started_by(start: Callable[..., tuple[str, int, str, Server]]) -> Iterator[None]:
    """Within this context, `Blocks.launch` starts its server with this function, and skips its second check.

    Replaces ``http_server.start_server``, because the app's server has limits of its own (`ui.serving.server`), and
    ``networking.url_ok``: Gradio requests the page twice. It waits for the first answer as long as necessary, but gives
    up if the second takes more than 3 s, so that the app would not start on a busy computer. Needed as long as
    `test_gradio_gives_up_if_the_page_takes_three_seconds` passes.
    """
    usual, check = http_server.start_server, networking.url_ok
    http_server.start_server, networking.url_ok = start, lambda url: True
    try:
        yield
    finally:
        http_server.start_server, networking.url_ok = usual, check


def public_link(app: gr.Blocks, host: str) -> str:
    """Open a tunnel through Gradio's server to the launched app; returns its public address."""
    address = networking.setup_tunnel(host, app.server_port, app.share_token, None, None)
    # `share` stays off: Gradio's page for it loads its scripts from elsewhere.
    app.share_url = address  # type: ignore[assignment]  # Gradio declares None
    return address
