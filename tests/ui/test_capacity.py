"""Over HTTP, as anybody could: single calls hold nothing, and nobody locks others out."""

import contextlib
import http.client
import secrets
import threading
import time
from urllib.parse import urlsplit

import httpx
import pytest
from gradio_client import Client, handle_file

from scripts.load_live import clip
from tests.waiting import wait_for
from ui import gradio_state, text
from zoo.inference.live_sessions import Viewers
from zoo.teach import session as teach

WAIT = 30


def component(url: str, name: str) -> int:
    """Gradio's number of a scripted part of the page."""
    config = httpx.get(f"{url}config", timeout=WAIT).json()
    return next(one["id"] for one in config["components"] if one["props"].get("elem_id") == name)


@pytest.fixture(scope="module")
def ask(url):
    """``ask(part, function, value, session)``: the answer to one call of a script's server function."""
    parts = {name: component(url, name) for name in ("ft", "fo-live")}
    with httpx.Client(timeout=WAIT) as wire:

        def call(part: str, function: str, value: dict, session: str) -> dict:
            body = {"data": value, "component_id": parts[part], "fn_name": function, "session_hash": session}
            return wire.post(f"{url}gradio_api/component_server", json=body).json()

        yield call


@pytest.fixture
def pages(url):
    """``pages(n)``: sessions with an open page each, closed at the end of the test."""
    with contextlib.ExitStack() as opened:

        def opens(n: int = 1) -> list[str]:
            sessions = [secrets.token_hex(6) for _ in range(n)]
            for session in sessions:
                opened.enter_context(heartbeat(url, session))
            return sessions

        yield opens


@contextlib.contextmanager
def heartbeat(url: str, session: str):
    """What an open page holds."""
    wire = http.client.HTTPConnection(urlsplit(url).hostname, urlsplit(url).port, timeout=WAIT)
    wire.request("GET", f"/gradio_api/heartbeat/{session}")
    stream = wire.getresponse()
    assert stream.status == 200
    try:
        yield
    finally:
        stream.close()
        wire.close()


def join(url: str, api_name: str, session: str, data: list) -> httpx.Response:
    """Put a job into the queue, as a page does, without waiting for its answer."""
    config = httpx.get(f"{url}config", timeout=WAIT).json()
    number = next(one["id"] for one in config["dependencies"] if one["api_name"] == api_name)
    body = {"data": data, "fn_index": number, "session_hash": session}
    return httpx.post(f"{url}gradio_api/queue/join", json=body, timeout=WAIT)


def number() -> str:
    """A session that nobody has opened."""
    return secrets.token_hex(6)


# ---- Teach


def few_sessions(service, monkeypatch, most: int) -> None:
    """So many, all of them free."""
    monkeypatch.setattr(service.teach_sessions, "_most", most)
    for name in ("_sessions", "_used", "_left"):
        monkeypatch.setattr(service.teach_sessions, name, {})


def test_41_calls_take_no_teach_session(service, ask, pages):
    before = len(service.teach_sessions)
    for do in ("look", "add", "frame") * 14:
        ask("ft", "teach", {"do": do, "name": "x"}, number())
    assert len(service.teach_sessions) == before
    assert ask("ft", "teach", {"do": "look"}, number())["view"]["total"] == 0
    refused = ask("ft", "teach", {"do": "add", "name": "x"}, "nobody")
    assert refused.pop("words")["text"] == text.NO_PAGE and refused == {"failed": True, "reopen": "nobody"}
    (session,) = pages()
    assert [one["name"] for one in ask("ft", "teach", {"do": "add", "name": "x"}, session)["view"]["classes"]][
        -1
    ] == "x"
    assert service.teach_sessions.known(session)


