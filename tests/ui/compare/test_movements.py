"""A face's movements in the answer of Compare."""

import re

import pytest

from features import images
from features.movements import SPOKEN
from tests.plain_html import words
from ui.compare import movements
from ui.examples.portraits import PICTURES
from zoo.inference import rested
from zoo.models import registry

LINEAR = "movements-linear"


@pytest.fixture(scope="module")
def compared(service):
    def compare(name: str, *models: str):
        return service.compare(images.load(PICTURES / f"{name}.jpg"), list(models), "7")

    return compare


def fold(service, comparison, relative=None) -> str:
    models = {name: registry.load(name) for name in comparison.predictions}
    return movements.fold(comparison, 0, service.cards, models, relative)


def test_a_smile_is_named_first_and_every_movement_has_a_bar(service, compared):
    shown = fold(service, compared("photo", "cnn"))
    assert re.match(r"Facial movements: smile 0\.\d\d, ", words(re.search(r"<summary.*?</summary>", shown)[0]))
    assert shown.count("<li>") == len(SPOKEN) and "<table" not in shown
    assert "A movement is not a feeling" in words(shown) and "stay near 0" in words(shown)


def test_relative_to_a_resting_face_only_what_differs_is_left(service, compared):
    comparison, rest = compared("mouth-open", "cnn"), compared("lips-closed", "cnn")
    same = rested.relative_to(rest, rest, {0: 0})
    assert "Facial movements: hardly any" in words(fold(service, rest, same))
    shown = words(fold(service, comparison, rested.relative_to(comparison, rest, {0: 0})))
    assert re.search(r"[+-]0\.\d\d", shown) and "Relative to the resting face" in shown


def test_the_linear_model_s_answer_is_shown_as_a_sum(service, compared):
    shown = fold(service, compared("photo", LINEAR, "cnn"))
    assert shown.count("<table") == 1
    rows = [float(one) for one in re.findall(r"<td[^>]*>([+-]\d+\.\d\d)</td>", shown)]
    assert sum(rows[:-1]) == pytest.approx(rows[-1], abs=0.06)
    assert "Movements, linear: the sum behind happy" in words(shown)


def test_faces_beyond_the_first_ones_are_not_read(service, compared, monkeypatch):
    monkeypatch.setattr(movements, "MOST_FACES", 0)
    assert fold(service, compared("photo", "cnn")) == ""
