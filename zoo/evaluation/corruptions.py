"""Evaluates models on corrupted pictures: blur, light, a tilted head, a covered mouth.

Pictures are corrupted before any processing, and then pass through the whole pipeline
again, including face detection and alignment, which corruptions affect strongly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from features.align import AlignedFaces, AlignSpec, from_crop, move
from zoo.cards import Condition, Robustness
from zoo.classifier import Classifier
from zoo.datasets.aligned import align_pictures
from zoo.datasets.duplicates import load_duplicates
from zoo.datasets.fer2013 import load_fer2013, read_fer2013
from zoo.evaluation.conditions import AS_IT_IS, CORRUPTIONS
from zoo.evaluation.evaluate import predict
from zoo.evaluation.intervals import rounded
from zoo.evaluation.metrics import interval
from zoo.evaluation.test_sets import FER2013
from zoo.labels import SEVEN

N, SEED = 500, 0
# Outlines of covered regions, by mesh point: brows and lower lids; nose tip to below the lip.
EYES = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 353, 340, 346, 347, 350, 6, 121, 118, 117, 111, 124)
MOUTH = (2, 97, 326, 423, 411, 434, 430, 262, 428, 199, 208, 32, 210, 214, 187, 203)
COVERS = {"eyes": EYES, "mouth": MOUTH}


@dataclass(frozen=True, eq=False)
class Sample:
    """Pictures to corrupt: ``pixels (n, 48, 48)``, ``targets (n,)``, meshes ``(n, 468, 3)`` in their pixels.

    `groups` are as in `Scored`.
    """

    pixels: np.ndarray
    targets: np.ndarray
    meshes: np.ndarray
    groups: np.ndarray
    split: str
    spec: AlignSpec
    seed: int = SEED

    def __len__(self) -> int:
        return len(self.pixels)


def sample_fer2013(path: Path, spec: AlignSpec, split: str, n: int = N, seed: int = SEED) -> Sample:
    """A random sample of the pictures of one split in which a mesh was found; all if there are fewer than `n`."""
    aligned, raw = load_fer2013(path, spec).split(split), read_fer2013(path)
    groups = load_duplicates(path, split).groups
    found = np.flatnonzero(aligned.found)
    rows = np.sort(np.random.default_rng(seed).choice(found, min(n, len(found)), replace=False))
    meshes = move(aligned.faces.landmarks[rows], from_crop(aligned.faces.to_crop[rows]))
    pixels = raw.pixels[raw.splits == split][rows]
    return Sample(pixels, aligned.targets[rows], meshes, groups[rows], split, spec, seed)


# --- Ways to make a picture worse ----------------------------------------------------------------


def blurred(picture: np.ndarray, sigma: float, _rng: np.random.Generator) -> np.ndarray:
    """Gaussian blur with this standard deviation in pixels."""
    return cv2.GaussianBlur(picture, (0, 0), sigma)


def relit(picture: np.ndarray, gamma: float, _rng: np.random.Generator) -> np.ndarray:
    """Gamma correction: above 1 darker, below 1 brighter."""
    return cv2.LUT(picture, np.rint(np.linspace(0, 1, 256) ** gamma * 255).astype(np.uint8))


def turned(picture: np.ndarray, degrees: float, rng: np.random.Generator) -> np.ndarray:
    """Rotation by this angle to a random side."""
    centre = (picture.shape[1] - 1) / 2, (picture.shape[0] - 1) / 2
    matrix = cv2.getRotationMatrix2D(centre, degrees * rng.choice((-1, 1)), 1.0)
    flags, size = cv2.INTER_CUBIC, picture.shape[::-1]
    return cv2.warpAffine(picture, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)


def shrunk(picture: np.ndarray, side: float, _rng: np.random.Generator) -> np.ndarray:
    """Downscaling to this many pixels per side, and back."""
    small = cv2.resize(picture, (int(side), int(side)), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, picture.shape[::-1], interpolation=cv2.INTER_CUBIC)


def compressed(picture: np.ndarray, quality: float, _rng: np.random.Generator) -> np.ndarray:
    """JPEG compression with this quality."""
    _, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE))


def grainy(picture: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise with this standard deviation in grey levels."""
    return np.clip(np.rint(picture + rng.normal(0, sigma, picture.shape)), 0, 255).astype(np.uint8)


def covered(picture: np.ndarray, mesh: np.ndarray, part: str) -> np.ndarray:
    """Eyes or mouth covered by a patch of the face's mean grey.

    Parameters
    ----------
    picture : ndarray
        ``(H, W)`` uint8.
    mesh : ndarray
        ``(468, >=2)`` in its pixels.
    part : str
        ``"eyes"`` or ``"mouth"``.
    """
    outline = cv2.convexHull(np.rint(mesh[list(COVERS[part]), :2]).astype(np.int32))
    return cv2.fillConvexPoly(picture.copy(), outline, int(picture.mean()))


Change = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]
CHANGES: dict[str, Change] = {
    "blur": blurred,
    "dark": relit,
    "bright": lambda picture, level, rng: relit(picture, 1 / level, rng),
    "rotation": turned,
    "downscaling": shrunk,
    "jpeg": compressed,
    "noise": grainy,
}


def grid(sample: Sample) -> list[tuple[str, float, np.ndarray]]:
    """All conditions: kind, level, and pictures ``(n, 48, 48)``. The first is without corruption."""
    made = [(AS_IT_IS, 0.0, sample.pixels)]
    for name, change in CHANGES.items():
        for level in CORRUPTIONS[name].levels:
            rng = np.random.default_rng((sample.seed, len(made)))
            made.append((name, float(level), np.stack([change(picture, level, rng) for picture in sample.pixels])))
    for part in COVERS:
        pairs = zip(sample.pixels, sample.meshes, strict=True)
        made.append((part, 1.0, np.stack([covered(picture, mesh, part) for picture, mesh in pairs])))
    made.append(("mirror", 1.0, np.ascontiguousarray(sample.pixels[:, :, ::-1])))
    return made


def stress(models: Sequence[Classifier], sample: Sample) -> dict[str, Robustness]:
    """Evaluate models under every condition, in the labels of `SEVEN`; models that lack some of these are left out.

    If no mesh is found any more, the centre of the picture is used, as in training.
    """
    conditions = grid(sample)
    faces, found = align_pictures(np.concatenate([pictures for *_, pictures in conditions]), sample.spec)
    able = [model for model in models if set(SEVEN) <= set(model.labels)]
    return {model.name: _judged(model, sample, conditions, (faces, found)) for model in able}


def _judged(
    model: Classifier, sample: Sample, conditions: list, aligned: tuple[AlignedFaces, np.ndarray]
) -> Robustness:
    faces, found = aligned
    best = predict(model, faces).to(SEVEN).best.reshape(len(conditions), len(sample))
    lines = []
    for (kind, level, _), predicted, seen in zip(conditions, best, found.reshape(best.shape), strict=True):
        right = predicted == sample.targets
        ends = rounded(interval(right, sample.groups))
        lines.append(Condition(kind, level, round(float(right.mean()), 4), ends, round(float(seen.mean()), 4)))
    return Robustness(FER2013, sample.split, SEVEN.name, len(sample), sample.seed, tuple(lines))
