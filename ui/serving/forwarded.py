"""Forwarded headers of a reverse proxy, which are trusted only if the proxy was declared."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from starlette.datastructures import Headers

# Gradio reads `x-gradio-server`, and would write whatever address it holds into the page.
PREFIX, OTHERS = b"x-forwarded-", (b"forwarded", b"x-real-ip", b"x-gradio-server")


@dataclass(frozen=True)
class Proxy:
    """Whether requests come through a reverse proxy.

    Parameters
    ----------
    trusted : bool
        Every request comes through it.
    on_loopback : bool
        Requests from this computer come through it, as with the tunnel of the public link.
    """

    trusted: bool = False
    on_loopback: bool = False

    def read(self, scope: dict) -> dict:
        """The ASGI scope as the proxy describes it; forwarded headers are removed unless the proxy is trusted."""
        headers = Headers(scope=scope)
        if not self._believed(scope):
            return {**scope, "headers": [pair for pair in scope["headers"] if not _is_claim(pair[0])]}
        scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"x-gradio-server"]}
        scheme = _first(headers.get("x-forwarded-proto"))
        if scheme in ("http", "https"):
            scope["scheme"] = scheme
        client = _client(headers.getlist("x-forwarded-for"))
        if client:
            scope["client"] = (client, 0)
        return scope

    def _believed(self, scope: dict) -> bool:
        return self.trusted or (self.on_loopback and _is_loopback(scope))


def asked_host(scope: dict) -> str:
    """The requested host: as reported by a trusted proxy, otherwise the `Host` header."""
    headers = Headers(scope=scope)
    return _first(headers.get("x-forwarded-host")) or headers.get("host", "")


def _first(value: str | None) -> str:
    return (value or "").partition(",")[0].strip()


def _is_claim(name: bytes) -> bool:
    return name.startswith(PREFIX) or name in OTHERS


def _is_loopback(scope: dict) -> bool:
    peer = scope.get("client")
    try:
        return peer is not None and ipaddress.ip_address(peer[0]).is_loopback
    except ValueError:
        return False


def _client(lines: list[str]) -> str:
    """The client's address: the last public one, or the last one if none is public.

    Each proxy appends an address, so the client may have forged those further left.
    """
    given = [_address(part) for part in ",".join(lines).split(",")]
    known = [one for one in reversed(given) if one is not None]
    return str(next((one for one in known if one.is_global), known[0] if known else ""))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip().strip("[]"))
    except ValueError:
        return None
