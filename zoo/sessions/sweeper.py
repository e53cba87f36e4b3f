"""One thread for all periodic tasks of a server: dropping idle state, deleting old files."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Chore:
    """A periodic task.

    Parameters
    ----------
    name : str
    every : float
        Seconds between two runs.
    work : callable
        Its exceptions are logged and do not affect other tasks.
    """

    name: str
    every: float
    work: Callable[[], object]


class Sweeper:
    """Context manager that runs periodic tasks in a thread, one at a time.

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
        """Add a task; it first runs after its interval has passed."""
        with self._changed:
            self._due[chore] = self._clock() + chore.every
            self._changed.notify()

    def __enter__(self) -> Sweeper:
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, waiting up to five seconds for a running task."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(5)

    def do_due(self) -> None:
        """Run all tasks that are due."""
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
