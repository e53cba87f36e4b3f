"""Weight files that are damaged or of another shape: a `CardError`, never an answer and never anything else."""

import io
import json
import zipfile

import numpy as np
import pytest

from features.descriptors import Hog, Joined, to_config
from zoo.cards import CardError, sha256
from zoo.labels import SEVEN
from zoo.models import registry
from zoo.models.checkpoint import arrays_bytes
from zoo.models.svm import Kernel, Linear, SvmClassifier


def rewritten(root, name, file, content):
    """Another file in place of a model's, with the hash its card then needs."""
    path = root / name / file
    path.write_bytes(content)
    data = json.loads((root / name / "card.json").read_text())
    data["files"][file] = sha256(path)
    (root / name / "card.json").write_text(json.dumps(data))
    registry.load.cache_clear()


def damaged(content, seed):
    rng = np.random.default_rng(seed)
    data = bytearray(content)
    kind = seed % 4
    if kind == 0:
        return bytes(data[: rng.integers(len(data))])
    if kind == 1:
        start = rng.integers(len(data))
        del data[start : start + rng.integers(1, 200)]
    else:
        for place in rng.integers(len(data), size=rng.choice([1, 4, 30])):
            data[place] = rng.integers(256)
    return bytes(data)


def test_damaged_arrays_are_a_card_error_and_nothing_else(make_checkpoint):
    root = make_checkpoint("toy")
    good = (root / "toy/model.npz").read_bytes()
    for seed in range(120):
        rewritten(root, "toy", "model.npz", damaged(good, seed))
        try:
            registry.load("toy", root)
        except CardError as error:
            assert "toy" in str(error)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bias", np.zeros(1)),
        ("bias", np.zeros((7, 1))),
        ("bias", np.full(7, np.nan)),
        ("weights", np.full((128, 7), np.inf)),
        ("weights", np.zeros((128, 1))),
        ("weights", np.zeros((127, 7))),
        ("weights", np.zeros((0, 7))),
        ("weights", np.zeros((128, 7), complex)),
        ("weights", np.full((128, 7), "a")),
        ("scale", np.zeros(7)),
        ("shift", np.zeros(6)),
        ("surplus", np.zeros(7)),
    ],
)
def test_arrays_of_another_shape_or_kind_are_refused(make_checkpoint, name, value):
    """NumPy would broadcast most of them and answer."""
    root = make_checkpoint("toy")
    arrays = {"weights": np.ones((128, 7)), "bias": np.zeros(7), "scale": np.ones(7), "shift": np.zeros(7)}
    rewritten(root, "toy", "model.npz", arrays_bytes(**arrays))
    assert registry.load("toy", root).name == "toy"
    rewritten(root, "toy", "model.npz", arrays_bytes(**{**arrays, name: value}))
    with pytest.raises(CardError, match="toy"):
        registry.load("toy", root)


def test_arrays_that_unpack_without_end_are_not_unpacked(make_checkpoint):
    root = make_checkpoint("toy")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("weights.npy", "w") as member:
        for _ in range(600):
            member.write(bytes(2**20))
    rewritten(root, "toy", "model.npz", packed.getvalue())
    with pytest.raises(CardError, match="unpack to 600 MB; at most 512 MB"):
        registry.load("toy", root)


KERNEL = {
    "mean": np.zeros(4),
    "components": np.ones((4, 2)),
    "vectors": np.ones((3, 2)),
    "coefficients": np.ones((3, 7)),
    "bias": np.zeros(7),
}


WRONG_KERNEL = {
    "mean": np.zeros(3),
    "components": np.ones((3, 2)),
    "vectors": np.ones((3, 3)),
    "coefficients": np.ones((4, 7)),
    "bias": np.zeros(6),
}


@pytest.mark.parametrize(("name", "array"), [*WRONG_KERNEL.items(), *((k, a * np.nan) for k, a in KERNEL.items())])
def test_a_kernel_machine_holds_together(name, array):
    with pytest.raises(ValueError, match="has shape|not finite"):
        Kernel(**{**KERNEL, name: array}, gamma=1.0)


@pytest.mark.parametrize(("gamma", "even"), [(0.0, None), (-1.0, None), (float("inf"), None), (1.0, 3), (1.0, -1)])
def test_a_kernel_has_a_width(gamma, even):
    with pytest.raises(ValueError, match="gamma is"):
        Kernel(**KERNEL, gamma=gamma, even=even)


def test_as_many_scores_as_labels(spec):
    machine = Linear(np.ones((4, 6)), np.zeros(6))
    with pytest.raises(ValueError, match="bias has shape"):
        SvmClassifier("a", SEVEN, spec, lambda faces: np.zeros((len(faces), 4)), machine, (np.ones(7), np.zeros(7)))


def test_a_truncated_network_is_refused(tmp_path):
    source = registry.CHECKPOINTS / "cnn-tiny"
    root = tmp_path
    (root / "cnn-tiny").mkdir()
    for name in ("card.json", "model.tflite"):
        (root / "cnn-tiny" / name).write_bytes((source / name).read_bytes())
    good = (source / "model.tflite").read_bytes()
    for length in (0, 4, 100, len(good) // 2, len(good) - 5000):
        rewritten(root, "cnn-tiny", "model.tflite", good[:length])
        with pytest.raises(CardError, match="cnn-tiny"):
            registry.load("cnn-tiny", root)
    registry.load.cache_clear()


def test_a_descriptor_of_another_width_is_refused(make_checkpoint):
    root = make_checkpoint("toy", settings={"descriptor": to_config(Joined((Hog(cell=12),), (1.0,)))})
    with pytest.raises(CardError, match="make no model"):
        registry.load("toy", root)
