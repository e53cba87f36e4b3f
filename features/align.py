"""Cuts faces out of a picture as the aligned crops that all models see, in training and in serving."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache, cached_property

import cv2
import numpy as np

from features.faces import MESH_POINTS, Faces, Index, anchors
from features.images import to_grey
from features.mesh_symmetry import mirror_order
from features.normalise import ILLUMINATIONS, POSES, back_map, fill_hidden, frontal, illuminate

# A picture less than a quarter finer than `detail` is left as it is: resampling would blur it more than even it out.
BARELY = 0.8
REGISTRATIONS = ("anchors", "box")
MAX_SIZE = 512  # larger than any model's input; a side of millions of pixels would exhaust the memory
LEVELS = 255  # largest difference between two grey levels


@dataclass(frozen=True)
class AlignSpec:
    """How a crop is cut. Lengths are fractions of the crop's side.

    Parameters
    ----------
    size : int
        Side of the crop in pixels.
    eye_height, eye_distance, mouth_height : float
        Where the centres of the eyes and of the mouth are placed.
    detail : int
        Upper limit of the crop's sharpness, in pixels per side. FER2013's pictures have
        48, so photos are reduced to that before they are aligned: a crop from
        a phone's photo is as soft as the training data.
    colour : str
        ``"grey"``; in the fingerprint in case another is added.
    version : int
        Increased whenever a change of the code changes the crops.
    illumination : str
        ``"none"``, ``"clahe"`` or ``"gamma"``: illumination normalisation of the crop.
    pose : str
        ``"none"`` or ``"frontal"``: frontalisation with the mesh.
    registration : str
        ``"anchors"``: eyes and mouth are placed on the template. ``"box"``: the upright square around
        the mesh; shows how much alignment contributes.
    """

    size: int = 72
    eye_height: float = 0.36
    eye_distance: float = 0.40
    mouth_height: float = 0.78
    detail: int = 48
    colour: str = "grey"
    version: int = 1
    illumination: str = "none"
    pose: str = "none"
    registration: str = "anchors"

    def __post_init__(self) -> None:
        if self.colour != "grey":
            raise ValueError(f"colour {self.colour!r} is unknown; expected 'grey'")
        if not (16 <= self.size <= MAX_SIZE and 16 <= self.detail <= MAX_SIZE):
            raise ValueError(f"size {self.size} and detail {self.detail} must be 16 to {MAX_SIZE} pixels")
        for name in ("eye_height", "eye_distance", "mouth_height"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} {getattr(self, name)} must be between 0 and 1, a share of the crop's side")
        choices = (("illumination", ILLUMINATIONS), ("pose", POSES), ("registration", REGISTRATIONS))
        for name, known in choices:
            if getattr(self, name) not in known:
                raise ValueError(f"{name} {getattr(self, name)!r} is unknown; expected one of {', '.join(known)}")
        if self.pose == "frontal" and self.registration == "box":
            raise ValueError("pose 'frontal' places eyes and mouth on the template; use registration 'anchors' with it")

    @property
    def template(self) -> np.ndarray:
        """``(3, 2)`` float64: left eye, right eye, mouth centre in crop pixels."""
        half = self.eye_distance / 2
        points = [(0.5 - half, self.eye_height), (0.5 + half, self.eye_height), (0.5, self.mouth_height)]
        return np.array(points) * self.size

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that change when the preprocessing does."""
        settings = asdict(self)
        # Left out where unused, so that older fingerprints hold.
        for later, unused in (("illumination", "none"), ("pose", "none"), ("registration", "anchors")):
            if settings[later] == unused:
                del settings[later]
        text = json.dumps(settings, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True, eq=False)
