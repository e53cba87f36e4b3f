"""Damaged files for every reader except those of pictures and clips: each is read, or refused with its own error.

    python -m tests.fuzz.readers --count 20000

prints, for each reader, how many files were refused, foreign exceptions, and the slowest file. It ends with status 1
if there was a foreign exception, a sentence that is too long, or a file that took more than 5 s.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import io
import json
import lzma
import random
import sys
import tarfile
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from features.align import AlignedFaces, AlignSpec
from features.faces import MESH_POINTS
from zoo.cards import CardError, read_card, sha256
from zoo.datasets.aligned import DataError
from zoo.datasets.fer2013 import read_fer2013
from zoo.datasets.ferplus import FERPLUS_VOTES, read_ferplus
from zoo.exchange.errors import ModelFileError
from zoo.exchange.imports.reader import read_models
from zoo.models import registry
from zoo.models.checkpoint import arrays_bytes
from zoo.teach import project as teach
from zoo.teach.project_file import Archive, open_project, pictures, renamed, save
from zoo.teach.samples import Photo, Samples

LONGEST = 600  # characters of a sentence that refuses a file, its path included
PATIENCE = 5.0  # seconds


@dataclass(frozen=True)
class Reader:
    """What reads a kind of file, from which files the damaged ones are made, and the error that refuses one."""

    name: str
    read: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    refusal: type[Exception]


@dataclass
class Outcome:
    """What came of the damaged files of one reader."""

    count: int = 0
    refused: int = 0
    foreign: list[str] = field(default_factory=list)
    long: list[str] = field(default_factory=list)
    slowest: float = 0.0

    @property
    def bad(self) -> bool:
        """Whether anything came of them that should not."""
        return bool(self.foreign or self.long) or self.slowest > PATIENCE


# --- Damage --------------------------------------------------------------------------------------

_WORDS = (
    b"-1",
    b"1e999",
    b"NaN",
    b"null",
    b"[]",
    b"{}",
    b'"',
    b"9" * 400,
    b"\0",
    b"\xff\xfe",
    b"=",
    b"../",
    b"\\",
    b"",
)


def damaged(seed: bytes, number: int) -> bytes:
    """The file with one to thirty changes drawn from its number."""
    chance = random.Random(number)
    data = bytearray(seed)
    for _ in range(chance.choice((1, 1, 2, 5, 30))):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(7)
        if kind == 0 and data:
            data[min(at, len(data) - 1)] = chance.randrange(256)
        elif kind == 1 and data:
            data[min(at, len(data) - 1)] ^= 1 << chance.randrange(8)
        elif kind == 2:
            del data[at : at + chance.choice((1, 10, 1000))]
        elif kind == 3:
            data[at:at] = chance.choice(_WORDS)
        elif kind == 4:
            data[at:at] = data[at : at + chance.choice((4, 100, 5000))]
        elif kind == 5:
            word = chance.choice(_WORDS)
            data[at : at + len(word)] = word
        elif chance.random() < 0.2:
            del data[at:]
    return bytes(data)


def run(reader: Reader, numbers: range) -> Outcome:
    """Read the damaged files of these numbers."""
    outcome = Outcome()
    for number in numbers:
        content = damaged(reader.seeds[number % len(reader.seeds)], number)
        start = time.perf_counter()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                reader.read(content)
        except reader.refusal as error:
            outcome.refused += 1
            if len(str(error)) > LONGEST:
                outcome.long.append(f"{reader.name} {number}: {len(str(error))} characters")
        except Exception as error:  # what is looked for
            outcome.foreign.append(f"{reader.name} {number}: {error!r}"[:300])
        outcome.count += 1
        outcome.slowest = max(outcome.slowest, time.perf_counter() - start)
    return outcome


# --- Readers -------------------------------------------------------------------------------------


@contextlib.contextmanager
def readers() -> Iterator[tuple[Reader, ...]]:
    """All of them; files that must have a path are written into a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        yield (
            Reader("FER2013", lambda data: read_fer2013(_written(root / "fer2013.csv", data)), _tables(), DataError),
            Reader("FER+", lambda data: read_ferplus(_written(root / "votes.csv", data)), (_votes(),), DataError),
            Reader("card", _Card(root / "cards"), (_good_card(),), CardError),
            Reader("weights", _Weights(root / "weights"), (_arrays(), _arrays(np.float16)), CardError),
            Reader("model", read_models, (_tfjs(), _svm(), _tfjs(zipfile.ZIP_STORED)), ModelFileError),
            Reader("project", open_project, (_project(), _stored(_project())), teach.ProjectError),
            Reader("class folders", _fill, (_folders(), _stored(_folders())), teach.ProjectError),
        )


