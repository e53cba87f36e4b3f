"""Milliseconds per stage of a request."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Stopwatch:
    """Milliseconds of named steps."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}

    def time(self, name: str, step: Callable[[], T]) -> T:
        """Run a step, note its time, return what it returns."""
        start = time.perf_counter()
        result = step()
        self.milliseconds[name] = (time.perf_counter() - start) * 1000
        return result
