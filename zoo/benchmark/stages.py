"""Time every stage from a JPEG's bytes to each model's prediction, on one thread."""

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
from features.align import AlignedFaces, align
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
    """Milliseconds of one stage: median `p50` and 95th percentile `p95`."""

    p50: float
    p95: float


@dataclass(frozen=True)
class Startup:
    """Start of a fresh process, until models and mesh are ready.

    Parameters
    ----------
    import_seconds, ready_seconds : float
        Until the modules are imported, and until everything is loaded and one picture is processed.
    megabytes : float or None
        Peak resident memory; None on Windows.
    """

    import_seconds: float
    ready_seconds: float
    megabytes: float | None


@dataclass(frozen=True)
class Bench:
    """Time per stage (decode, mesh, align, each model), and in total for mesh, align and all models.

    Parameters
    ----------
    stages : dict
    total : Timing
    startup : Startup
    bare_mesh : Timing
        The mesh network alone, in the same rounds; see the function `bare_mesh`.
    ratios : dict
        Median of each stage, and of ``total``, divided by the bare mesh's median.
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
    """Time the whole pipeline on a portrait of 512 x 512 pixels with one face.

    The stages alternate, so that other load on the machine affects all of them equally.

    Parameters
    ----------
    models : sequence of Classifier
        All of one `AlignSpec`.
    root : Path
        Folder they were loaded from, for the fresh process.
    repeats : int
        Timed rounds, after a few untimed ones.
    pinned : bool
        Run everything, including MediaPipe's own threads, on one core (Linux only).
    clock : callable
        See `zoo.stopwatch.Stopwatch`.
    close_up : bool
        Use only the 256 x 256 pixels around the face.
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


def bench_models(models: Sequence[Classifier], repeats: int = 100) -> dict[str, Timing]:
    """Time the models alone on the crop of the portrait's face, in turn; see `bench` for all the other stages.

    Parameters
    ----------
    models : sequence of Classifier
        All of one `AlignSpec`.
    repeats : int
        Timed rounds, after a few untimed ones.
    """
    image = images.load(portrait())
    with one_thread(), FaceMesher() as mesher:
        aligned = align(image, mesher.find(image), common_spec(models))
        rounds = [_predicted(models, aligned, Stopwatch()) for _ in range(WARM_UP + repeats)][WARM_UP:]
    return {model.name: timing(np.array([took[model.name] for took in rounds])) for model in models}


def bare_mesh(image: np.ndarray) -> Callable[[np.ndarray], object]:
    """MediaPipe's mesh network alone, run on the face of this picture.

    Every program that tracks a face with MediaPipe spends at least this time. Expressed as multiples of it, and
    measured alternately with it, other times can be compared between machines, whether idle or busy.
    """
    network = MeshNetwork()
    with FaceMesher() as mesher:
        window = around_mesh(mesher.find(image).landmarks[0])
    return lambda picture: network.fit(picture, window)


def ratios(timings: Mapping[str, Timing], alone: Timing) -> dict[str, float]:
    """Each median divided by the bare mesh's median."""
    return {name: round(one.p50 / alone.p50, 2) for name, one in timings.items()}


def portrait(close_up: bool = False) -> bytes:
    """A public-domain portrait with one face, or only the part around the face, as JPEG bytes."""
    stored, picture = io.BytesIO(), skimage.data.astronaut()
    Image.fromarray(picture[:256, 96:352] if close_up else picture).save(stored, "JPEG", quality=95)
    return stored.getvalue()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Limit OpenCV, BLAS and OpenMP to one thread, as the app does. MediaPipe's threads cannot be limited."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        cv2.setNumThreads(threads)


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Keep all threads started inside on one core."""
    cores = _cores()
    _stay_on(set(sorted(cores)[-1:]))  # the first core handles the system's interrupts
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
    return _predicted(models, aligned, watch)


def _predicted(models: Sequence[Classifier], aligned: AlignedFaces, watch: Stopwatch) -> dict[str, float]:
    for model in models:
        watch.time(model.name, partial(model.predict_proba, aligned))
    return watch.milliseconds


def timing(milliseconds: np.ndarray) -> Timing:
    p50, p95 = np.percentile(milliseconds, [50, 95])
    return Timing(round(float(p50), 2), round(float(p95), 2))


# Runs in a separate process, so that imports and memory are those of the models alone.
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
    with open("/proc/self/status") as status:  # on Linux, ru_maxrss includes the parent's memory; VmHWM does not
        peak = next(int(line.split()[1]) / 2**10 for line in status if line.startswith("VmHWM"))
except ImportError:
    peak = None
except FileNotFoundError:
    pass
print(json.dumps([imported, ready, peak]))
"""


def startup(names: Sequence[str], root: Path) -> Startup:
    """Time and memory of a fresh process that loads these models and processes one picture."""
    command = [sys.executable, "-c", _FRESH, str(root.resolve()), *names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    imported, ready, peak = json.loads(done.stdout.splitlines()[-1])
    return Startup(round(imported, 2), round(ready, 2), None if peak is None else round(peak))
