"""Fits `features/models/covering.npz`: whether the eyes or the mouth of a face are covered.

There is no free data set of covered faces, so covers are drawn on FER2013's: masks, scarves and hands over the mouth,
headsets and sunglasses over the eyes, placed by the mesh. Command::

    python scripts/fit_occlusion_detector.py --data fer2013.csv --people people/

`--people` is a folder of portraits on which the result is checked: covers are drawn on the pictures, whose meshes are
then found anew.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
from sklearn.linear_model import LogisticRegression

sys.path.insert(0, str(Path(__file__).parents[1]))

from features import images, occlusion_detector
from features.align import AlignedFaces, AlignSpec, align
from features.mesh import FaceMesher
from zoo.datasets.fer2013 import load_fer2013

JAW = [93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323]
NOSE = [197, 195, 5, 4, 1]
PRICE = 0.03  # C of the logistic regression
FALSE_ALARMS = 0.002  # fraction of uncovered faces above the thresholds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="fer2013.csv")
    parser.add_argument("--people", type=Path, help="folder of portraits to check on")
    parser.add_argument("--faces", type=int, default=12000, help="training faces")
    args = parser.parse_args()
    data = load_fer2013(args.data, AlignSpec())
    rng = np.random.default_rng(0)
    faces = data.split("Training").faces
    rows = rng.permutation(len(faces))[: args.faces]
    x, where = _covered_copies(faces[rows], rng)
    weights, bias = zip(*(_fit(x, where == part) for part in occlusion_detector.PARTS), strict=True)
    weights, bias = np.array(weights, np.float32).T, np.array(bias, np.float32)
    public = data.split("PublicTest").faces
    bias -= _thresholds(occlusion_detector.describe(public) @ weights + bias)
    np.savez_compressed(occlusion_detector.PATH, weights=weights.astype(np.float16), bias=bias)
    occlusion_detector.forget()
    private = data.split("PrivateTest").faces
    print("FER2013 PrivateTest, as it is:", _share(occlusion_detector.scores(private) > 0))
    x, where = _covered_copies(private, rng)
    flagged = x @ weights + bias > 0
    for i, part in enumerate(occlusion_detector.PARTS):
        found, wrong = flagged[where == part, i].mean(), flagged[where != part, i].mean()
        print(f"  {part} covered: found {found:.3f}, named wrongly {wrong:.4f}")
    if args.people:
        _check_people(args.people, rng)


def _fit(x: np.ndarray, covered: np.ndarray) -> tuple[np.ndarray, float]:
    model = LogisticRegression(C=PRICE, max_iter=300).fit(x, covered)
    return model.coef_[0], model.intercept_[0]


def _thresholds(scores: np.ndarray) -> np.ndarray:
    """Scores that only a fraction `FALSE_ALARMS` of the faces exceeds, ``(n, p) -> (p,)``."""
    return np.quantile(scores, 1 - FALSE_ALARMS, axis=0)


def _share(flagged: np.ndarray) -> str:
    return ", ".join(
        f"{part} {share:.4f}" for part, share in zip(occlusion_detector.PARTS, flagged.mean(axis=0), strict=True)
    )


def _covered_copies(faces: AlignedFaces, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Descriptors of faces, uncovered and with each of the detector's `PARTS` covered; the covered part or ``""``."""
    faces = faces[np.ptp(faces.landmarks[:, :, 1], axis=1) > faces.spec.size / 3]  # those whose mesh was found
    copies = [faces.images]
    for part in occlusion_detector.PARTS:
        drawn = [DRAWN[part](crop, mesh, rng) for crop, mesh in zip(faces.images, faces.landmarks, strict=True)]
        copies.append(np.array(drawn))
    kinds = np.repeat(["", *occlusion_detector.PARTS], len(faces))
    described = [
        occlusion_detector.describe(AlignedFaces(each, faces.landmarks, faces.to_crop, faces.spec)) for each in copies
    ]
    return np.concatenate(described), kinds


