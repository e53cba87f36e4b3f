"""The web server: uvicorn as Gradio starts it, on any address, behind the gate, asked without a proxy."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from ui.gradio_state import Server, started_by
from ui.serving.environment import without_proxies
from ui.serving.guard import Guard, Policy
from ui.serving.protocol import PromptProtocol

LOOPBACK = "127.0.0.1"
WILDCARDS = ("0.0.0.0", "::")
FIRST_PORT, PORTS = 7860, 100


@dataclass(frozen=True)
class Address:
    """Where to listen.

    Parameters
    ----------
    host : str
        A name or an address, IPv6 without brackets.
    ports : range
        The first free one is taken.
    """

    host: str
    ports: range

    @property
    def local(self) -> str:
        """The host as this computer itself asks for it, in a URL's form."""
        host = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(self.host, self.host)
        return in_url(host)

    def listen(self) -> socket.socket:
        """A socket on the first free port.

        Raises
        ------
        OSError
            No such address here, or no port is free.
        """
        last = OSError("no port to try")
        for port in self.ports:
            try:
                return _listen(self.host, port)
            except OSError as error:
                last = error
        raise last


def address(host: str | None, port: int | None) -> Address:
    """Where to listen, from the command line, or as the environment tells Gradio (a Space does)."""
    host = (host or os.environ.get("GRADIO_SERVER_NAME") or LOOPBACK).strip()
    first = port or int(os.environ.get("GRADIO_SERVER_PORT") or FIRST_PORT)
    tries = 1 if port else int(os.environ.get("GRADIO_NUM_PORTS") or PORTS)
    return Address(host[1:-1] if host.startswith("[") and host.endswith("]") else host, range(first, first + tries))


def in_url(host: str) -> str:
    """A host in URL form: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host else host


def _listen(host: str, port: int) -> socket.socket:
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
    both = host == "::" and socket.has_dualstack_ipv6()
    listening = socket.create_server((host, port), family=family, backlog=2048, dualstack_ipv6=both)
    # Connections inherit it. asyncio sets it on sockets made with a protocol number only, which these are not, and
    # without it every answer in more than one piece waits 40 ms for the client's delayed acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def can_listen(host: str | None) -> bool:
    """Whether this computer has such an address."""
    try:
        _listen(address(host, None).host, 0).close()
    except (OSError, UnicodeError):
        return False
    return True


def _starter(where: Address, policy: Policy) -> Callable:
    """What takes the place of Gradio's `start_server`."""

    def start_server(
        app: Callable, *, ssl_keyfile: str | None = None, ssl_certfile: str | None = None, **_: object
    ) -> tuple[str, int, str, Server]:
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
    """Within this context, `Blocks.launch` listens at this address, by this policy.

    It asks the app whether it has started. That must not go through the proxy that the environment
    names, which knows no loopback, and may need a package that is not there.
    """
    with started_by(_starter(where, policy)), without_proxies():
        yield
