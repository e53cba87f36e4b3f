"""Data augmentation: copies of crops with other positions, light, blur and occlusions."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Augmentation:
    """Ranges of the augmentation. Values are drawn uniformly for each copy.

    Parameters
    ----------
    degrees : float
        Rotation by up to this angle to either side.
    zoom : float
        Scaled by 1 - zoom to 1 + zoom.
    shift : float
        Translation by up to this fraction of the side.
    gamma : float
        Gamma correction with 1 / gamma to gamma.
    contrast : float
        Contrast multiplied by 1 - contrast to 1 + contrast.
    soften : float
        Fraction of copies that are blurred, or shrunk and enlarged again.
    noise : float
        Fraction of copies with Gaussian noise of up to 12 grey levels.
    erase : float
        Fraction of copies with a grey rectangle of 5-25 % of the area.
    mirror : float
        Fraction of copies that are mirrored.
    """

    degrees: float = 15.0
    zoom: float = 0.15
    shift: float = 0.08
    gamma: float = 1.6
    contrast: float = 0.3
    soften: float = 0.25
    noise: float = 0.25
    erase: float = 0.5
    mirror: float = 0.5


def augment(crops: np.ndarray, side: int, spec: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """An augmented copy of each crop: ``uint8 (n, S, S) -> uint8 (n, side, side)``."""
    return np.stack([_copy(crop, side, spec, rng) for crop in crops])


def _copy(crop: np.ndarray, side: int, spec: Augmentation, rng: np.random.Generator) -> np.ndarray:
    image = _moved(crop, side, spec, rng)
    image = cv2.LUT(image, _light(spec, rng))
    if rng.random() < spec.soften:
        image = _softened(image, rng)
    if rng.random() < spec.noise:
        grain = rng.normal(0, rng.uniform(2, 12), image.shape)
        image = np.clip(image + grain, 0, 255).astype(np.uint8)
    if rng.random() < spec.erase:
        image = _erased(image, rng)
    return image


def _moved(crop: np.ndarray, side: int, spec: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Mirror, rotate, scale, translate and resize in one interpolation."""
    centre = (crop.shape[0] - 1) / 2
    scale = side / crop.shape[0] * rng.uniform(1 - spec.zoom, 1 + spec.zoom)
    matrix = cv2.getRotationMatrix2D((centre, centre), rng.uniform(-spec.degrees, spec.degrees), scale)
    matrix[:, 2] += (side - 1) / 2 - centre + rng.uniform(-spec.shift, spec.shift, 2) * side
    if rng.random() < spec.mirror:
        crop = crop[:, ::-1]
    flags = cv2.INTER_LINEAR
    return cv2.warpAffine(
        np.ascontiguousarray(crop), matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )


def _light(spec: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Lookup table of 256 grey levels: gamma, then contrast about medium grey."""
    gamma = np.exp(rng.uniform(-1, 1) * np.log(spec.gamma))
    contrast = rng.uniform(1 - spec.contrast, 1 + spec.contrast)
    levels = np.linspace(0, 1, 256) ** gamma
    return np.clip((levels - 0.5) * contrast * 255 + 127.5, 0, 255).astype(np.uint8)


def _softened(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if rng.random() < 0.5:
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.2))
    small = cv2.resize(image, None, fx=(f := rng.uniform(0.45, 0.8)), fy=f, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, image.shape[::-1], interpolation=cv2.INTER_LINEAR)


def _erased(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    side = image.shape[0]
    area, ratio = rng.uniform(0.05, 0.25), np.exp(rng.uniform(-0.7, 0.7))
    height, width = (np.sqrt([area * ratio, area / ratio]) * side).astype(int).clip(1, side)
    top, left = rng.integers(0, side - height + 1), rng.integers(0, side - width + 1)
    image[top : top + height, left : left + width] = rng.integers(0, 256)
    return image
