"""Calls with wrong values: each is answered with a sentence that says what came and what was expected."""

import json
import logging
import sys

import gradio as gr
import httpx
import pytest
from gradio.utils import MatplotlibBackendMananger

from features import detector
from ui import gradio_calls, text
from ui.examples.portraits import PICTURES

PHOTO = {"path": str(PICTURES / "photo.jpg"), "meta": {"_type": "gradio.FileData"}}
FILE = {"meta": {"_type": "gradio.FileData"}}
GOOD = [PHOTO, ["cnn"], "7", 20, "equal", None, ""]
UPLOAD = "Upload it"
WRONG = {
    "path with a null": (0, {**FILE, "path": "/etc/\0passwd"}, ("image", UPLOAD)),
    "bare path with a null": (0, {"path": "\0"}, (UPLOAD,)),
    "empty path": (0, {**FILE, "path": ""}, ("image", UPLOAD)),
    "path too long": (0, {**FILE, "path": "a" * 5000}, ("image", UPLOAD)),
    "somebody else's file": (0, {**FILE, "path": "/etc/passwd"}, ("image", UPLOAD)),
    "no meta": (0, {"path": PHOTO["path"], "meta": None}, ("image", UPLOAD)),
    "path that is a number": (5, {**FILE, "path": 5}, (UPLOAD,)),
    "file for models": (1, {**FILE, "path": ""}, ("models", UPLOAD)),
    "file for labels": (2, {**FILE, "path": "/etc"}, ("labels", UPLOAD)),
    "file for pairs": (6, {**FILE, "path": "\0"}, ("pairs", UPLOAD)),
    "no number": (3, {}, ("max_faces is {}", "from 1 to 200")),
    "long name of a model": (1, "x" * 3000, ("No model 'xxx", "there are cnn, ")),
    "long name of a label set": (2, "x" * 3000, ("No label set 'xxx", "choose one of 7, 6, 5")),
    "long name of a mix": (4, "x" * 3000, ("'xxx", "choose one of ")),
}


def ask(url: str, path: str, data: object) -> str:
    """What a public endpoint says is wrong."""
    event = httpx.post(f"{url}gradio_api/call/{path}", json={"data": data}).json()["event_id"]
    answer = httpx.get(f"{url}gradio_api/call/{path}/{event}", timeout=60).text
    assert answer.startswith("event: error\ndata: "), answer
    return json.loads(answer.partition("data: ")[2])["error"]


def ask_page(url: str, function: int, data: list, **event) -> dict:
    """How a call of the page's own is answered."""
    session = {"session_hash": "values", "trigger_id": None, "fn_index": function, **event}
    body = json.dumps({"data": data, **session})  # in ASCII, because of half a surrogate pair
    httpx.post(f"{url}gradio_api/queue/join", content=body, headers={"Content-Type": "application/json"})
    lines = httpx.get(f"{url}gradio_api/queue/data", params={"session_hash": "values"}, timeout=60).text.splitlines()
    sent = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    return next(message for message in sent if message["msg"] == "process_completed")


def test_a_call_while_mediapipe_is_imported_finds_a_matplotlib_to_ask(monkeypatch):
    monkeypatch.delitem(sys.modules, "matplotlib", raising=False)
    with detector._held_off(detector._DRAWING), MatplotlibBackendMananger():
        assert sys.modules["matplotlib"] is detector._DRAWING["matplotlib"]


@pytest.fixture
def quiet(caplog, capfd):
    """Fails the test if anything has left a traceback."""
    caplog.set_level(logging.WARNING)
    yield
    records = caplog.get_records("call")  # `caplog.text` has only those of the teardown here
    assert not [record.getMessage() for record in records if record.exc_info]
    assert "Traceback" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_is_named_in_a_sentence(url, quiet, name):
    at, value, words = WRONG[name]
    said = ask(url, "compare", [*GOOD[:at], value, *GOOD[at + 1 :]])
    assert all(word in said for word in words) and len(said) <= 300, said


def test_a_call_without_values_is_told_which_there_are(url, quiet):
    said = ask(url, "compare", [])
    assert said.startswith(
        "0 values came for /compare, which takes 7. Expected, in this order: image, models, labels, "
    )


def test_a_picture_alone_is_answered_by_the_default_models(url, app):
    event = httpx.post(f"{url}gradio_api/call/compare", json={"data": [PHOTO]}).json()["event_id"]
    answer = httpx.get(f"{url}gradio_api/call/compare/{event}", timeout=60).text
    assert answer.startswith("event: complete") and '"hog-svm"' in answer and '"cnn"' in answer


def test_the_pages_own_calls_say_what_is_wrong(url, app, quiet):
    own = {fn._id: fn for fn in app.fns.values() if fn.api_visibility == "private" and fn.fn is not None}
    bad = {**FILE, "path": "\0"}
    for number, function in own.items():
        inputs = len(function.inputs)
        tries = [[bad] * inputs, [{"a": []}] * inputs, [None] * inputs] if inputs else [[]]
        for data in tries:
            for event in ({}, {"event_data": 5}, {"event_data": {"index": "x"}}):
                found = ask_page(url, number, data, **event)
                assert found["success"] or found["output"]["error"], (function.api_name, data, event)


def test_a_function_of_the_browser_is_said_to_be_one(url, app, quiet):
    number = next(fn._id for fn in app.fns.values() if fn.fn is None)
    found = ask_page(url, number, [None] * len(app.fns[number].inputs))
    assert found["output"]["error"] == gradio_calls.NOTHING_HERE


def test_half_a_surrogate_pair_does_not_end_the_event_stream(url, app, quiet):
    for function in app.fns.values():
        usual = [PHOTO if isinstance(block, gr.Image) else block.value for block in function.inputs]
        for at in range(len(usual) if function.fn is not None else 0):
            found = ask_page(url, function._id, [*usual[:at], "\ud800", *usual[at + 1 :]])
            assert found["success"] or found["output"]["error"], (function.api_name, at)


@pytest.mark.parametrize("odd", [5, [["x"]], [5], {"a": 1}], ids=str)
def test_a_control_that_holds_what_it_cannot_hold_is_no_fault_of_the_app(app, url, quiet, done, odd):
    request = gr.Request(session_hash="odd")
    for function in app.fns.values():
        usual = [PHOTO if isinstance(block, gr.Image) else block.value for block in function.inputs]
        for at in range(len(usual) if function.fn is not None and function.api_visibility == "private" else 0):
            data = [*usual[:at], odd, *usual[at + 1 :]]
            try:
                done(app.process_api(function, data, state=app.state_holder["odd"], request=request))
            except gr.Error as error:
                assert error.message != text.FAILED, (function.fn, at)


def test_a_fault_of_the_app_is_a_sentence_too_and_stays_in_the_log(done, caplog):
    def fail(value: str) -> str:
        raise ZeroDivisionError(value)

    with gr.Blocks(analytics_enabled=False) as app:
        gr.Button().click(fail, gr.Textbox(), gr.Textbox())
    gradio_calls.explain_failures(app)

    with pytest.raises(gr.Error) as caught:
        done(app.process_api(app.fns[0], ["secret"]))
    assert caught.value.message == text.FAILED and not caught.value.print_exception
    assert "ZeroDivisionError" in caplog.text
