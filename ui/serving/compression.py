"""Compresses the page, its scripts and its styles, for those who are not on this computer. Nothing that is streamed.

A camera's answers are left as they are: they are short, and time is what counts there.
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.serving.routes import API

WORTH = re.compile(r"/$|/(?:config|theme\.css)/?$|/(?:assets|svelte)/[^?]+\.(?:js|css|svg|json)$")
SMALLEST, LEVEL = 1000, 5  # bytes; of zlib's nine levels: a third of level 9's time, 3 % more bytes


class Compression:
    """Middleware outside of all that writes pages.

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
    """Whether an answer is compressed: a part of a file (Range) would not fit the whole's numbering."""
    path = scope.get("path", "")
    asked = scope["type"] == "http" and f"{API}/" not in path and WORTH.search(path) is not None
    return asked and "range" not in Headers(scope=scope)
