"""Pictures read relative to resting faces."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from zoo.inference.compare import compare
from zoo.inference.rested import RestingError, by_numbers, by_place, choose, relative_to
from zoo.inference.serialise import RESTING_COLUMNS, record, rows
from zoo.labels import SEVEN, SIX
from zoo.models import registry
from zoo.models.resting import Reference


class Faces(list):
    @property
    def boxes(self):
        return np.array([[x - 5, 0, x + 5, 10] for x in self], float).reshape(-1, 4)


def at(*centres):
    return SimpleNamespace(faces=Faces(centres))


def test_faces_are_paired_from_left_to_right():
    assert by_place(at(90, 10, 50), at(20, 70)) == {1: 0, 2: 1}
    assert by_place(at(90, 10), at(70, 20)) == {1: 1, 0: 0}
    assert by_place(at(90, 10), at(5)) == {0: 0}
    assert by_place(at(), at(5)) == {}
    with pytest.raises(RestingError, match="No face was found"):
        by_place(at(1), at())


def test_somebody_may_know_better():
    assert by_numbers("1=2, 2:1", 2, 2) == {0: 1, 1: 0}
    for wrong in ("1", "1=3", "0=1", "3=1", "one=two", "1=2,,", "-1=1"):
        with pytest.raises(RestingError):
            by_numbers(wrong, 2, 2)


def test_a_face_is_not_its_own_reference():
    both = at(10, 50)
    assert choose(both, both, "1=2") == {0: 1}
    with pytest.raises(RestingError, match="its own"):
        choose(both, both, "1=1")


@pytest.fixture
def models(two_models):
    return [registry.load(name, two_models) for name in ("first", "second")]


@pytest.mark.parametrize("labels", [SEVEN, SIX], ids=lambda labels: labels.name)
def test_the_difference_is_taken_in_all_labels_and_then_narrowed(portrait, mesher, models, labels):
    seen, rest = compare(portrait, models, labels, mesher), compare(portrait[:, ::-1].copy(), models, labels, mesher)
    rested = relative_to(seen, rest, by_place(seen, rest), "rest.jpg")
    for name, answer in rested.predictions.items():
        expected = Reference.of(rest.original[name]).applied(seen.original[name]).to(labels)
        np.testing.assert_allclose(answer.probs, expected.probs, atol=1e-6)
    assert rested.references == (0,)
    told = record(seen, {"first": 0.9, "second": 0.9}, "a.jpg", rested)
    assert told["rest"] == {"file": "rest.jpg", "faces": 1}
    assert told["faces"][0]["resting"]["face"] == 1
    table = rows(told)
    assert set(RESTING_COLUMNS) <= set(table[0]) and table[0]["rest"] == "rest.jpg"
    assert "rest" not in record(seen, {"first": 0.9, "second": 0.9})
    assert not set(RESTING_COLUMNS) & set(rows(record(seen, {"first": 0.9, "second": 0.9}))[0])


def test_relative_answers_have_the_threshold_of_the_equal_mix(portrait, mesher, models, two_models):
    cards = {model.name: replace(registry.card(model.name, two_models), threshold_equal=0.99) for model in models}
    seen = compare(portrait, models, SEVEN, mesher)
    rest = compare(255 - (255 - np.roll(portrait, 3, axis=1)) // 2, models, SEVEN, mesher)
    rested = relative_to(seen, rest, {0: 0}, "", cards)
    assert rested.thresholds == {"first": 0.99, "second": 0.99}
    (face,) = record(seen, {"first": 0.0, "second": 0.0}, "", rested)["faces"]
    for answer in face["resting"]["answers"].values():
        assert answer["sure"] == (answer["label"] == "neutral" or answer["probability"] >= 0.99)
    assert all(answer["sure"] for answer in face["answers"].values())


def test_a_face_without_a_resting_face_stays_as_is(portrait, mesher, models):
    seen = compare(portrait, models, SEVEN, mesher)
    rested = relative_to(seen, seen, {})
    np.testing.assert_array_equal(rested.predictions["first"].probs, seen.predictions["first"].probs)
    told = record(seen, {"first": 0.9, "second": 0.9}, "", rested)
    assert told["faces"][0]["resting"] is None and rows(told)[0]["resting_label"] == ""


def test_predict_with_a_resting_picture(run, photo, tmp_path, portrait):
    Image.fromarray(portrait[:, ::-1].copy()).save(tmp_path / "calm.png")
    Image.fromarray(np.zeros_like(portrait)).save(tmp_path / "wall.png")
    status, out, _ = run("predict", photo, "--rest", tmp_path / "calm.png", "--json", "-")
    told = json.loads(out)["pictures"][0]
    assert status == 0 and told["rest"]["faces"] == 1 and told["rest"]["file"].endswith("calm.png")
    assert set(told["faces"][0]["resting"]["answers"]) == {"first", "second"}
    assert "Relative to resting face 1" in run("predict", photo, "--rest", tmp_path / "calm.png")[1]
    assert "resting_label" in run("predict", photo, "--rest", tmp_path / "calm.png", "--csv", "-")[1]
    status, _, err = run("predict", photo, "--rest", tmp_path / "wall.png")
    assert status == 2 and "No face was found in" in err
    status, _, err = run("predict", photo, "--rest", tmp_path / "calm.png", "--pairs", "1=2")
    assert status == 1 and "1 resting faces" in err
    assert run("predict", photo, "--pairs", "1=1")[0] == 2
