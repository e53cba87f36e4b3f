"""Saves and opens projects as zip files; reads zips of class folders and Teachable Machine's project files.

Uploads are parsed, never executed: no pickle is loaded, no path is followed, nothing is unpacked to
disk, and sizes are checked before anything is decompressed.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import PurePosixPath

import numpy as np
from PIL import Image

from features import file_kinds, images
from features.align import AlignedFaces, AlignSpec
from features.faces import MESH_POINTS
from features.file_listing import hidden
from features.images import ImageError
from features.phrase import Phrase
from zoo.filenames import quoted, shortened
from zoo.safe_zip import Limits, SafeZip, UnpackError
from zoo.teach.project import (
    MAX_CLASSES,
    MAX_SAMPLES,
    ClassError,
    Project,
    ProjectError,
    TaughtClass,
    checked_name,
)
from zoo.teach.samples import MAX_PHOTO, PHOTO_SIDE, Photo, Samples
from zoo.unicode_names import composed, same

FORMAT, VERSION = "face-off-project", 1
MANIFEST = "manifest.json"
MAX_ARCHIVE = 100 * 2**20
MAX_MEMBERS = 5000
MAX_UNPACKED = 400 * 2**20
MAX_MANIFEST = 2 * 2**20
MAX_CROP = 200_000  # bytes of one crop's PNG
MAX_DEPTH = 6
ARRAYS = {"landmarks.f32": ("<f4", (MESH_POINTS, 3)), "to_crop.f32": ("<f4", (2, 3))}


class ArchiveError(ProjectError):
    """A file that cannot be opened as a project or as pictures. The message says why."""


# ---- saving a project


def save(project: Project) -> bytes:
    """The project as a zip: ``manifest.json``, meshes, and, in a folder per class, PNGs of all crops, and photos."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, json.dumps(_manifest(project), indent=1, ensure_ascii=False))
        archive.writestr("landmarks.f32", project.faces.landmarks.astype("<f4").tobytes())
        archive.writestr("to_crop.f32", project.faces.to_crop.astype("<f4").tobytes())
        for i, name in enumerate(_member_names(project)):
            archive.writestr(f"{name}.png", _png(project.faces.images[i]))
            archive.writestr(f"{name}-unaligned.png", _png(project.samples.boxed[i]))
            archive.writestr(f"{name}-photo.jpg", project.samples.photos[i].jpeg)
    return buffer.getvalue()


def _manifest(project: Project) -> dict:
    rows = zip(
        project.targets.tolist(), project.bursts.tolist(), _member_names(project), project.samples.photos, strict=True
    )
    return {
        "format": FORMAT,
        "version": VERSION,
        "align": asdict(project.spec),
        "classes": [asdict(one) for one in project.classes],
        "samples": [
            {"class": target, "burst": burst, "file": name, "box": list(photo.box)}
            for target, burst, name, photo in rows
        ],
    }


def _member_names(project: Project) -> list[str]:
    """Path of each sample in the zip, without suffix, such as ``crops/01-happy/0001``."""
    folders = [f"crops/{at + 1:02d}-{_safe(one.name)}" for at, one in enumerate(project.classes)]
    return [f"{folders[target]}/{n:04d}" for n, target in enumerate(project.targets, 1)]


def _safe(name: str) -> str:
    """A class's name, made valid as part of a file name on any system."""
    return "".join(letter if letter.isalnum() or letter in " -_" else "_" for letter in name).strip() or "_"


