from dataclasses import replace

import numpy as np
import pytest

from features.align import AlignSpec
from zoo.labels import LabelSet
from zoo.models.checkpoint import golden_faces
from zoo.teach.head_model import TaughtCnn, dense

LABELS = LabelSet("own", ("left wink", "right wink", "none"))


@pytest.fixture(scope="module")
def faces():
    return golden_faces(AlignSpec())


@pytest.fixture
def model(trunk):
    rng = np.random.default_rng(0)
    sizes = ((256, 100), (100, 3))
    layers = tuple((rng.normal(0, 0.1, s).astype(np.float32), np.zeros(s[1], np.float32)) for s in sizes)
    return TaughtCnn("mine", LABELS, AlignSpec(), trunk, layers, 2.0)


def test_it_keeps_the_contract(model, faces):
    kept = faces.images.copy()
    said = model.predict_proba(faces)
    assert said.labels == LABELS and said.probs.shape == (4, 3)
    for i in range(len(faces)):
        np.testing.assert_array_equal(model.predict_proba(faces[i]).probs[0], said.probs[i])
    assert len(model.predict_proba(faces[:0])) == 0
    np.testing.assert_array_equal(faces.images, kept)
    with pytest.raises(ValueError, match="takes faces aligned to"):
        model.predict_proba(replace(faces, spec=AlignSpec(detail=40)))


def test_it_is_dense_layers_on_the_trunks_embedding(model, faces):
    (w1, b1), (w2, b2) = model.layers
    by_hand = np.maximum(model.trunk.embedding(faces) @ w1 + b1, 0) @ w2 + b2
    np.testing.assert_allclose(model.logits(faces), by_hand / 2, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.uncalibrated(faces).probs.argmax(1), model.predict_proba(faces).best)
    assert model.maps(faces).shape[0] == 4


def test_without_alignment_it_takes_squares_and_refuses_crops(model, faces):
    squares = replace(model, align=AlignSpec(registration="box"))
    with pytest.raises(ValueError, match="box"):
        squares.predict_proba(faces)
    as_if = replace(faces, spec=AlignSpec(registration="box"))
    np.testing.assert_array_equal(squares.predict_proba(as_if).probs, model.predict_proba(faces).probs)


def test_layers_that_do_not_fit_are_refused(model):
    with pytest.raises(ValueError, match="3 logits"):
        replace(model, layers=model.layers[:1])
    with pytest.raises(ValueError, match="takes faces aligned to"):
        replace(model, align=AlignSpec(size=64))


def test_dense_layers_by_hand():
    layers = ((np.eye(2), np.array([0.0, -5.0])), (np.array([[1.0], [10.0]]), np.array([0.5])))
    np.testing.assert_array_equal(dense(np.array([[1.0, 2.0], [1.0, 6.0]]), layers), [[1.5], [11.5]])
