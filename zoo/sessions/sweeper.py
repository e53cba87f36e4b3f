"""One thread for all that a server does now and then: forgetting what is idle, deleting what is old."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Chore:
    """Something to do now and then.

    Parameters
    ----------
    name : str
    every : float
        Seconds from one time to the next.
    work : callable
        What it raises is logged, and keeps nobody else waiting.
    """

    name: str
    every: float
    work: Callable[[], object]


class Sweeper:
    """Does chores in a thread of its own while it is entered, one after the other.

    Parameters
    ----------
    clock : callable
        Seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due: dict[Chore, float] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._ended = False

    def add(self, chore: Chore) -> None:
        """Do this from now on; first when its time has passed once."""
        with self._changed:
            self._due[chore] = self._clock() + chore.every
            self._changed.notify()

    def __enter__(self) -> Sweeper:
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop; what is being done is waited for, up to some seconds."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(5)

    def do_due(self) -> None:
        """Do everything that is due now."""
        now = self._clock()
        with self._changed:
            due = [chore for chore, at in self._due.items() if at <= now]
            self._due |= {chore: now + chore.every for chore in due}
        for chore in due:
            try:
                chore.work()
            except Exception:
                LOG.exception("sweeping failed: %s", chore.name)

    def _run(self) -> None:
        while not self._ended:
            self.do_due()
            with self._changed:
                rest = min(self._due.values(), default=float("inf")) - self._clock()
                if not self._ended and rest > 0:
                    self._changed.wait(min(rest, threading.TIMEOUT_MAX))
