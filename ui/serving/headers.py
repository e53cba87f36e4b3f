"""Security headers, including the content security policy (CSP) for the page's scripts.

The page's inline scripts are allowed individually by their hash, so injected markup cannot run scripts. `unsafe-eval`
is necessary, because Gradio turns the scripts of `gr.HTML` into functions.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import lru_cache

from starlette.datastructures import MutableHeaders

from ui.serving.hosts import on_space

Scope = MutableMapping[str, object]
Receive = Callable[[], Awaitable[dict]]
Send = Callable[[dict], Awaitable[None]]

CSP = "Content-Security-Policy"
INLINE = re.compile(r"<script(?![^>]*\ssrc\s*=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
EMBEDDING = "'self' https://huggingface.co https://*.huggingface.co https://*.hf.space"
PERMISSIONS = (
    "camera=(self), clipboard-read=(self), clipboard-write=(self), fullscreen=(self), "
    "microphone=(), geolocation=(), display-capture=(), usb=(), serial=(), hid=(), payment=()"
)


def security_headers() -> dict[str, str]:
    """Headers of every answer. `Content-Security-Policy` is for answers that have none of their own."""
    return {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": PERMISSIONS,
        "Cross-Origin-Resource-Policy": "same-origin",
        CSP: f"default-src 'none'; sandbox; frame-ancestors {_ancestors()}",
    }


def _ancestors() -> str:
    return EMBEDDING if on_space() else "'self'"


def page_policy(hashes: Iterable[str]) -> str:
    """The page's `Content-Security-Policy`: nothing from other hosts, and only the given inline scripts.

    Parameters
    ----------
    hashes : iterable of str
        Hashes of the allowed scripts, from `script_hashes`.
    """
    scripts = " ".join(f"'{one}'" for one in sorted(set(hashes)))
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'unsafe-eval' {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "media-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self' data: blob:",
            "worker-src 'self' blob:",
            "frame-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            f"frame-ancestors {_ancestors()}",
        )
    )


def script_hashes(markup: str) -> list[str]:
    """The CSP hash, ``sha256-…``, of every inline script in some HTML."""
    return [_hash(script.encode()) for script in INLINE.findall(markup)]


def _hash(script: bytes) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}"


class PagePolicy:
    """Middleware next to Gradio that sets the page's policy, with a hash of every inline script in it.

    Parameters
    ----------
    app : ASGI application
    heads : iterable of str
        Markup that Gradio's script adds to the page's head later.
    first : str
        Markup to put at the beginning of the page's head, before Gradio's scripts.
    """

    def __init__(self, app: Callable, heads: Iterable[str] = (), first: str = "") -> None:
        self._app = app
        self._first = first.encode()
        self._later = tuple(one for head in heads for one in script_hashes(head))
        self._policy = lru_cache(8)(self._policy_of)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; a page is held back until it is complete, because its policy depends on its content."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        page = _Page(send, self._policy, self._first)
        return await self._app(scope, receive, page.send)

    def _policy_of(self, body: bytes) -> str:
        return page_policy((*script_hashes(body.decode(errors="replace")), *self._later))


class _Page:
    """An answer that, if it is a page, is held back until its policy is known."""

    def __init__(self, send: Send, policy: Callable[[bytes], str], first: bytes = b"") -> None:
        self._send, self._policy, self._first = send, policy, first
        self._start: dict | None = None
        self._pieces: list[bytes] = []

    async def send(self, message: dict) -> None:
        """ASGI's `send`."""
        if message["type"] == "http.response.start" and _is_page(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._pieces.append(message.get("body", b""))
            if not message.get("more_body", False):
                start, self._start = self._start, None
                await self._finish(start, b"".join(self._pieces))

    async def _finish(self, start: dict, body: bytes) -> None:
        body = body.replace(b"<head>", b"<head>" + self._first, 1)
        headers = MutableHeaders(scope=start)
        headers[CSP] = self._policy(body)
        if body:  # a HEAD request has none
            headers["content-length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _is_page(start: dict) -> bool:
    headers = MutableHeaders(scope=start)
    attached = headers.get("content-disposition", "").startswith("attachment")
    return headers.get("content-type", "").startswith("text/html") and not attached
