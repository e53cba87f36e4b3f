"""ASGI middleware in front of Gradio that passes each request on, or refuses it with a one-sentence reason."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

from ui.gradio_files import upload_folder
from ui.serving import bodies, routes, storage
from ui.serving.bodies import Form, Incoming, Limits
from ui.serving.forwarded import Proxy, asked_host
from ui.serving.headers import CSP, security_headers
from ui.serving.hosts import Hosts
from ui.serving.refusal import BAD_REQUEST, DISK_FULL, TOO_LARGE, TOO_LONG, Refusal
from ui.serving.routes import Body
from ui.serving.storage import Quota

Receive = Callable[[], Awaitable[dict]]
Send = Callable[[dict], Awaitable[None]]
NO_ROOM = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
WRONG_FORM = (TypeError, KeyError, AttributeError)  # what Gradio runs into in an upload without files
NO_FILES = "The upload holds no file. Send each file in a field 'files' of a multipart/form-data body, with its name."
CHECK_EVERY = 2**20  # bytes of an upload between two checks of the disk
ONE_RANGE = re.compile(rb"bytes=\s*(\d{1,15}-\d{0,15}|-\d{1,15})")
MOST_ADDRESS = 4096  # bytes of a path and its query, parts of which Gradio keeps in memory
DRAIN_SECONDS, DRAIN_SILENCE, DRAIN_BYTES = 5.0, 0.5, 256 * 2**20


@dataclass(frozen=True)
class Policy:
    """The rules for accepting requests.

    Parameters
    ----------
    hosts : Hosts
    proxy : Proxy
    quota : Quota
    limits : Limits
    root : str
        The path or URL under which the app is published.
    """

    hosts: Hosts
    quota: Quota
    proxy: Proxy = Proxy()
    limits: Limits = field(default_factory=Limits)
    root: str = ""

    def path(self, scope: dict) -> str:
        """The request's path below the app's root, whether or not a proxy has stripped the root."""
        root, path = urlsplit(self.root).path.rstrip("/"), scope["path"]
        return (path[len(root) :] or "/") if root and (path + "/").startswith(root + "/") else path


class Guard:
    """ASGI application in front of Gradio's.

    Parameters
    ----------
    app : ASGI application
    policy : Policy
    """

    def __init__(self, app: Callable, policy: Policy) -> None:
        self.app = app
        self.policy = policy
        self.headers = security_headers()

    def __getattr__(self, name: str) -> object:
        return getattr(self.app, name)  # Gradio expects the attributes of its own application here

    async def __call__(self, scope: dict, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1003})
        incoming = Incoming(receive, self.policy.limits, self._most(scope))
        answer = _Answer(send, self.headers, incoming)
        try:
            await self._handle(scope, incoming, answer)
        except Refusal as refusal:
            await answer.refuse(refusal, scope)
        return None

    def _most(self, scope: dict) -> int:
        body = scope["method"] == "POST" and Headers(scope=scope).get("content-type", "").startswith("multipart/")
        return self.policy.limits.request if body else self.policy.limits.json

    async def _handle(self, scope: dict, incoming: Incoming, answer: _Answer) -> None:
        scope = self.policy.proxy.read(scope)
        route = self._admit(scope, incoming)
        if route.body is Body.UPLOAD:
            await self._upload(scope, incoming, answer)
        elif route.body is Body.JSON:
            await self._json(scope, incoming, answer)
        else:
            await self._read(scope, incoming, answer)

    async def _read(self, scope: dict, incoming: Incoming, answer: _Answer) -> None:
        """Pass a request without a body on.

        Gradio says in a stream that the session or job is not known, and then raises, although the answer has begun.
        """
        try:
            await self.app(_readable(scope), incoming.next, answer.send)
        except RuntimeError as error:
            if not isinstance(error.__cause__, HTTPException):
                raise
            await answer.send({"type": "http.response.body", "body": b""})

    def _admit(self, scope: dict, incoming: Incoming) -> routes.Route:
        """The request's route; `Refusal` if the request may not use it."""
        headers, host = Headers(scope=scope), asked_host(scope)
        if len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"") > MOST_ADDRESS:
            raise Refusal(TOO_LONG, f"The address is too long; the limit is {MOST_ADDRESS:,} bytes.")
        self.policy.hosts.check(headers.get("host", ""), (scope.get("server") or (None,))[0])
        self.policy.hosts.check(host, (scope.get("server") or (None,))[0])
        if scope["method"] not in ("GET", "HEAD"):
            self.policy.hosts.check_origin(headers, host)
        route = routes.find(scope["method"], self.policy.path(scope))
        size = _announced(headers)
        if route.body is Body.NONE:
            if size or "transfer-encoding" in headers:
                raise Refusal(TOO_LARGE, f"A {scope['method']} request carries no data here.")
            incoming.complete = True
        else:
            bodies.check_type(headers.get("content-type", ""), route.body.value)
            incoming.check(size)
        return route

    async def _json(self, scope: dict, incoming: Incoming, answer: _Answer) -> None:
        """Pass a call on. If Gradio fails on its form, the answer is a one-sentence refusal, without a traceback."""
        body = await bodies.read_json(incoming, self.policy.limits)
        answer.hold_errors = True
        try:
            await self.app(_readable(scope), _replay(body, incoming), answer.send)
        except (OSError, MemoryError):  # this computer's fault, not the caller's
            await answer.release()
            raise
        except Exception as error:
            kind = type(error).__name__
            logging.getLogger("uvicorn.error").warning("%s not understood: %s", ascii(scope["path"][:80]), kind)
            logging.getLogger(__name__).debug("The request in full", exc_info=error)
            sentence = (
                f"The request does not have the form expected here ({kind}). README.md shows how to call the app."
            )
            raise Refusal(BAD_REQUEST, sentence) from None
        await answer.release()

    async def _upload(self, scope: dict, incoming: Incoming, answer: _Answer) -> None:
        headers = Headers(scope=scope)
        upload = _Upload(incoming, Form(headers["content-type"], self.policy.limits), self.policy.quota, scope)
        upload.check(_announced(headers))
        answer.hold_errors = True
        try:
            await self.app(_readable(scope), upload.receive, answer.send)
        except Exception as error:
            if isinstance(error, OSError) and error.errno in NO_ROOM:
                raise Refusal(DISK_FULL, storage.FULL) from None
            if isinstance(error, WRONG_FORM):
                logging.getLogger("uvicorn.error").warning("upload not understood: %s", type(error).__name__)
                raise Refusal(BAD_REQUEST, NO_FILES) from None
            await answer.release()
            raise
        finally:
            upload.note()
        if upload.refusal:
            raise upload.refusal
        await answer.release()


