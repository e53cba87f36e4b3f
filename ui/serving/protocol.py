"""uvicorn's HTTP protocol with a time limit for request headers, and fair shares of the connections."""

from __future__ import annotations

import asyncio
from typing import cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from ui.serving.storage import client_of

HEADER_SECONDS = 15.0
MOST, FEW = 2000, 100  # connections at one time, after which a client address may have only few
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 30\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class PromptProtocol(H11Protocol):
    """Closes a connection that does not send complete request headers within 15 s (uvicorn has no such limit).

    The time runs from when the connection is made, or from the first byte of a further request on it; data that
    trickles in does not extend it. When there are many connections, it also closes a new one whose address has its
    share. Bodies are timed by `ui.serving.bodies`.
    """

    _deadline: asyncio.TimerHandle | None = None
    address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the time limit when a client connects, unless it has too many connections already."""
        super().connection_made(cast(asyncio.Transport, transport))
        self.address = client_of({"client": self.client})
        if self._has_share():
            self.transport.write(BUSY)
            self.transport.close()
        else:
            self._start()

    def data_received(self, data: bytes) -> None:
        """Process data, and stop the time limit once the headers are complete."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._start()
        else:
            self._stop()

    def send_400_response(self, msg: str) -> None:
        """Say that a request is malformed. What answers it, if its headers were in order, can send no more.

        uvicorn would let it try, and fail with an error that is not the app's.
        """
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time limit when the connection is closed."""
        self._stop()
        super().connection_lost(exc)

    def _has_share(self) -> bool:
        """Whether there are many connections, this one included, and its address has more than a few of them."""
        if len(self.connections) <= MOST:
            return False
        return sum(getattr(other, "address", "") == self.address for other in self.connections) > FEW

    def _start(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEADER_SECONDS, self._give_up)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            self.transport.close()
