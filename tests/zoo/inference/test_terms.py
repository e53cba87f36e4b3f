"""The sum that a linear answer is."""

import numpy as np
import pytest

from features.movements import SPOKEN
from zoo.inference.terms import reads_movements, terms
from zoo.labels import FIVE, SEVEN
from zoo.models import registry
from zoo.models.checkpoint import golden_faces
from zoo.models.label_mix import EQUAL, LabelMix

NAME = "movements-linear"


@pytest.fixture(scope="module")
def model():
    return registry.load(NAME)


@pytest.fixture(scope="module")
def face(model):
    return golden_faces(model.align)[0]


@pytest.mark.parametrize("mix", ["fer2013", EQUAL])
@pytest.mark.parametrize("labels", [SEVEN, FIVE], ids=["7", "5"])
def test_the_terms_add_up_to_the_share_that_is_shown(model, face, labels, mix):
    answer = LabelMix(mix, {NAME: registry.card(NAME)}).applied(NAME, model.predict_proba(face)).onto(labels)
    found = terms(model, face, answer)
    shares = np.log(answer.probs[0].astype(float).clip(1e-6))
    assert found.label == answer.names[0]
    assert found.score == pytest.approx(shares.max() - shares.mean(), abs=1e-4)
    assert {word for word, _, _ in found.parts} == set(SPOKEN)


def test_the_portraits_smile_is_what_counts_most_for_happy(model, face):
    found = terms(model, face, model.predict_proba(face))
    assert found.label == "happy"
    assert next(term for word, _, term in found.parts if word == "smile") > 0
    assert [abs(term) for _, _, term in found.parts] == sorted([abs(t) for _, _, t in found.parts], reverse=True)


def test_the_base_is_the_same_for_every_face(model, face):
    dark = golden_faces(model.align)[3]
    bases = {}
    for one in (face, dark):
        found = terms(model, one, model.predict_proba(one))
        bases.setdefault(found.label, []).append(found.base)
    assert all(np.ptp(values) < 1e-3 for values in bases.values())


def test_only_a_model_of_movements_alone_is_such_a_sum(model):
    assert reads_movements(model)
    assert not any(reads_movements(registry.load(name)) for name in ("hog-linear-svm", "cnn-tiny"))


def test_two_faces_are_refused(model, face):
    with pytest.raises(ValueError, match="expected one of each"):
        terms(model, golden_faces(model.align)[:2], model.predict_proba(face))
