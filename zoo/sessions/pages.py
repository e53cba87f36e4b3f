"""Which sessions have a page open, and from where."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class Presence(Protocol):
    """Whether a session has a page open, and from which address."""

    def __contains__(self, session: object) -> bool: ...

    def address(self, session: str) -> str:
        """The client's address; empty if there is no page."""
        ...


class Everyone:
    """Without a network, every session has a page open."""

    def __contains__(self, session: object) -> bool:
        return True

    def address(self, session: str) -> str:
        """All are at one address."""
        return ""


EVERYONE = Everyone()


@dataclass
class _Page:
    address: str
    streams: int = 1


class Pages:
    """The sessions that have a page open. Thread-safe.

    A page is open while at least one of its event streams is, or while a script waits for an answer.

    Parameters
    ----------
    most : int
        Pages at one time, after which an address may open only `few`.
    few : int
    streams : int
        Streams of one session at one time.
    """

    def __init__(self, most: int = 600, few: int = 40, streams: int = 20) -> None:
        self._most, self._few, self._streams = most, few, streams
        self._pages: dict[str, _Page] = {}
        self._counts: Counter[str] = Counter()
        self._peaks: Counter[str] = Counter()
        self._leave: list[Callable[[str], None]] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._pages)

    def __contains__(self, session: object) -> bool:
        return session in self._pages

    def address(self, session: str) -> str:
        """The address from which a session's page was opened; empty if it has none."""
        page = self._pages.get(session)
        return page.address if page else ""

    def peak(self, address: str) -> int:
        """The largest number of pages an address had open at one time since `forget_peaks`."""
        return self._peaks[address]

    def forget_peaks(self) -> None:
        """Reset the peaks to the number of pages that are open now."""
        with self._lock:
            self._peaks = Counter(self._counts)

    def open(self, session: str, address: str) -> bool:
        """Register a stream of a session; False if it has too many, or its address too many pages."""
        with self._lock:
            page = self._pages.get(session)
            if page:
                allowed = page.streams < self._streams
                page.streams += allowed
                return allowed
            if len(self._pages) >= self._most and self._counts[address] >= self._few:
                return False
            self._pages[session] = _Page(address)
            self._counts[address] += 1
            self._peaks[address] = max(self._peaks[address], self._counts[address])
            return True

    def close(self, session: str) -> bool:
        """Unregister a stream of a session; True if it was the last one."""
        with self._lock:
            page = self._pages.get(session)
            if page is None or page.streams > 1:
                if page:
                    page.streams -= 1
                return False
            del self._pages[session]
            self._counts[page.address] -= 1
            self._counts += Counter()  # drops the zeros
            return True

    def when_left(self, leave: Callable[[str], None]) -> None:
        """Call `leave` with every session whose page was closed."""
        self._leave.append(leave)

    def left(self, session: str) -> None:
        """Call all functions of `when_left` with a session whose page was closed, unless it is open again."""
        if session not in self:
            for leave in self._leave:
                leave(session)
