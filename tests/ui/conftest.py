"""The app, launched once, and a real browser where there is one."""

import argparse
import asyncio
import contextlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import skimage.data
from PIL import Image

import ui  # noqa: F401  sets Gradio's environment, and imports it

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
]


@pytest.fixture(scope="session")
def done():
    """``done(coroutine)``: what it returns, from a thread of its own; with a browser open, this one has a loop."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda work: pool.submit(asyncio.run, work).result(120)


@pytest.fixture(scope="session")
def service():
    from ui.model_service import ModelService

    made = ModelService()
    made.warm()
    yield made
    made.close()


@pytest.fixture(scope="session")
def uploads(tmp_path_factory):
    """Where this session's app keeps what is uploaded."""
    folder = tmp_path_factory.mktemp("uploads")
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    yield folder
    del os.environ["GRADIO_TEMP_DIR"]


@pytest.fixture(scope="session")
def app(service, uploads):
    from ui.app import build

    return build(service)


@pytest.fixture(scope="session")
def url(app):
    from ui.app import start

    nowhere = argparse.Namespace(host=None, port=None, ssl_certfile=None, ssl_keyfile=None)
    yield start(app, nowhere)
    app.close(verbose=False)


@pytest.fixture(scope="session")
def classroom_url(service, uploads):
    """The same in a lesson."""
    from ui.app import build, start
    from ui.lesson.classroom import classroom

    mode = classroom("ABC234")
    lesson = build(service, mode)
    nowhere = argparse.Namespace(host=None, port=None, ssl_certfile=None, ssl_keyfile=None)
    yield start(lesson, nowhere, mode)
    lesson.close(verbose=False)


@pytest.fixture(scope="session")
def astronaut(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "astronaut.png"
    Image.fromarray(skimage.data.astronaut()).save(path)
    return path


@pytest.fixture(scope="session")
def no_face(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "bricks.png"
    Image.fromarray(skimage.data.brick()).save(path)
    return path


@pytest.fixture(scope="session")
def browser():
    if not CHROMIUM:
        pytest.skip("no Chromium: install it, or name it in CHROMIUM")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def launch(browser):
    """Starts a further browser, with some flags more or less: ``launch(*more, less=())``."""

    def start(*more: str, less: tuple[str, ...] = ()):
        flags = [flag for flag in FLAGS if flag not in less]
        return browser.browser_type.launch(executable_path=CHROMIUM, args=[*flags, *more])

    return start


@pytest.fixture(scope="session")
def visits():
    """``with visits() as visit:`` closes all pages that `visit` opened.

    None may have asked another host for anything, nor have met the Content-Security-Policy.

    ``visit(browser, address, tab="", wait=40, **options)`` opens a page in a fresh profile, on one of
    its tabs, and gives every step on it so many seconds.
    """

    @contextlib.contextmanager
    def together():
        contexts, asked, blocked, own = [], [], [], {"data:", "blob:"}

        def listen(message):
            if "Content Security Policy" in message.text or "Permissions policy" in message.text:
                blocked.append(message.text)

        def visit(browser, address, tab="", wait=40, **options):
            context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
            contexts.append(context)
            own.add("{0.scheme}://{0.netloc}/".format(urlsplit(address)))
            page = context.new_page()
            page.set_default_timeout(1000 * wait)
            page.on("request", lambda request: asked.append(request.url))
            page.on("console", listen)
            page.goto(address)
            if tab:
                page.get_by_role("tab", name=tab).click()
            return page

        yield visit
        for context in contexts:
            context.close()
        assert blocked == []
        assert [address for address in asked if not address.startswith(tuple(own))] == []

    return together
