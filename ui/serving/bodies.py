"""Limits on the size and speed of request bodies, checked as they arrive and before Gradio parses them."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from python_multipart.multipart import MultipartParser, parse_options_header

from ui.serving.refusal import BAD_REQUEST, TIMEOUT, TOO_LARGE, WRONG_TYPE, Refusal

Receive = Callable[[], Awaitable[dict]]


@dataclass(frozen=True)
class Limits:
    """Limits for one request.

    Parameters
    ----------
    json : int
        Bytes of a JSON body. A camera frame has up to 400,000.
    values, depth : int
        Values in a JSON body, and levels of nesting. The cost of parsing depends on these, not on the bytes.
    field : int
        Bytes of a form field other than a file.
    file : int
        Bytes of an uploaded file.
    request : int
        Bytes of a whole upload, with all its files and fields.
    parts : int
        Files and fields in an upload.
    silence : float
        Seconds without any data after which a request is aborted.
    rate : int
        Minimum average rate in bytes per second, enforced once `silence` seconds have passed.
    """

    json: int = 2**20
    values: int = 20_000
    depth: int = 64
    field: int = 16 * 2**10
    file: int = 200 * 2**20
    request: int = 201 * 2**20
    parts: int = 100
    silence: float = 15.0
    rate: int = 1024


class Incoming:
    """A request's body as it arrives; a body that is too large, or stalls, is refused.

    Parameters
    ----------
    receive : callable
        ASGI's `receive`.
    limits : Limits
    most : int
        Maximum size of the body in bytes.
    clock : callable, optional
        Returns the time in seconds.
    """

    def __init__(self, receive: Receive, limits: Limits, most: int, clock: Callable[[], float] = time.monotonic):
        self._receive, self._limits, self._most, self._clock = receive, limits, most, clock
        self._begun, self.size, self.complete = clock(), 0, False

    async def next(self) -> dict:
        """The next ASGI message; once the body is complete, without any limits.

        Raises
        ------
        Refusal
            The body is too large or arrives too slowly.
        """
        if self.complete:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), self._patience())
        except (TimeoutError, asyncio.TimeoutError):
            raise Refusal(
                TIMEOUT,
                f"Only {self.size:,} bytes of the request came in {self._clock() - self._begun:.0f} s; "
                "it was given up. Check the connection and try again.",
            ) from None
        if message["type"] == "http.request":
            self.size += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)
            self.check(self.size)
        return message

    async def skip(self) -> dict:
        """The next message of a refused body, which is discarded; only the end of the body is noted."""
        message = await self._receive()
        self.complete = message["type"] == "http.request" and not message.get("more_body", False)
        return message

    def check(self, size: int) -> None:
        """Reject a body of this many bytes, whether received or announced.

        Raises
        ------
        Refusal
        """
        if size > self._most:
            raise Refusal(TOO_LARGE, f"The request is too large; the limit here is {_amount(self._most)}.")

    def _patience(self) -> float:
        allowed = self._limits.silence + self.size / self._limits.rate
        return max(0.0, min(self._limits.silence, self._begun + allowed - self._clock()))


def _amount(size: int) -> str:
    return f"{size >> 20:,} MB" if size >= 2**20 else f"{size >> 10:,} KB"


async def read_json(incoming: Incoming, limits: Limits) -> bytes:
    """The complete JSON body, unparsed, once it has passed all limits.

    Raises
    ------
    Refusal
        The body is too large, too slow, incomplete, or fails `check_structure`.
    """
    pieces = []
    while not incoming.complete:
        message = await incoming.next()
        if message["type"] != "http.request":
            raise Refusal(BAD_REQUEST, "The connection was closed before the request was complete.")
        pieces.append(message.get("body", b""))
    body = b"".join(pieces)
    check_structure(body, limits)
    return body


TEXTS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def check_structure(body: bytes, limits: Limits) -> None:
    """Refuse JSON that has too many values or is nested too deeply. Its validity is not checked.

    Raises
    ------
    Refusal
    """
    # A camera frame is one long string with hardly any of these bytes, so this count is all that it costs.
    if _values(body) <= limits.depth:
        return
    bare = TEXTS.sub(b"", body)
    if _values(bare) > limits.values:
        raise Refusal(TOO_LARGE, f"The request holds too many values; the limit is {limits.values:,}.")
    depth = deepest = 0
    for bracket in bare.translate(None, NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    if deepest > limits.depth:
        raise Refusal(TOO_LARGE, f"The request is nested too deeply; the limit is {limits.depth} levels.")


def _values(body: bytes) -> int:
    return sum(map(body.count, (b",", b"[", b"{")))


class Form:
    """Counts and measures the parts of an upload as it arrives; `parts` is the number begun so far.

    Parameters
    ----------
    content_type : str
        The request's `Content-Type`, with the boundary.
    limits : Limits

    Raises
    ------
    Refusal
        The content type has no valid boundary.
    """

    def __init__(self, content_type: str, limits: Limits) -> None:
        self._limits, self.parts, self._size, self._most = limits, 0, 0, limits.field
        self._header, self._value = b"", b""
        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary or len(boundary) > 256:
            raise Refusal(BAD_REQUEST, "The upload's Content-Type has no valid boundary between its parts.")
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._name,
                "on_header_value": self._content,
                "on_header_end": self._header_done,
                "on_part_data": self._data,
            },
        )

    def write(self, piece: bytes) -> None:
        """Check the next chunk of the upload.

        Raises
        ------
        Refusal
            The chunk is malformed, or a part or the number of parts exceeds its limit.
        """
        try:
            self._parser.write(piece)
        except ValueError as error:  # includes the parser's own errors
            raise Refusal(BAD_REQUEST, f"The upload is not valid multipart/form-data ({error}).") from None

    def _begin(self) -> None:
        self.parts += 1
        self._size, self._most = 0, self._limits.field
        if self.parts > self._limits.parts:
            raise Refusal(TOO_LARGE, f"The upload has too many parts; send at most {self._limits.parts} files at once.")

    def _name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _content(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_done(self) -> None:
        if self._header.lower() == b"content-disposition":  # if there are several, Gradio uses the last
            is_file = b"filename" in parse_options_header(self._value)[1]
            self._most = self._limits.file if is_file else self._limits.field
        self._header, self._value = b"", b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._size += end - start
        if self._size > self._most:
            kind = "file" if self._most == self._limits.file else "form field"
            raise Refusal(TOO_LARGE, f"The {kind} is too large; the limit is {_amount(self._most)}.")


def check_type(content_type: str, expected: str) -> None:
    """Refuse a body whose type is not the one that the route takes.

    Raises
    ------
    Refusal
    """
    given = content_type.partition(";")[0].strip().lower()
    if given != expected:
        shown = given[:60] or "none"
        raise Refusal(WRONG_TYPE, f"Send the request as {expected}; its Content-Type is {shown!r}.")
