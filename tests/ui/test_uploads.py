"""Pictures do not outlive the app."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

import demo
from tests.waiting import answers, first_line, program, wait_for
from ui import uploads

HOLD = """
import time
from ui import uploads
with uploads.folder(600, 60) as own:
    print(own, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def temp(tmp_path, monkeypatch):
    monkeypatch.setattr(uploads.tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv(uploads.VARIABLE, raising=False)
    return tmp_path


def test_the_folder_is_private_and_ends_with_the_app(temp):
    with uploads.folder(600, 60) as own:
        assert own.parent == uploads.home()
        assert os.environ[uploads.VARIABLE] == str(own)
        if os.name == "posix":
            assert own.parent.stat().st_mode & 0o777 == own.stat().st_mode & 0o777 == 0o700
        (own / "face.png").write_bytes(b"picture")
    assert not own.exists()
    assert uploads.VARIABLE not in os.environ


def test_what_a_killed_app_left_is_swept_and_only_that(temp):
    left = uploads.home() / "app-killed" / "hash"
    left.mkdir(parents=True)
    (left / "face.png").write_bytes(b"picture")
    (temp / "gradio").mkdir()
    (temp / "gradio" / "of-others.png").write_bytes(b"picture")
    with uploads.folder(600, 60):
        time.sleep(0.2)
        assert (left / "face.png").exists()  # young: its app may be running
    time.sleep(0.05)
    with uploads.folder(0.01, 60):
        assert wait_for(lambda: not (left / "face.png").exists())
    assert (temp / "gradio" / "of-others.png").exists()


def test_what_an_app_that_was_killed_left_goes_at_the_next_start_and_nothing_of_one_that_runs(temp):
    command = [sys.executable, "-c", HOLD]
    environ = {name: value for name, value in os.environ.items() if name != uploads.VARIABLE} | {"TMPDIR": str(temp)}
    options = {"env": environ, "cwd": Path(demo.__file__).parent, "stdout": subprocess.PIPE, "text": True}
    with program(command, **options) as first, program(command, **options) as second:
        killed, running = (Path(first_line(one)) for one in (first, second))
        for own in (killed, running):
            (own / "face.png").write_bytes(b"picture")
        first.kill()
        first.wait(10)
        assert (killed / "face.png").exists()
        with uploads.folder(600, 60) as own:
            assert not killed.exists() and (running / "face.png").exists() and own.exists()
            assert {path.suffix for path in uploads.home().iterdir() if path.is_file()} == {uploads.LOCK}


def test_a_look_for_old_files_leaves_the_locks_of_running_apps(temp):
    with uploads.folder(600, 60) as own:
        (own / "face.lock").write_bytes(b"somebody's upload")
        time.sleep(0.05)
        uploads.sweep(uploads.home(), 0.01)
        assert own.with_suffix(uploads.LOCK).exists() and not (own / "face.lock").exists()


def test_a_folder_from_outside_is_used_and_not_touched(temp, monkeypatch):
    (temp / "mine.png").write_bytes(b"picture")
    monkeypatch.setenv(uploads.VARIABLE, str(temp))
    with uploads.folder(0, 0.01) as own:
        assert own == temp
        time.sleep(0.05)
    assert (temp / "mine.png").exists()


@pytest.mark.skipif(os.name != "posix", reason="needs symbolic links")
def test_a_link_in_the_folders_place_is_not_followed(temp):
    (temp / "elsewhere").mkdir()
    uploads.home().symlink_to(temp / "elsewhere")
    with uploads.folder(600, 60) as own:
        assert not own.resolve().is_relative_to(temp / "elsewhere")


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_after_a_signal_no_picture_is_left(name, tmp_path, astronaut):
    number = getattr(signal, name)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {name: value for name, value in os.environ.items() if name != uploads.VARIABLE}
    command = [sys.executable, str(Path(demo.__file__)), "--port", str(port)]
    before = signal.getsignal(number)
    signal.signal(number, signal.SIG_DFL)  # the tests themselves may run under nohup, which the app would inherit
    with program(command, cwd=tmp_path, env={**env, "TMPDIR": str(tmp_path)}) as running:
        signal.signal(number, before)
        address = f"http://127.0.0.1:{port}"
        assert wait_for(lambda: running.poll() is not None or answers(f"{address}/config"), 60)
        sent = {"files": ("face.png", astronaut.read_bytes())}
        (kept,) = httpx.post(f"{address}/gradio_api/upload", files=sent, timeout=60).json()
        assert Path(kept).is_file()
        assert Path(kept).is_relative_to(tmp_path)
        running.send_signal(number)
        assert running.wait(30) == 0
    assert [path for path in tmp_path.rglob("*.png") if path != astronaut] == []