def _written(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


class _Card:
    """Reads a card out of its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "hog-svm"

    def __call__(self, data: bytes) -> None:
        read_card(_written(self.folder / "card.json", data).parent)


class _Weights:
    """Loads a model whose card has the right hash of these arrays."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.card = json.loads((registry.CHECKPOINTS / "hog-linear-svm" / "card.json").read_text(encoding="utf-8"))

    def __call__(self, data: bytes) -> None:
        path = _written(self.root / "hog-linear-svm" / "model.npz", data)
        card = {**self.card, "files": {"model.npz": sha256(path)}}
        _written(path.with_name("card.json"), json.dumps(card).encode())
        registry.load.cache_clear()
        registry.load("hog-linear-svm", self.root)


def _fill(data: bytes) -> None:
    with Archive(data) as archive:
        every = list(pictures(archive))
    renamed(teach.start(), [found.label for found in every])
    for found in every:
        if found.error:  # a damaged member is named, and the others are read
            raise teach.ProjectError(found.error)


# --- Whole files ---------------------------------------------------------------------------------


def zipped(members: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip in memory."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, kind)
    return out.getvalue()


def _stored(data: bytes) -> bytes:
    """The zip without compression: then damage reaches what is inside."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return zipped({name: archive.read(name) for name in archive.namelist()}, zipfile.ZIP_STORED)


def _tables() -> tuple[bytes, ...]:
    pixels = " ".join(str(i % 256) for i in range(2304))
    rows = [f"{i % 7},{pixels},{('Training', 'PublicTest', 'PrivateTest')[i % 3]}" for i in range(4)]
    table = "\n".join(["emotion,pixels,Usage", *rows, ""]).encode()
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w:gz") as archive:
        info = tarfile.TarInfo("fer2013/fer2013.csv")
        info.size = len(table)
        archive.addfile(info, io.BytesIO(table))
    packed = (gzip.compress(table), lzma.compress(table), zipped({"fer2013.csv": table}), tar.getvalue())
    nested = zipped({"a.csv": b"b\n1\n", "fer2013.tar.gz": tar.getvalue()}, zipfile.ZIP_STORED)
    return (table, table.decode().encode("utf-16"), *packed, nested, gzip.decompress(tar.getvalue()))


def _votes() -> bytes:
    rows = [f"Training,fer{i:07d}.png,{','.join(str(float((i + j) % 4)) for j in range(10))}" for i in range(8)]
    return "\n".join([f"Usage,Image name,{','.join(FERPLUS_VOTES)}", *rows, ""]).encode()


def _good_card() -> bytes:
    return (registry.CHECKPOINTS / "hog-svm" / "card.json").read_bytes()


def _arrays(kind: type = np.float32) -> bytes:
    rng = np.random.default_rng(0)
    shapes = {"weights": (2048, 7), "bias": (7,), "scale": (7,), "shift": (7,)}
    return arrays_bytes(**{name: rng.uniform(0.1, 1, shape).astype(kind) for name, shape in shapes.items()})


def _tfjs(kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A small network as Teachable Machine lays it out."""
    shapes = {"conv/kernel": (3, 3, 3, 4), "conv/bias": (4,), "dense/kernel": (4, 3), "dense/bias": (3,)}
    first = {
        "name": "conv",
        "filters": 4,
        "kernel_size": [3, 3],
        "strides": [2, 2],
        "batch_input_shape": [None, 32, 32, 3],
    }
    layers = [
        {"class_name": "Conv2D", "config": {**first, "activation": "relu", "padding": "same"}},
        {"class_name": "GlobalAveragePooling2D", "config": {"name": "pool"}},
        {"class_name": "Dense", "config": {"name": "dense", "units": 3, "activation": "softmax"}},
    ]
    topology = {"class_name": "Sequential", "config": {"name": "net", "layers": layers}}
    table = [{"name": name, "shape": list(shape), "dtype": "float32"} for name, shape in shapes.items()]
    manifest = [{"paths": ["weights.bin"], "weights": table}]
    content = (
        np.random.default_rng(0).normal(size=sum(int(np.prod(s)) for s in shapes.values())).astype("<f4").tobytes()
    )
    model = json.dumps({"modelTopology": topology, "weightsManifest": manifest}).encode()
    notes = json.dumps({"modelName": "mine", "labels": ["a", "b", "c"]}).encode()
    return zipped({"model.json": model, "weights.bin": content, "metadata.json": notes}, kind)


def _svm() -> bytes:
    """A support vector machine as this app exports it."""
    from zoo.exchange.exports.bundle import contract
    from zoo.exchange.formats import svm_json

    model = registry.load("hog-linear-svm")
    files = {**svm_json.write(model), "labels.txt": "\n".join(model.labels).encode()}
    files["preprocessing.json"] = json.dumps(contract(model.align, 48)).encode()
    return zipped(files, zipfile.ZIP_STORED)


def _picture(side: int, kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(side).integers(0, 256, (side, side, 3), np.uint8)).save(out, kind)
    return out.getvalue()


def _project() -> bytes:
    rng, spec, n = np.random.default_rng(0), AlignSpec(), 3
    made = teach.add_class(teach.add_class(teach.start(), "smile"), "étonné")
    for target in range(2):
        crops = rng.integers(0, 256, (n, spec.size, spec.size), np.uint8)
        faces = AlignedFaces(
            crops, rng.uniform(0, 70, (n, MESH_POINTS, 3)).astype("f4"), np.ones((n, 2, 3), "f4"), spec
        )
        photo = Photo(_picture(40, "JPEG"), (0.2, 0.2, 0.8, 0.9))
        made = teach.add_samples(made, target, Samples(faces, crops, (photo,) * n), target)
    return save(made)


def _folders() -> bytes:
    members = {
        f"{name}/{i}.jpg": _picture(16, "JPEG") for name in ("smile", "étonné", "می\u200cخندد") for i in range(2)
    }
    entries = [{"name": "wink", "samples": ["smile/0.jpg"]}]
    return zipped(members | {"manifest.json": json.dumps({"classes": entries}).encode()})


# --- The long run --------------------------------------------------------------------------------


def main() -> int:
    """Run so many files through each reader and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000, metavar="N", help="files in all")
    parser.add_argument("--start", type=int, default=0, metavar="N", help="number of the first one")
    args = parser.parse_args()
    bad = False
    with readers() as every:
        each = -(-args.count // len(every))
        for reader in every:
            outcome = run(reader, range(args.start, args.start + each))
            bad |= outcome.bad
            print(
                f"{reader.name}: {outcome.count} files, {outcome.refused} refused, {len(outcome.foreign)} foreign "
                f"exceptions, {len(outcome.long)} long sentences, slowest {outcome.slowest:.2f} s",
                flush=True,
            )
            print("".join(f"  {line}\n" for line in [*outcome.foreign, *outcome.long][:20]), end="", flush=True)
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