def test_pages_that_ask_once_do_not_lock_those_out_who_come_later(service, ask, pages, monkeypatch):
    few_sessions(service, monkeypatch, 4)
    image = clip(0)[0]
    (worker,) = pages()
    ask("ft", "teach", {"do": "add", "name": "mine"}, worker)
    for burst in range(teach.FEW_SAMPLES):
        answer = ask("ft", "teach", {"do": "frame", "image": image, "at": 0, "burst": burst}, worker)
    assert len(answer["added"]) == 1
    for session in pages(8):
        assert "failed" not in ask("ft", "teach", {"do": "add", "name": "x"}, session)
    assert len(service.teach_sessions) == 4
    assert ask("ft", "teach", {"do": "look"}, worker)["view"]["total"] == teach.FEW_SAMPLES


def test_whoever_gave_way_is_told_so(service, ask, pages, monkeypatch):
    few_sessions(service, monkeypatch, 1)
    first, second = pages(2)
    value = {"do": "frame", "image": clip(0)[0], "at": 0, "burst": 0}
    assert ask("ft", "teach", value, first)["added"] and ask("ft", "teach", value, second)["added"]
    told = ask("ft", "teach", {"do": "look"}, first)
    assert told["words"]["text"] == text.TEACH["gave_way"] and told["view"]["total"] == 0 and told["closed"]


# ---- Live


def frame(service, turn: int = 1) -> dict:
    return {"run": 1, "turn": turn, "image": clip(0)[0], "models": service.default_models, "labels": "7"}


def test_frames_of_sessions_without_a_page_are_answered_and_take_no_place(service, ask):
    told = (getattr(leave, "__self__", None) for leave in service.pages._leave)
    viewers = next(one for one in told if isinstance(one, Viewers))
    before = len(viewers)
    for _ in range(6):
        answer = ask("fo-live", "frame", frame(service), number())
        assert len(answer["faces"]) == 1
    assert len(viewers) == before


# ---- the queue


def test_jobs_that_nobody_waits_for_are_not_done_and_stop_nobody(url, service, monkeypatch, astronaut):
    asked = []
    compare = service.compare
    monkeypatch.setattr(service, "compare", lambda *given: asked.append(given) or compare(*given))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for _ in range(70):
        assert join(url, "compare", number(), [None, ["cnn"], "7"]).status_code == 200
    begun = httpx.post(f"{url}gradio_api/call/models", json={"data": []}, timeout=WAIT)
    models = httpx.get(f"{url}gradio_api/call/models/{begun.json()['event_id']}", timeout=WAIT).text
    assert "event: complete" in models and "hog-svm" in models
    client = Client(url, verbose=False)
    answer = client.predict(image=handle_file(str(astronaut)), models=["cnn"], labels="7", api_name="/compare")
    client.close()
    assert len(answer["faces"]) == 1 and len(asked) == 1


def test_jobs_that_nobody_waits_for_are_forgotten(url, app, monkeypatch):
    session = number()
    join(url, "compare", session, [None, ["cnn"], "7"])
    assert session in app._queue.pending_event_ids_session
    monkeypatch.setattr(gradio_state, "UNHEARD_SECONDS", 0.2)
    assert wait_for(lambda: len(app._queue) == 0)
    for kept in (app._queue.pending_event_ids_session, app._queue.pending_messages_per_session):
        assert session not in kept
    assert not app._queue.event_ids_to_events


def test_jobs_of_a_page_that_is_closed_are_dropped(url, app, service, monkeypatch):
    going, done, asked = threading.Event(), threading.Event(), []

    def slow(*given):
        asked.append(given)
        going.set()
        done.wait(WAIT)
        raise ValueError

    monkeypatch.setattr(service, "compare", slow)
    monkeypatch.setattr("ui.compare.tab.read_photo", lambda photo: None)
    session, picture = number(), {"path": "x"}
    try:
        with heartbeat(url, session):
            for _ in range(4):  # two are worked on at a time
                join(url, "compare", session, [picture, ["cnn"], "7"])
            assert going.wait(WAIT) and wait_for(lambda: len(app._queue) == 2)
        assert wait_for(lambda: len(app._queue) == 0)
    finally:
        done.set()
    time.sleep(0.2)
    assert len(asked) == 2


