"""MediaPipe's face detectors, through its Tasks API. The only module that uses MediaPipe.

`mediapipe` is pinned below 0.10.35: from that release on, its tasks send usage statistics to Google.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import sys
import threading
import weakref
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import numpy as np

from features import face_models
from features.face_models import FaceModel
from features.regions import Window, around_box
from features.stderr import without_native_logs

# On Linux, MediaPipe is linked against the first two and OpenCV against the others. On the right: Debian's packages.
SYSTEM_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGLESv2.so.2": "libgles2",
    "libGL.so.1": "libgl1",
    "libgthread-2.0.so.0": "libglib2.0-0",
}
EDGE = 0.5  # from a pixel's centre to its edge
ROUNDED = 0.5  # boxes are rounded down to whole pixels; this is the mean error


class MissingLibraryError(OSError):
    """A system library is missing. The message says which, and how to install it."""


def check_system() -> None:
    """Raise `MissingLibraryError` if Linux lacks a library that MediaPipe or OpenCV is linked against."""
    if not sys.platform.startswith("linux"):
        return
    missing = [name for name in SYSTEM_LIBRARIES if not _loads(name)]
    if missing:
        raise MissingLibraryError(
            f"MediaPipe and OpenCV, which find the faces, need {', '.join(missing)}, not found on this system. "
            f"On Debian or Ubuntu run: apt-get install {' '.join(SYSTEM_LIBRARIES[name] for name in missing)}"
        )


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


class FaceDetector:
    """One of MediaPipe's detectors, which gives a window around every face.

    Thread-safe: calls wait for each other. Close it.

    Parameters
    ----------
    model : FaceModel
        `face_models.SHORT_RANGE` or `face_models.FULL_RANGE`.
    confidence : float
        From 0 to 1; faces with a lower score are left out.

    Raises
    ------
    FaceModelError, MissingLibraryError

    References
    ----------
    Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", CVPR workshops 2019.
    """

    def __init__(self, model: FaceModel, confidence: float) -> None:
        check_system()
        self._lock = threading.Lock()
        with without_native_logs():
            tasks = _tasks()
            base = tasks.BaseOptions(model_asset_buffer=face_models.load(model))
            options = tasks.vision.FaceDetectorOptions(base_options=base, min_detection_confidence=confidence)
            self._task = tasks.vision.FaceDetector.create_from_options(options)
            _LEFT_OPEN.add(self)
            self.detect(np.zeros((8, 8, 3), np.uint8))  # the first call also logs

    def detect(self, image: np.ndarray, corner: tuple[int, int] = (0, 0)) -> list[Window]:
        """Windows around the faces found, in order of confidence.

        Parameters
        ----------
        image : ndarray
            ``uint8 (H, W, 3)``, RGB, contiguous.
        corner : (int, int)
            Position of `image` in the picture that the windows refer to: x and y of its first pixel.
        """
        tasks = _tasks()
        with self._lock:
            found = self._task.detect(tasks.Image(image_format=tasks.ImageFormat.SRGB, data=image))
        size = np.array([image.shape[1], image.shape[0]])
        return [_window(one, size, np.array(corner)) for one in found.detections]

    def close(self) -> None:
        """Free MediaPipe's graph. Closing twice is harmless."""
        with self._lock:
            self._task.close()


def _window(detection: Any, size: np.ndarray, corner: np.ndarray) -> Window:
    """The window around a detection in a part of a picture of this size at this corner."""
    box = detection.bounding_box
    start = np.array([box.origin_x, box.origin_y]) + ROUNDED
    corners = np.array([start, start + [box.width + ROUNDED, box.height + ROUNDED]])
    eyes = np.array([(eye.x, eye.y) for eye in detection.keypoints[:2]]) * size
    window = around_box(corners + corner - EDGE, eyes + corner - EDGE)
    return replace(window, score=detection.categories[0].score)


def connections() -> Any:
    """MediaPipe's names for groups of edges of the mesh, `FaceLandmarksConnections`."""
    return _tasks().vision.FaceLandmarksConnections


@cache
def _tasks() -> SimpleNamespace:
    """The names used from MediaPipe. Tasks that are open when Python exits print errors, so they are closed before."""
    # Registered before MediaPipe's own handler, hence called after it; then closing no longer calls its library.
    atexit.register(_close_all)
    with _held_off({"tensorflow": None, **_DRAWING}):
        from mediapipe import Image, ImageFormat
        from mediapipe.tasks.python import BaseOptions, vision
    return SimpleNamespace(Image=Image, ImageFormat=ImageFormat, BaseOptions=BaseOptions, vision=vision)


_DRAWING = {name: ModuleType(name) for name in ("matplotlib", "matplotlib.pyplot")}
# Gradio uses these two at every call of a visitor, in another thread, which may come at the same time.
vars(_DRAWING["matplotlib"]).update(get_backend=lambda: "agg", use=lambda backend: None)
_LEFT_OPEN: weakref.WeakSet[FaceDetector] = weakref.WeakSet()


def _close_all() -> None:
    for detector in list(_LEFT_OPEN):
        detector.close()


@contextlib.contextmanager
def _held_off(modules: dict[str, ModuleType | None]) -> Iterator[None]:
    """Substitute modules that are not loaded yet, within a ``with`` statement.

    MediaPipe imports TensorFlow if it is installed (ten seconds, for a decorator of its documentation), and Matplotlib
    (half a second, for drawings that are not used here).
    """
    put = {name: module for name, module in modules.items() if name not in sys.modules}
    # None is allowed there and makes an import fail, though the type excludes it.
    cast(dict[str, ModuleType | None], sys.modules).update(put)
    try:
        yield
    finally:
        for name in put:
            sys.modules.pop(name, None)
