"""The web server: uvicorn, started in place of Gradio's own server, on any address and behind `Guard`."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import uvicorn

from ui.gradio_state import Server, started_by
from ui.serving.environment import without_proxies
from ui.serving.guard import Guard, Policy
from ui.serving.protocol import MOST, PromptProtocol

LOOPBACK = "127.0.0.1"
WILDCARDS = ("0.0.0.0", "::")
FIRST_PORT, PORTS, LAST_PORT = 7860, 100, 65535


@dataclass(frozen=True)
class Address:
    """The host and ports to listen on.

    Parameters
    ----------
    host : str
        A name or an address; IPv6 addresses have no brackets.
    ports : range
        The first free one is taken.
    """

    host: str
    ports: range

    @property
    def local(self) -> str:
        """The host in URL form for use on this computer, with loopback instead of a wildcard address."""
        host = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(self.host, self.host)
        return in_url(host)

    def listen(self) -> socket.socket:
        """A socket on the first free port.

        Raises
        ------
        OSError
            This computer does not have the address, or no port is free.
        """
        last = OSError("no port to try")
        for port in self.ports:
            try:
                return _listen(self.host, port)
            except OSError as error:
                last = error
        raise last


def address(host: str | None, port: int | None) -> Address:
    """Where to listen: as given, or else as Gradio's environment variables say, which a Space sets.

    Parameters
    ----------
    host : str or None
        None is ``GRADIO_SERVER_NAME``, or loopback without it.
    port : int or None
        The only port to try. None means the first free port of ``GRADIO_NUM_PORTS`` (by default 100), counted from
        ``GRADIO_SERVER_PORT`` (by default 7860).

    Raises
    ------
    SystemExit
        An environment variable is needed and is not such a number.
    """
    host = (host or os.environ.get("GRADIO_SERVER_NAME") or LOOPBACK).strip()
    first = port or _number("GRADIO_SERVER_PORT", FIRST_PORT)
    tries = 1 if port else _number("GRADIO_NUM_PORTS", PORTS)
    return Address(
        host[1:-1] if host.startswith("[") and host.endswith("]") else host,
        range(first, min(first + tries, LAST_PORT + 1)),
    )


def _number(variable: str, usual: int) -> int:
    text = os.environ.get(variable, "").strip()
    if not text:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= LAST_PORT):
        raise SystemExit(f"{variable} is {text[:40]!r}; expected a whole number from 1 to {LAST_PORT}.")
    return int(text)


def in_url(host: str) -> str:
    """A host in URL form: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host else host


def _listen(host: str, port: int) -> socket.socket:
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
    both = host == "::" and socket.has_dualstack_ipv6()
    listening = socket.create_server((host, port), family=family, backlog=2048, dualstack_ipv6=both)
    # Connections inherit this option. asyncio sets it only on sockets made with a protocol number, unlike these.
    # Without it, every answer in more than one piece waits 40 ms for the client's delayed acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def can_listen(host: str | None) -> bool:
    """Whether this computer can listen on this host; None is the default host."""
    try:
        _listen(address(host, None).host, 0).close()
    except (OSError, UnicodeError):
        return False
    return True


def allow_open_files(number: int) -> None:
    """Raise this process's limit of open files, connections among them: macOS allows 256, Linux often 1024."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = number if most == resource.RLIM_INFINITY else min(number, most)
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _starter(where: Address, policy: Policy) -> Callable:
    """A replacement for Gradio's `start_server`."""

    def start_server(
        app: Callable, *, ssl_keyfile: str | None = None, ssl_certfile: str | None = None, **_: object
    ) -> tuple[str, int, str, Server]:
        allow_open_files(2 * MOST)
        listening = where.listen()
        port = listening.getsockname()[1]
        config = uvicorn.Config(
            app=Guard(app, policy),
            http=PromptProtocol,
            ws="none",
            host=where.host,
            port=port,
            log_level="warning",
            ssl_keyfile=ssl_keyfile,
            ssl_certfile=ssl_certfile,
            proxy_headers=False,  # `ui.serving.forwarded` reads them
            server_header=False,
        )
        server = Server(config, listening)
        server.run_in_thread()
        return where.host, port, f"http{'s' if ssl_certfile else ''}://{where.local}:{port}/", server

    return start_server


@contextmanager
def serving(where: Address, policy: Policy) -> Iterator[None]:
    """Let `Blocks.launch` listen on this address with this policy, within a ``with`` statement.

    `Blocks.launch` sends the app a request to see whether it has started. That request must bypass any proxy set in
    the environment, which could not reach loopback and may need a package that is not installed.
    """
    with started_by(_starter(where, policy)), without_proxies():
        yield