def test_turns_go_round_the_sessions(url, app, service, pages, monkeypatch):
    done, served = threading.Event(), []

    def note(image, names, labels, *_more):
        done.wait(WAIT)
        served.append(labels)
        raise ValueError

    monkeypatch.setattr(service, "compare", note)
    monkeypatch.setattr("ui.compare.tab.read_photo", lambda photo: None)
    greedy, modest = pages(2)
    try:
        for _ in range(6):
            join(url, "compare", greedy, [{"path": "x"}, ["cnn"], "7"])
        join(url, "compare", modest, [{"path": "x"}, ["cnn"], "6"])
    finally:
        done.set()
    assert wait_for(lambda: len(served) == 7)
    assert "6" in served[:4]  # two had begun, and one may have been taken meanwhile


def test_when_the_queue_is_full_the_session_with_most_jobs_gives_way(url, app, service, pages, monkeypatch):
    done = threading.Event()
    monkeypatch.setattr(service, "compare", lambda *given: done.wait(WAIT) and None)
    monkeypatch.setattr("ui.compare.tab.read_photo", lambda photo: None)
    monkeypatch.setattr(app._queue, "most", 4)
    greedy, modest = pages(2)
    ask = lambda session: join(url, "compare", session, [{"path": "x"}, ["cnn"], "7"])
    waits = lambda session: sum(event.session_hash == session for event in app._queue._waiting())
    try:
        for _ in range(6):
            assert ask(greedy).status_code == 200
        assert wait_for(lambda: waits(greedy) == 4)
        full = ask(greedy)
        assert full.status_code == 503 and full.json()["detail"] == gradio_state.FULL
        assert ask(modest).status_code == 200 and waits(greedy) == 3 and waits(modest) == 1
    finally:
        done.set()
    assert wait_for(lambda: len(app._queue) == 0)


def test_the_queue_cannot_be_passed_by(url):
    direct = httpx.post(f"{url}gradio_api/run/compare", json={"data": [None, ["cnn"], "7"]}, timeout=WAIT)
    assert direct.status_code == 404


# ---- what Gradio remembers


def test_calls_without_a_page_make_nobody_elses_page_forgotten(app, ask, pages, monkeypatch):
    monkeypatch.setattr(app.state_holder, "capacity", 6)
    monkeypatch.setattr(gradio_state, "MOST_WITHOUT_PAGE", 3)
    mine = pages(3)
    for session in mine:
        ask("ft", "teach", {"do": "look"}, session)
    kept = [app.state_holder.session_data[session] for session in mine]
    for _ in range(12):
        ask("ft", "teach", {"do": "look"}, number())
    assert [app.state_holder.session_data[session] for session in mine] == kept
    assert len(app.state_holder.session_data) <= 7
    gradio_state.tidy(app, 0.0)
    assert {*mine} <= {*app.state_holder.session_data} <= {*app._queue.pages._pages}


def test_when_all_have_a_page_the_idlest_is_forgotten(app, ask, pages, monkeypatch):
    monkeypatch.setattr(app.state_holder, "capacity", 3)
    sessions = pages(4)
    for session in (*sessions[:3], sessions[0], sessions[3]):
        ask("ft", "teach", {"do": "look"}, session)
    held = app.state_holder.session_data
    assert sessions[1] not in held and all(sessions[n] in held for n in (0, 2, 3))


# ---- a page whose stream broke off


@pytest.mark.browser
def test_a_page_whose_stream_broke_off_opens_another(visits, browser, url, service):
    before = set(service.pages._pages)  # of earlier tests, whose streams may take a while to end
    with visits() as visit:
        page = visit(browser, url, "Teach")
        page.wait_for_selector(".ft-add")
        assert wait_for(lambda: len(set(service.pages._pages) - before) == 1)
        (session,) = set(service.pages._pages) - before
        service.pages.close(session)  # as after a restart of the server
        service.teach_sessions._sessions.clear()
        page.locator(".ft-add").click()
        assert wait_for(lambda: session in service.pages and service.teach_sessions.known(session))
