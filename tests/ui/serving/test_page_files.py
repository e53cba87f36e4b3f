"""The page and what it fetches are small and stay in the browser; what is streamed stays as it is."""

import gzip
import json
from urllib.parse import urljoin

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from ui import languages
from ui.compare import thumbnails
from ui.serving import compression
from ui.serving.compression import Compression
from ui.serving.page_files import KEPT, PageFile, PageFiles

LONG = "x" * 5000
PLAIN = {"accept-encoding": "identity"}


@pytest.fixture
def small():
    events = lambda request: StreamingResponse(iter([LONG]), media_type="text/event-stream")
    text = lambda request: PlainTextResponse(LONG)
    file = PageFile("a.json", LONG.encode(), "application/json")
    paths = ("/", "/config", "/assets/a.js", "/gradio_api/component_server", "/gradio_api/assets/a.js")
    routes = [Route("/config/", events), *(Route(path, text) for path in paths)]
    return TestClient(
        Starlette(routes=routes, middleware=[Middleware(Compression), Middleware(PageFiles, files=[file])])
    ), file


def test_gradios_own_files_are_compressed_once(small, monkeypatch):
    client, _ = small
    first = client.get("/assets/a.js")
    monkeypatch.setattr(compression.gzip, "compress", None)
    again = client.get("/assets/a.js")
    assert again.text == first.text == LONG and again.headers == first.headers
    assert again.headers["vary"] == "Accept-Encoding" and again.headers["content-encoding"] == "gzip"


def test_what_is_short_or_no_file_is_passed_on():
    answers = {"/assets/short.js": ("x", 200), "/assets/missing.js": (LONG, 404)}
    routes = [Route(path, lambda request, given=given: PlainTextResponse(*given)) for path, given in answers.items()]
    client = TestClient(Starlette(routes=routes, middleware=[Middleware(Compression)]))
    for path, (text, status) in answers.items():
        answer = client.get(path)
        assert (answer.text, answer.status_code) == (text, status) and "content-encoding" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/config", "/assets/a.js"])
def test_the_page_and_its_scripts_are_compressed_for_who_takes_that(small, path):
    client, _ = small
    answer = client.get(path)
    assert answer.headers["content-encoding"] == "gzip" and answer.text == LONG
    assert int(answer.headers["content-length"]) < 200
    assert "content-encoding" not in client.get(path, headers=PLAIN).headers
    assert "content-encoding" not in client.get(path, headers={"range": "bytes=0-9"}).headers


@pytest.mark.parametrize("path", ["/config/", "/gradio_api/component_server", "/gradio_api/assets/a.js"])
def test_events_and_calls_are_not(small, path):
    answer = small[0].get(path)
    assert answer.text == LONG and "content-encoding" not in answer.headers


def test_a_file_of_the_page_is_kept_for_a_year_under_its_hash(small):
    client, file = small
    answer, plain = client.get(f"/{file.address}"), client.get(f"/{file.address}", headers=PLAIN)
    assert answer.text == plain.text == LONG and answer.headers["cache-control"] == KEPT
    assert answer.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    assert answer.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert client.get(f"/below/{file.address}").text == LONG  # behind a proxy that leaves the path on
    assert client.get(f"/{file.address.replace('/a.json', '/b.json')}").status_code == 404
    assert client.get(f"/gradio_api/{file.address}").status_code == 404


def test_a_file_changes_its_address_with_its_content_and_pictures_are_not_compressed_again():
    one, other = (PageFile("a.json", body, "application/json") for body in (b"{}", b"[]"))
    assert one.address != other.address and not one.compressed
    assert PageFile("a.webp", LONG.encode(), "image/webp").compressed == b""
    assert gzip.decompress(PageFile("a.json", LONG.encode(), "application/json").compressed) == LONG.encode()


def test_every_language_and_every_thumbnail_is_there(url):
    for code, file in languages.files().items():
        answer = httpx.get(urljoin(url, file.address))
        assert answer.json() == languages.dictionaries()[code] and answer.headers["content-encoding"] == "gzip"
    for file in thumbnails.files().values():
        answer = httpx.get(urljoin(url, file.address))
        assert answer.content == file.body and answer.headers["content-type"] == "image/webp"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_page_is_light(url):
    """It was 1,280,000 bytes, and none of them compressed."""
    page = httpx.get(url)
    assert page.headers["content-encoding"] == "gzip" and page.headers["content-security-policy"]
    assert int(page.headers["content-length"]) < 130_000 and len(page.content) < 560_000


def test_the_script_of_the_languages_names_all_and_holds_english_only():
    given = json.loads(languages.script().removeprefix("window.faceOffLanguages = ").removesuffix(";"))
    assert given["en"] == languages.dictionaries()["en"]
    assert set(given["names"]) == {"en", *given["addresses"]} == set(languages.dictionaries())
    assert "</" not in languages.script()
