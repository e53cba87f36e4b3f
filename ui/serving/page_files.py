"""Files that the page fetches on demand.

Their URLs contain a hash of their content, so that browsers may cache them for a year.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

FOLDER = "static/face-off"  # relative to the page; `ui.serving.routes` allows paths below `static`
KEPT = "public, max-age=31536000, immutable"
SMALLEST = 1000  # bytes from which compression is worthwhile


@dataclass(frozen=True)
class PageFile:
    """A file of the page.

    Parameters
    ----------
    name : str
    body : bytes
    media_type : str
    """

    name: str
    body: bytes
    media_type: str

    @property
    def address(self) -> str:
        """The file's URL relative to the page."""
        return f"{FOLDER}/{hashlib.sha256(self.body).hexdigest()[:16]}/{self.name}"

    @cached_property
    def compressed(self) -> bytes:
        """The body compressed with gzip; empty if compression would not help, as for small files and pictures."""
        if len(self.body) < SMALLEST or self.media_type.startswith("image/"):
            return b""
        return gzip.compress(self.body, mtime=0)


class PageFiles:
    """Middleware next to Gradio that serves these files.

    Parameters
    ----------
    app : ASGI application
    files : iterable of PageFile
    """

    def __init__(self, app: ASGIApp, files: Iterable[PageFile]) -> None:
        self._app = app
        self._files = {file.address: file for file in files}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        before, found, after = scope.get("path", "").rpartition(f"/{FOLDER}/")
        file = self._files.get(f"{FOLDER}/{after}") if found and "/gradio_api" not in before else None
        if scope["type"] != "http" or file is None:
            return await self._app(scope, receive, send)
        return await _answer(file, Headers(scope=scope))(scope, receive, send)


def _answer(file: PageFile, asked: Headers) -> Response:
    small = bool(file.compressed) and "gzip" in asked.get("accept-encoding", "")
    answer = Response(file.compressed if small else file.body, media_type=file.media_type)
    answer.headers["Cache-Control"] = KEPT
    answer.headers["Vary"] = "Accept-Encoding"
    if small:
        answer.headers["Content-Encoding"] = "gzip"
    return answer
