"""Answers while a patch covers a part of the crop."""

import numpy as np
import pytest

from features import occluders
from zoo.inference import compare as comparing
from zoo.inference.patch import LARGEST, SMALLEST, Patch, PatchError, answers
from zoo.labels import SEVEN, label_set
from zoo.models import registry
from zoo.models.checkpoint import golden_faces
from zoo.models.label_mix import EQUAL, LabelMix


@pytest.fixture(scope="module")
def face():
    return golden_faces(registry.card("cnn").align)[0]


@pytest.fixture(scope="module")
def models():
    return [registry.load(name) for name in ("hog-svm", "cnn")]


def test_without_a_patch_the_answers_are_those_of_compare(face, models, mesher):
    import skimage.data

    for mix in (LabelMix(), LabelMix(EQUAL, {name: registry.card(name) for name in ("hog-svm", "cnn")})):
        whole = comparing.compare(skimage.data.astronaut(), models, label_set("6"), mesher, mix=mix)
        now = answers(models, face, label_set("6"), mix)
        for name, answer in whole.predictions.items():
            np.testing.assert_allclose(now[name].probs, answer.probs, atol=1e-6)


def test_a_patch_on_the_mouth_weakens_happy_and_one_in_a_corner_does_not(face, models):
    def happy(patched):
        return answers(models[:1], patched, SEVEN, LabelMix())["hog-svm"].probs[0, SEVEN.labels.index("happy")]

    assert happy(Patch(0.5, 0.8, 0.7).on(face)) < happy(face) - 0.1
    assert happy(Patch(0.0, 1.0, 0.3).on(face)) == pytest.approx(happy(face), abs=0.05)
    assert Patch(0.5, 0.78, 0.3).part(face) == "mouth"


def test_only_the_picture_is_covered(face):
    before = face.images.copy()
    covered = Patch(0.5, 0.5, 0.4).on(face)
    assert (covered.images[0] == occluders.cover(before[0], 0.5, 0.5, 0.4)).all()
    assert covered.landmarks is face.landmarks and (face.images == before).all()


@pytest.mark.parametrize(
    "place", [(-0.1, 0.5, 0.3), (0.5, 1.1, 0.3), (0.5, 0.5, SMALLEST / 2), (0.5, 0.5, LARGEST * 2), (np.nan, 0.5, 0.3)]
)
def test_a_patch_beside_the_crop_is_refused(place):
    with pytest.raises(PatchError, match="expected"):
        Patch(*place)


def test_a_patch_lies_on_one_face_only(make_aligned):
    for count in (0, 2):
        with pytest.raises(ValueError, match=f"{count} faces came; expected one"):
            Patch(0.5, 0.5, 0.3).on(make_aligned(count))