class AlignedFaces:
    """Crops of faces, all cut to one spec.

    Parameters
    ----------
    images : ndarray
        ``(n, S, S)`` uint8, grey.
    landmarks : ndarray
        ``(n, 468, 3)`` float32, the mesh in crop pixels.
    to_crop : ndarray
        ``(n, 2, 3)`` float32, affine maps from picture pixels to crop pixels (for frontal crops, which
        no affine map produces, those without frontalisation).
    spec : AlignSpec
    """

    images: np.ndarray
    landmarks: np.ndarray
    to_crop: np.ndarray
    spec: AlignSpec

    def __post_init__(self) -> None:
        n, side = len(self.images), self.spec.size
        expected = {"images": (n, side, side), "landmarks": (n, MESH_POINTS, 3), "to_crop": (n, 2, 3)}
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} has shape {getattr(self, name).shape}; expected {shape}")
        if self.images.dtype != np.uint8:
            raise ValueError(f"images are {self.images.dtype}; expected uint8")

    @classmethod
    def empty(cls, spec: AlignSpec) -> AlignedFaces:
        """No face."""
        zero = np.zeros
        return cls(
            zero((0, spec.size, spec.size), np.uint8),
            zero((0, MESH_POINTS, 3), np.float32),
            zero((0, 2, 3), np.float32),
            spec,
        )

    def __len__(self) -> int:
        return len(self.images)

    @property
    def only_image(self) -> np.ndarray:
        """The crop of the only face, ``(S, S)`` uint8; ValueError if there is not exactly one."""
        if len(self) != 1:
            raise ValueError(f"{len(self)} faces came; expected one")
        return self.images[0]

    @cached_property
    def gradients(self) -> tuple[np.ndarray, np.ndarray]:
        """Gradient of each pixel: its magnitude ``(n, S, S)`` float64, and its index in `directions`, int.

        Zero across the border. Cached, because descriptors at several scales use the same gradients.
        """
        return gradients(self.images)

    def __getitem__(self, index: Index) -> AlignedFaces:
        """The chosen faces, again as `AlignedFaces`; an integer gives one face."""
        if isinstance(index, (int, np.integer)):
            place = range(len(self))[index]
            index = slice(place, place + 1)
        return AlignedFaces(self.images[index], self.landmarks[index], self.to_crop[index], self.spec)

    def mirrored(self) -> AlignedFaces:
        """Every face as in a mirror: pixels, mesh and map; twice gives the same faces again."""
        last = self.spec.size - 1
        landmarks = self.landmarks[:, mirror_order()]
        landmarks[:, :, 0] = last - landmarks[:, :, 0]
        to_crop = self.to_crop.copy()
        to_crop[:, 0] *= -1
        to_crop[:, 0, 2] += last
        return AlignedFaces(np.ascontiguousarray(self.images[:, :, ::-1]), landmarks, to_crop, self.spec)


