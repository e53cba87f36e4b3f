"""A network read a second time by a kernel machine on its middle maps."""

import hashlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from tests.zoo.made import made_set
from zoo.cards import CardError, checked
from zoo.models import registry
from zoo.models.checkpoint import arrays_bytes, save
from zoo.models.cnn import CnnClassifier, Reading
from zoo.models.svm import Kernel, softmax
from zoo.training import kernel_head
from zoo.training.svm_fit import kernel_arrays

SETTINGS = replace(kernel_head.SETTINGS, components=24)
TWICE = [name for name in registry.names() if registry.card(name).loader == "tflite-kernel"]


@pytest.fixture(scope="module", params=TWICE)
def twice(request) -> CnnClassifier:
    return registry.load(request.param)


@pytest.fixture(scope="module")
def once(twice) -> CnnClassifier:
    """The same network, read once, its logits as they come."""
    model = network_of(twice.name).read_bytes()
    return CnnClassifier(twice.name, twice.labels, twice.align, model, Reading(mirror=True))


def network_of(name):
    return checked(registry.CHECKPOINTS / name, registry.card(name), "model.tflite")


def test_there_are_two():
    assert sorted(TWICE) == ["cnn-large-rbf", "cnn-rbf"]


@pytest.mark.parametrize("name", TWICE)
def test_the_network_is_that_of_a_model_which_answers_alone(name):
    ours = registry.card(name)
    alone = registry.card(str(ours.settings["network"]))
    assert name == f"{alone.name}-rbf" and ours.files["model.tflite"] == alone.files["model.tflite"]
    assert alone.loader == "tflite" and registry.load(alone.name).kernel_head is None


def test_what_the_second_reading_says_is_added(twice, once, crops):
    middle = once.middle(crops)
    assert middle.ndim == 4 and middle.shape[:2] != once.maps(crops).shape[:2]
    added = twice.kernel_head(middle.reshape(len(crops), -1))
    assert np.ptp(added, axis=1).min() > 0.1
    expected = (once.logits(crops) + added) / twice.temperature
    assert twice.logits(crops) == pytest.approx(expected, abs=1e-4)
    assert twice.uncalibrated(crops).probs == pytest.approx(softmax(expected * twice.temperature), abs=1e-4)


def test_a_mirror_moves_the_middle_maps_and_changes_no_answer(twice, crops):
    straight, mirrored = twice.middle(crops), twice.middle(crops.mirrored())
    assert mirrored == pytest.approx(straight[:, :, ::-1], abs=1e-5)
    order = kernel_head.mirror_order(straight.shape[1:])
    assert mirrored.reshape(len(crops), -1) == pytest.approx(straight.reshape(len(crops), -1)[:, order], abs=1e-5)
    assert twice.predict_proba(crops.mirrored()).probs == pytest.approx(twice.predict_proba(crops).probs, abs=1e-5)


def test_no_face_gives_no_row(twice, crops):
    assert twice.logits(crops[:0]).shape == (0, len(twice.labels))
    assert twice.middle(crops[:0]).shape[0] == 0


def test_it_learns_what_the_middle_shows_and_weighs_it(once):
    """On labels that the network's own head knows nothing of, the sum is right where the network is not."""
    training, public = made_set(210, 0), made_set(70, 1, "PublicTest")
    machine = kernel_head.fit(once, training, SETTINGS)
    assert machine.vectors.shape == (210, 24) and 0 < machine.even < 24
    scores = np.concatenate([machine(row[None]) for row in kernel_head.rows(once, public.faces)])
    assert np.mean(scores.argmax(axis=1) == public.targets) > 0.95
    scaled = kernel_head.as_logits(machine, once, public)
    both = replaced(once, scaled).logits(public.faces)
    right = [np.mean(logits.argmax(axis=1) == public.targets) for logits in (once.logits(public.faces), both)]
    assert right[0] < 0.5 < 0.95 < right[1]


def replaced(once: CnnClassifier, machine: Kernel) -> CnnClassifier:
    model = network_of(once.name).read_bytes()
    return CnnClassifier(once.name, once.labels, once.align, model, Reading(mirror=True, kernel_head=machine))


def test_it_is_kept_as_exactly_as_it_was_fitted(once, tmp_path):
    machine = kernel_head.fit(once, made_set(70), SETTINGS)
    (tmp_path / "model.npz").write_bytes(arrays_bytes(**kernel_arrays(machine)))
    kept = registry._arrays(tmp_path / "model.npz")
    for name, array in kept.items():
        assert np.array_equal(array, getattr(machine, name)), name


def test_a_network_is_kept_once_and_found_in_the_folder_of_its_owner(make_checkpoint):
    for name in (*TWICE, "cnn-svm"):
        assert not (registry.CHECKPOINTS / name / "model.tflite").exists()
    root = make_checkpoint((registry.CHECKPOINTS / "cnn-rbf/model.npz").read_bytes())
    registry.verified_card("cnn-rbf", root)
    network = root / "cnn/model.tflite"
    network.write_bytes(network.read_bytes() + b"x")
    with pytest.raises(CardError, match=r"not the network that cnn-rbf was built on; train cnn-rbf again"):
        registry.load("cnn-rbf", root)
    shutil.copyfile(network_of("cnn-rbf"), root / "cnn-rbf/model.tflite")  # a copy of its own comes first
    registry.verified_card("cnn-rbf", root)
    for path in (network, root / "cnn-rbf/model.tflite"):
        path.unlink()
    with pytest.raises(CardError, match=r"cnn.model\.tflite is missing"):
        registry.load("cnn-rbf", root)


def test_who_replaces_a_network_leaves_it_to_the_models_that_were_built_on_it(make_checkpoint):
    root = make_checkpoint((registry.CHECKPOINTS / "cnn-rbf/model.npz").read_bytes())
    other = (registry.CHECKPOINTS / "cnn-keras-blog/model.tflite").read_bytes()
    (root / "broken").mkdir()
    (root / "broken/card.json").write_text("{")  # which must not cost what was trained
    save(replace(registry.card("cnn"), files={}), {"model.tflite": other}, root)
    assert (root / "cnn/model.tflite").read_bytes() == other
    registry.verified_card("cnn-rbf", root)


def test_a_machine_for_another_network_is_refused(make_checkpoint):
    """Its rows have another length than the network's middle maps."""
    small = Kernel(*(np.ones(shape, np.float32) for shape in (10, (10, 4), (5, 4), (5, 7), 7)), gamma=0.1, even=2)
    root = make_checkpoint(arrays_bytes(**kernel_arrays(small)))
    with pytest.raises(CardError, match="make no model"):
        registry.load("cnn-rbf", root)


@pytest.fixture
def make_checkpoint(tmp_path):
    """The shipped network's folder with another machine beside it."""

    def make(machine: bytes):
        shutil.copytree(registry.CHECKPOINTS / "cnn-rbf", tmp_path / "cnn-rbf")
        (tmp_path / "cnn").mkdir()
        shutil.copyfile(network_of("cnn-rbf"), tmp_path / "cnn/model.tflite")
        (tmp_path / "cnn-rbf" / "model.npz").write_bytes(machine)
        path = tmp_path / "cnn-rbf" / "card.json"
        card = json.loads(path.read_text(encoding="utf-8"))
        card["files"]["model.npz"] = hashlib.sha256(machine).hexdigest()
        path.write_text(json.dumps(card), encoding="utf-8")
        return tmp_path

    return make
