"""Turns at long tasks: first come, first served."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

LOOK_SECONDS = 0.5  # between two looks whether a waiting task was cancelled


class Turns:
    """At most so many tasks at one time; others wait in line. Thread-safe.

    Parameters
    ----------
    most : int
    """

    def __init__(self, most: int) -> None:
        self._free = most
        self._line: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    def take(self, cancelled: Callable[[], bool] = lambda: False) -> bool:
        """Wait for a turn; False if `cancelled` before it came."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            called = threading.Event()
            self._line.append(called)
        while not called.wait(LOOK_SECONDS):
            if cancelled() and self._leaves(called):
                return False
        return True

    def _leaves(self, called: threading.Event) -> bool:
        """Leave the line, unless the turn has just come."""
        with self._lock:
            if called.is_set():
                return False
            self._line.remove(called)
            return True

    def end(self) -> None:
        """End a turn: the first in line has the next."""
        with self._lock:
            if self._line:
                self._line.popleft().set()
            else:
                self._free += 1

    @property
    def wanted(self) -> bool:
        """Whether anybody waits."""
        return bool(self._line)