class _Upload:
    """An upload on its way to Gradio's parser, which deletes the files it has written if receiving fails."""

    def __init__(self, incoming: Incoming, form: Form, quota: Quota, scope: dict) -> None:
        self.refusal: Refusal | None = None
        self._incoming, self._form, self._quota = incoming, form, quota
        self._client, self._noted = storage.client_of(scope), 0

    def check(self, size: int) -> None:
        """Raise `Refusal` if this many further bytes exceed the client's quota or the free disk space."""
        self._quota.check(self._client, size)
        storage.check_room(upload_folder(), size)

    def note(self) -> None:
        """Charge what has arrived since the last call to the client's quota."""
        size = self._incoming.size + self._form.parts * storage.FILE_COST
        new, self._noted = size - self._noted, size
        if new:
            self._quota.add(self._client, new)

    async def receive(self) -> dict:
        """ASGI's `receive`. Errors become `MultiPartException`, the only one after which Gradio's parser cleans up."""
        try:
            message = await self._incoming.next()
            if message["type"] == "http.disconnect" and not self._incoming.complete:
                raise MultiPartException("The connection was closed before the upload was complete.")
            self._form.write(message.get("body", b""))
            if self._incoming.size + self._form.parts * storage.FILE_COST - self._noted >= CHECK_EVERY:
                self.note()
                self.check(0)
        except Refusal as refusal:
            self.refusal = refusal
            raise MultiPartException(str(refusal)) from None
        return message