def _cover_mouth(picture: np.ndarray, mesh: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mask or a scarf from the nose to the chin, or a hand in front of the mouth."""
    at = mesh[:, :2]
    if rng.random() < 0.2:
        return _painted(picture, _hand(at, rng), _near_skin(picture, at, rng), rng)
    nose = at[rng.choice(NOSE)]
    up = rng.uniform(0, 0.7)
    left, right = at[93] + up * (at[234] - at[93]), at[323] + up * (at[454] - at[323])
    jaw = at[JAW] + (at[JAW] - at[1]) * rng.uniform(-0.02, 0.12)
    return _painted(picture, np.array([nose, left, *jaw, right]), rng.uniform(8, 248), rng)


def _hand(at: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    middle, wide = (at[13] + at[14]) / 2, np.linalg.norm(at[454] - at[234])
    middle = middle + rng.normal(0, 0.04, 2) * wide
    axes = wide * np.array([rng.uniform(0.22, 0.4), rng.uniform(0.14, 0.3)])
    return _ellipse(middle, axes, rng.uniform(-60, 60))


def _near_skin(picture: np.ndarray, at: np.ndarray, rng: np.random.Generator) -> float:
    x, y = np.rint(at[rng.choice([50, 280])]).astype(int).clip(0, picture.shape[0] - 1)
    return float(np.clip(picture[y, x].mean() + rng.normal(0, 25), 5, 250))


def _cover_eyes(picture: np.ndarray, mesh: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A headset, or sunglasses."""
    at = mesh[:, :2]
    across, down = at[454] - at[234], at[152] - at[10]
    if rng.random() < 0.5:
        return _sunglasses(picture, at, rng)
    top, bottom = rng.uniform(0.12, 0.26), rng.uniform(0.46, 0.62)
    out = across * rng.uniform(-0.05, 0.1)
    middle = at[10] - (at[234] + at[454]) / 2
    foot = middle - down * ((middle @ down) / (down @ down))  # the top of the forehead may be off-centre
    lines = [at[10] - foot + down * share for share in (top, bottom)]
    half = across / 2 + out
    box = [lines[0] - half, lines[0] + half, lines[1] + half, lines[1] - half]
    return _painted(picture, np.array(box), rng.uniform(5, 245), rng)


def _sunglasses(picture: np.ndarray, at: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    tone, wide = rng.uniform(5, 70), np.linalg.norm(at[454] - at[234])
    drawn, axes = picture, np.array([rng.uniform(0.17, 0.24), rng.uniform(0.1, 0.18)]) * wide
    turn = np.degrees(np.arctan2(*(at[263] - at[33])[::-1]))
    for outer, inner in ((33, 133), (263, 362)):
        middle = (at[outer] + at[inner]) / 2 + [0, 0.02 * wide]
        glass = _ellipse(middle, axes, float(turn))
        drawn = _painted(drawn, glass, tone, rng)
    return drawn


def _painted(picture: np.ndarray, outline: np.ndarray, tone: float, rng: np.random.Generator) -> np.ndarray:
    """A shape filled with one tone, shaded, with folds and noise."""
    height, width = picture.shape[:2]
    inside = cv2.fillPoly(
        np.zeros((height, width), np.float32), [np.rint(outline * 8).astype(np.int32)], 1.0, cv2.LINE_AA, 3
    )
    side = float(np.ptp(outline[:, 1])) + 1
    inside = cv2.GaussianBlur(inside, (0, 0), 0.01 * side + 0.3)
    y, x = np.mgrid[:height, :width].astype(np.float32) / side
    slope = rng.normal(0, 25, 2)
    cloth = (
        tone + slope[0] * (x - x.mean()) + slope[1] * (y - y.mean()) + rng.normal(0, rng.uniform(0, 5), (height, width))
    )
    if rng.random() < 0.4:
        cloth += rng.uniform(4, 18) * np.sin(y * rng.uniform(10, 35) + x * rng.normal(0, 3) + rng.uniform(0, 6))
    colour = 1.0 if picture.ndim == 2 else rng.uniform(0.7, 1.3, 3)
    cloth = cloth if picture.ndim == 2 else cloth[..., None] * colour
    inside = inside if picture.ndim == 2 else inside[..., None]
    return np.rint(picture + inside * (cloth - picture)).clip(0, 255).astype(np.uint8)


DRAWN = {"eyes": _cover_eyes, "mouth": _cover_mouth}


def _ellipse(middle: np.ndarray, axes: np.ndarray, degrees: float) -> np.ndarray:
    """Outline of an ellipse, ``(30, 2)`` pixels; `axes` are its semi-axes."""
    turns = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    flat = np.column_stack([np.cos(turns) * axes[0], np.sin(turns) * axes[1]])
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return middle + flat @ np.array([[c, s], [-s, c]])


def _check_people(folder: Path, rng: np.random.Generator) -> None:
    """Print how many portraits are flagged as covered, uncovered and with each part covered."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in (".jpg", ".png"))
    with FaceMesher() as mesher:
        for name, draw in ({"": None} | DRAWN).items():
            flagged, lost = [], 0
            for path in paths:
                image = images.load(path)
                faces = mesher.find(image)
                if draw is not None and len(faces):
                    image = draw(image, faces.landmarks[0], rng)
                    faces = mesher.find(image)
                lost += not len(faces)
                if len(faces):
                    flagged.append(occlusion_detector.scores(align(image, faces, AlignSpec()))[0] > 0)
            shares = _share(np.array(flagged))
            print(f"{folder.name}, {name or 'nothing'} covered: {shares}; no face in {lost} of {len(paths)}")


if __name__ == "__main__":
    main()
