"""Fixtures: a portrait, crops, and checkpoints made on the spot, so that most tests need no trained model."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from features.align import AlignedFaces, AlignSpec, align
from features.descriptors import Hog, Joined, to_config
from features.faces import MESH_POINTS
from features.mesh import FaceMesher
from zoo.cards import Card, Training, sha256, write_card
from zoo.cli.main import main
from zoo.datasets.fer2013 import Fer2013, read_fer2013
from zoo.labels import SEVEN, LabelSet
from zoo.models import registry

ROOT = Path(__file__).parents[2]
DESCRIPTOR = Joined((Hog(cell=24),), (1.0,))
WIDTH = 128  # of that descriptor on crops of 72 pixels


@pytest.fixture
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def spec() -> AlignSpec:
    return AlignSpec()


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    """A public-domain portrait with one smiling face, ``(512, 512, 3)``."""
    return skimage.data.astronaut()


@pytest.fixture(scope="session")
def mesher():
    with FaceMesher() as opened:
        yield opened


@pytest.fixture(scope="session")
def portrait_face(portrait, mesher, spec) -> AlignedFaces:
    """The portrait's one face, aligned."""
    return align(portrait, mesher.find(portrait), spec)


@pytest.fixture(scope="session")
def crops(spec) -> AlignedFaces:
    """Five crops of noise: enough for anything that does not look at them."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (5, spec.size, spec.size), dtype=np.uint8)
    marks = rng.uniform(0, spec.size, (5, MESH_POINTS, 3)).astype(np.float32)
    return AlignedFaces(images, marks, rng.normal(size=(5, 2, 3)).astype(np.float32), spec)


@pytest.fixture
def make_checkpoint(tmp_path):
    """``make(name, seed=0, labels=SEVEN, **changes to the card) -> folder of checkpoints``."""

    def make(name: str, seed: int = 0, labels: LabelSet = SEVEN, **changes) -> Path:
        folder = tmp_path / "checkpoints" / name
        folder.mkdir(parents=True, exist_ok=True)
        _write_weights(folder / "model.npz", seed, len(labels))
        card = _card(name, labels, {"model.npz": sha256(folder / "model.npz")})
        write_card(folder, replace(card, **changes))
        registry.load.cache_clear()
        return folder.parent

    yield make
    registry.load.cache_clear()


def _write_weights(path: Path, seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    arrays = {"weights": rng.normal(size=(WIDTH, k)), "bias": rng.normal(size=k), "scale": np.ones(k)}
    np.savez(path, shift=np.zeros(k, np.float32), **{name: a.astype(np.float32) for name, a in arrays.items()})


def _card(name: str, labels: LabelSet, files: dict[str, str]) -> Card:
    spec = AlignSpec()
    training = Training("python -m zoo train", "noise", 0, 0.0, "2026-01-01", {})
    return Card(
        name=name,
        title=name.title(),
        summary="Weights drawn by chance.",
        family="classical",
        loader="svm",
        labels=labels,
        align=spec,
        fingerprint=spec.fingerprint,
        files=files,
        settings={"descriptor": to_config(DESCRIPTOR)},
        threshold=0.5,
        training=training,
    )


@pytest.fixture
def two_models(make_checkpoint) -> Path:
    """A folder of checkpoints with the models ``first`` and ``second``."""
    make_checkpoint("first", 1)
    return make_checkpoint("second", 2)


@pytest.fixture(scope="session")
def jpeg(portrait) -> bytes:
    """The portrait as a file's bytes."""
    stored = io.BytesIO()
    Image.fromarray(portrait).save(stored, "JPEG", quality=95)
    return stored.getvalue()


@pytest.fixture
def photo(tmp_path, jpeg) -> Path:
    """The portrait as a file."""
    path = tmp_path / "portrait.jpg"
    path.write_bytes(jpeg)
    return path


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """No test reads or writes the real cache of aligned data."""
    monkeypatch.setenv("FACEOFF_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def fer2013_file() -> Path:
    """The real FER2013, or a skip that says where it is looked for."""
    path = Path(os.environ.get("FER2013") or ROOT.parent / "shared/data/fer2013.csv.xz")
    if not path.is_file():
        pytest.skip("no FER2013: set FER2013 to its path, or put it at ../shared/data/fer2013.csv.xz")
    return path


@pytest.fixture(scope="session")
def fer2013(fer2013_file) -> Fer2013:
    """The real FER2013, read once."""
    return read_fer2013(fer2013_file)


def fer2013_rows(portrait: np.ndarray) -> list[str]:
    """Rows of a made FER2013: noise and small portraits; row 5 repeats row 0 across the splits."""
    rng = np.random.default_rng(0)
    small = np.array(Image.fromarray(portrait[30:230, 120:320]).convert("L").resize((48, 48)))
    noise = [rng.integers(0, 256, (48, 48)) for _ in range(5)]
    pictures = [noise[0], small, noise[1], noise[2], small[:, ::-1], noise[0], noise[3], noise[4]]
    splits = ["Training"] * 3 + ["PublicTest"] * 2 + ["PrivateTest"] * 3
    targets = [0, 3, 4, 2, 3, 0, 6, 1]
    return [
        f"{target},{' '.join(map(str, picture.ravel()))},{split}"
        for target, picture, split in zip(targets, pictures, splits, strict=True)
    ]


@pytest.fixture(scope="session")
def csv_rows(portrait) -> list[str]:
    return fer2013_rows(portrait)


@pytest.fixture
def fer2013_csv(tmp_path, csv_rows) -> Path:
    """A made FER2013 of eight rows: three Training, two PublicTest, three PrivateTest."""
    path = tmp_path / "fer2013.csv"
    path.write_text("\n".join(["emotion,pixels,Usage", *csv_rows]) + "\n", encoding="ascii")
    return path


@pytest.fixture
def run(two_models, capsys):
    """``run("list") -> status, stdout, stderr`` of the command line, with two made models.

    Whatever fails must say so in exactly one sentence, without a traceback.
    """

    def call(*argv, checkpoints=two_models):
        where = [] if argv[0] in ("train", "data") else ["--checkpoints", str(checkpoints)]
        try:
            status = main([*map(str, argv), *where])
        except SystemExit as error:  # argparse's own way out
            status = error.code
        out, err = capsys.readouterr()
        assert (complaints(err) == 1) == (status != 0), err
        return status, out, err

    return call


def complaints(stderr: str) -> int:
    """How many sentences tell of a failure; progress bars and MediaPipe's log lines are none."""
    assert "Traceback" not in stderr
    return sum(line.startswith("python -m zoo") for line in stderr.splitlines())
