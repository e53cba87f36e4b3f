"""Reads pictures in one folder per label."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from features.file_listing import look
from zoo.datasets.aligned import DataError
from zoo.labels import EIGHT, label_from_spelling

# --- Trees of class folders ----------------------------------------------------------------


@dataclass(frozen=True)
class Folder:
    """Pictures in class folders.

    Parameters
    ----------
    paths : tuple of Path
    targets : ndarray
        ``(n,)`` int: position of each label in `EIGHT`, which begins with the seven.
    read_as : dict
        Folder names that differ from the label's name, with the label they were read as.
    skipped : str
        A sentence about files that are not pictures.
    """

    paths: tuple[Path, ...]
    targets: np.ndarray
    read_as: dict[str, str] = field(default_factory=dict)
    skipped: str = ""


def read_folder(root: str | os.PathLike) -> Folder:
    """Pictures below ``root/<class>/`` or ``root/<split>/<class>/``.

    Class folders may have the names used in data sets (``anger``, ``AN``, ``0``).

    Raises
    ------
    DataError
        Names the folders that are not a class, or says that there is no picture.
    """
    root = Path(root)
    if not root.is_dir():
        raise DataError(f"{root} is not a folder.")
    found = look(root)
    pictures = found.pictures
    labels = {folder: label_from_spelling(folder.name, EIGHT) for folder in {p.parent for p in pictures}}
    classes = {folder: label for folder, label in labels.items() if label is not None}
    unknown = sorted(str(folder.relative_to(root)) for folder in labels if folder not in classes)
    if unknown:
        known = ", ".join(EIGHT)
        raise DataError(f"{root}: no class is called {_some(unknown)}. Name the folders {known}, or move them away.")
    if not pictures:
        raise DataError(f"{root} holds no picture in class folders such as {root / 'happy'}.")
    read_as = {folder.name: label for folder, label in classes.items() if folder.name != label}
    targets = np.array([EIGHT.index(classes[p.parent]) for p in pictures])
    return Folder(pictures, targets, read_as, found.skipped(root))


def _some(names: list[str]) -> str:
    """At most five names, each of at most 30 characters."""
    shown = ", ".join(name if len(name) <= 30 else f"…{name[-29:]}" for name in names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
