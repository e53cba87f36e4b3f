"""Milliseconds per stage of a request."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Stopwatch:
    """Milliseconds of named steps.

    Parameters
    ----------
    clock : callable
        Gives seconds; `time.process_time` counts what the processor does for this process and nothing else.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.milliseconds: dict[str, float] = {}
        self.clock = clock

    def time(self, name: str, step: Callable[[], T]) -> T:
        """Run a step, note its time, return what it returns."""
        start = self.clock()
        result = step()
        self.milliseconds[name] = (self.clock() - start) * 1000
        return result
