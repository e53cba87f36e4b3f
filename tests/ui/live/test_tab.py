"""The Live tab's answers, without a browser."""

import asyncio
import base64
import json
import time

import cv2
import gradio as gr
import pytest

from tests.ui.live.clips import camera_picture, jpeg
from ui import text
from ui.components.modules import joined
from ui.live.tab import AT_ONCE, LiveTab, Sent
from zoo.inference import tracking
from zoo.inference.live_sessions import Viewers
from zoo.inference.live_stream import PREFIX
from zoo.labels import SEVEN, SIX
from zoo.models.label_mix import EQUAL, FER2013


def data_url(name: str) -> str:
    return PREFIX + base64.b64encode(jpeg(cv2.resize(camera_picture(name), (320, 240)))).decode()


@pytest.fixture
def tab(service):
    made = LiveTab(service, Viewers())
    yield made
    made.viewers.close()


def test_a_face_has_been_followed_before_anybody_comes(tab, monkeypatch):
    """SciPy's matching is imported there: the first camera's second frame took half a second longer."""
    matched = []
    real = tracking.match
    monkeypatch.setattr(tracking, "match", lambda *given: matched.append(real(*given)) or matched[-1])
    tab.warm(camera_picture("photo"))
    assert matched == [{}, {0: 0}] and not len(tab.viewers)


@pytest.fixture
def send(done):
    """``send(tab, session="a", **value)``: the answer to a frame, and to whatever else is asked with it."""

    def one(tab, session="a", **value):
        chosen = {"models": tab.service.default_models, "labels": "7"}
        value = chosen | {"run": 1, "turn": 1, "image": data_url("photo"), "smooth": True} | value
        return done(tab.frame(value, session))

    return one


def test_the_portrait_looks_happy_to_both_in_small_json(tab, service, send):
    result = json.loads(json.dumps(send(tab)))
    (face,) = result["faces"]
    assert list(face["shown"]) == service.default_models and set(face["shown"].values()) == {"happy"}
    assert (result["run"], result["turn"], result["labels"]) == (1, 1, list(SEVEN))
    assert "edges" not in result and len(json.dumps(result)) < 2000


def test_the_label_mix_is_as_asked(tab, send):
    def said(session: str, **mix: str) -> list[float]:
        seen = send(tab, session, models=["hog-linear-svm"], smooth=False, **mix)
        return seen["faces"][0]["answers"]["hog-linear-svm"]

    equal, fer2013 = said("a", mix=EQUAL), said("b", mix=FER2013)
    assert equal[SEVEN.index("disgust")] > fer2013[SEVEN.index("disgust")]  # rare in FER2013
    assert said("c") == equal
    assert "choose one of fer2013, equal" in send(tab, mix="even")["words"]


def test_the_moments_so_far_are_taken_as_rest_when_that_is_asked(tab, send):
    assert send(tab, models=["cnn"])["offered"] is False
    (face,) = send(tab, models=["cnn"], turn=2, rest=2, so_far=True)["faces"]
    assert face["rested"] is True
    (face,) = send(tab, "b", models=["cnn"], turn=1, rest=1, so_far="yes")["faces"]
    assert face["rested"] is False


def test_labels_models_and_mesh_are_as_asked(tab, service, send):
    result = send(tab, labels="6", models=service.default_models[:1], mesh=True, edges=True)
    (face,) = result["faces"]
    assert result["labels"] == list(SIX) and list(face["answers"]) == service.default_models[:1]
    assert len(face["mesh"]) == 936 and max(result["edges"]) == 467


def test_movements_are_read_when_they_are_asked_for(tab, send):
    (face,) = send(tab)["faces"]
    assert face["movements"] is None
    result = send(tab, movements=True)
    (face,) = result["faces"]
    assert face["movements"]["smile"] > 0.5 > face["movements"]["jaw"] and not face["moved_from_rest"]
    assert result["ms"]["movements"] > 0


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"image": "http://elsewhere/a.jpg"}, "not a camera frame"),
        ({"image": None}, "not a camera frame"),
        ({"models": ["nobody"]}, text.CHOOSE_MODELS),
        ({"models": "cnn"}, text.CHOOSE_MODELS),
        ({"models": [3, {}]}, text.CHOOSE_MODELS),
        ({"labels": "nine"}, "label set"),
        ({"labels": []}, "label set"),
        ({"run": "x", "turn": [], "rest": {}, "image": {"path": "/etc/passwd"}}, "not a camera frame"),
    ],
)
def test_what_was_asked_wrongly_is_said_in_place(tab, value, words, send):
    result = send(tab, **value)
    assert words in result["words"] and "faces" not in result


def test_anything_at_all_can_be_read(tab):
    for value in (None, 3, "x", [], {"run": True}):
        assert Sent.read(value).options.mesh is False


def test_sessions_are_apart_and_stop_forgets(tab, send, done):
    send(tab, "a")
    send(tab, "b")
    assert len(tab.viewers) == 2
    done(tab.stop({"run": 1}, "a"))
    assert len(tab.viewers) == 1
    assert send(tab, "a")["words"] == ""  # of the run that was stopped
    assert len(send(tab, "a", run=2)["faces"]) == 1
    for session in "ab":
        tab.leave(gr.Request(session_hash=session))
    assert len(tab.viewers) == 0


def test_a_session_has_one_place_in_the_line_and_the_first_who_comes_is_the_first_served(tab, done, monkeypatch):
    served, at_once = [], []

    def answer(sent, session):
        at_once.append(len(served))
        time.sleep(0.02)
        served.append((session, sent.turn))
        return {"words": session}

    async def crowd():
        frames = [("a", 1), ("b", 1), ("a", 2), ("c", 1), ("d", 1)]
        return await asyncio.gather(*(tab.frame({"turn": turn}, session) for session, turn in frames))

    monkeypatch.setattr(tab, "answer", answer)
    answers = done(crowd())
    assert [one["words"] for one in answers] == ["a", "b", "", "c", "d"]
    assert {*served[:2]} == {("a", 1), ("b", 1)} and {*served[2:]} == {("c", 1), ("d", 1)}
    assert max(started - ended for started, ended in zip(range(4), at_once, strict=True)) < AT_ONCE


def test_the_script_claims_nothing_about_feelings():
    script = joined("live/live.js").lower()
    for claim in ("you are", "you feel", "emotion", "mood"):
        assert claim not in script


def test_a_cold_service_says_so(send):
    from ui.model_service import ModelService

    tab = LiveTab(ModelService(), Viewers())
    assert send(tab, models=["hog-svm"])["words"] == text.LIVE["warming"]
