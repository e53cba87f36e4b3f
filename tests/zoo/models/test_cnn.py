import numpy as np
import pytest

from zoo.labels import SEVEN
from zoo.models import registry
from zoo.models.cnn import CnnClassifier, Reading, _outputs_by_rank, to_input


@pytest.fixture(scope="module")
def cnn():
    deep = [name for name in registry.names() if registry.card(name).loader == "tflite"]
    if not deep:
        pytest.skip("no network in checkpoints/")
    return registry.load(deep[0])


def test_crops_are_resized_to_the_networks_side(crops):
    x = to_input(crops.images, 48)
    assert x.shape == (5, 48, 48, 1) and x.dtype == np.float32 and x.max() <= 255
    assert to_input(crops.images[:0], 48).shape == (0, 48, 48, 1)


def test_logits_embedding_and_maps(cnn, crops):
    assert cnn.logits(crops).shape == (5, len(cnn.labels))
    assert cnn.embedding(crops).ndim == 2 and len(cnn.embedding(crops)) == 5
    assert cnn.maps(crops).ndim == 4
    assert cnn.embedding(crops[:0]).shape == (0, cnn.embedding(crops).shape[1])


def test_temperature_softens(cnn, portrait_face):
    card = registry.card(cnn.name)
    model = (registry.CHECKPOINTS / cnn.name / "model.tflite").read_bytes()
    sharp, soft = (CnnClassifier("t", card.labels, card.align, model, Reading(t)) for t in (0.5, 4.0))
    assert sharp.predict_proba(portrait_face).confidence > soft.predict_proba(portrait_face).confidence
    assert sharp.predict_proba(portrait_face).names == soft.predict_proba(portrait_face).names


def test_a_face_and_its_mirror_image_together_are_both_one_after_the_other(cnn, crops):
    card = registry.card(cnn.name)
    model = (registry.CHECKPOINTS / cnn.name / "model.tflite").read_bytes()
    once, both = (
        CnnClassifier("t", card.labels, card.align, model, Reading(mirror=mirror)) for mirror in (False, True)
    )
    for read in (CnnClassifier.raw_logits, CnnClassifier.pooled, CnnClassifier.embedding, CnnClassifier.raw_logits):
        straight, mirrored = read(once, crops), read(once, crops.mirrored())
        expected = straight if read is CnnClassifier.embedding else (straight + mirrored) / 2
        assert read(both, crops) == pytest.approx(expected, abs=1e-4)


def test_what_is_not_a_network_is_refused(spec):
    with pytest.raises(ValueError):
        CnnClassifier("t", SEVEN, spec, b"no flatbuffer at all")


class TwoRows:
    """An interpreter whose network lacks the feature maps."""

    def get_output_details(self):
        return [{"index": 0, "shape": np.array([1, 7])}, {"index": 1, "shape": np.array([1, 64])}]


def test_a_network_with_other_outputs_is_refused():
    with pytest.raises(ValueError, match="expected logits, embedding, maps"):
        _outputs_by_rank(TwoRows())
