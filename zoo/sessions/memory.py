"""Memory that many threads use and free, kept small. Does nothing where there is no glibc."""

from __future__ import annotations

import contextlib
import ctypes
import sys

M_ARENA_MAX = -8  # from malloc.h
ARENAS = 2


def share_arenas() -> None:
    """Let all threads take their memory from the same few pools.

    glibc makes a pool for nearly every thread, up to eight for each core, and each keeps what was freed in it: a server
    that works in 30 threads would grow for minutes without holding more. To be called before there are many threads.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)


def give_back_memory() -> None:
    """Return what was freed to the system; glibc would keep all of it."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
