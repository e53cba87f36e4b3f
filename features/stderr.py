"""The standard streams: opened where they are closed; start-up messages of native libraries are kept off stderr."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator

# Information and warnings of LiteRT and MediaPipe. Their errors are shown.
# A progress bar may precede them on the same line.
_LOGGED = re.compile(
    rb"(?:INFO: (?:Created|Initialized) TensorFlow Lite"
    rb"|WARNING: All log messages before absl::InitializeLog\(\)"
    rb"|[IW]\d{4} \d\d:\d\d:\d+\.\d+ +\d+ [\w.]+:\d+\] )[^\n]*\n?"
)
_ONE_AT_A_TIME = threading.RLock()


def open_missing() -> None:
    """Open the null device for standard streams that are closed, as under ``pythonw`` and some service managers.

    Otherwise libraries fail on None, errors go to stdout, and the next file takes the number to which native libraries
    write their logs.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  (for as long as it runs)


@contextlib.contextmanager
def without_native_logs() -> Iterator[None]:
    """Drop information and warnings of MediaPipe and LiteRT within a ``with``; everything else is shown at its end.

    They write to file descriptor 2 directly and cannot be configured from Python.
    """
    with _ONE_AT_A_TIME, contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # without stderr or space for a temporary file, their logs stay
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
