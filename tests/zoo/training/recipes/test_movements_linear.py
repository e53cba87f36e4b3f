"""The recipe of the model that reads movements alone."""

import argparse

import numpy as np
import pytest

from features.align import AlignedFaces
from features.movements import NAMES, mirror_order
from zoo.cards import read_card
from zoo.datasets.aligned import AlignedSet
from zoo.models import registry
from zoo.models.checkpoint import golden_faces
from zoo.training import svm_fit
from zoo.training.recipes import movements_linear


def made(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Movements of which one on the left side tells each label, and the labels."""
    rng = np.random.default_rng(0)
    targets = np.arange(n) % 7
    x = rng.uniform(0, 0.2, (n, len(NAMES))).astype(np.float32)
    x[np.arange(n), 1 + targets] += 0.6
    return x, targets


def test_left_and_right_count_alike_and_weights_are_of_the_movements_as_they_are():
    x, targets = made(420)
    machine = movements_linear.fit(x, targets)
    assert machine.weights == pytest.approx(
        machine.weights[mirror_order()], abs=0.05 * float(np.abs(machine.weights).max())
    )
    assert (machine(x).argmax(axis=1) == targets).mean() > 0.6  # pairs of labels differ by the side alone


def test_the_recipe_writes_a_model_of_52_weights_for_each_label(tmp_path, monkeypatch, capsys):
    face = golden_faces(movements_linear.CARD.align)[0]
    x, targets = made(350)
    parts = (np.repeat(getattr(face, name), 350, axis=0) for name in ("images", "landmarks", "to_crop"))
    splits = np.where(np.arange(350) < 280, "Training", "PublicTest")
    data = AlignedSet(AlignedFaces(*parts, face.spec), targets, splits, np.ones(350, bool))
    monkeypatch.setattr(movements_linear, "load_fer2013", lambda _path, _spec: data)
    monkeypatch.setattr(svm_fit, "describe", lambda _descriptor, faces: x[:280] if len(faces) == 280 else x[280:])
    plain = {"illumination": "none", "pose": "none", "registration": "anchors"}
    movements_linear.train(argparse.Namespace(data="fer2013.csv", seed=0, out=tmp_path, **plain))
    assert "PublicTest accuracy" in capsys.readouterr().out
    card = read_card(tmp_path / movements_linear.CARD.name)
    assert card.training.command == "python -m zoo train movements-linear --data fer2013.csv"
    model = registry.load(card.name, tmp_path)
    assert model.machine.weights.shape == (52, 7) and len(model.predict_proba(face)) == 1
    registry.load.cache_clear()
