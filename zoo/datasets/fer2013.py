"""Reads FER2013 in Kaggle's CSV form, and its aligned crops from the cache."""

from __future__ import annotations

import csv
import gzip
import io
import lzma
import os
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from features.align import AlignSpec
from zoo.datasets.aligned import (
    AlignedSet,
    DataError,
    align_pictures,
    cache_folder,
    check_cache,
    file_key,
    read_aligned,
    write_aligned,
)
from zoo.labels import SEVEN, LabelSet

SIDE = 48
SPLITS = ("Training", "PublicTest", "PrivateTest")
FER2013_COUNTS = {
    "Training": (3995, 436, 4097, 7215, 4830, 3171, 4965),
    "PublicTest": (467, 56, 496, 895, 653, 415, 607),
    "PrivateTest": (491, 55, 528, 879, 594, 416, 626),
}


@dataclass(frozen=True, eq=False)
class Fer2013:
    """FER2013 as it comes: ``pixels (n, 48, 48)`` uint8 grey, ``targets (n,)``, ``splits (n,)``."""

    pixels: np.ndarray
    targets: np.ndarray
    splits: np.ndarray


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
        raise DataError(f"{path} does not exist. Download fer2013.csv from Kaggle and give its path.")
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
        return f"emotion {row['emotion']!r} is not a whole number from 0 to 6."
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


def load_fer2013(path: str | os.PathLike, spec: AlignSpec) -> AlignedSet:
    """FER2013, aligned; from the cache when this file was aligned to this spec before."""
    store = cache_folder() / spec.fingerprint / f"fer2013-{file_key(Path(path))}.npz"
    if store.is_file():
        return read_aligned(store, spec)
    check_cache(store)
    data = read_fer2013(path)
    faces, found = align_pictures(data.pixels, spec)
    aligned = AlignedSet(faces, data.targets, data.splits, found)
    write_aligned(store, aligned)
    return aligned
