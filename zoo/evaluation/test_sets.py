"""Test sets: FER2013, FER+ majority labels and folders of photos, each with its views."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from features import images
from features.align import AlignedFaces, AlignSpec, align
from features.images import ImageError
from features.mesh import FaceMesher
from zoo import filenames
from zoo.datasets.aligned import AlignedSet, DataError, concatenate
from zoo.datasets.duplicates import groups_of, load_duplicates
from zoo.datasets.fer2013 import SPLITS, is_standard_fer2013, load_fer2013
from zoo.datasets.ferplus import ferplus_majority, read_ferplus
from zoo.datasets.folders import Folder, parts, read_folder
from zoo.labels import EIGHT, SEVEN, LabelSet
from zoo.safe_zip import UnpackError

FER2013 = "FER2013"
WITHOUT_DUPLICATES = "FER2013 without near-duplicates"
FERPLUS = "FER+ majority"
PHOTOS = "photos"
NO_FACE = -1


@dataclass(frozen=True, eq=False)
class View:
    """One set of labels and pictures for the same faces.

    Parameters
    ----------
    data : str
        Name on the card.
    rows : ndarray
        ``(n,)`` int: the face of each picture, `NO_FACE` if none was found.
    targets : ndarray
        ``(n,)`` int, positions in `labels`.
    labels : LabelSet
        The label set of the pictures.
    """

    data: str
    rows: np.ndarray
    targets: np.ndarray
    labels: LabelSet = SEVEN

    def within(self, labels: LabelSet) -> View:
        """The pictures whose label is in a smaller set."""
        place = np.array([labels.labels.index(name) if name in labels.labels else -1 for name in self.labels])
        targets = place[self.targets]
        return View(self.data, self.rows[targets >= 0], targets[targets >= 0], labels)


@dataclass(frozen=True, eq=False)
class TestSet:
    """Faces with their labels, in one or more views.

    Parameters
    ----------
    split : str
    faces : AlignedFaces
        ``m`` crops.
    groups : ndarray
        ``(m,)`` int: near-duplicates share a number.
    views : tuple of View
    notes : tuple of str
        Sentences that readers of the figures should know.
    failed : tuple of str
        Sentences about pictures that could not be read; no figure includes these.
    no_face : tuple of str
        Files in which no face was found.
    found : ndarray, optional
        ``(m,)`` bool: whether a mesh was found for the crop; default: all.
    files : tuple of str
        For a folder: its n readable pictures, as relative paths with ``/``.
    rows, targets : ndarray, optional
        ``(n,)`` int: the face and the label (in `EIGHT`) of each of these files.
    """

    __test__ = False  # tells pytest that this is not a test

    split: str
    faces: AlignedFaces
    groups: np.ndarray
    views: tuple[View, ...]
    notes: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    no_face: tuple[str, ...] = ()
    found: np.ndarray | None = None
    files: tuple[str, ...] = ()
    rows: np.ndarray | None = None
    targets: np.ndarray | None = None


# --- FER2013 ---------------------------------------------------------------------------------


def fer2013_test(path: Path, spec: AlignSpec, split: str, votes: Path | None = None) -> TestSet:
    """One split of a FER2013 file in three views: as usual, without near-duplicates, and with FER+ labels.

    Parameters
    ----------
    path : Path
        Kaggle's CSV, possibly compressed.
    spec : AlignSpec
    split : str
        PublicTest or PrivateTest.
    votes : Path, optional
        FER+'s ``fer2013new.csv`` for the same rows.

    Raises
    ------
    DataError
    """
    if split not in SPLITS:
        raise DataError(f"Unknown split {split!r}; choose one of {', '.join(SPLITS)}.")
    data = load_fer2013(path, spec)
    test, duplicates = data.split(split), load_duplicates(path, split)
    rows = np.arange(len(test))
    views = [View(FER2013, rows, test.targets)]
    if not duplicates.seen.all():
        fresh = np.flatnonzero(~duplicates.seen)
        views.append(View(WITHOUT_DUPLICATES, fresh, test.targets[fresh]))
    if votes is not None:
        views.append(_ferplus_view(votes, data, split))
    notes = _fer2013_notes(data, test, duplicates.seen)
    return TestSet(split, test.faces, duplicates.groups, tuple(views), notes, found=test.found)


def _fer2013_notes(data: AlignedSet, test: AlignedSet, seen: np.ndarray) -> tuple[str, ...]:
    missed = int((~test.found).sum())
    notes = [
        f"{len(test)} pictures; the mesh missed {missed} ({missed / len(test):.1%}), of which the middle was used.",
        f"{seen.sum()} ({seen.mean():.1%}) have a near-duplicate in a split models are trained or chosen on.",
    ]
    if not is_standard_fer2013(data):
        notes.append("The class counts are not those of Kaggle's FER2013: do not compare with published figures.")
    return tuple(notes)


def _ferplus_view(votes: Path, data: AlignedSet, split: str) -> View:
    majority = ferplus_majority(read_ferplus(votes))
    if len(majority) != len(data):
        raise DataError(f"{votes} has {len(majority)} rows, the data {len(data)}; they must be of the same pictures.")
    targets = majority[data.splits == split]
    return View(FERPLUS, np.flatnonzero(targets >= 0), targets[targets >= 0], EIGHT)


# --- Photos in class folders -----------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Found:
    """Faces found in the pictures of a folder.

    Parameters
    ----------
    faces : AlignedFaces
        One per picture with a face.
    rows : ndarray
        ``(n,)`` int: the face of each picture, or `NO_FACE`.
    readable : ndarray
        ``(n,)`` bool.
    several : int
        Pictures with more than one face.
    failed : tuple of str
        Files that could not be read, and why.
    """

    faces: AlignedFaces
    rows: np.ndarray
    readable: np.ndarray
    several: int
    failed: tuple[str, ...]


def photo_test(root: Path, spec: AlignSpec) -> TestSet:
    """A folder, zip or tar of class folders; in each photo the largest face is found and aligned.

    There are two views: photos with a face, and all photos, in which a missing face counts as a wrong answer.
    Pictures of contempt, which only models with eight labels know, are in a third view. Photos of one
    burst, whose crops are near-duplicates, are grouped for intervals.

    Raises
    ------
    DataError
        An unknown folder, no photo, or none with a face.
    """
    folder = read_folder(root)
    seen = _find_all(folder, spec)
    if not len(seen.faces):
        raise DataError(f"{root}: a face was found in none of {len(folder.paths)} pictures; nothing can be scored.")
    name, groups = (
        root.resolve().name if root.is_dir() else root.stem.removesuffix(".tar"),
        groups_of(seen.faces.images),
    )
    rows, targets = seen.rows[seen.readable], folder.targets[seen.readable]
    hit = rows != NO_FACE
    views = [View(f"{name}, face found", rows[hit], targets[hit], EIGHT), View(f"{name}, all", rows, targets, EIGHT)]
    sevens = [view.within(SEVEN) for view in views]
    with_contempt = [replace(views[1], data=f"{name}, all, with contempt")] if (targets >= len(SEVEN)).any() else []
    no_face = tuple(
        filenames.readable(str(folder.paths[i])) for i in np.flatnonzero(seen.readable & (seen.rows == NO_FACE))
    )
    notes = tuple(_photo_notes(folder, seen, name, groups))
    made = TestSet(PHOTOS, seen.faces, groups, (*sevens, *with_contempt), notes, seen.failed, no_face)
    files = tuple(folder.paths[i].relative_to(folder.root).as_posix() for i in np.flatnonzero(seen.readable))
    return replace(made, files=files, rows=rows, targets=targets)


def _photo_notes(folder: Folder, seen: Found, name: str, groups: np.ndarray) -> Iterable[str]:
    """Sentences about what was read, found and left out."""
    missed = folder.targets[seen.readable & (seen.rows == NO_FACE)]
    n, where = int(seen.readable.sum()), ", ".join(_counted(missed))
    head = f"{n} picture{'' if n == 1 else 's'}; no face was found in {len(missed)} ({len(missed) / n:.1%})"
    if len(missed):
        yield f"{head}: {where}. They are left out of '{name}, face found' and are wrong answers in '{name}, all'."
    else:
        yield f"{head}."
    if found := parts(folder):
        told = ", ".join(f"{part} {count}" for part, count in found.items())
        yield f"All parts were used ({told}). To use one, add its name to the path, such as /{next(iter(found))}."
    if folder.skipped:
        yield folder.skipped
    if seen.several:
        yield f"More than one face: {seen.several} of {n} pictures; the largest is judged."
    if copies := len(groups) - len(set(groups.tolist())):
        yield f"Near-duplicates of another face: {copies}; intervals count such a group once."
    if folder.read_as:
        yield f"Folders were read as: {', '.join(f'{spelt} = {label}' for spelt, label in folder.read_as.items())}."
    if others := int((folder.targets >= len(SEVEN)).sum()):
        yield f"Contempt: {others} pictures, only in '{name}, all, with contempt', for models of 8 labels."


def _counted(targets: np.ndarray) -> list[str]:
    return [f"{label} {n}" for label, n in zip(EIGHT, np.bincount(targets, minlength=len(EIGHT)), strict=True) if n]


def _find_all(folder: Folder, spec: AlignSpec) -> Found:
    paths = folder.paths
    parts, failed, several = [AlignedFaces.empty(spec)], [], 0
    rows, readable = np.full(len(paths), NO_FACE), np.ones(len(paths), bool)
    with FaceMesher() as mesher:
        for i, path in enumerate(tqdm(paths, desc="finding faces", unit="photo", disable=None)):
            try:
                image = images.load(folder.read(path))
            except (ImageError, UnpackError) as error:
                readable[i] = False
                failed.append(filenames.readable(f"{path}: {error}"))
                continue
            faces = mesher.find(image)
            several += len(faces) > 1
            if len(faces):
                rows[i] = len(parts) - 1
                parts.append(align(image, faces[:1], spec))
    return Found(concatenate(parts), rows, readable, several, tuple(failed))
