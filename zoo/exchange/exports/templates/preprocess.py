"""Turns a picture into the network's input, as specified in preprocessing.json. Needs only numpy and OpenCV.

`find_faces.py` finds the faces; alternatively, give the points yourself.
"""

import json
from pathlib import Path

import cv2
import numpy as np

CONTRACT = json.loads((Path(__file__).parent / "preprocessing.json").read_text(encoding="utf-8"))
ALIGN = CONTRACT["align"]
SIZE, DETAIL = ALIGN["size"], ALIGN["detail"]


def to_crop(mesh: np.ndarray) -> np.ndarray:
    """The affine map from picture pixels to crop pixels, (2, 3), for a mesh (468, 2)."""
    if ALIGN.get("registration") == "box":
        low, high = mesh.min(axis=0), mesh.max(axis=0)
        scale = SIZE / max(float((high - low).max()), 1.0)
        shift = (SIZE - 1) / 2 - scale * (low + high) / 2
        return np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    names = ("left_eye", "right_eye", "mouth")
    points = np.array([mesh[CONTRACT["points"][name]].mean(axis=0) for name in names])
    return from_points(points)


def from_points(points: np.ndarray) -> np.ndarray:
    """The same from left eye, right eye and mouth, (3, 2): the similarity onto the template (Umeyama 1991)."""
    target = np.array([CONTRACT["template"][name] for name in ("left_eye", "right_eye", "mouth")])
    source, goal = points @ [1, 1j], target @ [1, 1j]
    centred = source - source.mean()
    turn = (centred.conj() * (goal - goal.mean())).sum() / max((np.abs(centred) ** 2).sum(), 1e-12)
    shift = goal.mean() - turn * source.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def crop(rgb: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """The grey crop, uint8 (SIZE, SIZE), no sharper than DETAIL pixels per side, whatever the camera."""
    region, affine = surroundings(rgb, affine)
    grey = cv2.cvtColor(region, cv2.COLOR_RGB2GRAY)
    shrink = np.sqrt(abs(np.linalg.det(affine[:, :2]))) * DETAIL / SIZE
    if shrink < 0.8:
        height, width = grey.shape
        small = max(1, round(width * shrink)), max(1, round(height * shrink))
        grey = cv2.resize(grey, small, interpolation=cv2.INTER_AREA)
        x, y = small[0] / width, small[1] / height
        affine = affine @ np.array([[1 / x, 0, 0.5 / x - 0.5], [0, 1 / y, 0.5 / y - 0.5], [0, 0, 1]])
    return cv2.warpAffine(grey, affine, (SIZE, SIZE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def surroundings(rgb: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The part of the picture from which the crop is taken, with a margin, and the map from it to the crop."""
    back = np.linalg.inv(affine[:, :2])
    corners = (np.array([[0, 0], [1, 0], [0, 1], [1, 1]]) * (SIZE - 1) - affine[:, 2]) @ back.T
    height, width = rgb.shape[:2]
    scale = np.sqrt(abs(np.linalg.det(affine[:, :2]))) * DETAIL / SIZE
    margin = 3 / max(scale, 1e-6) + 3
    left, top = np.clip(np.floor(corners.min(axis=0) - margin), 0, (width - 2, height - 2)).astype(int).clip(0)
    right, bottom = np.clip(np.ceil(corners.max(axis=0) + margin), (left + 1, top + 1), (width, height)).astype(int)
    return rgb[top:bottom, left:right], affine @ np.array([[1, 0, left], [0, 1, top], [0, 0, 1.0]])


def to_network(grey: np.ndarray) -> np.ndarray:
    """A crop as the network's input: float32 (1, side, side, 1), 0 to 255."""
    side = CONTRACT["network"]["side"]
    return cv2.resize(grey, (side, side), interpolation=cv2.INTER_LINEAR).astype(np.float32)[None, :, :, None]
