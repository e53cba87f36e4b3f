import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from zoo.inference.compare import compare
from zoo.inference.serialise import record, rows, to_csv
from zoo.labels import FIVE, SEVEN
from zoo.models import registry


@pytest.fixture
def comparison(two_models, portrait, mesher):
    return compare(portrait, [registry.load(name, two_models) for name in ("first", "second")], SEVEN, mesher)


def test_a_record_survives_json_and_holds_everything(comparison):
    made = record(comparison, {"first": 0.0, "second": 1.1}, "portrait.jpg")
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert (made["file"], made["width"], made["height"]) == ("portrait.jpg", 512, 512)
    assert made["labels"] == list(SEVEN) and made["models"] == ["first", "second"]
    assert set(made["milliseconds"]) == {"mesh", "align", "first", "second"}
    (face,) = made["faces"]
    assert face["number"] == 1
    assert list(face["box"].values()) == pytest.approx(comparison.faces.boxes[0], abs=0.1)
    assert list(face["pose"].values()) == pytest.approx(comparison.faces.pose[0], abs=0.1)
    assert face["agree"] == bool(comparison.agree[0])


def test_answers_say_whether_they_are_sure(comparison):
    answers = record(comparison, {"first": 0.0, "second": 1.1})["faces"][0]["answers"]
    assert answers["first"]["sure"] is True and answers["second"]["sure"] is False
    for name, prediction in comparison.predictions.items():
        assert answers[name]["label"] == prediction.names[0]
        assert answers[name]["probability"] == pytest.approx(prediction.confidence[0], abs=1e-4)
        assert list(answers[name]["probabilities"]) == list(SEVEN)
        assert list(answers[name]["probabilities"].values()) == pytest.approx(prediction.probs[0], abs=1e-4)


def test_quality_is_words_and_numbers(comparison, portrait):
    bright = record(comparison, {"first": 0.5, "second": 0.5})["faces"][0]["quality"]
    box = comparison.faces.boxes[0]
    assert bright["notes"] == []
    assert bright["measures"]["size"] == pytest.approx((box[2:] - box[:2]).max(), abs=1e-2)
    dark = replace(comparison, image=(portrait * 0.25).astype(np.uint8))
    notes = record(dark, {"first": 0.5, "second": 0.5})["faces"][0]["quality"]["notes"]
    assert any("Dark" in note for note in notes)
    assert "Dark" in rows(record(dark, {"first": 0.5, "second": 0.5}))[0]["notes"]


def test_rows_are_a_face_and_model_each(comparison):
    made = record(comparison, {"first": 0.5, "second": 0.5}, "portrait.jpg")
    table = rows(made)
    assert [(row["file"], row["face"], row["model"]) for row in table] == [
        ("portrait.jpg", 1, "first"),
        ("portrait.jpg", 1, "second"),
    ]
    answer = made["faces"][0]["answers"]["second"]
    assert table[1]["label"] == answer["label"]
    assert [table[1][label] for label in SEVEN] == list(answer["probabilities"].values())
    assert table[0]["left"] == made["faces"][0]["box"]["left"]


def test_no_face_keeps_its_row_and_columns(comparison, two_models, mesher):
    models = [registry.load(name, two_models) for name in ("first", "second")]
    empty = record(compare(np.zeros((64, 80, 3), np.uint8), models, SEVEN, mesher), {}, "wall.png")
    assert empty["faces"] == [] and empty["width"] == 80
    full = record(comparison, {"first": 0.5, "second": 0.5})
    (row,) = rows(empty)
    assert list(row) == list(rows(full)[0])
    assert row["file"] == "wall.png" and row["face"] == 0 and row["label"] == ""


def test_columns_follow_the_label_set(two_models, portrait, mesher):
    models = [registry.load("first", two_models)]
    made = record(compare(portrait, models, FIVE, mesher), {"first": 0.5})
    assert list(rows(made)[0])[-5:] == list(FIVE)


def test_csv_reads_back(comparison):
    table = rows(record(comparison, {"first": 0.5, "second": 0.5}, 'a "quoted", name.jpg'))
    back = list(csv.DictReader(io.StringIO(to_csv(table))))
    assert [{name: str(value) for name, value in row.items()} for row in table] == back


def test_names_that_a_spreadsheet_would_run_are_escaped_and_numbers_stay():
    table = [{"file": "=cmd.jpg", "left": -3.5, "label": "=1+1", "=1+1": 0.25, "@smile": 0.75}]
    (row,) = csv.DictReader(io.StringIO(to_csv(table)))
    assert row == {"file": "'=cmd.jpg", "left": "-3.5", "label": "'=1+1", "'=1+1": "0.25", "'@smile": "0.75"}
    assert to_csv([], ["=1+1", "@smile"]).strip().endswith("'=1+1,'@smile")
