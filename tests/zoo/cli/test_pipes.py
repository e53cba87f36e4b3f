"""Paths of pipes and devices: refused by name at once, where opening one would wait for a writer for ever."""

import os
import sys
import threading

import pytest

from features.clips import Clip, ClipError
from features.file_listing import look
from features.images import ImageError, load
from zoo.datasets.folders import read_folder

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")


@pytest.fixture
def pipe(tmp_path):
    """A named pipe that nobody writes to. What opens it all the same is let go on, so that the test fails instead."""
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)

    def let_go():
        end = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        os.write(end, b"from the pipe")
        os.close(end)

    timer = threading.Timer(20, let_go)
    timer.start()
    yield path
    timer.cancel()


@pytest.mark.parametrize(
    "command",
    [
        ("predict", "PIPE"),
        ("predict", "calm.jpg", "--rest", "PIPE"),
        ("video", "PIPE"),
        ("evaluate", "first", "--data", "PIPE"),
        ("evaluate", "first", "--data", "FER2013", "--votes", "PIPE"),
        ("evaluate", "first", "--data", "photos", "--people", "PIPE"),
        ("train", "hog-svm", "--data", "PIPE"),
        ("data", "--data", "PIPE"),
        ("mix", "--data", "PIPE"),
        ("predict", "calm.jpg", "--csv", "PIPE"),
    ],
    ids=" ".join,
)
def test_every_command_refuses_a_pipe(run, pipe, tmp_path, jpeg, fer2013_csv, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos/happy").mkdir(parents=True)
    for place in ("calm.jpg", "photos/happy/a.jpg"):
        (tmp_path / place).write_bytes(jpeg)
    status, _, err = run(*({"PIPE": pipe, "FER2013": fer2013_csv}.get(word, word) for word in command))
    assert status and "pipe or a device" in err and str(pipe) in err


def test_readers_refuse_a_pipe_and_folders_leave_it_out(pipe):
    for reader, error in ((load, ImageError), (Clip, ClipError), (read_folder, ValueError)):
        with pytest.raises(error, match="pipe|not a file"):
            reader(pipe)
    assert not look(pipe.parent).others


@pytest.mark.skipif(sys.platform == "win32", reason="no such devices")
def test_a_device_is_refused_and_a_redirected_file_is_not(run, jpeg, tmp_path):
    status, _, err = run("predict", "/dev/zero")
    assert status == 1 and "/dev/zero is a pipe or a device" in err
    (tmp_path / "link.jpg").symlink_to(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_bytes(jpeg)
    assert run("predict", tmp_path / "link.jpg")[0] == 0
