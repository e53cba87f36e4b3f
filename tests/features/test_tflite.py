"""An interpreter of LiteRT is used by one thread at a time, also after an error that somebody still handles."""

import numpy as np
import pytest

import zoo
from features import mesh_network
from features.align import AlignedFaces, AlignSpec
from features.mesh_network import MeshNetwork
from features.regions import Window
from features.tflite import Turn
from tests.waiting import begun, ended
from zoo.models import cnn
from zoo.models.byte_product import ByteProduct


def test_a_product_runs_while_an_error_of_another_call_is_kept():
    product = ByteProduct(np.eye(8, dtype=np.int8), 0.5)
    x = np.linspace(-1, 1, 8, dtype=np.float32)[None]
    before = product(x)
    with pytest.raises(ValueError) as kept:
        product(x[:, :5])
    assert np.array_equal(product(x), before)
    assert kept.tb is not None


def test_a_network_does(monkeypatch):
    model = zoo.load("cnn-tiny")
    spec, zeros = AlignSpec(), np.zeros
    face = AlignedFaces(
        zeros((1, spec.size, spec.size), np.uint8), zeros((1, 468, 3), "f4"), zeros((1, 2, 3), "f4"), spec
    )
    before = model.predict_proba(face).probs
    with monkeypatch.context() as patch, pytest.raises(ValueError) as kept:
        patch.setattr(cnn, "to_input", lambda crops, side: np.zeros((1, side + 1, side, 1), np.float32))
        model.predict_proba(face)
    assert np.array_equal(model.predict_proba(face).probs, before)
    assert kept.tb is not None


def test_a_mesh_does(monkeypatch):
    network, image = MeshNetwork(), np.zeros((200, 200, 3), np.uint8)
    window = Window(np.array([50.0, 50, 150, 150]), np.array([100.0, 100]), 150.0, 0.0)
    before = network.fit(image, window)
    with monkeypatch.context() as patch, pytest.raises(ValueError) as kept:
        patch.setattr(mesh_network, "warped", lambda *_: np.zeros((5, 5, 3), np.uint8))
        network.fit(image, window)
    assert np.array_equal(network.fit(image, window)[0], before[0])
    assert kept.tb is not None


def test_one_thread_at_a_time():
    turn, inside, most = Turn(), [], []

    def work() -> None:
        for _ in range(200):
            with turn:
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    assert ended(*[begun(work) for _ in range(4)])
    assert len(most) == 800 and max(most) == 1
