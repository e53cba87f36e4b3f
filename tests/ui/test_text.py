import inspect

import numpy as np
import pytest

from tests.plain_html import bare
from ui import text
from ui.compare import pipeline_stages, results, tab
from zoo.labels import FIVE, OWN, LabelSet
from zoo.prediction import Prediction

SURE = Prediction(np.array([[0.1, 0.71, 0.1, 0.05, 0.04]]), FIVE)


def test_an_answer_speaks_of_pictures_and_labels():
    assert bare(text.looks_like(SURE, 0, 0.5)) == "Looks most like pictures people labelled <em>happy</em> (0.71)"


def test_below_the_threshold_it_is_not_sure():
    assert bare(text.looks_like(SURE, 0, 0.8)) == "<b>Not sure.</b> Closest label: <em>happy</em> (0.71)"


def test_made_up_classes_are_samples_not_what_people_labelled():
    mine = Prediction(np.array([[0.9, 0.1]]), LabelSet(OWN, ("wink", "none")))
    assert 'this session’s samples of <em translate="no">wink</em>' in text.looks_like(mine, 0, 0.5)
    assert "people" not in text.looks_like(mine, 0, 0.95)


def test_labels_are_escaped():
    prediction = Prediction(np.array([[1.0]]), LabelSet("mine", ("<b onclick=x>",)))
    assert "<b onclick" not in text.looks_like(prediction, 0, 0.5)


def test_no_sentence_says_what_anyone_feels():
    everything = "".join(inspect.getsource(m) for m in (text, results, pipeline_stages, tab)).lower()
    for claim in ("you are", "you feel", "is feeling", "your emotion", "your mood", "detected emotion"):
        assert claim not in everything


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost:7860", "localhost", "[::1]:7860", "[::1]"])
def test_on_this_computer_nothing_is_sent(host, monkeypatch):
    monkeypatch.delenv("SPACE_ID", raising=False)
    assert text.privacy(host) == text.PRIVACY_LOCAL


@pytest.mark.parametrize("host", ["192.168.1.4:7860", "notgradio.live", "localhost.evil.example", ""])
def test_from_another_computer_the_page_says_so(host, monkeypatch):
    monkeypatch.delenv("SPACE_ID", raising=False)
    assert text.privacy(host) == text.PRIVACY_SERVER


@pytest.mark.parametrize("host", ["1a2b3c.gradio.live", "1a2b3c.gradio.live:443", "1A2B3C.Gradio.Live"])
def test_through_a_public_link_pictures_pass_a_relay(host, monkeypatch):
    monkeypatch.delenv("SPACE_ID", raising=False)
    assert text.privacy(host) == text.PRIVACY_SHARED
    assert "relay" in text.PRIVACY_SHARED
    assert "nowhere else" not in text.PRIVACY_SHARED


def test_a_space_says_that_pictures_go_to_it(monkeypatch):
    monkeypatch.setenv("SPACE_ID", "someone/face-off")
    assert text.privacy("localhost:7860") == text.PRIVACY_SPACE


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ((0, 0, 2), "No face found in this picture."),
        ((1, 1, 2), "1 face found. The models agree."),
        ((1, 0, 2), "1 face found. The models disagree."),
        ((6, 5, 2), "6 faces found. The models agree on 5 of 6."),
        ((3, 3, 1), "3 faces found."),
    ],
)
def test_counts_in_words(counts, sentence):
    assert text.found(*counts) == sentence


def test_the_status_is_true():
    assert text.status(True, {}) == ()
    assert text.status(False, {}) == (text.WARMING,)
    assert text.status(True, {"hog-svm": "wrong hash"})[0].endswith(": hog-svm")
    assert "wrong hash" not in text.status(True, {"hog-svm": "wrong hash"})[0]
