"""Aligns the pictures of labelled data sets once, and caches the crops on disk.

FER2013 as Kaggle's CSV, the FER+ votes for it, and class folders. None of
this data is included; you provide it for training and evaluation.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from tqdm import tqdm

from features import file_kinds
from features.align import AlignedFaces, AlignSpec, align, centre_crop
from features.mesh import FaceMesher
from zoo.cards import sha256
from zoo.filenames import NotWritableError, check_folder
from zoo.labels import SEVEN, LabelSet


class DataError(ValueError):
    """A data set is invalid. The message names the file and the row or folder."""


@dataclass(frozen=True, eq=False)
class AlignedSet:
    """A labelled data set, aligned.

    Parameters
    ----------
    faces : AlignedFaces
        One crop per picture.
    targets : ndarray
        ``(n,)`` int, position of the correct label in `labels`.
    splits : ndarray
        ``(n,)`` str: Training, PublicTest or PrivateTest.
    found : ndarray
        ``(n,)`` bool: whether a mesh was found. If not, the crop is the picture's centre.
    labels : LabelSet
    """

    faces: AlignedFaces
    targets: np.ndarray
    splits: np.ndarray
    found: np.ndarray
    labels: LabelSet = SEVEN

    def __len__(self) -> int:
        return len(self.targets)

    def split(self, name: str) -> AlignedSet:
        """The pictures of one split."""
        rows = np.flatnonzero(self.splits == name)
        if not len(rows):
            raise DataError(f"no picture in split {name!r}; there are {', '.join(sorted(set(self.splits)))}")
        return self.rows(rows)

    def rows(self, rows: np.ndarray) -> AlignedSet:
        """The pictures at these positions, in this order."""
        return replace(
            self, faces=self.faces[rows], targets=self.targets[rows], splits=self.splits[rows], found=self.found[rows]
        )

    def within(self, labels: LabelSet) -> AlignedSet:
        """The pictures whose label is in a smaller set, labelled in that set."""
        place = np.array([labels.labels.index(name) if name in labels.labels else -1 for name in self.labels])
        kept = self.rows(np.flatnonzero(place[self.targets] >= 0))
        return replace(kept, targets=place[kept.targets], labels=labels)


# --- Aligning, once ------------------------------------------------------------------------


def cache_folder() -> Path:
    """Folder of aligned data sets: ``$FACEOFF_CACHE``, or ``.cache/`` in the repository (git-ignored)."""
    return Path(os.environ.get("FACEOFF_CACHE") or Path(__file__).parents[2] / ".cache")


def check_cache(store: Path) -> None:
    """Raise unless the cache can be written; called before work whose result is cached.

    Raises
    ------
    NotWritableError
    """
    try:
        check_folder(store.parent)
    except NotWritableError as error:
        raise NotWritableError(f"{error} FACEOFF_CACHE names the cache's folder.") from None


def align_pictures(pixels: np.ndarray, spec: AlignSpec, workers: int | None = None) -> tuple[AlignedFaces, np.ndarray]:
    """Align small grey face pictures, in parallel, with a progress bar.

    Parameters
    ----------
    pixels : ndarray
        ``(n, H, W)`` uint8.
    spec : AlignSpec
    workers : int, optional
        Processes; default: one per core.

    Returns
    -------
    faces : AlignedFaces
    found : ndarray
        ``(n,)`` bool; if False, the crop is the picture's centre.
    """
    chunks = [pixels[start : start + 256] for start in range(0, len(pixels), 256)]
    workers = min(workers or os.cpu_count() or 1, len(chunks))
    # MediaPipe's threads do not survive a fork.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        parts = pool.map(_align_chunk, chunks, [spec] * len(chunks))
        done = list(tqdm(parts, total=len(chunks), desc="aligning", unit="x256"))
    return concatenate([faces for faces, _ in done]), np.concatenate([found for _, found in done])


def _align_chunk(pixels: np.ndarray, spec: AlignSpec) -> tuple[AlignedFaces, np.ndarray]:
    with FaceMesher(max_faces=1) as mesher:
        pairs = [_align_one(mesher, np.repeat(picture[:, :, None], 3, axis=2), spec) for picture in pixels]
    return concatenate([faces for faces, _ in pairs]), np.array([found for _, found in pairs])


def _align_one(mesher: FaceMesher, image: np.ndarray, spec: AlignSpec) -> tuple[AlignedFaces, bool]:
    faces = mesher.find(image)
    if len(faces):
        return align(image, faces[0], spec), True
    return centre_crop(image, spec), False


def concatenate(parts: Sequence[AlignedFaces]) -> AlignedFaces:
    """Concatenate faces of several pictures; all of one spec."""
    images, landmarks, to_crop = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("images", "landmarks", "to_crop")
    )
    return AlignedFaces(images, landmarks, to_crop, parts[0].spec)


def file_key(path: Path) -> str:
    """The first twelve digits of a file's SHA-256, part of the cache's key."""
    if file_kinds.is_special(path):
        raise DataError(file_kinds.special_words(path))
    if not path.is_file():
        raise DataError(f"{path} does not exist. Give the path of fer2013.csv (from Kaggle) or of a folder of photos.")
    return sha256(path)[:12]


def write_aligned(store: Path, data: AlignedSet) -> None:
    """Write a file for `read_aligned`; nothing of it remains if it cannot be completed."""
    store.parent.mkdir(parents=True, exist_ok=True)
    part = store.with_name(f"{store.stem}.{os.getpid()}.part.npz")
    try:
        np.savez(
            part,
            images=data.faces.images,
            landmarks=data.faces.landmarks.astype(np.float16),
            to_crop=data.faces.to_crop,
            targets=data.targets,
            splits=data.splits,
            found=data.found,
        )
        part.replace(store)
    finally:
        part.unlink(missing_ok=True)


def read_aligned(store: Path, spec: AlignSpec) -> AlignedSet | None:
    """Read a file of `write_aligned`; None if it is damaged and has to be made again."""
    try:
        with store.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            faces = AlignedFaces(kept["images"], kept["landmarks"].astype(np.float32), kept["to_crop"], spec)
            return AlignedSet(faces, kept["targets"], kept["splits"], kept["found"])
    except DAMAGED_CACHE:
        return None


# Exceptions of NumPy for a truncated or overwritten file.
DAMAGED_CACHE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)
