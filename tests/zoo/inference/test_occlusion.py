from dataclasses import replace

import numpy as np
import pytest

import zoo
from features import occluders
from zoo.inference.occlusion import log_odds, occlusion_map
from zoo.labels import SEVEN, SIX, own_labels
from zoo.prediction import Prediction

MINE = own_labels(("dark", "bright"))


class BrightMouth:
    """Says how bright the mouth's place is; nothing else matters to it."""

    name, labels = "mouth", MINE

    def __init__(self):
        self.asked = []

    def predict_proba(self, faces):
        self.asked.append(len(faces))
        bright = faces.images[:, 50:62, 26:46].mean(axis=(1, 2)) / 255
        return Prediction(np.stack([1 - bright, bright], axis=1).astype(np.float32), MINE)


@pytest.fixture
def face(portrait_face):
    """An even crop with a white mouth, and a mesh that fits."""
    one = replace(portrait_face, images=portrait_face.images.copy())
    one.images[:] = 60
    one.images[:, 50:62, 26:46] = 250
    return one


def test_the_answer_hangs_on_the_place_that_the_model_looks_at(face):
    model = BrightMouth()
    said = occlusion_map(model, face, SEVEN)
    assert set(model.asked) == {1} and len(model.asked) == occluders.COUNT**2 + 1  # others get their turn in between
    assert said.label == "bright" and said.labels == MINE and said.share == pytest.approx(250 / 255, abs=1e-3)
    assert said.covered.shape == (occluders.COUNT, occluders.COUNT) and said.part == "mouth"
    row, column = np.unravel_index(said.change.argmin(), said.change.shape)
    assert (row, column) in {(6, 4), (7, 4)} and said.least == said.covered[row, column] < 0.8
    assert np.abs(said.change[:3]).max() < 1e-3  # covering brows and eyes changes nothing
    assert said.change.min() == pytest.approx(log_odds(said.least) - log_odds(said.share))


def test_log_odds_are_finite_at_the_ends():
    assert log_odds(np.array([0.5])).tolist() == [0]
    ends = log_odds(np.array([0.0, 1.0]))
    assert np.isfinite(ends).all() and ends[0] == pytest.approx(-ends[1], rel=1e-3)


def test_the_face_itself_stays_as_it_is_and_several_are_refused(face, make_aligned):
    before = face.images.copy()
    occlusion_map(BrightMouth(), face, SEVEN, 3)
    assert (face.images == before).all()
    with pytest.raises(ValueError, match="2 faces came; expected one"):
        occlusion_map(BrightMouth(), make_aligned(2), SEVEN)


@pytest.mark.parametrize("name", ["hog-svm", "cnn", "cnn-ferplus"])
def test_a_smile_hangs_on_the_mouth_for_shipped_models(name, portrait_face):
    model = zoo.load(name)
    said = occlusion_map(model, portrait_face, SIX)
    assert said.label == "happy"
    whole = model.predict_proba(portrait_face).onto(model.labels.answering(SIX))
    assert said.share == pytest.approx(float(whole.confidence[0]), abs=1e-5)
    lower, upper = said.change[5:].min(), said.change[:3].min()
    assert said.least < said.share and lower < upper
