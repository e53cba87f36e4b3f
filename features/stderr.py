"""Keeps what native libraries log when they start off stderr, and nothing else."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator

# LiteRT's and MediaPipe's information and warnings. What they log as errors is shown.
# A progress bar may stand before them on the same line.
_LOGGED = re.compile(
    rb"(?:INFO: (?:Created|Initialized) TensorFlow Lite"
    rb"|WARNING: All log messages before absl::InitializeLog\(\)"
    rb"|[IW]\d{4} \d\d:\d\d:\d+\.\d+ +\d+ [\w.]+:\d+\] )[^\n]*\n?"
)
_ONE_AT_A_TIME = threading.RLock()


@contextlib.contextmanager
def without_native_logs() -> Iterator[None]:
    """Drop information and warnings of MediaPipe and LiteRT in a ``with``; everything else is shown at its end.

    They write to file descriptor 2 themselves and have no switch that Python can reach.
    """
    with _ONE_AT_A_TIME, contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # no stderr, or no room for a temporary file: then with their logs
            stack.enter_context(_caught())
        yield


@contextlib.contextmanager
def _caught() -> Iterator[None]:
    with tempfile.TemporaryFile() as file:
        shown = os.dup(2)
        _flush()
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            _flush()
            os.dup2(shown, 2)
            os.close(shown)
            file.seek(0)
            kept = _LOGGED.sub(b"", file.read())
            if kept:
                os.write(2, kept)


def _flush() -> None:
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
