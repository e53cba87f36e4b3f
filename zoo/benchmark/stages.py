"""Times every stage from a JPEG's bytes to each model's answer, on one thread."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from PIL import Image
from threadpoolctl import threadpool_limits

from features import images
from features.align import AlignSpec, align
from features.mesh import FaceMesher
from features.warp import Mouth, darken_mouth, express, warp
from zoo.classifier import Classifier
from zoo.inference.compare import Stopwatch, common_spec
from zoo.inference.live_stream import PREFIX, Options, Viewer, read_frame
from zoo.labels import SEVEN
from zoo.models import registry
from zoo.teach.feature_cache import COPIES, TRUNK, Memo
from zoo.teach.fit import Settings
from zoo.teach.project import Project, add_class, add_samples, next_burst, start
from zoo.teach.samples import Samples, cut
from zoo.teach.training import teach
from zoo.training.augmentation import augment

WARM_UP = 10
ROOT = Path(__file__).parents[2]
STAGES = ("decode", "mesh", "align")


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
    """Times by stage (decode, mesh, align, each model), and of mesh, align and all models together."""

    stages: dict[str, Timing]
    total: Timing
    startup: Startup


def bench(models: Sequence[Classifier], root: Path, repeats: int = 100, pinned: bool = False) -> Bench:
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
    """
    jpeg = portrait()
    with one_thread(), one_core() if pinned else contextlib.nullcontext(), FaceMesher() as mesher:
        rounds = [_round(jpeg, models, mesher) for _ in range(WARM_UP + repeats)][WARM_UP:]
    names = [*STAGES, *(model.name for model in models)]
    times = np.array([[took[name] for name in names] for took in rounds])
    stages = {name: _timing(column) for name, column in zip(names, times.T, strict=True)}
    return Bench(stages, _timing(times[:, 1:].sum(axis=1)), startup([model.name for model in models], root))


def bench_teach(classes: int, each: int) -> dict[str, float]:
    """Seconds to teach both models so many classes with so many samples each, one thread.

    ``first`` computes every feature; ``again`` trains with other settings on what is known by then.
    """
    project, memo = taught_project(classes, each), Memo(registry.load(TRUNK))
    with threadpool_limits(1):
        return {name: teach(project, Settings(seed=seed), memo).seconds for name, seed in (("first", 0), ("again", 1))}


def taught_project(classes: int, each: int) -> Project:
    """Mouths of different shape drawn on a public-domain portrait, ten moved and lit copies a burst."""
    portrait = skimage.data.astronaut()[:300, 80:380]
    with FaceMesher() as mesher:
        mesh = mesher.find(portrait)[0].landmarks[0]
        project = start()
        for kind in range(classes):
            points = express(mesh, mouth=Mouth(0.5 + 0.07 * kind, 0.05 * (kind % 3), 0.06 * kind))
            drawn = darken_mouth(warp(portrait, mesh[:, :2].astype(np.float64), points), points)
            seen = cut(drawn, mesher.find(drawn)[0], AlignSpec())
            project = _copies(add_class(project, f"mouth {kind + 1}"), kind, seen, each)
    return project


def _copies(project: Project, kind: int, seen: Samples, each: int) -> Project:
    rng = np.random.default_rng(kind)
    for first in range(0, each, 10):
        n = min(10, each - first)
        images = augment(seen.faces.images.repeat(n, axis=0), seen.faces.spec.size, COPIES, rng)
        many = seen[np.zeros(n, int)]
        many = replace(many, faces=replace(many.faces, images=images))
        project = add_samples(project, kind, many, next_burst(project))
    return project


def bench_live(models: Sequence[Classifier], repeats: int = 100, pinned: bool = False) -> dict[str, Timing]:
    """Time what the server does for one frame of a camera: 320 x 240 pixels, one face that moves a little.

    Returns
    -------
    dict
        ``decode``, ``mesh``, ``align``, each model, ``steady`` (who is who, smoothing, answer) and ``total``.
    """
    frames = camera(repeats + WARM_UP)
    with one_thread(), one_core() if pinned else contextlib.nullcontext():
        viewer = Viewer()
        rounds = [_frame(frame, viewer, models, i / 25) for i, frame in enumerate(frames)][WARM_UP:]
        viewer.close()
    return {name: _timing(np.array([took[name] for took in rounds])) for name in rounds[0]}


@dataclass(frozen=True)
class Soak:
    """Resident megabytes of this process after a tenth of so many frames, and after all of them."""

    frames: int
    before: float
    after: float

    @property
    def growth(self) -> float:
        """As a part of what it was."""
        return self.after / self.before - 1


def soak(models: Sequence[Classifier], count: int) -> Soak:
    """Let one viewer look at so many frames: does memory grow?

    Raises
    ------
    OSError
        This system has no ``/proc/self/statm``.
    """
    frames, viewer, before = camera(250), Viewer(), 0.0
    with one_thread():
        for i in range(count):
            _frame(frames[i % len(frames)], viewer, models, i / 25)
            if i == count // 10:
                before = resident()
    after = resident()
    viewer.close()
    return Soak(count, round(before, 1), round(after, 1))


def resident() -> float:
    """Resident memory of this process in MB (Linux only)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def camera(count: int) -> list[str]:
    """Frames as a browser sends them: the portrait, moving by a pixel or two, with a camera's noise."""
    picture = cv2.resize(skimage.data.astronaut()[:384], (320, 240), interpolation=cv2.INTER_AREA)
    rng = np.random.default_rng(0)
    shifts = np.round(4 * np.sin(np.arange(count) / 4)).astype(int)
    return [_data_url(np.roll(picture, shift, axis=1) + rng.normal(0, 3, picture.shape)) for shift in shifts]


def _data_url(frame: np.ndarray) -> str:
    stored = io.BytesIO()
    Image.fromarray(np.clip(frame, 0, 255).astype(np.uint8)).save(stored, "JPEG", quality=70)
    return PREFIX + base64.b64encode(stored.getvalue()).decode()


def _frame(frame: str, viewer: Viewer, models: Sequence[Classifier], now: float) -> dict[str, float]:
    watch = Stopwatch()
    start = time.perf_counter()
    image = watch.time("decode", lambda: read_frame(frame))
    seen = viewer.step(image, models, SEVEN, Options(), now)
    json.dumps(seen.as_json())
    total = (time.perf_counter() - start) * 1000
    parts = watch.milliseconds | seen.milliseconds
    return parts | {"steady": total - sum(parts.values()), "total": total}


def portrait() -> bytes:
    """A public-domain portrait with one face, as the bytes of a JPEG."""
    stored = io.BytesIO()
    Image.fromarray(skimage.data.astronaut()).save(stored, "JPEG", quality=95)
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


def _round(jpeg: bytes, models: Sequence[Classifier], mesher: FaceMesher) -> dict[str, float]:
    watch = Stopwatch()
    image = watch.time("decode", lambda: images.load(jpeg))
    faces = watch.time("mesh", lambda: mesher.find(image))
    aligned = watch.time("align", lambda: align(image, faces, common_spec(models)))
    for model in models:
        watch.time(model.name, lambda model=model: model.predict_proba(aligned))
    return watch.milliseconds


def _timing(milliseconds: np.ndarray) -> Timing:
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
