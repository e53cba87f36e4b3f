"""Descriptors of aligned crops: HOG of the whole and of enlarged parts, local binary patterns, mesh geometry.

Each is a small frozen dataclass that is called with `AlignedFaces` and returns float32
``(n, d)``; `from_config` rebuilds one from a card. Tests compare them with scikit-image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np

from features.align import AlignedFaces, directions, gradients
from features.faces import LEFT_EYE, RIGHT_EYE
from features.movements import Movements


@dataclass(frozen=True)
class Hog:
    """Histograms of oriented gradients with blocks of 2 x 2 cells and L2-Hys normalisation.

    Parameters
    ----------
    cell : int
        Side of a cell in pixels.
    orientations : int
    centred : bool
        False gives scikit-image's `hog`, entry for entry. True centres the first bin on 0
        degrees instead of starting it there: then a mirrored picture has the same entries in
        another order (see `mirror_order`), because no gradient of whole grey levels lies on an
        edge between bins.
    signed : bool
        Directions cover the full circle, so that dark-to-light differs from light-to-dark:
        the upper edge of a brow from its lower one.

    Notes
    -----
    scikit-image normalises block by block in Python, which takes five times as long as
    everything else; here all blocks are normalised at once.

    References
    ----------
    Dalal and Triggs, "Histograms of Oriented Gradients for Human Detection", CVPR 2005.
    """

    cell: int = 8
    orientations: int = 8
    centred: bool = False
    signed: bool = False

    def __call__(self, faces: AlignedFaces) -> np.ndarray:
        """``(n, d)`` float32 with d = (S // cell - 1)² x 4 x orientations."""
        size, (high, wide) = faces.spec.size, self.blocks(faces.spec.size)
        if min(high, wide) < 1:
            raise ValueError(f"crops of {size} px hold no 2 x 2 cells of {self.cell} px; use cell <= {size // 2}")
        rows = [_blocks(self._cells(*of_one)) for of_one in zip(*self._gradients(faces), strict=True)]
        return np.array(rows, np.float32).reshape(len(faces), high * wide * 4 * self.orientations)

    def mirror_order(self, size: int) -> np.ndarray:
        """Position of each mirrored crop's entry in the descriptor of the crop of `size` pixels: ``(d,)`` int."""
        # Else gradients along 45 or 90 degrees would lie on an edge between bins.
        whole = self.orientations % (8 if self.signed else 4) == 0
        if not (self.centred and whole) or self._shape(size)[1] % self.cell:
            raise ValueError(
                f"{self} of {size} px has no mirror order; centre the bins, 4 (signed: 8) or a multiple of them, "
                "and let cells fill the crop"
            )
        high, wide = self.blocks(size)
        places = np.arange(high * wide * 4 * self.orientations).reshape(high, wide, 2, 2, self.orientations)
        half_turn = self.orientations // 2 if self.signed else 0
        turned = (half_turn - np.arange(self.orientations)) % self.orientations
        return places[:, ::-1, :, ::-1][..., turned].ravel()

    def _shape(self, size: int) -> tuple[int, int]:
        """Height and width of the described part of a crop of `size` pixels."""
        return size, size

    def _gradients(self, faces: AlignedFaces) -> tuple[np.ndarray, np.ndarray]:
        return faces.gradients

    def blocks(self, size: int) -> tuple[int, int]:
        """Rows and columns of blocks in a crop of `size` pixels."""
        high, wide = self._shape(size)
        return high // self.cell - 1, wide // self.cell - 1

    def _cells(self, strength: np.ndarray, change: np.ndarray) -> np.ndarray:
        """Mean gradient of each cell by direction: ``(h, w), (h, w) -> (rows, columns, orientations)``."""
        rows, columns = (side // self.cell for side in strength.shape)
        inside = slice(0, rows * self.cell), slice(0, columns * self.cell)
        index = _first_bins(rows, columns, self.cell, self.orientations) + self._bins[change[inside]]
        sums = np.bincount(index.ravel(), strength[inside].ravel(), rows * columns * self.orientations)
        return sums.reshape(rows, columns, self.orientations) / self.cell**2

    @property
    def _bins(self) -> np.ndarray:
        """The bin of every change, see `features.align.gradients`."""
        return _bins(self.orientations, self.centred, 360 if self.signed else 180)


@cache
def _bins(orientations: int, centred: bool, span: int) -> np.ndarray:
    width = span / orientations
    found = (directions() + width / 2 * centred) % span // width
    return found.clip(0, orientations - 1).astype(np.int16)


@cache
def _first_bins(rows: int, columns: int, cell: int, orientations: int) -> np.ndarray:
    """The first bin of each pixel's cell: ``(rows * cell, columns * cell)`` int."""
    row, column = (np.arange(count * cell) // cell for count in (rows, columns))
    return (row[:, None] * columns + column) * orientations


@dataclass(frozen=True)
class TextbookHog:
    """scikit-image's `hog`: the same numbers as ``Hog(cell, orientations)``, but slower.

    For the baseline that students can rebuild from scikit-image and scikit-learn alone.

    Parameters
    ----------
    cell : int
        Side of a cell in pixels.
    orientations : int
    """

    cell: int = 8
    orientations: int = 8

    def __call__(self, faces: AlignedFaces) -> np.ndarray:
        """``(n, d)`` float32 with d = (S // cell - 1)² x 4 x orientations."""
        from skimage.feature import hog

        side = faces.spec.size // self.cell - 1
        if side < 1:
            size = faces.spec.size
            raise ValueError(f"crops of {size} px hold no 2 x 2 cells of {self.cell} px; use cell <= {size // 2}")
        cells = {"pixels_per_cell": (self.cell, self.cell), "cells_per_block": (2, 2)}
        rows = [hog(image, self.orientations, **cells) for image in faces.images]
        return np.array(rows, np.float32).reshape(len(faces), side**2 * 4 * self.orientations)

    @property
    def fast(self) -> Hog:
        """The same descriptor as `Hog`, which exports are written from."""
        return Hog(self.cell, self.orientations)


@dataclass(frozen=True)
class Zoom(Hog):
    """HOG of an enlarged part of the crop: the eyes with their brows, or the mouth.

    The part is symmetric about the crop's vertical midline, so that mirroring maps it onto itself.

    Parameters
    ----------
    top, bottom : float
        Upper and lower end of the part, as fractions of the crop's height.
    breadth : float
        Its width as a fraction of the crop's.
    high, wide : int
        Height and width in pixels after enlarging.
    """

    top: float = 0.0
    bottom: float = 1.0
    breadth: float = 1.0
    high: int = 72
    wide: int = 72

    def _shape(self, size: int) -> tuple[int, int]:
        return self.high, self.wide

    def steps(self, size: int) -> tuple[slice, slice, np.ndarray, np.ndarray]:
        """Rows and columns of the part in a crop of `size` pixels, and the matrices of ``down @ part @ across``."""
        side = round(size * (1 - self.breadth) / 2)
        top, bottom = round(size * self.top), round(size * self.bottom)
        if not 0 <= top < bottom <= size or not 0 <= side < size - side:
            raise ValueError(
                f"{self} leaves nothing of a crop of {size} px; expected 0 <= top < bottom <= 1, breadth > 0"
            )
        down, across = _enlarging(bottom - top, self.high), _enlarging(size - 2 * side, self.wide).T
        return slice(top, bottom), slice(side, size - side), down, across

    def _gradients(self, faces: AlignedFaces) -> tuple[np.ndarray, np.ndarray]:
        rows, columns, down, across = self.steps(faces.spec.size)
        larger = [
            down @ image[rows, columns] @ across for image in faces.images
        ]  # one by one, because BLAS sums batches in another order
        grey = np.rint(larger).clip(0, 255).reshape(len(faces), self.high, self.wide)
        return gradients(grey.astype(np.uint8))


@cache
def _enlarging(length: int, longer: int) -> np.ndarray:
    """Cubic interpolation along one side, as a matrix ``(longer, length)`` float64."""
    return cv2.resize(np.eye(length), (length, longer), interpolation=cv2.INTER_CUBIC)


def _blocks(cells: np.ndarray) -> np.ndarray:
    """All overlapping 2 x 2 blocks of cells, normalised L2-Hys, in scikit-image's order: ``(d,)``."""
    corners = [cells[:-1, :-1], cells[:-1, 1:], cells[1:, :-1], cells[1:, 1:]]
    blocks = np.concatenate(corners, axis=2).reshape(-1, 4 * cells.shape[2])
    blocks /= _length(blocks)
    np.minimum(blocks, 0.2, out=blocks)
    blocks /= _length(blocks)
    return blocks.ravel()


def _length(blocks: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("ij,ij->i", blocks, blocks) + 1e-10)[:, None]


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

    def mirror_order(self, size: int) -> np.ndarray:
        """Position of each mirrored crop's entry in the descriptor of the crop of `size` pixels: ``(d,)`` int.

        Exact except in flat patches, where scikit-image decides ties by rounding.
        """
        if size % self.grid:
            raise ValueError(f"{self} of {size} px has no mirror order; let the grid divide the crop's side")
        places = np.arange(self.grid**2 * self.BINS).reshape(self.grid, self.grid, self.BINS)
        return places[:, ::-1][..., _mirrored_codes()].ravel()

    def _one(self, image: np.ndarray) -> np.ndarray:
        from skimage.feature import local_binary_pattern

        codes = local_binary_pattern(image, 8, self.radius, method="nri_uniform").astype(int)
        place = np.arange(codes.shape[0]) * self.grid // codes.shape[0]
        cells = place[:, None] * self.grid + place[None, :]
        histogram = np.bincount((cells * self.BINS + codes).ravel(), minlength=self.grid**2 * self.BINS)
        counts = histogram.reshape(self.grid**2, self.BINS)
        return np.sqrt(counts / counts.sum(axis=1, keepdims=True)).ravel()


@cache
def _mirrored_codes() -> np.ndarray:
    """The code of each uniform pattern's mirror image, ``(59,)`` int, found by applying scikit-image to noise."""
    from skimage.feature import local_binary_pattern

    noise = np.random.default_rng(0).integers(0, 256, (200, 200), np.uint8)
    patterns = local_binary_pattern(noise, 8, 1).astype(int)
    codes = local_binary_pattern(noise, 8, 1, method="nri_uniform").astype(int)
    code_of = np.zeros(256, int)
    code_of[patterns] = codes
    # Neighbour p is at p times 45 degrees from the right, so mirroring swaps p and 4 - p.
    bits = np.arange(256)[:, None] >> np.arange(8) & 1
    mirrored = (bits[:, (4 - np.arange(8)) % 8] << np.arange(8)).sum(axis=1)
    turned = np.zeros(Lbp.BINS, int)
    turned[code_of] = code_of[mirrored]
    return turned


@dataclass(frozen=True)
class Geometry:
    """Positions of the points of brows, eyes, nose, lips and jaw, independent of size, place and roll.

    Coordinates of the contour points in the plane, as Procrustes shapes: minus their mean,
    divided by the distance between the eyes.

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
    """Several descriptors, concatenated after multiplication with their weights."""

    parts: tuple[Hog | TextbookHog | Lbp | Geometry | Movements, ...]
    weights: tuple[float, ...]

    def __call__(self, faces: AlignedFaces) -> np.ndarray:
        """``(n, sum of d)`` float32."""
        pairs = zip(self.parts, self.weights, strict=True)
        return np.concatenate([part(faces) * np.float32(weight) for part, weight in pairs], axis=1)

    def mirror_order(self, size: int) -> np.ndarray:
        """Position of each entry of a mirrored crop's descriptor in that of the crop. Every part needs an order."""
        orders = [_mirror_order(part, size) for part in self.parts]
        starts = np.cumsum([0, *(len(order) for order in orders)])
        return np.concatenate([order + start for order, start in zip(orders, starts, strict=False)])


def _mirror_order(part: Hog | TextbookHog | Lbp | Geometry | Movements, size: int) -> np.ndarray:
    if isinstance(part, (TextbookHog, Geometry, Movements)):
        raise ValueError(f"{part} has no mirror order")
    return part.mirror_order(size)


Descriptor = Hog | TextbookHog | Zoom | Lbp | Geometry | Movements | Joined
_KINDS = {
    "hog": Hog,
    "textbookhog": TextbookHog,
    "lbp": Lbp,
    "geometry": Geometry,
    "zoom": Zoom,
    "movements": Movements,
}


def portable(descriptor: Joined | Callable[[AlignedFaces], np.ndarray]) -> Joined:
    """The same descriptor, made of parts that can be exported.

    Raises
    ------
    ValueError
        It is not made of the descriptors in this module.
    """
    if not isinstance(descriptor, Joined):
        raise ValueError(f"{descriptor} cannot be exported; expected HOG, LBP or geometry")
    parts = (part.fast if isinstance(part, TextbookHog) else part for part in descriptor.parts)
    return Joined(tuple(parts), descriptor.weights)


def to_config(descriptor: Descriptor) -> list[dict]:
    """A descriptor as JSON data for a card."""
    joined = descriptor if isinstance(descriptor, Joined) else Joined((descriptor,), (1.0,))
    return [
        {"kind": type(part).__name__.lower(), "weight": weight, **asdict(part)}
        for part, weight in zip(joined.parts, joined.weights, strict=True)
    ]


def from_config(config: Sequence[Mapping[str, Any]]) -> Joined:
    """The descriptor that a card describes; ValueError for an unknown kind or setting."""
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
