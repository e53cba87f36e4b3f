"""The app in a classroom, launched once."""

import argparse

import pytest

from ui.app import build, start
from ui.lesson import classroom
from ui.model_service import ModelService

CODE = "ABC234"
NOWHERE = argparse.Namespace(host=None, port=None, ssl_certfile=None, ssl_keyfile=None)


@pytest.fixture(scope="session")
def classroom_url(uploads):
    """Where the app runs in classroom mode; the teacher's code is `CODE`."""
    room = classroom.classroom(CODE)
    engine = ModelService(room=room)
    engine.warm()
    app = build(engine, room)
    yield start(app, NOWHERE, room)
    app.close(verbose=False)
    engine.close()


@pytest.fixture
def in_class(classroom_url, browser, visits):
    """``in_class(**options)``: a pupil's or the teacher's page, on the Lesson tab."""
    with visits() as visit:

        def page(path="", **options):
            opened = visit(browser, classroom_url + path, wait=60, **options)
            opened.wait_for_selector(".fl-game [name=fl-label]", state="attached")
            return opened

        yield page
