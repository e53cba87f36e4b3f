"""Aligned crops to vectors: HOG, local binary patterns, mesh geometry.

Each is a small frozen dataclass that is called with `AlignedFaces` and returns float32
``(n, d)``; `from_config` rebuilds one from a card. scikit-image does the counting.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from skimage.feature import hog, local_binary_pattern

from features.align import AlignedFaces
from features.faces import LEFT_EYE, RIGHT_EYE


@dataclass(frozen=True)
class Hog:
    """Histograms of oriented gradients, 2 x 2 cells a block, L2-Hys.

    Parameters
    ----------
    cell : int
        Side of a cell in pixels.
    orientations : int

    References
    ----------
    Dalal and Triggs, "Histograms of Oriented Gradients for Human Detection", CVPR 2005.
    """

    cell: int = 8
    orientations: int = 8

    def __call__(self, faces: AlignedFaces) -> np.ndarray:
        """``(n, d)`` float32 with d = (S // cell - 1)² x 4 x orientations."""
        side = faces.spec.size // self.cell - 1
        if side < 1:
            size = faces.spec.size
            raise ValueError(f"crops of {size} px hold no 2 x 2 cells of {self.cell} px; use cell <= {size // 2}")
        rows = [self._one(image) for image in faces.images]
        return np.array(rows, np.float32).reshape(len(faces), side * side * 4 * self.orientations)

    def _one(self, image: np.ndarray) -> np.ndarray:
        return hog(image, self.orientations, (self.cell, self.cell), (2, 2), block_norm="L2-Hys")


@dataclass(frozen=True)
class Lbp:
    """Histograms of uniform local binary patterns over a grid, square-rooted (Hellinger map).

    Parameters
    ----------
    radius : int
        Distance of the eight neighbours in pixels.
    grid : int
        Histograms along each side.

    References
    ----------
    Ahonen et al., "Face Description with Local Binary Patterns", IEEE TPAMI 28(12), 2006.
    """

    radius: int = 1
    grid: int = 8

    BINS = 59  # 58 uniform patterns of 8 neighbours and one for all others

    def __call__(self, faces: AlignedFaces) -> np.ndarray:
        """``(n, grid² x 59)`` float32, each histogram of unit length."""
        rows = [self._one(image) for image in faces.images]
        return np.array(rows, np.float32).reshape(len(faces), self.grid**2 * self.BINS)

    def _one(self, image: np.ndarray) -> np.ndarray:
        codes = local_binary_pattern(image, 8, self.radius, method="nri_uniform").astype(int)
        place = np.arange(codes.shape[0]) * self.grid // codes.shape[0]
        cells = place[:, None] * self.grid + place[None, :]
        counts = np.bincount((cells * self.BINS + codes).ravel(), minlength=self.grid**2 * self.BINS)
        counts = counts.reshape(self.grid**2, self.BINS)
        return np.sqrt(counts / counts.sum(axis=1, keepdims=True)).ravel()


@dataclass(frozen=True)
class Geometry:
    """Where the points of brows, eyes, nose, lips and jaw lie once size, place and roll are gone.

    Coordinates of the contour points in the plane, as Procrustes shapes: minus their mean,
    over the distance of the eyes.

    References
    ----------
    Goodall, "Procrustes Methods in the Statistical Analysis of Shape", JRSS B 53(2), 1991.
    """

    def __call__(self, faces: AlignedFaces) -> np.ndarray:
        """``(n, 2 x len(CONTOUR_POINTS))`` float32."""
        flat = faces.landmarks[:, :, :2]
        points = flat[:, CONTOUR_POINTS]
        eyes = flat[:, list(RIGHT_EYE)].mean(axis=1) - flat[:, list(LEFT_EYE)].mean(axis=1)
        unit = np.linalg.norm(eyes, axis=1).clip(1e-6)[:, None, None]
        shapes = (points - points.mean(axis=1, keepdims=True)) / unit
        return shapes.reshape(len(faces), 2 * len(CONTOUR_POINTS)).astype(np.float32)


@dataclass(frozen=True)
class Joined:
    """Several descriptors side by side, each times its weight."""

    parts: tuple[Hog | Lbp | Geometry, ...]
    weights: tuple[float, ...]

    def __call__(self, faces: AlignedFaces) -> np.ndarray:
        """``(n, sum of d)`` float32."""
        return np.concatenate(
            [part(faces) * np.float32(w) for part, w in zip(self.parts, self.weights, strict=True)], axis=1
        )


Descriptor = Hog | Lbp | Geometry | Joined
_KINDS = {"hog": Hog, "lbp": Lbp, "geometry": Geometry}


def to_config(descriptor: Descriptor) -> list[dict]:
    """A descriptor as JSON data for a card."""
    joined = descriptor if isinstance(descriptor, Joined) else Joined((descriptor,), (1.0,))
    return [
        {"kind": type(part).__name__.lower(), "weight": weight, **asdict(part)}
        for part, weight in zip(joined.parts, joined.weights, strict=True)
    ]


def from_config(config: list[dict]) -> Joined:
    """The descriptor a card describes; ValueError on an unknown kind or setting."""
    parts, weights = [], []
    for entry in config:
        settings = dict(entry)
        kind, weight = settings.pop("kind", None), settings.pop("weight", 1.0)
        if kind not in _KINDS:
            raise ValueError(f"descriptor {kind!r} is unknown; expected one of {', '.join(_KINDS)}")
        try:
            parts.append(_KINDS[kind](**settings))
        except TypeError as error:
            raise ValueError(f"descriptor {kind!r} does not take {settings}: {error}") from None
        weights.append(float(weight))
    return Joined(tuple(parts), tuple(weights))


# Points of MediaPipe's brows, eyes, nose, lips and jaw line.
CONTOUR_POINTS = [
    *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 46, 53, 52, 65, 55, 285, 295, 282, 283, 276),
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),
    *(1, 4, 98, 327, 168, 50, 280, 205, 425),
    *(61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91, 78, 81, 13, 311, 308, 402, 14, 178),
    *(152, 172, 397, 149, 378, 234, 454),
]
