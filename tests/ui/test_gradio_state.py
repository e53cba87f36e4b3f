"""Gradio remembers no picture of a page that was closed, and nothing for ever."""

from functools import partial

import pytest
from gradio_client import Client, handle_file

from tests.ui.waiting import wait_for
from ui import gradio_state
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
