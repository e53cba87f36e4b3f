"""Gradio remembers no picture of a page that was closed, and nothing for ever."""

import ast
import os
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import httpx
import pytest
from gradio_client import Client, handle_file
from starlette.testclient import TestClient

from tests.waiting import wait_for
from ui import gradio_files, gradio_state
from zoo.sessions.sweeper import Chore, Sweeper


def held(app, session: str) -> str:
    """All that is remembered of what a session's page shows."""
    kept = app.state_holder.session_data.get(session)
    return "" if kept is None else str(kept.config_values)


@pytest.fixture
def clients(app, url, monkeypatch):
    """Two scripts, each a session of its own."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("GRADIO_HEARTBEAT_INTERVAL", "0.3")  # how soon a script that ends is missed
    made = [Client(url, verbose=False) for _ in range(2)]
    yield made
    for client in made:
        client.close()


def ask(client, path) -> dict:
    return client.predict(image=handle_file(str(path)), models=["cnn"], labels="7", api_name="/compare")


def test_what_a_session_saw_is_forgotten_when_it_leaves_and_no_other_is(app, clients, astronaut):
    for client in clients:
        ask(client, astronaut)
    leaving, staying = (client.session_hash for client in clients)
    assert "probabilities" in held(app, leaving) and "probabilities" in held(app, staying)
    clients[0].close()
    assert wait_for(lambda: not held(app, leaving).strip("{}"))
    assert "probabilities" in held(app, staying)
    gradio_state.tidy(app, 60)
    assert leaving in app.state_holder  # it may come back
    gradio_state.tidy(app, 0)
    assert leaving not in app.state_holder and leaving not in app.state_holder.time_last_used


def test_a_silent_session_is_forgotten_in_part_and_goes_on(app, clients, astronaut):
    client = clients[0]
    before = ask(client, astronaut)["faces"][0]["answers"]["cnn"]["label"]
    gradio_state.tidy(app, 60)
    assert "probabilities" in held(app, client.session_hash)
    with Sweeper() as sweeper:
        sweeper.add(Chore("page states", 0.05, partial(gradio_state.tidy, app, 0.0)))
        assert wait_for(lambda: not held(app, client.session_hash).strip("{}"))
    assert client.session_hash in app.state_holder
    assert ask(client, astronaut)["faces"][0]["answers"]["cnn"]["label"] == before


@pytest.mark.parametrize("name", ["x" * 65, "x" * 100_000, "a b", "a\0b", "../x", "é" * 65])
@pytest.mark.parametrize("route", ["queue/join", "component_server"])
def test_names_that_no_session_has_are_refused_and_kept_nowhere(app, url, name, route):
    body = {"session_hash": name, "data": [], "fn_index": 0, "component_id": next(iter(app.blocks)), "fn_name": "x"}
    answer = httpx.post(f"{url}gradio_api/{route}", json=body)
    assert answer.status_code == 400 and "session_hash" in answer.json()["detail"]
    queue = app._queue
    kept = (app.state_holder.session_data, queue.pending_messages_per_session, queue.pending_event_ids_session)
    assert not any(name in names for names in kept)


def test_there_is_an_end_to_how_many_are_remembered(app, url):
    assert app.state_holder.capacity == gradio_state.MOST


@pytest.mark.browser
def test_the_picture_is_forgotten_with_the_page(app, visits, browser, url, astronaut):
    with visits() as visit:
        page = visit(browser, url)
        page.wait_for_selector("#fo-examples button")
        before = {*app.state_holder.session_data}
        page.set_input_files("#fo-picture input[type=file]", str(astronaut))
        page.wait_for_selector(".fo-results img")
        with_picture = lambda: [name for name in {*app.state_holder.session_data} if "fo-photo" in held(app, name)]
        assert with_picture() and before
        page.close()
        assert wait_for(lambda: not with_picture())


# ---- Gradio's inside


UI = Path(gradio_state.__file__).parent
INSIDE = {"_queue", "state_holder", "session_data", "root_block", "data_model", "config_values", "pending_streams"}


def inside(source: str) -> set[str]:
    """What a module uses of Gradio that is not among its public names."""
    tree = ast.walk(ast.parse(source))
    found = set()
    for node in tree:
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names if one.name.startswith("gradio.")}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gradio":
            found |= {f"{node.module}.{one.name}" for one in node.names}
        elif isinstance(node, ast.Attribute) and node.attr in INSIDE:
            found.add(node.attr)
    return found


def test_the_page_that_is_being_built_is_known():
    with gr.Blocks() as app, gr.Row():
        assert gradio_state.surrounding_page() is app
    assert isinstance(app, gradio_state.Block)


def test_what_is_inside_gradio_is_recognised():
    source = "import gradio.routes\nfrom gradio import utils\nimport gradio as gr\napp._queue.max_size = gr.State(1)"
    assert inside(source) == {"gradio.routes", "gradio.utils", "_queue"}


@pytest.mark.parametrize("path", sorted(UI.rglob("*.py")), ids=lambda path: path.relative_to(UI).as_posix())
def test_three_modules_alone_touch_the_inside_of_gradio(path):
    assert path.name in ("gradio_calls.py", "gradio_files.py", "gradio_state.py") or not inside(
        path.read_text(encoding="utf-8")
    )


def test_uploads_are_kept_where_they_are_told_to_be(monkeypatch, tmp_path):
    monkeypatch.setattr(gradio_files.routes, "DEFAULT_TEMP_DIR", "")
    monkeypatch.setenv(gradio_files.TEMP_DIR, "")
    gradio_files.keep_uploads_in(tmp_path)
    assert gradio_files.upload_folder() == tmp_path == Path(gradio_files.routes.DEFAULT_TEMP_DIR)
    gradio_files.keep_uploads_in(None)
    assert gradio_files.TEMP_DIR not in os.environ


def test_an_image_box_says_why_it_refuses_what_was_sent():
    box = gr.Image(render=False)
    gradio_files.check_images(box, lambda: gr.Error("Upload it first."))
    assert box.data_model.model_validate({"path": "a.png"}).path == "a.png"
    with pytest.raises(gr.Error, match="Upload it first"):
        box.data_model.model_validate(3)


def test_addresses_are_not_fetched(monkeypatch, done):
    monkeypatch.setattr(gradio_files.processing_utils, "async_ssrf_protected_download", None)
    gradio_files.fetch_nothing("Not fetched: {}.")
    with pytest.raises(gr.Error, match="Not fetched: http://elsewhere/a.png"):
        done(gradio_files.processing_utils.async_ssrf_protected_download("http://elsewhere/a.png", "/tmp"))


def test_a_public_link_is_asked_for_where_the_app_listens(monkeypatch):
    asked = []
    monkeypatch.setattr(gradio_state.networking, "setup_tunnel", lambda *given: asked.append(given) or "https://x")
    app = SimpleNamespace(server_port=7860, share_token="token")
    assert gradio_state.public_link(app, "127.0.0.1") == app.share_url == "https://x"
    assert asked == [("127.0.0.1", 7860, "token", None, None)]


def test_gradio_starts_its_server_with_another_function_for_a_while():
    usual = gradio_state.http_server.start_server
    with gradio_state.started_by(list):
        assert gradio_state.http_server.start_server is list
    assert gradio_state.http_server.start_server is usual


def test_a_call_tells_its_session(done):
    class RequestParams:
        async def json(self):
            return {"session_hash": "abc"}

    assert done(gradio_state.session_of(RequestParams())) == "abc"


@pytest.fixture
def calls():
    """Gradio's own application of a page with a function, the same behind `DirectCalls` alone, and a call's body."""

    async def double(value: int, request: gr.Request) -> int:
        return 2 * value

    with gr.Blocks() as blocks:
        box = gr.HTML(server_functions=[double])

    async def never(scope, *_):
        raise LookupError(scope["path"])

    body = {"data": 21, "component_id": box._id, "fn_name": "double", "session_hash": "a"}
    return blocks, TestClient(gradio_state.DirectCalls(never, blocks)), body


@pytest.mark.parametrize("path", ["/gradio_api/component_server", "/gradio_api/component_server/"])
def test_a_call_is_answered_as_gradio_does_without_its_routes(calls, path):
    blocks, direct, body = calls
    usual = TestClient(blocks.app)
    for sent, status in ((body, 200), ({**body, "fn_name": "other"}, 404)):
        ours, gradios = direct.post(path, json=sent), usual.post(path, json=sent)
        assert (ours.status_code, ours.json()) == (gradios.status_code, gradios.json())
        assert ours.status_code == status
    assert direct.post(path, json=body).json() == 42


def test_what_is_no_call_goes_its_usual_way_and_so_does_every_call_where_users_log_in(calls):
    blocks, direct, body = calls
    with pytest.raises(LookupError):
        direct.get("/gradio_api/component_server")
    with pytest.raises(LookupError):
        direct.post("/gradio_api/queue/join", json=body)
    blocks.app.auth = {"teacher": "secret"}
    with pytest.raises(LookupError):
        direct.post("/gradio_api/component_server", json=body)
