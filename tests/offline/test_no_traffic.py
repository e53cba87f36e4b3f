"""Nothing leaves this computer. Needs strace."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.offline import traffic

ROOT = Path(__file__).parents[2]
STEPS = ["compare", "live", "clip", "teach", "export", "linger"]

pytestmark = pytest.mark.skipif(not traffic.can_trace(), reason="no strace, or none that works")


def run(tmp_path: Path, *command: str) -> tuple[subprocess.CompletedProcess, list[str]]:
    env = os.environ | {"FACEOFF_CACHE": str(tmp_path / "cache"), "GRADIO_TEMP_DIR": str(tmp_path / "gradio")}
    return traffic.traced([sys.executable, *command], tmp_path / "log", cwd=ROOT, env=env, timeout=360)


def test_a_whole_lesson_asks_nobody_for_anything(tmp_path):
    done, outbound = run(tmp_path, "-m", "tests.offline.scenario", str(tmp_path))
    assert outbound == []
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line in STEPS] == STEPS


ASK = """
import contextlib, socket
with contextlib.suppress(OSError):
    {}
"""
LOOK_UP = ASK.format("socket.getaddrinfo('play.googleapis.com', 443)")
CONNECT = ASK.format("socket.create_connection(('192.0.2.1', 443), timeout=0.2)")
CONNECT_6 = ASK.format("socket.create_connection(('2001:db8::1', 443), timeout=0.2)")
SEND = ASK.format("socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 9))")
CHILD = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {CONNECT!r}])"
THREAD = f"import threading\nthread = threading.Thread(target=exec, args=({CONNECT!r}, {{}}))\nthread.start()"
WAYS = {"look up": LOOK_UP, "IPv4": CONNECT, "IPv6": CONNECT_6, "UDP": SEND, "child": CHILD, "thread": THREAD}


@pytest.mark.parametrize("code", WAYS.values(), ids=WAYS)
def test_whatever_goes_out_is_seen(code, tmp_path):
    done, outbound = run(tmp_path, "-c", code)
    assert done.returncode == 0 and outbound, done.stderr


HERE = """
import socket
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname()).sendall(b"x")
if socket.has_ipv6:
    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
        socket.create_connection(server.getsockname()[:2]).sendall(b"x")
    except OSError:
        pass
socket.getaddrinfo("127.0.0.1", 80)
"""


def test_what_stays_here_is_not_counted(tmp_path):
    assert run(tmp_path, "-c", HERE)[1] == []