def _png(crop: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(crop).save(buffer, "PNG")
    return buffer.getvalue()


# ---- reading any archive


class Archive(SafeZip):
    """A zip of pictures or of a project; all its errors are `ArchiveError`."""

    def __init__(self, data: bytes) -> None:
        with _as_archive_error():
            super().__init__(data, Limits(MAX_ARCHIVE, MAX_UNPACKED, MAX_MEMBERS, MAX_DEPTH))

    def read(self, name: str, most: int) -> bytes:
        with _as_archive_error():
            return super().read(name, most)


@contextmanager
def _as_archive_error() -> Iterator[None]:
    try:
        yield
    except UnpackError as error:
        raise ArchiveError(str(error)) from error


# ---- opening a project


def open_project(data: bytes, spec: AlignSpec | None = None) -> Project:
    """Open a project that `save` wrote.

    Parameters
    ----------
    data : bytes
        The zip file.
    spec : AlignSpec, optional
        Expected alignment of the samples; default: ``AlignSpec()``.

    Raises
    ------
    ArchiveError
        The file is not a project, or a damaged or modified one.
    """
    with Archive(data) as archive:
        manifest = _read_manifest(archive)
        try:
            return _project(archive, manifest, spec or AlignSpec())
        except ArchiveError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise ArchiveError(
                Phrase(
                    "project.damaged",
                    "The project's {0} is inconsistent ({1}). Save it again.",
                    MANIFEST,
                    shortened(error),
                )
            ) from error


def is_project(archive: Archive) -> bool:
    """Whether a zip is a project of this app."""
    return MANIFEST in archive.names and "landmarks.f32" in archive.names


def _read_manifest(archive: Archive) -> dict:
    if not is_project(archive):
        raise ArchiveError(
            Phrase(
                "project.none",
                "The zip is not a project: it lacks {0}. Choose a file that “Save project” wrote.",
                MANIFEST,
            )
        )
    try:
        manifest = json.loads(archive.read(MANIFEST, MAX_MANIFEST))
    except (ValueError, RecursionError) as error:
        raise ArchiveError(
            Phrase("project.unread", "The project's {0} cannot be read ({1}).", MANIFEST, shortened(error))
        ) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ArchiveError(Phrase("project.other", "The zip's {0} does not belong to a Face-off project.", MANIFEST))
    if manifest.get("version") != VERSION:
        raise ArchiveError(
            Phrase(
                "project.version",
                "The project is of version {0}; this app reads version {1}.",
                quoted(manifest.get("version")),
                VERSION,
            )
        )
    return manifest


def _project(archive: Archive, manifest: dict, spec: AlignSpec) -> Project:
    found = AlignSpec(**manifest["align"])
    if found != spec:
        raise ArchiveError(
            Phrase(
                "project.spec",
                "The project's crops are cut to {0}; this app cuts to {1}. Collect them again.",
                shortened(found, 200),
                spec,
            )
        )
    classes, rows = _classes(manifest["classes"]), manifest["samples"]
    if not isinstance(rows, list) or len(rows) > MAX_SAMPLES:
        raise ArchiveError(
            Phrase(
                "project.samples_n", "The project has more than {0} samples, or lacks its list of samples.", MAX_SAMPLES
            )
        )
    targets = _whole([row["class"] for row in rows])
    if ((targets < 0) | (targets >= len(classes))).any():
        raise ArchiveError(Phrase("project.no_class", "The project has samples of a class that it does not have."))
    samples = _samples(archive, rows, spec)
    bursts = _whole([row["burst"] for row in rows])
    return Project(classes, samples, targets, bursts, np.arange(len(rows)), len(rows))


def _classes(entries: list) -> tuple[TaughtClass, ...]:
    if not isinstance(entries, list) or len(entries) > MAX_CLASSES:
        raise ArchiveError(
            Phrase(
                "project.classes_n", "The project has more than {0} classes, or lacks its list of classes.", MAX_CLASSES
            )
        )
    classes: tuple[TaughtClass, ...] = ()
    for entry in entries:
        classes += (TaughtClass(checked_name(entry["name"], classes), entry["enabled"] is True),)
    return classes


def _whole(values: list) -> np.ndarray:
    if not all(type(value) is int and abs(value) < 2**31 for value in values):
        raise ValueError("a class or burst is not a whole number")
    return np.array(values, int)


def _samples(archive: Archive, rows: list[dict], spec: AlignSpec) -> Samples:
    n, side = len(rows), spec.size
    names = [str(row["file"]) for row in rows]
    crops = np.array([_crop(archive, f"{name}.png", side) for name in names], np.uint8).reshape(n, side, side)
    boxed = np.array([_crop(archive, f"{name}-unaligned.png", side) for name in names], np.uint8).reshape(n, side, side)
    landmarks, to_crop = (_array(archive, name, n) for name in ARRAYS)
    photos = tuple(_photo(archive, f"{name}-photo.jpg", row["box"]) for name, row in zip(names, rows, strict=True))
    return Samples(AlignedFaces(crops, landmarks, to_crop, spec), boxed, photos)


def _crop(archive: Archive, name: str, side: int) -> np.ndarray:
    pixels = _picture(archive.read(name, MAX_CROP), "PNG", name, side)
    if pixels.shape != (side, side, 3):
        raise ArchiveError(
            Phrase(
                "project.crop_n",
                "{0} has {1} x {2} pixels; expected {3} x {3}.",
                quoted(name),
                pixels.shape[1],
                pixels.shape[0],
                side,
            )
        )
    return pixels[..., 0]


def _array(archive: Archive, name: str, n: int) -> np.ndarray:
    kind, shape = ARRAYS[name]
    size = n * int(np.prod(shape)) * np.dtype(kind).itemsize
    data = archive.read(name, size)
    if len(data) != size:
        raise ArchiveError(
            Phrase("project.bytes_n", "{0} has {1:,} bytes; {2} samples need {3:,}.", quoted(name), len(data), n, size)
        )
    values = np.frombuffer(data, kind).reshape(n, *shape).astype(np.float32)
    if not np.isfinite(values).all() or np.abs(values).max(initial=0) > 1e5:
        raise ArchiveError(
            Phrase("project.numbers", "{0} contains values that are impossible for a face.", quoted(name))
        )
    return values


def _photo(archive: Archive, name: str, box: list) -> Photo:
    data = archive.read(name, MAX_PHOTO)
    _picture(data, "JPEG", name, PHOTO_SIDE)
    sides = [float(side) for side in box]
    if len(sides) != 4 or not all(0 <= side <= 1 for side in sides):
        raise ArchiveError(
            Phrase("project.box", "The face's box of {0} is not four numbers from 0 to 1.", quoted(name))
        )
    left, top, right, bottom = sides
    return Photo(data, (left, top, right, bottom))


def _picture(data: bytes, kind: str, name: str, most: int) -> np.ndarray:
    """Pixels of a small picture of one kind, its size checked before it is decoded."""
    try:
        width, height = images.check(data, (kind,))
        if max(width, height) <= most:
            return images.load(data)
    except ImageError as error:
        raise ArchiveError(
            Phrase("project.picture", "{0} in the zip is not a {1} picture ({2}).", quoted(name), kind, str(error))
        ) from None
    raise ArchiveError(
        Phrase(
            "project.photo_n",
            "{0} has {1} x {2} pixels; no side may be longer than {3}.",
            quoted(name),
            width,
            height,
            most,
        )
    )


# ---- reading pictures


@dataclass(frozen=True)
class Found:
    """A file in an upload: its class, and its bytes if it is a picture. Faces are detected later.

    Parameters
    ----------
    label, name : str
        Name of the class, and file name without folders.
    data : bytes or None
    error : str
        Why a picture cannot be read from the upload; empty for everything else.
    """

    label: str
    name: str
    data: bytes | None
    error: str = ""


def pictures(archive: Archive) -> Iterator[Found]:
    """The pictures in a zip of class folders: ``smile/1.jpg`` or ``anything/smile/1.jpg``, read one at a time.

    A project of Teachable Machine (``.tm``) is read the same way. According to its developers
    (github.com/googlecreativelab/teachablemachine-community/issues/38), it is a renamed zip
    with the samples and, in JSON, the labels. The rest is assumed, because no specification is
    published: that ``manifest.json`` has entries with a name and a list of files, or that the
    samples are in one folder per class, named like the class.

    Raises
    ------
    ArchiveError
        No folder contains a picture; raised at the end. A damaged picture is a `Found` with an `error` instead.
    """
    named = _named_by_manifest(archive)
    several = False
    for name in archive.names:
        path = PurePosixPath(name)
        if hidden(path) or not (name in named or _folder(name)):
            continue
        data, error = _picture_of(archive, name)
        several |= data is not None or bool(error)
        yield Found(named.get(name) or _folder(name), path.name, data, error)
    if not several:
        raise ArchiveError(
            Phrase(
                "teach.no_folders",
                "The zip contains no folders of pictures. Put the pictures of each class into a folder named after it.",
            )
        )


def _picture_of(archive: Archive, name: str) -> tuple[bytes | None, str]:
    """Content of a member if it is a picture, and, if its name is that of a picture, why it cannot be read."""
    try:
        data = archive.read(name, images.MAX_BYTES)
    except ArchiveError as error:
        return None, str(error) if file_kinds.names_picture("", name) else ""
    return (data if file_kinds.names_picture(file_kinds.kind(data[: file_kinds.HEAD]), name) else None), ""


def _folder(name: str) -> str:
    return PurePosixPath(name).parent.name


def _named_by_manifest(archive: Archive) -> dict[str, str]:
    """Member to class name, for the members listed in another program's manifest."""
    if MANIFEST not in archive.names:
        return {}
    try:
        manifest = json.loads(archive.read(MANIFEST, MAX_MANIFEST))
    except (ValueError, RecursionError):
        return {}
    return dict(_named(manifest, set(archive.names)))


def _named(node: object, members: set[str]) -> Iterator[tuple[str, str]]:
    """Pairs of member and class name: lists of members inside entries that have a name."""
    for entry in _entries(node):
        label = next((entry[key] for key in ("name", "label", "className") if isinstance(entry.get(key), str)), None)
        texts = [text for value in entry.values() if isinstance(value, list) for text in value]
        texts = [text.get("name", text.get("file")) if isinstance(text, dict) else text for text in texts]
        paths = [composed(text.replace("\\", "/")) for text in texts if isinstance(text, str)]
        yield from ((path, label) for path in paths if label and path in members)


def _entries(node: object) -> Iterator[dict]:
    """Every dict in JSON data, at any depth."""
    todo = [node]
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            yield one
        todo.extend(one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())


def renamed(project: Project, labels: list[str]) -> tuple[Project, dict[str, int]]:
    """Add missing classes, so that each of these labels has one; also return each label's position.

    Raises
    ------
    ClassError
        Too many classes, or an invalid name.
    """
    classes, places = project.classes, {}
    for label in dict.fromkeys(labels):
        known = {same(one.name): at for at, one in enumerate(classes)}
        if same(label) not in known:
            if len(classes) >= MAX_CLASSES:
                raise ClassError(
                    Phrase(
                        "teach.fit_n",
                        "The file has too many classes: a project can have at most {0}.",
                        MAX_CLASSES,
                    )
                )
            classes += (TaughtClass(checked_name(label, classes)),)
            known[same(label)] = len(classes) - 1
        places[label] = known[same(label)]
    return replace(project, classes=classes), places
