"""Reads FER2013 from Kaggle's CSV, and its aligned crops from the cache."""

from __future__ import annotations

import os
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
from zoo.datasets.tables import Row, read_table, told
from zoo.filenames import quoted
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
    """FER2013 without alignment: ``pixels (n, 48, 48)`` uint8 grey, ``targets (n,)``, ``splits (n,)``."""

    pixels: np.ndarray
    targets: np.ndarray
    splits: np.ndarray


COLUMNS = ("emotion", "pixels", "Usage")
_SPELT = {name.casefold(): name for name in SPLITS}
MAX_ROWS = 200_000  # FER2013 has 35,887
GET_IT = "Download fer2013.csv from Kaggle and give its path."


def read_fer2013(path: str | os.PathLike) -> Fer2013:
    """Read rows of emotion, pixels and Usage, in any form in which Kaggle has published FER2013.

    These are ``fer2013.csv`` and ``icml_face_data.csv``, plain or packed (see `zoo.datasets.tables`), with their
    columns in any order.

    Raises
    ------
    DataError
        Names the file and the first invalid row.
    """
    path = Path(path)
    pixels: list[np.ndarray] = []
    targets: list[int] = []
    splits: list[str] = []
    with closing(read_table(path, COLUMNS, GET_IT)) as rows:
        for number, row in rows:
            if len(targets) == MAX_ROWS:
                raise DataError(f"{told(path)} has more than {MAX_ROWS:,} rows; FER2013 has 35,887.")
            target, picture, split = _parse_row(path, number, row)
            targets.append(target)
            pixels.append(picture)
            splits.append(split)
    if not targets:
        raise DataError(f"{told(path)} has a heading and no row.")
    return Fer2013(np.stack(pixels), np.array(targets), np.array(splits))


def _parse_row(path: Path, number: int, row: Row) -> tuple[int, np.ndarray, str]:
    where = f"{told(path)}, line {number}"
    emotion, pixels, usage = (row[name] for name in COLUMNS)
    if emotion is None or pixels is None:
        raise DataError(f"{where}: the row breaks off before {'emotion' if emotion is None else 'pixels'}.")
    target = _whole(emotion)
    if target is None:
        raise DataError(f"{where}: emotion {quoted(emotion)} is not a whole number from 0 to 6.")
    if not 0 <= target < len(SEVEN):
        raise DataError(f"{where}: emotion {target}; expected 0 to 6.")
    picture = _grey_levels(where, pixels.split())
    split = _SPELT.get((usage or "").strip().casefold())
    if split is None:
        raise DataError(f"{where}: Usage {quoted(usage or '')}; expected one of {', '.join(SPLITS)}.")
    return target, picture, split


def _grey_levels(where: str, texts: list[str]) -> np.ndarray:
    """The picture with these grey levels: ``(48, 48)`` uint8."""
    try:
        levels = bytes(map(int, texts))
    except ValueError:  # whole numbers as floats, as written by pandas
        levels = bytes(_grey_level(where, place, text) for place, text in enumerate(texts, start=1))
    if len(levels) != SIDE * SIDE:
        raise DataError(f"{where}: {len(levels)} pixels; expected {SIDE * SIDE}.")
    return np.frombuffer(levels, np.uint8).reshape(SIDE, SIDE)


def _grey_level(where: str, place: int, text: str) -> int:
    number = _whole(text)
    if number is None or not 0 <= number <= 255:
        raise DataError(f"{where}: pixels, value {place} is {quoted(text)}; expected a whole number from 0 to 255.")
    return number


def _whole(text: str) -> int | None:
    """A small integer, ``3`` or ``3.0``; None for anything else."""
    text = text.strip().removesuffix(".0")
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdecimal() and len(digits) <= 9 else None


def class_counts(targets: np.ndarray, labels: LabelSet = SEVEN) -> tuple[int, ...]:
    """Pictures of each label, in the set's order."""
    return tuple(np.bincount(targets, minlength=len(labels)).tolist())


def is_standard_fer2013(data: Fer2013 | AlignedSet) -> bool:
    """Whether the class counts of all splits are Kaggle's, so that figures are comparable with papers'."""
    return all(class_counts(data.targets[data.splits == name]) == FER2013_COUNTS[name] for name in SPLITS)


def load_fer2013(path: str | os.PathLike, spec: AlignSpec) -> AlignedSet:
    """FER2013, aligned; from the cache if this file was aligned with this spec before."""
    store = cache_folder() / spec.fingerprint / f"fer2013-{file_key(Path(path))}.npz"
    if store.is_file() and (kept := read_aligned(store, spec)) is not None:
        return kept
    check_cache(store)
    data = read_fer2013(path)
    faces, found = align_pictures(data.pixels, spec)
    aligned = AlignedSet(faces, data.targets, data.splits, found)
    write_aligned(store, aligned)
    return aligned
