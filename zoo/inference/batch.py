"""Annotates a folder of pictures and clips as Parquet, in chunks that are processed exactly once.

A run that is killed can be resumed. The sorted inputs are divided into chunks; each chunk becomes one part,
``part-00042-1f2e….parquet``, which is written under another name and then renamed. So every part that exists is
complete, a chunk begun by a worker that died leaves no part, and repeating a chunk gives the same file. ``_plan.json``
describes the batch; a run with other inputs, models or settings is rejected in this folder.

Every input has at least one row. Pictures have one row per face and model, as in `zoo.inference.serialise`; clips
have one row per face, analysed frame and model, as in `zoo.inference.timeline`, with a ``time``. An input without
a face has one row with face 0, and one that cannot be read has one row with an ``error``.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from features import file_listing, images
from features.file_kinds import is_clip
from features.mesh import FaceMesher
from zoo.card_fields import MixName
from zoo.cards import Card
from zoo.classifier import Classifier
from zoo.filenames import check_folder, readable, reason
from zoo.inference import serialise, timeline
from zoo.inference.compare import compare
from zoo.inference.video import VideoOptions, annotate
from zoo.labels import LabelSet, label_set
from zoo.models import registry
from zoo.models.label_mix import FER2013, LabelMix

if TYPE_CHECKING:
    import pyarrow

PLAN = "_plan.json"  # readers of Parquet folders ignore names that begin with _ or .
VERSION = 3
CHUNK = 64
Row = dict[str, object]


class BatchError(ValueError):
    """The batch cannot be begun, or is not complete. The message says what to do."""


@dataclass(frozen=True)
class BatchRequest:
    """The settings of a batch; small, because they are sent with every chunk.

    Parameters
    ----------
    root : str
        Folder of the inputs, absolute.
    out : str
        Folder of the parts, absolute.
    checkpoints : str
        Folder of the models, absolute.
    models : tuple of str
    labels : str
        Name of a label set.
    rate : float
        Analysed frames of a clip per second; 0 means all.
    mix : str
        Assumed label frequencies, see `zoo.models.label_mix`.
    """

    root: str
    out: str
    checkpoints: str
    models: tuple[str, ...]
    labels: str
    rate: float
    mix: MixName = FER2013


@dataclass(frozen=True)
class Chunk:
    """The inputs of one part.

    Parameters
    ----------
    part : str
        The part's file name.
    files : tuple of str
        Paths below the root, with ``/``.
    """

    part: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """Totals over all parts.

    Parameters
    ----------
    inputs, faces : int
        Files, and faces in pictures plus tracked faces in clips.
    failed : tuple of (str, str)
        Files that could not be read completely, and why.
    """

    inputs: int
    faces: int
    failed: tuple[tuple[str, str], ...]


# --- The plan --------------------------------------------------------------------------------


def inputs(root: Path) -> list[str]:
    """Every picture and clip below a folder, as sorted paths with ``/``."""
    found = file_listing.look(root)
    return sorted({path.relative_to(root).as_posix() for path in (*found.pictures, *found.clips)})


def plan(files: Sequence[str], request: BatchRequest, size: int = CHUNK) -> list[Chunk]:
    """The chunks of a batch: the same inputs and settings give the same chunks.

    A clip counts as a whole chunk, because it takes as long as many pictures.

    Parameters
    ----------
    files : sequence of str
        As `inputs` gives them.
    request : BatchRequest
    size : int
        Pictures per chunk.
    """
    moving = [file for file in files if is_clip(Path(request.root) / file)]
    still = [file for file in files if file not in set(moving)]
    groups = [tuple(still[i : i + size]) for i in range(0, len(still), size)]
    groups += [(file,) for file in moving]
    mark = _mark(files, request, size)
    return [Chunk(f"part-{i:05d}-{mark}.parquet", group) for i, group in enumerate(groups)]


def _mark(files: Sequence[str], request: BatchRequest, size: int) -> str:
    """Twelve hex digits that depend on the settings, the models, and the inputs' names, sizes and times of change.

    A file that is replaced by one of the same size has another time; hashes would mean reading every file to begin.
    """
    cards = [registry.card(name, Path(request.checkpoints)) for name in request.models]
    settings = {
        "version": VERSION,
        "files": [(file, known.st_size, known.st_mtime_ns) for file, known in _stats(files, request)],
        "models": {card.name: [card.fingerprint, card.files] for card in cards},
        "labels": request.labels,
        "rate": request.rate,
        "mix": request.mix,
        "chunk": size,
    }
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]


def _stats(files: Sequence[str], request: BatchRequest) -> Iterator[tuple[str, os.stat_result]]:
    return ((file, (Path(request.root) / file).stat()) for file in files)


def begin(chunks: Sequence[Chunk], request: BatchRequest) -> list[Chunk]:
    """Create the output folder or resume in it, and return the chunks that are not done yet.

    Raises
    ------
    BatchError
        The folder belongs to another batch.
    """
    out = Path(request.out)
    check_folder(out)
    told = json.dumps({"parts": [chunk.part for chunk in chunks], **asdict(request)}, indent=1)
    before = (out / PLAN).read_text(encoding="utf-8") if (out / PLAN).exists() else None
    if before is None and any(out.glob("*.parquet")):
        raise BatchError(f"{out} holds Parquet files of something else; give an empty folder.")
    if before is not None and json.loads(before)["parts"] != [chunk.part for chunk in chunks]:
        raise BatchError(
            f"{out} was begun with other models or settings ({out / PLAN} says which), or pictures were added, "
            "removed or changed since. Ask for the same again to go on with it, or give another folder."
        )
    for left in out.glob(".part-*"):  # of killed workers
        left.unlink(missing_ok=True)
    if before is None:
        _replace(out / PLAN, told.encode())
    return [chunk for chunk in chunks if not (out / chunk.part).exists()]


# --- A chunk ---------------------------------------------------------------------------------


def work(chunk: Chunk, request: BatchRequest) -> str:
    """Process one chunk in any process, and return its part's name. Repeating it gives the same file."""
    cv2.setNumThreads(1)
    root = Path(request.checkpoints)
    models = [registry.load(name, root) for name in request.models]
    cards = LabelMix(request.mix, {name: registry.card(name, root) for name in request.models}).with_thresholds()
    annotator = _Annotator(models, cards, label_set(request.labels), request)
    with FaceMesher() as mesher:
        rows = [row for file in chunk.files for row in annotator.rows(file, mesher)]
    _write(Path(request.out) / chunk.part, rows, annotator.labels)
    return chunk.part


