"""What native libraries log is dropped, nothing else. Written to file descriptor 2, as they do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from features.stderr import without_native_logs
from tests.waiting import begun, ended

ROOT = Path(__file__).parents[2]
LOGS = b"""INFO: Created TensorFlow Lite XNNPACK delegate for CPU.
WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
W0000 00:00:1795719191.978784   18809 inference_feedback_manager.cc:114] Feedback manager requires a model
I0000 00:00:1795719191.978784      12 gl_context.cc:369] GL version: 3.2
"""
OURS = b"""python -m zoo: photo.jpg: not a picture
E0000 00:00:1795719191.978784   18809 calculator_graph.cc:900] INVALID_ARGUMENT
Warning: 12 of 13 faces
"""


def test_native_logs_are_dropped_and_all_else_is_shown_in_order(capfd):
    with without_native_logs():
        for line in (LOGS + OURS + LOGS).splitlines(keepends=True):
            os.write(2, line)
    assert capfd.readouterr().err.encode() == OURS


PYTHONS_OWN = """
import os, sys
from features.stderr import without_native_logs
print("one", file=sys.stderr, end=" ")
with without_native_logs():
    print("two", file=sys.stderr, end=" ")
    os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\\n")
    print("three", file=sys.stderr)
print("four", file=sys.stderr)
"""


def test_what_python_prints_meanwhile_is_shown():
    done = subprocess.run([sys.executable, "-c", PYTHONS_OWN], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stderr.split() == ["one", "two", "three", "four"]


def test_what_was_written_before_an_error_is_shown(capfd):
    with pytest.raises(ZeroDivisionError), without_native_logs():
        os.write(2, LOGS + OURS)
        raise ZeroDivisionError
    assert capfd.readouterr().err.encode() == OURS
    os.write(2, LOGS)
    assert capfd.readouterr().err.encode() == LOGS  # afterwards nothing is dropped


def test_threads_and_nesting_lose_nothing(capfd):
    def work(name):
        with without_native_logs(), without_native_logs():
            os.write(2, b"%d\n" % name)

    assert ended(*[begun(work, name) for name in range(20)])
    assert sorted(map(int, capfd.readouterr().err.split())) == list(range(20))


@pytest.mark.skipif(sys.platform == "win32", reason="closing a standard stream is a matter of POSIX shells")
def test_a_program_without_stderr_runs_all_the_same():
    code = "from features.stderr import without_native_logs\nwith without_native_logs(): print('done')"
    command = f'"{sys.executable}" -c "{code}" 2>&-'
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "done\n"
