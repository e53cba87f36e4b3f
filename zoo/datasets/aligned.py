"""Reads labelled face pictures and turns them, once, into aligned crops on disk.

FER2013 in Kaggle's CSV form, the FER+ votes beside it, and trees of class folders. None of
this data is shipped: what you train or measure on, you bring.
"""

from __future__ import annotations

import csv
import gzip
import io
import lzma
import os
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from tqdm import tqdm

from features import images
from features.align import AlignedFaces, AlignSpec, align, centre_crop
from features.mesh import FaceMesher
from zoo.cards import sha256
from zoo.labels import EIGHT, SEVEN, LabelSet, label_from_spelling

SIDE = 48
SPLITS = ("Training", "PublicTest", "PrivateTest")
FER2013_COUNTS = {
    "Training": (3995, 436, 4097, 7215, 4830, 3171, 4965),
    "PublicTest": (467, 56, 496, 895, 653, 415, 607),
    "PrivateTest": (491, 55, 528, 879, 594, 416, 626),
}
FERPLUS_VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")


class DataError(ValueError):
    """A data set that is not what it should be. The message names the file and the row or folder."""


@dataclass(frozen=True, eq=False)
class Fer2013:
    """FER2013 as it comes: ``pixels (n, 48, 48)`` uint8 grey, ``targets (n,)``, ``splits (n,)``."""

    pixels: np.ndarray
    targets: np.ndarray
    splits: np.ndarray


@dataclass(frozen=True, eq=False)
class AlignedSet:
    """A labelled data set, aligned.

    Parameters
    ----------
    faces : AlignedFaces
        One crop a picture.
    targets : ndarray
        ``(n,)`` int, position of the right label in `labels`.
    splits : ndarray
        ``(n,)`` str: Training, PublicTest or PrivateTest.
    found : ndarray
        ``(n,)`` bool: whether the mesh was found. Where not, the crop is the picture's middle.
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


# --- FER2013's CSV -------------------------------------------------------------------------


def read_fer2013(path: str | os.PathLike) -> Fer2013:
    """Read ``emotion,pixels,Usage`` rows from a ``.csv``, ``.csv.xz``, ``.csv.gz`` or ``.zip``.

    Raises
    ------
    DataError
        Naming the file and the first broken row.
    """
    path = Path(path)
    pixels, targets, splits = [], [], []
    try:
        with closing(_open_text(path)) as text:
            for number, row in enumerate(_fer2013_rows(path, text), start=2):
                target, picture, split = _parse_row(path, number, row)
                targets.append(target)
                pixels.append(picture)
                splits.append(split)
    except (EOFError, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise DataError(f"{path} is damaged or not what its name says ({error}).") from error
    if not targets:
        raise DataError(f"{path} has a heading and no row.")
    return Fer2013(np.stack(pixels), np.array(targets), np.array(splits))


def _open_text(path: Path) -> io.TextIOBase:
    if not path.is_file():
        raise DataError(f"There is no file {path}. Download fer2013.csv from Kaggle and give its path.")
    openers = {".xz": lzma.open, ".gz": gzip.open, ".csv": open}
    if path.suffix in openers:
        return openers[path.suffix](path, "rt", encoding="ascii", newline="")
    if path.suffix == ".zip":
        archive = zipfile.ZipFile(path)
        members = [name for name in archive.namelist() if name.endswith(".csv")]
        if not members:
            raise DataError(f"{path} holds no .csv file.")
        return io.TextIOWrapper(archive.open(members[0]), encoding="ascii", newline="")
    raise DataError(f"{path} is no .csv, .csv.xz, .csv.gz or .zip.")


def _fer2013_rows(path: Path, text: io.TextIOBase) -> Iterator[dict[str, str]]:
    rows = csv.DictReader(text)
    if rows.fieldnames is None or not {"emotion", "pixels", "Usage"} <= set(rows.fieldnames):
        raise DataError(f"{path} has the columns {rows.fieldnames}; expected emotion, pixels, Usage.")
    return rows


def _parse_row(path: Path, number: int, row: dict[str, str]) -> tuple[int, np.ndarray, str]:
    try:
        target = int(row["emotion"])
        values = np.array(row["pixels"].split(), dtype=np.int64)
    except (ValueError, OverflowError, AttributeError, TypeError):
        raise DataError(f"{path}, line {number}: {_wrong_value(row)}") from None
    if not 0 <= target < len(SEVEN):
        raise DataError(f"{path}, line {number}: emotion {target}; expected 0 to 6.")
    if values.size != SIDE * SIDE:
        raise DataError(f"{path}, line {number}: {values.size} pixels; expected {SIDE * SIDE}.")
    if ((values < 0) | (values > 255)).any():
        raise DataError(f"{path}, line {number}: {_wrong_value(row)}")
    if row["Usage"] not in SPLITS:
        raise DataError(f"{path}, line {number}: Usage {row['Usage']!r}; expected one of {', '.join(SPLITS)}.")
    return target, values.astype(np.uint8).reshape(SIDE, SIDE), row["Usage"]


def _wrong_value(row: dict[str, str | None]) -> str:
    """Which value of a row is no number as it should be, in words."""
    for column in ("emotion", "pixels"):
        if row[column] is None:
            return f"the row breaks off before {column}."
    if not row["emotion"].strip().isdecimal():
        return f"emotion {row['emotion']!r} is no whole number from 0 to 6."
    place, value = next((i, v) for i, v in enumerate(row["pixels"].split(), 1) if not _is_grey_level(v))
    return f"pixels, value {place} is {value!r}; expected a whole number from 0 to 255."


def _is_grey_level(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 3 and int(text) <= 255


def class_counts(targets: np.ndarray, labels: LabelSet = SEVEN) -> tuple[int, ...]:
    """Pictures of each label, in the set's order."""
    return tuple(np.bincount(targets, minlength=len(labels)).tolist())