@dataclass(frozen=True)
class _Annotator:
    """Models and settings for processing inputs."""

    models: Sequence[Classifier]
    cards: dict[str, Card]
    labels: LabelSet
    request: BatchRequest

    def rows(self, file: str, mesher: FaceMesher) -> Iterator[Row]:
        """The rows of one input, at least one; if it cannot be read, one with the error."""
        path = Path(self.request.root) / file
        try:
            found = self._clip(path) if is_clip(path) else self._picture(path, mesher)
            yield from ({**row, "file": readable(file)} for row in found)
        except Exception as error:  # one bad input must not stop the run
            yield {"file": readable(file), "face": 0, "error": reason(error)}

    def _thresholds(self) -> dict[str, float]:
        return {name: card.threshold for name, card in self.cards.items()}

    def _picture(self, path: Path, mesher: FaceMesher) -> list[Row]:
        comparison = compare(
            images.load(path), self.models, self.labels, mesher, mix=LabelMix(self.request.mix, self.cards)
        )
        return [_nulls(row) for row in serialise.rows(serialise.record(comparison, self._thresholds()))]

    def _clip(self, path: Path) -> list[Row]:
        film = annotate(
            path, None, self.models, self.cards, VideoOptions(self.labels, rate=self.request.rate, mix=self.request.mix)
        )
        names = (*timeline.COLUMNS, *self.labels)
        rows = [_nulls(dict(zip(names, row, strict=True))) for row in timeline.rows(film.timeline, self._thresholds())]
        return [{**row, "error": film.note or None} for row in rows]


def _nulls(row: Row) -> Row:
    return {name: None if value == "" else value for name, value in row.items()}


def schema(labels: LabelSet) -> pyarrow.Schema:
    """The schema of every part."""
    import pyarrow as pa

    numbers = ("left", "top", "right", "bottom", "yaw", "pitch", "roll", *serialise.MEASURES)
    columns = [("file", pa.string()), ("time", pa.float32()), ("face", pa.int32())]
    columns += [(name, pa.float32()) for name in numbers]
    columns += [("notes", pa.string()), ("agree", pa.bool_()), ("model", pa.string()), ("label", pa.string())]
    columns += [("probability", pa.float32()), ("sure", pa.bool_()), *((label, pa.float32()) for label in labels)]
    return pa.schema([*columns, ("error", pa.string())])


def _write(path: Path, rows: Sequence[Row], labels: LabelSet) -> None:
    """Write all rows as one Parquet file, atomically."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(list(rows), schema(labels)), sink, compression="zstd")
    _replace(path, sink.getvalue().to_pybytes())


def _replace(path: Path, data: bytes) -> None:
    """Write a temporary file, sync it to disk, then rename it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with beside.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


# --- The end ---------------------------------------------------------------------------------


def outcome(chunks: Sequence[Chunk], request: BatchRequest) -> Outcome:
    """Verify the parts, in which every input must occur exactly once, and count their rows.

    Raises
    ------
    BatchError
        An input is missing or duplicated.
    """
    import pyarrow.parquet as pq

    seen: set[str] = set()
    failed: dict[str, str] = {}
    faces = 0
    for chunk in chunks:
        columns = pq.read_table(Path(request.out) / chunk.part, columns=["file", "face", "error"]).to_pydict()
        rows = list(zip(columns["file"], columns["face"], columns["error"], strict=True))
        files = {file for file, _, _ in rows}
        if files != set(map(readable, chunk.files)) or files & seen:
            raise BatchError(
                f"{Path(request.out) / chunk.part} does not hold its inputs; delete it and run this again."
            )
        seen |= files
        faces += len({(file, face) for file, face, _ in rows if face})
        failed |= {file: error for file, _, error in rows if error}
    return Outcome(len(seen), faces, tuple(sorted(failed.items())))
