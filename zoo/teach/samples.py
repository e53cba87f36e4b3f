"""Samples: face crops for training, each with a small copy of its picture."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from features.align import AlignedFaces, AlignSpec, align, around, from_crop, move
from features.faces import Faces, boxes_of

PHOTO_SIDE = 160
MAX_PHOTO = 12_000  # bytes


@dataclass(frozen=True)
class Photo:
    """A small copy of the picture that a sample was cut from, for display.

    Parameters
    ----------
    jpeg : bytes
    box : (float, float, float, float)
        Left, top, right, bottom of the face as fractions of the picture's width and height.
    """

    jpeg: bytes
    box: tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Samples:
    """Faces for training.

    Parameters
    ----------
    faces : AlignedFaces
        What models are trained on.
    boxed : ndarray
        ``(n, S, S)`` uint8: the same faces cut without alignment (`AlignSpec.registration` ``"box"``).
    photos : tuple of Photo
        One per face.

    Raises
    ------
    ValueError
        The crops do not match, or there is not one photo per face.
    """

    faces: AlignedFaces
    boxed: np.ndarray
    photos: tuple[Photo, ...]

    def __post_init__(self) -> None:
        if self.boxed.shape != self.faces.images.shape or self.boxed.dtype != np.uint8:
            raise ValueError(f"boxed is {self.boxed.dtype} {self.boxed.shape}; expected {self.faces.images.shape}")
        if len(self.photos) != len(self.faces):
            raise ValueError(f"{len(self.photos)} photos for {len(self.faces)} faces; expected one each")

    @classmethod
    def empty(cls, spec: AlignSpec) -> Samples:
        """No samples."""
        return cls(AlignedFaces.empty(spec), np.zeros((0, spec.size, spec.size), np.uint8), ())

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, rows: np.ndarray) -> Samples:
        """The samples selected by an array of positions or of bool."""
        rows = np.arange(len(self))[rows]
        return Samples(self.faces[rows], self.boxed[rows], tuple(self.photos[row] for row in rows))

    def plus(self, others: Samples) -> Samples:
        """These followed by the others."""
        faces = joined(self.faces, others.faces)
        return Samples(faces, np.concatenate([self.boxed, others.boxed]), self.photos + others.photos)


def joined(first: AlignedFaces, second: AlignedFaces) -> AlignedFaces:
    """Concatenate faces of one spec; `ValueError` if the specs differ."""
    if first.spec != second.spec:
        raise ValueError(f"faces are cut to {first.spec} and {second.spec}; align them alike")
    images, landmarks, to_crop = (
        np.concatenate([getattr(first, name), getattr(second, name)]) for name in ("images", "landmarks", "to_crop")
    )
    return AlignedFaces(images, landmarks, to_crop, first.spec)


def box_spec(spec: AlignSpec) -> AlignSpec:
    """The spec of `Samples.boxed` for crops of `spec`."""
    return replace(spec, registration="box", pose="none")


def boxed_faces(samples: Samples) -> AlignedFaces:
    """The unaligned crops as faces, with their meshes transformed accordingly."""
    spec, faces = box_spec(samples.faces.spec), samples.faces
    if not len(samples):
        return AlignedFaces.empty(spec)
    to_crop = faces.to_crop.astype(np.float64)
    meshes = move(faces.landmarks, from_crop(to_crop))
    to_box = around(boxes_of(meshes), spec.size)
    return AlignedFaces(samples.boxed, move(meshes, to_box), to_box.astype(np.float32), spec)


def cut(image: np.ndarray, faces: Faces, spec: AlignSpec) -> Samples:
    """Samples of the faces in a picture.

    Parameters
    ----------
    image : ndarray
        ``uint8 (H, W, 3)``, RGB.
    faces : Faces
        Found in it.
    spec : AlignSpec
    """
    jpeg = _small_jpeg(image) if len(faces) else b""
    size = np.array(faces.image_size * 2, np.float64)
    boxes = (faces.boxes / size).clip(0, 1).round(4)
    photos = tuple(Photo(jpeg, (left, top, right, bottom)) for left, top, right, bottom in boxes.tolist())
    return Samples(align(image, faces, spec), align(image, faces, box_spec(spec)).images, photos)


def _small_jpeg(image: np.ndarray) -> bytes:
    picture = Image.fromarray(image)
    picture.thumbnail((PHOTO_SIDE, PHOTO_SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0)
    for quality in (75, 50, 25):
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality)
        if buffer.tell() <= MAX_PHOTO:
            break
    return buffer.getvalue()
