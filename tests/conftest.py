"""Fixtures for every package: one public-domain portrait, its mesh, and made-up crops."""

import faulthandler
import os
import sys
import threading
from collections.abc import Sequence
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import av
import numpy as np
import pytest
import skimage.data
from PIL import EpsImagePlugin

from features.align import AlignedFaces, AlignSpec
from features.faces import MESH_POINTS, Faces
from features.mesh import FaceMesher

# From 1.29 on onnxruntime sends usage figures to its maker unless it is told not to before it is imported.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# Python 3.14 has no TensorFlow: tests of what needs it are left out there. test_without_tensorflow.py tests the rest.
if find_spec("tensorflow") is None:
    collect_ignore_glob = [
        "zoo/training/*",
        "zoo/exchange/exports/*",
        "zoo/exchange/imports/*",
        "ui/teach/test_export*",
    ]


# Seconds, fixtures included; the slowest test takes 80 on two cores that do nothing else.
A_TEST_HANGS_AFTER = 400
PYTHON_ENDS_WITHIN = 240  # seconds after the last test; usually it takes a few


def pytest_configure(config):
    """List tests that passed at the second attempt at the end, each with what failed at the first."""
    if config.pluginmanager.hasplugin("rerunfailures"):
        config.option.rerun_show_tracebacks = True


def pytest_unconfigure():
    """End Python after the tests, too: it waits for ever for a thread that a failed test has left waiting."""
    left = [one for one in threading.enumerate() if one is not threading.main_thread() and not one.daemon]
    if left and sys.__stderr__ is not None:
        faulthandler.dump_traceback_later(PYTHON_ENDS_WITHIN, exit=True, file=sys.__stderr__)


def pytest_collection_modifyitems(config, items):
    """End tests that hang, and run a failed one once more where it depends on how busy the machine is."""
    for item in items:
        again = config.pluginmanager.hasplugin("rerunfailures") and _depends_on_load(item)
        if again:
            item.add_marker(pytest.mark.flaky(reruns=1))
        if config.pluginmanager.hasplugin("timeout"):  # one timer spans both attempts unless it is for the call only
            item.add_marker(pytest.mark.timeout(A_TEST_HANGS_AFTER, func_only=bool(again)))


def _depends_on_load(item):
    """Tests with a browser or a running server, and those of modules that start programs."""
    running = {"browser", "url", "classroom_url", "launched", "subprocess", "program"}
    here = {*item.fixturenames, *vars(item.module)}
    return running & here or item.get_closest_marker("browser") or item.path.parts[-2:-1] == ("offline",)


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """A public-domain portrait with one smiling face, ``(512, 512, 3)``, read-only."""
    image = skimage.data.astronaut()
    image.flags.writeable = False
    return image


@pytest.fixture(scope="session")
def mesher():
    """A `FaceMesher` for stills."""
    with FaceMesher() as opened:
        yield opened


@pytest.fixture(scope="session")
def astronaut_faces(astronaut, mesher) -> Faces:
    """The one face of `astronaut`."""
    faces = mesher.find(astronaut)
    assert len(faces) == 1
    return faces


@pytest.fixture
def make_aligned():
    """``make(n, spec=AlignSpec(), seed=0)``: crops of smooth noise with meshes at random."""

    def make(n: int, spec: AlignSpec | None = None, seed: int = 0) -> AlignedFaces:
        spec = spec or AlignSpec()
        rng = np.random.default_rng(seed)
        waves = rng.normal(size=(n, spec.size, spec.size)).cumsum(axis=1).cumsum(axis=2)
        low, high = waves.min(axis=(1, 2), keepdims=True), waves.max(axis=(1, 2), keepdims=True)
        images = ((waves - low) / (high - low) * 255).astype(np.uint8)
        landmarks = rng.uniform(0, spec.size, (n, MESH_POINTS, 3)).astype(np.float32)
        to_crop = rng.normal(size=(n, 2, 3)).astype(np.float32)
        return AlignedFaces(images, landmarks, to_crop, spec)

    return make


@pytest.fixture(scope="session")
def write_clip():
    """``write_clip(path, images, times=None, codec="libx264", turned=0) -> path``: a clip of a few frames.

    The file's ending chooses the container; 25 frames a second where no times are given.
    """

    def write(path: Path, images: Sequence[np.ndarray], times=None, codec: str = "libx264", turned: int = 0) -> Path:
        times = np.arange(len(images)) / 25 if times is None else times
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=25)
            stream.height, stream.width = images[0].shape[:2]
            stream.pix_fmt = {"gif": "rgb8", "ffv1": "bgr0"}.get(codec, "yuv420p")
            if path.suffix in (".mp4", ".mov", ".mkv"):
                stream.codec_context.time_base = Fraction(1, 1000)
            if turned:
                stream.set_display_rotation(turned)
            for image, time in zip(images, times, strict=True):
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image))
                unit = stream.codec_context.time_base or Fraction(1, 25)
                frame.pts, frame.time_base = round(time / unit), unit
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return write


EPS = b"""%!PS-Adobe-3.0 EPSF-3.0
%%BoundingBox: 0 0 16 16
%%EndComments
(this is a program) print
%%EOF
"""


@pytest.fixture
def eps(tmp_path, monkeypatch):
    """An EPS file named like a PNG. The first ``gs`` on the PATH is a fake, and must not have been started."""
    if os.name != "posix":
        pytest.skip("the fake gs is a shell script")
    folder, started = tmp_path / "fake-gs", tmp_path / "gs-was-started"
    folder.mkdir()
    (folder / "gs").write_text(f"#!/bin/sh\ntouch {started}\necho 10.0.0\n")
    (folder / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)  # as Pillow has it before anything is opened
    (tmp_path / "pictures" / "happy").mkdir(parents=True)
    path = tmp_path / "pictures" / "happy" / "z.png"
    path.write_bytes(EPS)
    yield path
    assert not started.exists(), "a picture was handed to Ghostscript"
