"""How long a still picture takes, against the `fer` package from PyPI: same pictures, one core, taking turns.

`fer` needs TensorFlow and PyTorch in other versions than Face-off's, so it gets an environment of its own:

  python3.11 -m venv fer-env
  fer-env/bin/pip install fer==25.10.3 'setuptools<81'
  python scripts/measure_fer.py --python fer-env/bin/python --pictures london/

Both get decoded pictures, shrunk to --side pixels, and give back faces with probabilities. `fer` finds faces with
OpenCV (its default) or with MTCNN, and reads them with one small network: in 8 bits (its default) or with Keras.
Face-off finds and aligns them, and reads them with every model of --models. Times are processor times, which other
programs affect least. Nothing is written.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from features import file_listing
from features.align import align
from features.mesh import FaceMesher
from zoo.benchmark.stages import one_core, one_thread
from zoo.classifier import Classifier, common_spec
from zoo.models import registry

WAYS = ("opencv", "opencv-keras", "mtcnn", "mtcnn-keras")  # of fer; the first is its default
# Runs in fer's environment: a line with a picture's number on its input, a line "seconds faces" on its output.
WORKER = """
import os, sys, time, logging
os.environ.update(CUDA_VISIBLE_DEVICES="", TF_CPP_MIN_LOG_LEVEL="3", OMP_NUM_THREADS="1")
way, side, *paths = sys.argv[1:]
import cv2
cv2.setNumThreads(1)
if "mtcnn" in way:
    import torch
    torch.set_num_threads(1)
from fer.fer import FER
fer = FER(mtcnn="mtcnn" in way, use_tflite="keras" not in way)
def shrunk(picture):
    scale = int(side) / max(picture.shape[:2])
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture
pictures = [shrunk(cv2.imread(path)) for path in paths]
print("ready", flush=True)
for line in sys.stdin:
    start = time.process_time()
    found = fer.detect_emotions(pictures[int(line)])
    print(time.process_time() - start, len(found), flush=True)
"""


@dataclass(frozen=True)
class Look:
    """One picture's processor time in milliseconds, and the faces found in it."""

    milliseconds: float
    faces: int


class Fer:
    """The package in its own environment. Use it in a ``with`` statement.

    Parameters
    ----------
    python : str
        Interpreter of that environment.
    way : str
        One of `WAYS`.
    side : int
        Pictures are shrunk to it.
    paths : sequence of Path

    Raises
    ------
    RuntimeError
        It does not start: `fer` is not installed there, or cannot be imported.
    """

    def __init__(self, python: str, way: str, side: int, paths: Sequence[Path]) -> None:
        command = [python, "-W", "ignore", "-c", WORKER, way, str(side), *map(str, paths)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if not any(line.strip() == "ready" for line in iter(self._line, "")):
            self.__exit__()
            raise RuntimeError(f"{python} does not run fer. Install it there, as {Path(__file__).name} --help says.")

    def __enter__(self) -> Fer:
        return self

    def __exit__(self, *_exc: object) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        self._process.wait(30)

    def __call__(self, number: int) -> Look:
        """Its answer for a picture."""
        assert self._process.stdin
        print(number, file=self._process.stdin, flush=True)
        seconds, faces = self._line().split()
        return Look(float(seconds) * 1000, int(faces))

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()


def shrunk(path: Path, side: int) -> np.ndarray:
    """A picture as ``uint8 (H, W, 3)``, RGB, shrunk to this longer side as `fer`'s are.

    Raises
    ------
    RuntimeError
        OpenCV cannot read it.
    """
    picture = cv2.imread(str(path))
    if picture is None:
        raise RuntimeError(f"OpenCV cannot read {path}, and fer gets its pictures from OpenCV. Take it away.")
    scale = side / max(picture.shape[:2])
    if scale < 1:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def face_off(pictures: Sequence[np.ndarray], models: Sequence[Classifier], mesher: FaceMesher) -> Callable[[int], Look]:
    """What finds a picture's faces and reads them with every model."""

    def look(number: int) -> Look:
        start = time.process_time()
        faces = align(pictures[number], mesher.find(pictures[number]), common_spec(models))
        for model in models:
            model.predict_proba(faces)
        return Look((time.process_time() - start) * 1000, len(faces))

    return look


def measure(ways: dict[str, Callable[[int], Look]], count: int, runs: int) -> dict[str, list[Look]]:
    """Every way looks at every picture, in turn; a first run does not count."""
    looks: dict[str, list[Look]] = {name: [] for name in ways}
    for turn in range(runs + 1):
        for number in range(count):
            for name, way in ways.items():
                look = way(number)
                if turn:
                    looks[name].append(look)
    return looks


def report(looks: dict[str, list[Look]], ours: str) -> str:
    """A line for each way: median, faces per picture, and how many times as long as Face-off."""
    middle = {name: statistics.median(look.milliseconds for look in found) for name, found in looks.items()}
    lines = []
    for name, found in looks.items():
        faces = sum(look.faces for look in found) / len(found)
        times = f"{middle[name] / middle[ours]:.1f} x as long"
        lines.append(f"{name:<24} {middle[name]:8.1f} ms, {faces:.2f} faces per picture, {times}")
    return "\n".join(lines)


def main(given: Sequence[str] | None = None) -> None:
    """Measure, and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True, metavar="FILE", help="Python of an environment with fer")
    parser.add_argument("--pictures", type=Path, required=True, metavar="FOLDER", help="photos of one face each")
    parser.add_argument("--every", type=int, default=20, metavar="N", help="every N-th of them (default: 20)")
    parser.add_argument("--side", type=int, default=256, metavar="PIXELS", help="of the pictures (default: 256)")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="that count, after one (default: 5)")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS, help="of fer (default: all)")
    parser.add_argument("--models", default="hog-svm,cnn", metavar="NAMES", help="of Face-off (default: hog-svm,cnn)")
    args = parser.parse_args(given)
    paths = [path.resolve() for path in file_listing.look(args.pictures).pictures[:: args.every]]
    models = [registry.load(name) for name in args.models.split(",")]
    ours = f"Face-off, {len(models)} models"
    with contextlib.ExitStack() as held:
        for each in (one_thread(), one_core()):
            held.enter_context(each)
        pictures = [shrunk(path, args.side) for path in paths]
        ways = {ours: face_off(pictures, models, held.enter_context(FaceMesher()))}
        for way in args.ways:
            ways[f"fer, {way}"] = held.enter_context(Fer(args.python, way, args.side, paths))
        looks = measure(ways, len(paths), args.runs)
    print(f"{len(paths)} pictures of at most {args.side} px, {args.runs} times each\n{report(looks, ours)}")


if __name__ == "__main__":
    main()
