"""Clips read relative to each face's own rest."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from zoo.inference.timeline import Timeline
from zoo.inference.timeline_rest import COLUMNS, as_json, rested, write_csv
from zoo.labels import SEVEN, SIX
from zoo.models.resting import Reference
from zoo.prediction import Prediction

HAPPY, SAD, NEUTRAL = (SEVEN.index(name) for name in ("happy", "sad", "neutral"))


def clip(labels=SEVEN, known=True):
    """Face 1 rests for a second, looking sad, and then smiles a little; face 2 is seen once."""
    rest, smile = np.full(7, 0.02), np.full(7, 0.02)
    rest[[SAD, NEUTRAL]] = 0.6, 0.3
    smile[[SAD, NEUTRAL, HAPPY]] = 0.5, 0.1, 0.3
    rows = [rest / rest.sum()] * 10 + [smile / smile.sum()] * 10 + [smile / smile.sum()]
    probs = np.array(rows)[:, None, : len(labels)]
    probs /= probs.sum(axis=2, keepdims=True)
    times = np.array([*np.arange(20) / 10, 1.9], np.float32)
    moments = np.append(np.arange(20) / 10, 3.0).astype(np.float32)
    numbers = np.array([1] * 20 + [2], np.int32)
    shown = probs.argmax(axis=2).astype(np.uint8)
    boxes = np.zeros((21, 4), np.float32)
    neutral = np.log([row[NEUTRAL] for row in rows]) if known else np.full(21, np.nan)
    found = (labels, moments, times, numbers, boxes, probs.astype(np.float32), shown, neutral.astype(np.float32))
    return Timeline(("first",), *found)


def test_the_most_neutral_frames_of_each_face_are_its_reference():
    plain = clip()
    found = rested(plain, "auto")
    assert found.moments[1] == (0.0, 0.1, 0.2, 0.3, 0.4) and found.moments[2] == (1.9,)
    one = found.timeline.of(1)
    assert [SEVEN.labels[i] for i in one.shown[:, 0]] == ["neutral"] * 10 + ["happy"] * 10
    expected = Reference.of(Prediction(plain.probs[:5, 0], SEVEN)).applied(Prediction(plain.probs[10:11, 0], SEVEN))
    np.testing.assert_allclose(one.probs[10, 0], expected.probs[0], atol=1e-6)


def test_a_moment_can_be_named_and_switched_off():
    found = rested(clip(), 1.5)
    assert all(abs(second - 1.5) <= 0.3 for second in found.moments[1]) and len(found.moments[1]) == 5
    assert SEVEN.labels[found.timeline.of(1).shown[-1, 0]] == "neutral"
    assert rested(clip(), 60.0).moments == {} and rested(clip(), "none") is None
    np.testing.assert_array_equal(rested(clip(), 60.0).timeline.probs, clip().probs)


def test_fewer_labels_have_the_same_rest_and_the_same_change():
    seven, six = (rested(clip(labels), "auto") for labels in (SEVEN, SIX))
    assert six.moments == seven.moments
    kept = seven.timeline.probs[:, :, [SEVEN.index(name) for name in SIX]]
    np.testing.assert_allclose(six.timeline.probs, kept / kept.sum(axis=2, keepdims=True), atol=1e-3)


def test_where_no_model_knows_neutral_a_moment_has_to_be_named():
    assert rested(clip(SIX, known=False), "auto").moments == {}
    assert set(rested(clip(SIX, known=False), 0.2).moments) == {1}


def test_the_table_takes_the_threshold_of_the_equal_mix_for_relative_answers():
    found = replace(rested(clip(), "auto"), thresholds={"first": 1.0})
    table = io.StringIO()
    write_csv(clip(), found, {"first": 0.0}, table)
    lines = list(csv.DictReader(io.StringIO(table.getvalue())))
    seen = [line for line in lines if line["face"] != "0"]
    assert all(line["sure"] == "True" for line in seen)
    assert all(line["resting_sure"] == str(line["resting_label"] == "neutral") for line in seen)


def test_an_empty_clip_is_a_result():
    whole = clip()
    empty = whole.of(9)
    assert rested(empty, "auto").moments == {}


@pytest.mark.parametrize("rest", ["auto", 0.2])
def test_table_and_json_say_what_was_used(rest):
    plain = clip()
    found, text = rested(plain, rest), io.StringIO()
    write_csv(plain, found, {"first": 0.9}, text)
    table = list(csv.DictReader(io.StringIO(text.getvalue())))
    assert len(table) == 22 and set(COLUMNS) <= set(table[0])
    assert (table[0]["label"], table[0]["resting_label"], table[0]["resting_sure"]) == ("sad", "neutral", "True")
    assert table[15]["resting_label"] == "happy" and table[-1]["resting_label"] == ""
    told = as_json(found, rest)
    assert told["reference"] == rest and told["faces"][0]["reference_seconds"] == list(found.moments[1])
    assert len(told["faces"][0]["answers"]["first"]["happy"]) == 20
