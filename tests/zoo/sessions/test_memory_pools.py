"""How many pools glibc makes for threads, counted by glibc itself."""

import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, sys, threading
from zoo.sessions.memory import ARENAS, share_arenas

if sys.argv[1] == "shared":
    share_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
begin, end = threading.Barrier(13), threading.Barrier(13)


def work():
    libc.malloc(1000)
    begin.wait()
    end.wait()


for _ in range(12):
    threading.Thread(target=work, daemon=True).start()
begin.wait()
libc.malloc_stats()
end.wait()
"""


def pools(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stderr.count("Arena ")


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
def test_threads_share_a_few_pools_of_memory():
    if not pools("usual"):
        pytest.skip("this C library counts no pools")
    assert pools("usual") > 2 and pools("shared") <= 2
