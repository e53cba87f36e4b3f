"""Runs ``.tflite`` networks with LiteRT, on one thread."""

from __future__ import annotations

import threading
import traceback
from types import TracebackType
from typing import TYPE_CHECKING

from features.stderr import without_native_logs

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter


def interpreter(model: bytes) -> Interpreter:
    """LiteRT's interpreter for a ``.tflite`` file, ready to run. Not thread-safe.

    Raises
    ------
    ValueError
        LiteRT cannot read the file.
    """
    from ai_edge_litert.interpreter import Interpreter  # here, because the page starts without it

    with without_native_logs():
        runner = Interpreter(model_content=model, num_threads=1)
        runner.allocate_tensors()
    return runner


class Turn:
    """Lets one thread at a time use an interpreter, in a ``with`` statement.

    LiteRT refuses to run while a view of one of its tensors exists anywhere. An error that passes keeps every variable
    of the functions it passed through for as long as somebody handles or logs it, views included; so they are let go
    before the next thread has its turn.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        traceback.clear_frames(at)
        self._lock.release()
