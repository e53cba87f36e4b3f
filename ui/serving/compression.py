"""Compresses the page, its scripts and its styles, but nothing that is streamed.

Answers to camera frames are not compressed: they are short, and latency matters more.
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.serving.routes import API

WORTH = re.compile(r"/$|/(?:config|theme\.css)/?$|/(?:assets|svelte)/[^?]+\.(?:js|css|svg|json)$")
SMALLEST, LEVEL = 1000, 5  # bytes; zlib level, a third of level 9's time for 3 % more bytes


class Compression:
    """Middleware around everything that writes pages.

    Parameters
    ----------
    app : ASGI application
    """

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._compressed = GZipMiddleware(app, minimum_size=SMALLEST, compresslevel=LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await (self._compressed if _worth(scope) else self._plain)(scope, receive, send)


def _worth(scope: Scope) -> bool:
    """Whether to compress the answer. Range requests are excluded: their offsets count uncompressed bytes."""
    path = scope.get("path", "")
    asked = scope["type"] == "http" and f"{API}/" not in path and WORTH.search(path) is not None
    return asked and "range" not in Headers(scope=scope)