def is_standard_fer2013(data: Fer2013 | AlignedSet) -> bool:
    """Whether the class counts of all three splits are Kaggle's: figures then compare with papers'."""
    return all(class_counts(data.targets[data.splits == name]) == FER2013_COUNTS[name] for name in SPLITS)


# --- FER+ ----------------------------------------------------------------------------------


def read_ferplus(path: str | os.PathLike) -> np.ndarray:
    """The ten taggers' votes on each FER2013 row: ``(35887, 10)`` int, columns `FERPLUS_VOTES`.

    Rows without an image name hold no usable face; theirs are all zero.

    References
    ----------
    Barsoum et al., "Training deep networks for facial expression recognition with
    crowd-sourced label distribution", ICMI 2016.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"There is no file {path}. Get fer2013new.csv from the FER+ repository.")
    with path.open(newline="") as text:
        rows = csv.DictReader(text)
        if rows.fieldnames is None or not set(FERPLUS_VOTES) <= set(rows.fieldnames):
            raise DataError(f"{path} has the columns {rows.fieldnames}; expected {', '.join(FERPLUS_VOTES)}.")
        votes = [[int(row[name] or 0) * bool(row["Image name"]) for name in FERPLUS_VOTES] for row in rows]
    return np.array(votes)


# --- Trees of class folders ----------------------------------------------------------------


@dataclass(frozen=True)
class Folder:
    """Pictures in class folders.

    Parameters
    ----------
    paths : tuple of Path
    targets : ndarray
        ``(n,)`` int: the position of each one's label in `EIGHT`, which begins with the seven.
    read_as : dict
        Names of folders that are not spelt as the label they were read as, with that label.
    """

    paths: tuple[Path, ...]
    targets: np.ndarray
    read_as: dict[str, str] = field(default_factory=dict)


def read_folder(root: str | os.PathLike) -> Folder:
    """Pictures below ``root/<class>/`` or ``root/<split>/<class>/``.

    Class folders may be spelt as data sets spell them (``anger``, ``AN``, ``0``).

    Raises
    ------
    DataError
        Naming the folders that are no class, or that there is no picture.
    """
    root = Path(root)
    if not root.is_dir():
        raise DataError(f"{root} is no folder.")
    pictures = sorted(p for p in root.rglob("*") if p.suffix.lower() in images.SUFFIXES and not _hidden(p, root))
    classes = {folder: label_from_spelling(folder.name, EIGHT) for folder in {p.parent for p in pictures}}
    unknown = sorted(str(folder.relative_to(root)) for folder, label in classes.items() if label is None)
    if unknown:
        known = ", ".join(EIGHT)
        raise DataError(
            f"{root}: no class is called {', '.join(unknown)}. Name the folders {known}, or move them away."
        )
    if not pictures:
        raise DataError(f"{root} holds no picture in class folders such as {root / 'happy'}.")
    read_as = {folder.name: label for folder, label in classes.items() if folder.name != label}
    return Folder(tuple(pictures), np.array([EIGHT.index(classes[p.parent]) for p in pictures]), read_as)


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


# --- Aligning, once ------------------------------------------------------------------------


def cache_folder() -> Path:
    """Where aligned data sets lie: ``$FACEOFF_CACHE`` or ``.cache/`` beside the code (git-ignored)."""
    return Path(os.environ.get("FACEOFF_CACHE") or Path(__file__).parents[2] / ".cache")


def load_fer2013(path: str | os.PathLike, spec: AlignSpec) -> AlignedSet:
    """FER2013, aligned; from the cache when this file was aligned to this spec before."""
    store = cache_folder() / spec.fingerprint / f"fer2013-{file_key(Path(path))}.npz"
    if store.is_file():
        return _load(store, spec)
    data = read_fer2013(path)
    faces, found = align_pictures(data.pixels, spec)
    aligned = AlignedSet(faces, data.targets, data.splits, found)
    _save(store, aligned)
    return aligned


def align_pictures(pixels: np.ndarray, spec: AlignSpec, workers: int | None = None) -> tuple[AlignedFaces, np.ndarray]:
    """Align small grey face pictures, in parallel, with a progress bar.

    Parameters
    ----------
    pixels : ndarray
        ``(n, H, W)`` uint8.
    spec : AlignSpec
    workers : int, optional
        Processes; one a core when not given.

    Returns
    -------
    faces : AlignedFaces
    found : ndarray
        ``(n,)`` bool; where False the crop is the picture's middle.
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
    """Faces of several pictures, one after the other; all of one spec."""
    joined = (np.concatenate([getattr(p, name) for p in parts]) for name in ("images", "landmarks", "to_crop"))
    return AlignedFaces(*joined, parts[0].spec)


def file_key(path: Path) -> str:
    """Twelve digits of a file's SHA-256, so that another file never meets this one's cache."""
    if not path.is_file():
        raise DataError(f"There is no file {path}. Download fer2013.csv from Kaggle and give its path.")
    return sha256(path)[:12]


def _save(store: Path, data: AlignedSet) -> None:
    store.parent.mkdir(parents=True, exist_ok=True)
    part = store.with_name(f"{store.stem}.{os.getpid()}.part.npz")
    arrays = {
        "images": data.faces.images,
        "landmarks": data.faces.landmarks.astype(np.float16),
        "to_crop": data.faces.to_crop,
        "targets": data.targets,
        "splits": data.splits,
        "found": data.found,
    }
    np.savez(part, **arrays)
    part.replace(store)


def _load(store: Path, spec: AlignSpec) -> AlignedSet:
    with np.load(store, allow_pickle=False) as kept:
        faces = AlignedFaces(kept["images"], kept["landmarks"].astype(np.float32), kept["to_crop"], spec)
        return AlignedSet(faces, kept["targets"], kept["splits"], kept["found"])
