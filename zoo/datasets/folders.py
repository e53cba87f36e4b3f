"""Reads pictures in one folder per label, from a disk, a zip or a tar."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from features import file_kinds, images
from features.file_listing import Listing, look
from zoo.datasets.aligned import DataError
from zoo.datasets.safe_tar import SafeTar, is_tar, names_in
from zoo.labels import EIGHT, label_from_spelling
from zoo.safe_zip import Limits, SafeZip, UnpackError

ARCHIVE = Limits(size=2**30, unpacked=4 * 2**30, members=200_000, depth=8)
MOST_PARTS = 5
_ZIP = b"PK\x03\x04"

# --- Trees of class folders ----------------------------------------------------------------


@dataclass(frozen=True)
class Folder:
    """Pictures in class folders.

    Parameters
    ----------
    root : Path
        What `paths` begin with; of an archive, the current folder or one in the archive.
    paths : tuple of Path
    targets : ndarray
        ``(n,)`` int: position of each label in `EIGHT`, which begins with the seven.
    read_as : dict
        Folder names that differ from the label's name, with the label they were read as.
    skipped : str
        A sentence about files that are not pictures.
    read : callable
        What `features.images.load` takes for one of `paths`; `UnpackError` if the archive does not give it.
    """

    root: Path
    paths: tuple[Path, ...]
    targets: np.ndarray
    read_as: dict[str, str] = field(default_factory=dict)
    skipped: str = ""
    read: Callable[[Path], Path | bytes] = lambda path: path


def holds_photos(path: Path) -> bool:
    """Whether a path is a folder, or a zip or tar (or a folder in one) with pictures: FER2013's table may be packed."""
    if path.is_dir():
        return True
    path, _ = _parted(path)
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            names = _zip(file).names if _is_zip(file) else names_in(file, ARCHIVE.unpacked)
            return any(file_kinds.names_picture("", name) for name in names)
    except (OSError, UnpackError):
        return False


def _parted(path: Path) -> tuple[Path, str]:
    """The file in ``archive.zip/test``, and the folder in it; no folder if the path itself is there."""
    inner = next((parent for parent in path.parents if parent.is_file()), None) if not path.exists() else None
    return (path, "") if inner is None else (inner, path.relative_to(inner).as_posix())


def _is_zip(file: BinaryIO) -> bool:
    start = file.read(len(_ZIP))
    file.seek(0)
    return start == _ZIP


def _zip(file: BinaryIO) -> SafeZip:
    return SafeZip(file.read(ARCHIVE.size + 1), ARCHIVE)


def _opened(path: Path) -> SafeZip | SafeTar:
    if not path.is_file():
        raise UnpackError(f"{path} is not a file.")
    with path.open("rb") as file:
        if _is_zip(file):
            return _zip(file)
        if is_tar(file):
            return SafeTar(file, ARCHIVE)
    raise UnpackError(f"{path} is neither a zip nor a tar.")


def read_folder(root: str | os.PathLike) -> Folder:
    """Pictures below ``root/<class>/`` or ``root/<split>/<class>/``, of a folder, a zip or a tar.

    The root may be a folder in an archive: ``archive.zip/test``. Class folders may have the names used in data sets
    (``anger``, ``AN``, ``0``).

    Raises
    ------
    DataError
        Names the folders that are not a class, or says that there is no picture.
    """
    root = Path(root)
    if root.is_dir():
        return _sorted_out(root, root, look(root), lambda path: path)
    file, inner = _parted(root)
    try:
        archive = _opened(file)
    except (OSError, UnpackError) as error:
        raise DataError(f"{root} is not a folder, nor a zip or tar that can be read: {error}") from error
    read = lambda path: archive.read(path.as_posix(), images.MAX_BYTES)
    return _sorted_out(root, Path(inner), _listed(archive, f"{inner}/" if inner else ""), read)


def _listed(archive: SafeZip | SafeTar, folder: str) -> Listing:
    """The members of a folder in an archive, pictures known by their content; damaged ones by their names."""
    names = sorted(name for name in archive.names if name.startswith(folder))
    pictures = [name for name in names if file_kinds.names_picture(_kind(archive, name), name)]
    known = set(pictures)
    others = [name for name in names if name not in known]
    return Listing(tuple(map(Path, pictures)), (), tuple(map(Path, others)))


def _kind(archive: SafeZip | SafeTar, name: str) -> str:
    try:
        return file_kinds.kind(archive.read(name, images.MAX_BYTES)[: file_kinds.HEAD])
    except UnpackError:
        return ""


def _sorted_out(given: Path, root: Path, found: Listing, read: Callable[[Path], Path | bytes]) -> Folder:
    """Pictures with their labels; `given` is named in errors."""
    pictures = found.pictures
    labels = {folder: label_from_spelling(folder.name, EIGHT) for folder in {p.parent for p in pictures}}
    classes = {folder: label for folder, label in labels.items() if label is not None}
    unknown = sorted(str(folder.relative_to(root)) for folder in labels if folder not in classes)
    if "." in unknown:
        raise DataError(f"{given} holds pictures outside class folders such as {root / 'happy'}; move them into one.")
    if unknown:
        known = ", ".join(EIGHT)
        raise DataError(f"{given}: no class is called {_some(unknown)}. Name the folders {known}, or move them away.")
    if not pictures:
        raise DataError(f"{given} holds no picture in class folders such as {root / 'happy'}.")
    read_as = {folder.name: label for folder, label in classes.items() if folder.name != label}
    targets = np.array([EIGHT.index(classes[p.parent]) for p in pictures])
    return Folder(root, pictures, targets, read_as, found.skipped(root), read)


def parts(folder: Folder) -> dict[str, int]:
    """Pictures of each part that a folder is divided into, such as train and test; empty if it is not."""
    counts = Counter(path.relative_to(folder.root).parent.parent.as_posix() for path in folder.paths)
    del counts["."]
    return dict(sorted(counts.items())) if 2 <= len(counts) <= MOST_PARTS else {}


def _some(names: list[str]) -> str:
    """At most five names, each of at most 30 characters."""
    shown = ", ".join(name if len(name) <= 30 else f"…{name[-29:]}" for name in names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
