"""What goes out, run by the programs it is made for: LiteRT, and TensorFlow.js in Node from an address of its own."""

from __future__ import annotations

import functools
import http.server
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.waiting import begun, ended

ROOT = Path(__file__).parents[3]
NO_TFJS = "no TensorFlow.js: install Node, then npm install --prefix .cache/tfjs @tensorflow/tfjs@4.22.0"


def tfjs_modules() -> Path | None:
    """Node's packages with TensorFlow.js among them; None where there is no Node, or not that package."""
    found = Path(os.environ.get("FACEOFF_TFJS") or ROOT / ".cache/tfjs/node_modules")
    return found if shutil.which("node") and (found / "@tensorflow/tfjs").is_dir() else None


def in_node(modules: Path, url: str, x: np.ndarray) -> np.ndarray:
    """What TensorFlow.js answers for ``(n, side, side, 1)``."""
    command = ["node", str(Path(__file__).parent / "run_tfjs.cjs"), str(modules), url]
    rows = json.dumps(x.reshape(len(x), -1).tolist())
    done = subprocess.run(command, input=rows, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return np.array(json.loads(done.stdout))


def litert(file: Path, x: np.ndarray) -> np.ndarray:
    """What LiteRT answers."""
    interpreter = pytest.importorskip("ai_edge_litert.interpreter").Interpreter(str(file), num_threads=1)
    interpreter.allocate_tensors()
    given, out = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    assert given["dtype"] == out["dtype"] == np.float32
    answers = []
    for row in x:
        interpreter.set_tensor(given["index"], row[None])
        interpreter.invoke()
        answers.append(interpreter.get_tensor(out["index"])[0].copy())
    return np.array(answers)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A folder's address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    thread = begun(server.serve_forever)
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        assert ended(thread)
        server.server_close()
