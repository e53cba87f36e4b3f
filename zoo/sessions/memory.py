"""Limits the memory that many threads allocate and free. Has no effect without glibc."""

from __future__ import annotations

import contextlib
import ctypes
import sys

M_ARENA_MAX = -8  # from malloc.h
ARENAS = 2


def share_arenas() -> None:
    """Make all threads allocate from the same few arenas.

    glibc creates up to eight arenas per core, each of which keeps freed memory: a server
    with 30 threads would grow for minutes without using more. Call it before starting threads.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)


def give_back_memory() -> None:
    """Return freed memory to the system; glibc would keep it."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