def gradients(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """See `AlignedFaces.gradients`: uint8 ``(n, h, w)`` to float64 and int, both ``(n, h, w)``."""
    grey = images.astype(np.intp)
    change = np.full(images.shape, LEVELS * (2 * LEVELS + 1) + LEVELS)  # none
    change[:, 1:-1] += (grey[:, 2:] - grey[:, :-2]) * (2 * LEVELS + 1)
    change[:, :, 1:-1] += grey[:, :, 2:] - grey[:, :, :-2]
    return _strengths()[change], change


def directions() -> np.ndarray:
    """Direction of every possible gradient, in degrees from 0 to below 360: float64 ``(511²,)``.

    Grey levels are whole numbers, so a table holds them all; it is ten times as fast as an arc tangent.
    """
    down, right = _changes()
    return np.degrees(np.arctan2(down, right)) % 360


@cache
def _strengths() -> np.ndarray:
    return np.hypot(*_changes())


def _changes() -> np.ndarray:
    """Every possible gradient, down and to the right, in the order of its index: float64 ``(2, 511²)``."""
    return np.mgrid[-LEVELS : LEVELS + 1, -LEVELS : LEVELS + 1].reshape(2, -1).astype(np.float64)


def align(image: np.ndarray, faces: Faces, spec: AlignSpec) -> AlignedFaces:
    """Cut every face out of a picture, with eyes and mouth placed on the spec's template.

    Parameters
    ----------
    image : ndarray
        ``uint8 (H, W, 3)``, RGB.
    faces : Faces
        Meshes in pixels of `image`.
    spec : AlignSpec

    Returns
    -------
    AlignedFaces

    References
    ----------
    Umeyama, "Least-squares estimation of transformation parameters between two point
    patterns", IEEE TPAMI 13(4), 1991; in the plane it is one complex division.
    """
    if not len(faces):
        return AlignedFaces.empty(spec)
    if spec.registration == "box":
        to_crop = around(faces.boxes, spec.size)
    else:
        to_crop = similarity(anchors(faces.landmarks), spec.template)
    landmarks = move(faces.landmarks[:, :MESH_POINTS], to_crop)
    if spec.pose == "frontal":
        turned = frontal(landmarks)
        target = move(turned, similarity(anchors(turned), spec.template))
        images = [_cut_frontal(image, *face, spec) for face in zip(to_crop, landmarks, target, strict=True)]
        landmarks = target
    else:
        images = [_cut(image, affine, spec) for affine in to_crop]
    return AlignedFaces(np.stack(images), landmarks, to_crop.astype(np.float32), spec)


def similarity(points: np.ndarray, template: np.ndarray) -> np.ndarray:
    """Rotation, scale and translation that map points onto a template with least squares, without reflection.

    Parameters
    ----------
    points : ndarray
        ``(n, k, 2)``.
    template : ndarray
        ``(k, 2)``.

    Returns
    -------
    ndarray
        ``(n, 2, 3)`` float64 affine maps, least squares.
    """
    source = points[..., 0] + 1j * points[..., 1].astype(np.float64)
    target = template[:, 0] + 1j * template[:, 1]
    source_mean, target_mean = source.mean(axis=1, keepdims=True), target.mean()
    centred = source - source_mean
    spread = (np.abs(centred) ** 2).sum(axis=1)
    turn = (np.conj(centred) * (target - target_mean)).sum(axis=1) / np.maximum(spread, 1e-12)
    shift = target_mean - turn * source_mean[:, 0]
    rows = [[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]]
    return np.moveaxis(np.array(rows), 2, 0)


def around(boxes: np.ndarray, size: int) -> np.ndarray:
    """Maps of the upright squares around boxes onto crops: ``(n, 4) -> (n, 2, 3)`` float64."""
    sides = (boxes[:, 2:] - boxes[:, :2]).max(axis=1).clip(1).astype(np.float64)
    scale, zero = size / sides, np.zeros(len(boxes))
    shift = (size - 1) / 2 - scale[:, None] * (boxes[:, :2] + boxes[:, 2:]) / 2
    return np.moveaxis(np.array([[scale, zero, shift[:, 0]], [zero, scale, shift[:, 1]]]), 2, 0)


def move(landmarks: np.ndarray, to_crop: np.ndarray) -> np.ndarray:
    """Meshes in crop pixels: ``(n, L, 3), (n, 2, 3) -> (n, L, 3)`` float32; depth is scaled alike."""
    moved = np.empty(landmarks.shape, np.float32)
    moved[:, :, :2] = landmarks[:, :, :2] @ to_crop[:, :, :2].swapaxes(1, 2) + to_crop[:, None, :, 2]
    moved[:, :, 2] = landmarks[:, :, 2] * scale_of(to_crop)[:, None]
    return moved


def from_crop(to_crop: np.ndarray) -> np.ndarray:
    """The inverse maps, crop pixels to picture pixels: ``(n, 2, 3) -> (n, 2, 3)``; LinAlgError if there is none."""
    determinant = _determinant(to_crop)
    if not determinant.all():
        raise np.linalg.LinAlgError("a map onto a point or a line has no inverse")
    (a, b, x), (c, d, y) = np.moveaxis(to_crop, 0, 2)
    rows = [[d, -b, b * y - d * x], [-c, a, c * x - a * y]]
    return np.moveaxis(np.array(rows) / determinant, 2, 0)


def scale_of(to_crop: np.ndarray) -> np.ndarray:
    """Crop pixels per picture pixel: ``(n, 2, 3) -> (n,)``."""
    return np.sqrt(np.abs(_determinant(to_crop)))


def _determinant(to_crop: np.ndarray) -> np.ndarray:
    """Of the maps' linear part: ``(n, 2, 3) -> (n,)``. Written out, because LAPACK takes ten times as long."""
    return to_crop[:, 0, 0] * to_crop[:, 1, 1] - to_crop[:, 0, 1] * to_crop[:, 1, 0]


def _cut(image: np.ndarray, to_crop: np.ndarray, spec: AlignSpec) -> np.ndarray:
    """One crop: its part of the picture, rotated and scaled."""
    grey, to_crop = _source(image, to_crop, spec)
    crop = cv2.warpAffine(grey, to_crop, (spec.size, spec.size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return illuminate(crop, spec.illumination)


def _cut_frontal(
    image: np.ndarray, to_crop: np.ndarray, mesh: np.ndarray, target: np.ndarray, spec: AlignSpec
) -> np.ndarray:
    """One crop, warped so that its mesh ``(468, 3)``, in crop pixels, matches `target`."""
    grey, to_crop = _source(image, to_crop, spec)
    source = move(mesh[None], from_crop(to_crop[None]))[0]
    where = back_map(source, target, spec.size)
    crop = cv2.remap(grey, where[..., 0], where[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return illuminate(fill_hidden(crop, where), spec.illumination)


def _source(image: np.ndarray, to_crop: np.ndarray, spec: AlignSpec) -> tuple[np.ndarray, np.ndarray]:
    """The face's surroundings in grey, shrunk to `detail`, and the map from them to the crop."""
    region, left, top = _surroundings(image, to_crop, spec)
    grey = to_grey(region)
    to_crop = to_crop @ np.array([[1, 0, left], [0, 1, top], [0, 0, 1.0]])
    shrink = scale_of(to_crop[None])[0] * spec.detail / spec.size
    if shrink < BARELY:
        height, width = grey.shape
        small = max(1, round(width * shrink)), max(1, round(height * shrink))
        grey = cv2.resize(grey, small, interpolation=cv2.INTER_AREA)
        to_crop = to_crop @ _resize_map(small[0] / width, small[1] / height)
    return grey, to_crop


def _resize_map(x_ratio: float, y_ratio: float) -> np.ndarray:
    """From pixels of a resized picture back to the original's, pixel centres at whole numbers."""
    return np.array([[1 / x_ratio, 0, 0.5 / x_ratio - 0.5], [0, 1 / y_ratio, 0.5 / y_ratio - 0.5], [0, 0, 1]])


def _surroundings(image: np.ndarray, to_crop: np.ndarray, spec: AlignSpec) -> tuple[np.ndarray, int, int]:
    """The part of the picture that a crop is made from, with a margin, and its left and top."""
    margin = 3 / max(scale_of(to_crop[None])[0] * spec.detail / spec.size, 1e-6) + 3
    last, (height, width) = spec.size - 1, image.shape[:2]
    rows = from_crop(to_crop[None])[0].tolist()
    across, down = (_span(row, last, margin, side) for row, side in zip(rows, (width, height), strict=True))
    return image[down, across], across.start, down.start


def _span(row: Sequence[float], last: int, margin: float, side: int) -> slice:
    """The pixels along one side of a picture that a crop comes from; `row` is that row of the map from the crop."""
    a, b, shift = row
    ends = [shift + x * last * a + y * last * b for x in (0, 1) for y in (0, 1)]
    start = max(0, min(math.floor(min(ends) - margin), side - 2))
    return slice(start, min(max(math.ceil(max(ends) + margin), start + 1), side))


def centre_crop(image: np.ndarray, spec: AlignSpec, zoom: float = 1.0) -> AlignedFaces:
    """The central square of a picture, treated as a face: the fallback if no mesh is found.

    Only for data sets of face pictures (FER2013), for the few faces that
    the mesh network misses. `zoom` is the part of the square that is kept. Landmarks are the
    template's three points, all others at the crop's centre.
    """
    height, width = image.shape[:2]
    scale = spec.size / (min(height, width) * zoom)
    shift = (spec.size - 1) / 2 - scale * np.array([(width - 1) / 2, (height - 1) / 2])
    to_crop = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    landmarks = np.full((1, MESH_POINTS, 3), spec.size / 2, np.float32)
    return AlignedFaces(_cut(image, to_crop, spec)[None], landmarks, to_crop[None].astype(np.float32), spec)
