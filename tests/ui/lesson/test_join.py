"""The address that the class opens."""

import argparse
import io

import numpy as np
import pytest

from ui import text
from ui.app import build, start
from ui.lesson import join
from ui.lesson.classroom import classroom
from ui.model_service import ModelService
from ui.serving import addresses

segno = pytest.importorskip("segno", reason="pip install -r requirements.txt")


@pytest.fixture
def lan(monkeypatch):
    monkeypatch.setattr(addresses, "network_address", lambda: "192.168.1.20")


@pytest.mark.parametrize(
    ("page", "listening", "shown"),
    [
        ("http://127.0.0.1:7860/", "0.0.0.0", "http://192.168.1.20:7860/"),
        ("http://localhost:7860/?__theme=dark", "::", "http://192.168.1.20:7860/"),
        ("https://[::1]/faces/", "::", "https://192.168.1.20:443/faces/"),
        ("http://127.0.0.1:7860/", "127.0.0.1", ""),
        ("http://192.168.1.9:7860/", "0.0.0.0", "http://192.168.1.9:7860/"),
        ("https://someone-face-off.hf.space/", "0.0.0.0", "https://someone-face-off.hf.space/"),
        ("https://school.example/faces/#x", "127.0.0.1", "https://school.example/faces/"),
        ("", "0.0.0.0", ""),
        ("javascript:alert(1)", "0.0.0.0", ""),
        ("http://[", "0.0.0.0", ""),
        ("http://a:b/", "0.0.0.0", "http://a:b/"),
    ],
)
def test_the_address_is_one_that_others_can_open(lan, page, listening, shown):
    assert join.address(page, listening) == shown


def test_the_code_holds_the_address():
    cv2 = pytest.importorskip("cv2")
    told = "http://192.168.1.20:7860/"
    drawn = io.BytesIO()
    segno.make(told, error="m", micro=False).save(drawn, kind="png", scale=8, border=4)
    picture = cv2.imdecode(np.frombuffer(drawn.getvalue(), np.uint8), cv2.IMREAD_COLOR)
    assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == told
    assert f"<title>{told}</title>" in join.section(told) and "<svg" in join.section(told)


def test_without_an_address_it_says_what_to_do():
    assert text.LESSON["join_alone"] in join.section("")
    assert "<svg" not in join.section("")


def test_what_the_browser_claims_is_text():
    assert "<script>" not in join.section("http://a/<script>1</script>")


@pytest.mark.browser
def test_the_lesson_shows_it(lan, browser, visits, uploads):
    mode = classroom("ABCDEF")
    service = ModelService(mode=mode)
    app = build(service, mode)
    args = argparse.Namespace(host="0.0.0.0", port=None, ssl_certfile=None, ssl_keyfile=None)
    port = start(app, args, mode).rstrip("/").rpartition(":")[2]
    with visits() as visit:
        page = visit(browser, f"http://127.0.0.1:{port}/", wait=60)
        page.locator(".fl-address", has_text=f"http://192.168.1.20:{port}/").wait_for()
        assert page.locator(".fl-code svg").bounding_box()["width"] > 150
    app.close(verbose=False)
    service.close()
