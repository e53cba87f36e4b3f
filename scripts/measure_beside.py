"""How often a small face beside a close-up is found, and what the search costs, on collages of photos.

Examples:
  python scripts/measure_beside.py --people london/
  python scripts/measure_beside.py --people london/ --frames      # as frames of a camera are searched

Each collage is a person who smiles, close up, with another person's neutral face beside: the folders happy/ and
neutral/, as in the London set. Nothing is written.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from features import file_listing, images
from features.mesh import FaceMesher
from features.mesh_network import MeshNetwork
from features.regions import around_mesh, overlap

SIDES = (256, 320, 480, 640)
WIDTHS = (24, 32, 40, 56)
SHARE = 0.5  # of the picture's side: height of the large face
TRIES = 200


@dataclass(frozen=True, eq=False)
class Portrait:
    """A photo, and the box of its face."""

    image: np.ndarray
    box: np.ndarray


@dataclass(frozen=True)
class Recall:
    """Result for one picture size and one face width.

    Parameters
    ----------
    collages : int
    found : int
        Collages in which the small face was found exactly once.
    wrong : int
        Faces beyond two per collage.
    cost : float
        Mean processor time of the search, in multiples of the bare mesh.
    """

    collages: int
    found: int
    wrong: int
    cost: float


def portraits(folder: Path, step: int, mesher: FaceMesher) -> list[Portrait]:
    """Every `step`-th photo of a folder, without those in which no face is found."""
    photos = [images.load(path) for path in file_listing.look(folder).pictures[::step]]
    return [Portrait(photo, faces.boxes[0]) for photo in photos if len(faces := mesher.find(photo, beside=False))]


def close_up(portrait: Portrait, side: int) -> tuple[np.ndarray, np.ndarray]:
    """A square picture in which the face is `SHARE` of the height, and the face's box in it."""
    left, top, right, bottom = portrait.box
    scale = SHARE * side / (bottom - top)
    corner = np.array([(left + right) / 2, (top + bottom) / 2]) - side / scale / 2
    move = np.array([[scale, 0, -corner[0] * scale], [0, scale, -corner[1] * scale]])
    picture = cv2.warpAffine(portrait.image, move, (side, side), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    return picture, (portrait.box - np.tile(corner, 2)) * scale


def head(portrait: Portrait, width: int) -> np.ndarray:
    """The head alone, its face `width` pixels wide."""
    left, top, right, bottom = portrait.box
    x, y, high = (left + right) / 2, (top + bottom) / 2, bottom - top
    rows, columns = (slice(max(0, round(at - high)), round(at + high)) for at in (y, x))
    scale = width / (right - left)
    return cv2.resize(portrait.image[rows, columns], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def collage(large: Portrait, small: np.ndarray, side: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A close-up with a head placed at random beside its face, and the head's centre ``(2,)``; empty without room."""
    picture, face = close_up(large, side)
    high, wide = small.shape[:2]
    for _ in range(TRIES):
        x, y = rng.integers(0, side - wide + 1), rng.integers(0, side - high + 1)
        if overlap(np.array([x, y, x + wide, y + high], float), face) <= 0:
            picture[y : y + high, x : x + wide] = small
            return picture, np.array([x + wide / 2, y + high / 2])
    return picture, np.zeros(0)


def measure(large: Sequence[Portrait], small: Sequence[Portrait], side: int, width: int, beside: bool) -> Recall:
    """Recall of faces of `width` in pictures of `side`."""
    rng, spent, collages, found, wrong = np.random.default_rng(0), 0.0, 0, 0, 0
    with FaceMesher() as mesher:
        for i, portrait in enumerate(large):
            picture, place = collage(portrait, head(small[i % len(small)], width), side, rng)
            if not len(place):
                continue
            start = time.process_time()
            boxes = mesher.find(picture, beside=beside).boxes
            spent += time.process_time() - start
            there = (boxes[:, :2] < place).all(axis=1) & (boxes[:, 2:] > place).all(axis=1)
            collages, found, wrong = collages + 1, found + int(there.sum() == 1), wrong + max(0, len(boxes) - 2)
    return Recall(collages, found, wrong, spent / max(1, collages) / bare_mesh(large[0]))


def bare_mesh(portrait: Portrait, repeats: int = 50) -> float:
    """Processor seconds of the mesh network alone."""
    with FaceMesher() as mesher:
        window = around_mesh(mesher.find(portrait.image, beside=False).landmarks[0])
    network = MeshNetwork()
    network.fit(portrait.image, window)
    start = time.process_time()
    for _ in range(repeats):
        network.fit(portrait.image, window)
    return (time.process_time() - start) / repeats


def main(given: Sequence[str] | None = None) -> None:
    """Measure, and print one line per size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=Path, required=True, metavar="FOLDER", help="with happy/ and neutral/")
    parser.add_argument("--frames", action="store_true", help="search as in frames of a camera")
    parser.add_argument("--each", type=int, default=34, metavar="N", help="collages per size (default: %(default)s)")
    args = parser.parse_args(given)
    with FaceMesher() as mesher:
        large = portraits(args.people / "happy", 3, mesher)[: args.each]
        small = portraits(args.people / "neutral", 7, mesher)
    for side in SIDES:
        for width in WIDTHS:
            one = measure(large, small, side, width, not args.frames)
            if one.collages:
                print(
                    f"{side} px, face of {width} px: found in {one.found} of {one.collages} collages, "
                    f"{one.wrong} wrong, {one.cost:.1f} x the bare mesh",
                    flush=True,
                )


if __name__ == "__main__":
    main()
