"""Compresses the page, its scripts and its styles, but nothing that is streamed.

Answers to camera frames are not compressed: they are short, and latency matters more.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.serving.routes import API

FILES = r"/(?:assets|svelte)/[^?]+\.(?:js|css|svg|json)$"
STATIC = re.compile(FILES)
WORTH = re.compile(rf"/$|/(?:config|theme\.css)/?$|{FILES}")
SMALLEST, LEVEL = 1000, 5  # bytes; zlib level, a third of level 9's time for 3 % more bytes
MOST = 1000  # compressed files that are kept; Gradio has about 300


class Compression:
    """Middleware around everything that writes pages.

    Pages are compressed for each request, Gradio's own files once.

    Parameters
    ----------
    app : ASGI application
    """

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._compressed = GZipMiddleware(app, minimum_size=SMALLEST, compresslevel=LEVEL)
        self._kept: dict[bytes, bytes] = {}  # by the hash of the file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if not _worth(scope):
            await self._plain(scope, receive, send)
        elif STATIC.search(scope["path"]) and "gzip" in Headers(scope=scope).get("accept-encoding", ""):
            await self._plain(scope, receive, _File(send, self._small).send)
        else:
            await self._compressed(scope, receive, send)

    def _small(self, body: bytes) -> bytes:
        """The compressed file."""
        key = hashlib.sha256(body).digest()
        if key not in self._kept:
            small = gzip.compress(body, LEVEL, mtime=0)
            if len(self._kept) >= MOST:
                return small
            self._kept[key] = small
        return self._kept[key]


class _File:
    """Passes one answer on when its body is complete, compressed if it is a whole file and long enough."""

    def __init__(self, send: Send, small: Callable[[bytes], bytes]) -> None:
        self._send, self._small = send, small
        self._start: Message = {}
        self._parts: list[bytes] = []

    async def send(self, message: Message) -> None:
        """Take the application's next message."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._parts.append(message.get("body", b""))
        if message.get("more_body", False):
            return
        body, headers = b"".join(self._parts), MutableHeaders(raw=self._start["headers"])
        if self._start["status"] == 200 and len(body) >= SMALLEST and "content-encoding" not in headers:
            body = self._small(body)
            headers["Content-Encoding"] = "gzip"
            headers["Content-Length"] = str(len(body))
            headers.add_vary_header("Accept-Encoding")
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": body, "more_body": False})


def _worth(scope: Scope) -> bool:
    """Whether to compress the answer. Range requests are excluded: their offsets count uncompressed bytes."""
    path = scope.get("path", "")
    asked = scope["type"] == "http" and f"{API}/" not in path and WORTH.search(path) is not None
    return asked and "range" not in Headers(scope=scope)
