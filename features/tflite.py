"""Runs ``.tflite`` networks with LiteRT, on one thread."""

from __future__ import annotations

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
