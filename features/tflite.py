"""Runs ``.tflite`` networks with LiteRT, on one thread."""

from __future__ import annotations

from ai_edge_litert.interpreter import Interpreter

from features.stderr import without_native_logs


def interpreter(model: bytes) -> Interpreter:
    """LiteRT's interpreter for a ``.tflite`` file, ready to run. Not thread-safe.

    Raises
    ------
    ValueError
        LiteRT cannot read the file.
    """
    with without_native_logs():
        runner = Interpreter(model_content=model, num_threads=1)
        runner.allocate_tensors()
    return runner