class _Answer:
    """The answer to one request: adds the security headers, and never sends two answers.

    Parameters
    ----------
    send : callable
        ASGI's `send`.
    headers : dict
        Headers for every answer.
    incoming : Incoming
        The request's body.
    """

    def __init__(self, send: Send, headers: dict[str, str], incoming: Incoming) -> None:
        self.hold_errors = False
        self._send, self._headers, self._incoming = send, headers, incoming
        self._started, self._held = False, list[dict]()

    async def send(self, message: dict) -> None:
        """ASGI's `send`; with `hold_errors`, an error answer is held back until its cause is known."""
        failed = message["type"] == "http.response.start" and message["status"] >= BAD_REQUEST
        if self._held or (self.hold_errors and failed and not self._started):
            self._held.append(message)
        else:
            await self._pass(message)

    async def release(self) -> None:
        """Send what was held back."""
        held, self._held = self._held, []
        for message in held:
            await self._pass(message)

    async def _pass(self, message: dict) -> None:
        if message["type"] == "http.response.start":
            self._started = True
            _dress(message, self._headers)
            if not self._incoming.complete:  # the rest of the body would be taken for the next request
                MutableHeaders(scope=message)["Connection"] = "close"
        await self._send(message)

    async def refuse(self, refusal: Refusal, scope: dict) -> None:
        """Send a refusal, unless an answer has already started."""
        self._held = []
        if self._started:
            return
        body, kind = refusal.body(as_json=scope["method"] == "POST" and not scope["path"].endswith("/upload"))
        headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
        await self._pass({"type": "http.response.start", "status": refusal.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body, "more_body": True})
        if b"expect" not in dict(scope["headers"]):
            await _drain(self._incoming)
        await self._send({"type": "http.response.body", "body": b""})


async def _drain(incoming: Incoming) -> None:
    """Read on briefly: a client that is still sending would see a broken connection instead of the answer."""
    until, left = time.monotonic() + DRAIN_SECONDS, DRAIN_BYTES
    with contextlib.suppress(asyncio.TimeoutError, TimeoutError):
        while not incoming.complete and left > 0 and time.monotonic() < until:
            message = await asyncio.wait_for(incoming.skip(), DRAIN_SILENCE)
            left = left - len(message.get("body", b"")) if message["type"] == "http.request" else 0


def _dress(start: dict, headers: dict[str, str]) -> None:
    present = MutableHeaders(scope=start)
    kind = present.get("content-type", "")
    for name, value in headers.items():
        # the strict default would also apply to a script that runs as a worker
        if name not in present and not (name == CSP and "javascript" in kind):
            present[name] = value
    if kind.startswith("text/event-stream"):
        present["X-Accel-Buffering"] = "no"  # otherwise nginx buffers events


def _announced(headers: Headers) -> int:
    text = headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _readable(scope: dict) -> dict:
    """The scope without the headers that Gradio misreads.

    It would reflect `Origin`, letting pages of other sites read the answer, fail on several ranges, and answer one
    range with the request's own headers. A space leaves that range to Starlette; several are ignored, as HTTP allows.
    """
    headers = [pair for pair in scope["headers"] if pair[0] not in (b"origin", b"range")]
    ranges = [value for name, value in scope["headers"] if name == b"range"]
    one = ONE_RANGE.fullmatch(ranges[0].strip()) if len(ranges) == 1 else None
    return {**scope, "headers": [*headers, (b"range", b"bytes= " + one[1])] if one else headers}


def _replay(body: bytes, incoming: Incoming) -> Receive:
    """ASGI's `receive` for a body that has already been read."""
    given = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict:
        return given.pop() if given else await incoming.next()

    return receive
