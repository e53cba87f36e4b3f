"""Time a stream of camera frames, and measure the memory it retains."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from PIL import Image

from zoo.benchmark.stages import BARE_MESH, WARM_UP, Timing, bare_mesh, one_core, one_thread, timing
from zoo.classifier import Classifier
from zoo.inference.live_stream import PREFIX, READINGS, Options, Viewer, read_frame
from zoo.labels import SEVEN
from zoo.stopwatch import Stopwatch


def bench_live(
    models: Sequence[Classifier],
    repeats: int = 100,
    pinned: bool = False,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Timing]:
    """Time the server's work for one camera frame of 320 x 240 pixels with one slightly moving face.

    There are 25 frames a second, of which the models read every second one (`READINGS`). So all times are the mean of
    two successive frames.

    Returns
    -------
    dict
        ``decode``, ``mesh``, ``align``, each model, ``steady`` (tracking, smoothing, response) and ``total``; also
        ``bare mesh`` on the same frames, see `zoo.benchmark.stages.bare_mesh`.
    """
    frames = camera(WARM_UP + 2 * math.ceil(repeats / 2))
    with one_thread(), one_core() if pinned else contextlib.nullcontext():
        viewer, bare = Viewer(clock=clock, readings=READINGS), bare_mesh(read_frame(frames[0]))
        rounds = [
            _frame(frame, viewer, models, i / 25, clock) | _alone(frame, bare, clock) for i, frame in enumerate(frames)
        ]
        viewer.close()
    pairs = list(zip(rounds[WARM_UP::2], rounds[WARM_UP + 1 :: 2], strict=True))
    return {name: timing(np.array([(a[name] + b[name]) / 2 for a, b in pairs])) for name in rounds[0]}


@dataclass(frozen=True)
class Soak:
    """Resident memory of this process in MB after a tenth of the frames, and after all of them."""

    frames: int
    before: float
    after: float

    @property
    def growth(self) -> float:
        """Growth as a fraction of the earlier value."""
        return self.after / self.before - 1


def soak(models: Sequence[Classifier], count: int) -> Soak:
    """Process `count` frames with one viewer, to see whether memory grows.

    Raises
    ------
    OSError
        The system has no ``/proc/self/statm``.
    """
    frames, viewer, before = camera(250), Viewer(), 0.0
    with one_thread():
        for i in range(count):
            _frame(frames[i % len(frames)], viewer, models, i / 25, time.perf_counter)
            if i == count // 10:
                before = resident()
    after = resident()
    viewer.close()
    return Soak(count, round(before, 1), round(after, 1))


def resident() -> float:
    """Resident memory of this process in MB (Linux only)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def camera(count: int) -> list[str]:
    """Frames as a browser sends them: the portrait, shifted by up to four pixels, with camera noise."""
    picture = cv2.resize(skimage.data.astronaut()[:384], (320, 240), interpolation=cv2.INTER_AREA)
    rng = np.random.default_rng(0)
    shifts = np.round(4 * np.sin(np.arange(count) / 4)).astype(int)
    return [_data_url(np.roll(picture, shift, axis=1) + rng.normal(0, 3, picture.shape)) for shift in shifts]


def _data_url(frame: np.ndarray) -> str:
    stored = io.BytesIO()
    Image.fromarray(np.clip(frame, 0, 255).astype(np.uint8)).save(stored, "JPEG", quality=70)
    return PREFIX + base64.b64encode(stored.getvalue()).decode()


def _alone(frame: str, bare: Callable[[np.ndarray], object], clock: Callable[[], float]) -> dict[str, float]:
    """Time of the bare mesh on the same frame."""
    image, watch = read_frame(frame), Stopwatch(clock)
    watch.time(BARE_MESH, lambda: bare(image))
    return watch.milliseconds


def _frame(
    frame: str, viewer: Viewer, models: Sequence[Classifier], now: float, clock: Callable[[], float]
) -> dict[str, float]:
    watch = Stopwatch(clock)
    start = clock()
    image = watch.time("decode", lambda: read_frame(frame))
    seen = viewer.step(image, models, SEVEN, Options(), now)
    json.dumps(seen.as_json())
    total = (clock() - start) * 1000
    parts = watch.milliseconds | seen.milliseconds
    if not seen.read:  # what the others took in an earlier frame
        parts |= dict.fromkeys(["align", *(model.name for model in models)], 0.0)
    return parts | {"steady": total - sum(parts.values()), "total": total}
