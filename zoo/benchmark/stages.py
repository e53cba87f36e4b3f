"""Times every stage from a JPEG's bytes to each model's answer, on one thread."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from PIL import Image
from threadpoolctl import threadpool_limits

from features import images
from features.align import align
from features.mesh import FaceMesher
from features.mesh_network import MeshNetwork
from features.regions import around_mesh
from zoo.classifier import Classifier, common_spec
from zoo.stopwatch import Stopwatch

WARM_UP = 10
ROOT = Path(__file__).parents[2]
STAGES = ("decode", "mesh", "align")
BARE_MESH = "bare mesh"


@dataclass(frozen=True)
class Timing:
    """Milliseconds of one stage: half of the runs took at most `p50`, 95 % at most `p95`."""

    p50: float
    p95: float


@dataclass(frozen=True)
class Startup:
    """A fresh process, from nothing to models and mesh ready.

    Parameters
    ----------
    import_seconds, ready_seconds : float
        Until the modules are imported, and until everything is loaded and has answered once.
    megabytes : float or None
        Peak resident memory; None on Windows.
    """

    import_seconds: float
    ready_seconds: float
    megabytes: float | None


@dataclass(frozen=True)
class Bench:
    """Times by stage (decode, mesh, align, each model), and of mesh, align and all models together.

    Parameters
    ----------
    stages : dict
    total : Timing
    startup : Startup
    bare_mesh : Timing
        Of the mesh network alone, in the same rounds; see the function `bare_mesh`.
    ratios : dict
        How many times the bare mesh's median each stage's is, and ``total``'s.
    """

    stages: dict[str, Timing]
    total: Timing
    startup: Startup
    bare_mesh: Timing
    ratios: dict[str, float]


def bench(
    models: Sequence[Classifier],
    root: Path,
    repeats: int = 100,
    pinned: bool = False,
    clock: Callable[[], float] = time.perf_counter,
    close_up: bool = False,
) -> Bench:
    """Time the whole street on one portrait of 512 x 512 pixels with one face.

    Stages take turns, so that whatever else the machine does falls on all of them alike.

    Parameters
    ----------
    models : sequence of Classifier
        All of one `AlignSpec`.
    root : Path
        Where they were loaded from, for the fresh process.
    repeats : int
        Timed rounds, after a few untimed ones.
    pinned : bool
        Whether MediaPipe's own threads, too, must take turns on one core (Linux only).
    clock : callable
        See `zoo.stopwatch.Stopwatch`.
    close_up : bool
        Only the 256 x 256 pixels around the portrait's face.
    """
    jpeg = portrait(close_up)
    with one_thread(), one_core() if pinned else contextlib.nullcontext(), FaceMesher() as mesher:
        bare = bare_mesh(images.load(jpeg))
        rounds = [_round(jpeg, models, mesher, bare, Stopwatch(clock)) for _ in range(WARM_UP + repeats)][WARM_UP:]
    names = [*STAGES, *(model.name for model in models)]
    times = np.array([[took[name] for name in names] for took in rounds])
    stages = {name: timing(column) for name, column in zip(names, times.T, strict=True)}
    total, alone = timing(times[:, 1:].sum(axis=1)), timing(np.array([took[BARE_MESH] for took in rounds]))
    started = startup([model.name for model in models], root)
    return Bench(stages, total, started, alone, ratios(stages | {"total": total}, alone))


def bare_mesh(image: np.ndarray) -> Callable[[np.ndarray], object]:
    """MediaPipe's mesh network alone, run where the face of this picture is.

    Every program pays it that follows a face with MediaPipe. Other times as multiples of it can be compared between
    machines, and between quiet and busy ones, if both are measured in turn.
    """
    network = MeshNetwork()
    with FaceMesher() as mesher:
        window = around_mesh(mesher.find(image).landmarks[0])
    return lambda picture: network.fit(picture, window)


def ratios(timings: Mapping[str, Timing], alone: Timing) -> dict[str, float]:
    """How many times the median of the bare mesh each other median is."""
    return {name: round(one.p50 / alone.p50, 2) for name, one in timings.items()}


def portrait(close_up: bool = False) -> bytes:
    """A public-domain portrait with one face, or the part around the face, as the bytes of a JPEG."""
    stored, picture = io.BytesIO(), skimage.data.astronaut()
    Image.fromarray(picture[:256, 96:352] if close_up else picture).save(stored, "JPEG", quality=95)
    return stored.getvalue()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Hold OpenCV, BLAS and OpenMP to one thread, as the app does. MediaPipe has no setting for its own."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        cv2.setNumThreads(threads)


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Keep all threads made inside on one core."""
    cores = _cores()
    _stay_on(set(sorted(cores)[-1:]))  # the first core has the system's interrupts
    try:
        yield
    finally:
        _stay_on(cores)


def _cores() -> set[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


def _stay_on(cores: set[int]) -> None:
    if cores:
        os.sched_setaffinity(0, cores)


def _round(
    jpeg: bytes,
    models: Sequence[Classifier],
    mesher: FaceMesher,
    bare: Callable[[np.ndarray], object],
    watch: Stopwatch,
) -> dict[str, float]:
    image = watch.time("decode", lambda: images.load(jpeg))
    watch.time(BARE_MESH, lambda: bare(image))
    faces = watch.time("mesh", lambda: mesher.find(image))
    aligned = watch.time("align", lambda: align(image, faces, common_spec(models)))
    for model in models:
        watch.time(model.name, partial(model.predict_proba, aligned))
    return watch.milliseconds


def timing(milliseconds: np.ndarray) -> Timing:
    p50, p95 = np.percentile(milliseconds, [50, 95])
    return Timing(round(float(p50), 2), round(float(p95), 2))


# Runs in a process of its own: only there are imports and memory those of the models alone.
_FRESH = """
import json, sys, time
start = time.perf_counter()
from pathlib import Path
import skimage.data
from features.mesh import FaceMesher
from zoo import load
from zoo.inference.compare import compare
mesher = FaceMesher()
imported = time.perf_counter() - start
models = [load(name, Path(sys.argv[1])) for name in sys.argv[2:]]
compare(skimage.data.astronaut(), models, models[0].labels, mesher)
ready = time.perf_counter() - start
try:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    with open("/proc/self/status") as status:  # Linux counts what the parent had at the fork, too, but not here
        peak = next(int(line.split()[1]) / 2**10 for line in status if line.startswith("VmHWM"))
except ImportError:
    peak = None
except FileNotFoundError:
    pass
print(json.dumps([imported, ready, peak]))
"""


def startup(names: Sequence[str], root: Path) -> Startup:
    """Time and memory of a fresh process that loads these models and answers once."""
    command = [sys.executable, "-c", _FRESH, str(root.resolve()), *names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    imported, ready, peak = json.loads(done.stdout.splitlines()[-1])
    return Startup(round(imported, 2), round(ready, 2), None if peak is None else round(peak))
