"""What a photo without a face costs, which is searched in every way there is, in multiples of the bare mesh.

Examples:
  python scripts/measure_no_face.py
  python scripts/measure_no_face.py --runs 10

Pictures of 12 megapixels from scikit-image's examples (a cup, a rocket, a cat), noise and a wall, and one of 1030 x 381
pixels, read by `images.load`. Processor time on one core, fastest of the runs; the bare mesh is timed between them.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import skimage.data

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from features import images
from features.mesh import FaceMesher
from zoo.benchmark.stages import bare_mesh, one_thread, portrait

WIDE, HIGH = 4000, 3000
FITS = 50  # runs of the bare mesh that are timed together


def pictures() -> dict[str, np.ndarray]:
    """Pictures without a face, by name, as the searches get them."""
    large = {
        name: cv2.resize(getattr(skimage.data, name)(), (WIDE, HIGH), interpolation=cv2.INTER_CUBIC)
        for name in ("coffee", "rocket", "chelsea")
    }
    large["noise"] = np.random.default_rng(0).integers(0, 256, (HIGH, WIDE, 3), np.uint8)
    large["wall"] = np.full((HIGH, WIDE, 3), 127, np.uint8)
    large["coffee, 1030 x 381"] = cv2.resize(large["coffee"], (1030, 381), interpolation=cv2.INTER_AREA)
    return {name: images.load(picture) for name, picture in large.items()}


def seconds(work: Callable[[], object]) -> float:
    """Processor seconds of a call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(runs: int) -> None:
    """Print one line per picture."""
    face = images.load(portrait())
    alone = bare_mesh(face)
    fits = lambda: [alone(face) for _ in range(FITS)]
    with FaceMesher() as mesher, one_thread():
        for name, picture in pictures().items():
            fit = min(seconds(fits) / FITS for _ in range(runs))
            cost = min(seconds(partial(mesher.find, picture)) for _ in range(runs))
            print(f"{name:20} {1000 * cost:7.0f} ms  {cost / fit:6.0f} x the bare mesh ({1000 * fit:.2f} ms)")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args(argv)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    measure(args.runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
