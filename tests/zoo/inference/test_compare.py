import numpy as np
import pytest

from features.align import AlignSpec
from zoo.classifier import common_spec
from zoo.inference.compare import compare
from zoo.inference.serialise import record, rows
from zoo.labels import OWN, SEVEN, SIX, LabelSet
from zoo.models import registry


@pytest.fixture
def models(two_models):
    return [registry.load(name, two_models) for name in ("second", "first")]


def test_all_models_answer_on_the_same_crops(models, portrait, mesher):
    comparison = compare(portrait, models, SIX, mesher)
    assert len(comparison.faces) == len(comparison.aligned) == 1
    assert list(comparison.predictions) == ["second", "first"]
    for model in models:
        expected = model.predict_proba(comparison.aligned).to(SIX).probs
        assert np.array_equal(comparison.predictions[model.name].probs, expected)
    assert list(comparison.milliseconds) == ["mesh", "align", "second", "first"]
    assert min(comparison.milliseconds.values()) >= 0


def test_agreement_is_per_face(models, portrait, mesher):
    comparison = compare(portrait, models, SEVEN, mesher)
    labels = {prediction.names[0] for prediction in comparison.predictions.values()}
    assert comparison.agree.tolist() == [len(labels) == 1]
    assert compare(portrait, models[:1], SEVEN, mesher).agree.tolist() == [True]


def test_made_up_classes_are_answered_in_themselves(models, make_checkpoint, portrait, mesher):
    own = LabelSet(OWN, ("wink", "no wink"))
    taught = registry.load("taught", make_checkpoint("taught", labels=own))
    comparison = compare(portrait, [*models, taught], SIX, mesher)
    assert [len(said.labels) for said in comparison.predictions.values()] == [6, 6, 2]
    assert not comparison.alike and comparison.agree.tolist() == [False]
    picture = record(comparison, dict.fromkeys(comparison.predictions, 0.5))
    assert picture["labels"] == [*SIX, *own]
    table = rows(picture)
    assert table[2]["wink"] + table[2]["no wink"] == pytest.approx(1, abs=1e-3) and table[2]["happy"] == ""


@pytest.mark.parametrize("shape", [(64, 64, 3), (1, 1, 3), (1, 400, 3)])
def test_no_face_is_a_result(models, mesher, shape):
    comparison = compare(np.zeros(shape, np.uint8), models, SEVEN, mesher)
    assert len(comparison.faces) == 0 and comparison.agree.shape == (0,)
    assert all(len(prediction) == 0 for prediction in comparison.predictions.values())


def test_two_faces_keep_their_order(models, portrait, mesher):
    face = portrait[40:240, 110:340]
    pair = np.concatenate([face, face[:, ::-1]], axis=1)
    comparison = compare(pair, models, SEVEN, mesher)
    assert len(comparison.faces) == 2
    for row in range(2):
        alone = models[0].predict_proba(comparison.aligned[row]).probs
        assert np.abs(comparison.predictions["second"].probs[row] - alone).max() <= 1e-5


def test_no_model_is_refused(portrait, mesher):
    with pytest.raises(ValueError, match="choose one or more"):
        compare(portrait, [], SEVEN, mesher)


def test_models_with_other_crops_are_not_compared(make_checkpoint):
    wide = AlignSpec(eye_distance=0.5)
    make_checkpoint("usual")
    root = make_checkpoint("wide", align=wide, fingerprint=wide.fingerprint)
    with pytest.raises(ValueError, match="usual, wide"):
        common_spec([registry.load("usual", root), registry.load("wide", root)])
