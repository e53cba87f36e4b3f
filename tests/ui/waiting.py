"""Waiting for what happens in another thread or program."""

import time
from collections.abc import Callable


def wait_for(true: Callable[[], object], seconds: float = 10.0) -> bool:
    """Whether something becomes true soon."""
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(0.03)
    return bool(true())
