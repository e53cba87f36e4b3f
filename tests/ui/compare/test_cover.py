"""A patch dragged over a face: what its call answers and refuses, and the fold in a browser."""

import asyncio
import base64
import html
import json
import re
import time

import numpy as np
import pytest

from features import images
from ui import text
from ui.compare import cover
from ui.compare.cover import Covering, packed, unpacked
from ui.examples.portraits import PICTURES
from ui.languages import phrase
from ui.model_service import ModelService
from zoo.inference.patch import PatchError


@pytest.fixture(scope="module")
def comparison(service):
    return service.compare(images.load(PICTURES / "photo.jpg"), service.default_models, "7")


@pytest.fixture
def asked(service, comparison):
    """What the page sends: all that the fold holds, and no patch."""
    fold = cover.fold(comparison, 0, service.cards)
    held = json.loads(html.unescape(re.search(r'data-cover="([^"]+)"', fold)[1]))
    return held | {"models": [model["name"] for model in held["models"]], "patch": None}


def shares(answer: dict) -> dict[str, list[float]]:
    return {name: one["shares"] for name, one in answer["answers"].items()}


def test_a_packed_face_is_the_same_face_again(comparison):
    face = comparison.aligned[0]
    again = unpacked(packed(face), face.spec)
    for part in ("images", "landmarks", "to_crop"):
        assert np.array_equal(getattr(again, part), getattr(face, part))


def test_without_a_patch_the_answers_are_those_of_the_card(service, comparison, asked):
    answer = Covering(service).answer(asked, "a")
    assert list(answer["answers"]) == service.default_models and answer["part"] == ""
    for name, said in shares(answer).items():
        assert said == pytest.approx(comparison.predictions[name].probs[0].tolist(), abs=6e-4)
    assert base64.b64decode(answer["crop"]) == comparison.aligned.images[0].tobytes()


def test_a_patch_changes_the_crop_and_is_named(service, comparison, asked):
    answer = Covering(service).answer(asked | {"patch": [0.5, 0.78, 0.6]}, "a")
    crop = np.frombuffer(base64.b64decode(answer["crop"]), np.uint8).reshape(comparison.aligned.images[0].shape)
    assert answer["part"] == "mouth" and (crop[:20] == comparison.aligned.images[0][:20]).mean() > 0.5
    assert (crop[50:62, 30:42] != comparison.aligned.images[0][50:62, 30:42]).mean() > 0.5
    assert len(json.dumps(answer)) < 10_000


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"face": None}, "Choose the picture again"),
        ({"face": "A" * 100}, "Choose the picture again"),
        ({"patch": [0.5, 0.5]}, "three numbers"),
        ({"patch": [0.5, 0.5, True]}, "three numbers"),
        ({"patch": [2, 0.5, 0.3]}, "from 0 to 1"),
        ({"patch": [0.5, 0.5, 9]}, "size"),
        ({"patch": "mouth"}, "three numbers"),
        ({"models": ["nobody"]}, text.CHOOSE_MODELS),
        ({"models": "cnn"}, text.CHOOSE_MODELS),
        ({"labels": "nine"}, "label set"),
        ({"mix": "odd"}, "label mix"),
    ],
)
def test_what_was_asked_wrongly_is_said(service, asked, change, words):
    answer = Covering(service).answer(asked | change, "a")
    assert words in answer["words"] and "answers" not in answer


def test_no_mesh_of_anything_but_numbers_is_taken(comparison):
    face = comparison.aligned[0]
    broken = bytearray(base64.b64decode(packed(face)))
    place = face.spec.size**2
    broken[place : place + 4] = np.float32(np.nan).tobytes()
    with pytest.raises(PatchError, match="damaged"):
        unpacked(base64.b64encode(broken).decode(), face.spec)


def test_a_cold_service_says_so():
    assert Covering(ModelService()).answer({}, "a") == {"words": text.WARMING}


def test_a_session_has_one_place_in_the_line(service, done, monkeypatch):
    covering, served = Covering(service), []

    def answer(asked, session):
        time.sleep(0.02)
        served.append(session)
        return {"words": session}

    async def crowd():
        return await asyncio.gather(*(covering.cover({}, session) for session in "aabc"))

    monkeypatch.setattr(covering, "answer", answer)
    assert done(crowd()) == [{"words": "a"}, {}, {"words": "b"}, {"words": "c"}] and sorted(served) == ["a", "b", "c"]


def test_only_so_many_faces_have_the_fold(service, comparison):
    assert cover.fold(comparison, cover.MOST_FACES, service.cards) == ""
    assert len(cover.fold(comparison, 0, service.cards)) < 16_000


# ---- in a browser


@pytest.fixture
def page(browser, visits, url):
    with visits() as visit:
        opened = visit(browser, url, reduced_motion="reduce")  # else a scroll may still be going on
        opened.locator("#fo-examples button").first.click()
        opened.wait_for_selector(".fo-results .fo-cover")
        yield opened


FIRST = "document.querySelector('.fo-cover .fo-says').textContent"


@pytest.mark.browser
def test_dragging_the_patch_changes_both_models_bars(page):
    page.locator(".fo-cover summary").first.click()
    page.wait_for_function("document.querySelectorAll('.fo-cover .fo-answer').length === 2")
    assert page.locator(".fo-cover .fo-bar").count() == 14 and page.locator(".fo-lift").is_disabled()
    before = page.evaluate(FIRST)
    page.locator(".fo-cover input[type=range]").fill("0.6")
    stage = page.locator(".fo-stage-cover")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()

    def at(x: float, y: float) -> tuple[float, float]:
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    page.mouse.move(*at(0.2, 0.2))
    page.mouse.down()
    page.mouse.move(*at(0.5, 0.8), steps=8)
    page.mouse.up()
    page.wait_for_function(f"(before) => {FIRST} !== before", arg=before)
    page.get_by_text(str(phrase("cover.covered", phrase("part.mouth")))).wait_for()
    assert float(page.locator(".fo-patch").evaluate("patch => parseFloat(patch.style.left)")) == pytest.approx(
        50, abs=2
    )
    page.locator(".fo-lift").click()
    page.wait_for_function(f"(before) => {FIRST} === before", arg=before)
    page.get_by_text(str(phrase("cover.nothing"))).wait_for()


@pytest.mark.browser
def test_the_keyboard_alone_moves_the_patch_and_hears_the_answer(page):
    page.locator(".fo-cover summary").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelectorAll('.fo-cover .fo-answer').length === 2")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "fo-stage-cover"
    top = page.evaluate("scrollY")
    for key in ("+", "+", *["ArrowDown"] * 7):
        page.keyboard.press(key)
    assert page.evaluate("scrollY") == top  # the page stays where it is
    said = page.locator(".fo-cover-said[role=status]").first
    page.wait_for_function("document.querySelector('.fo-cover-said').textContent.includes('mouth')")
    assert "→" in said.inner_text() and page.locator(".fo-cover input").first.input_value() == "0.4"
    page.keyboard.press("Escape")
    page.wait_for_function("document.querySelector('.fo-patch').hidden")


@pytest.mark.browser
def test_a_finger_drags_the_patch_on_a_phone(browser, visits, url):
    with visits() as visit:
        page = visit(browser, url, viewport={"width": 390, "height": 844}, has_touch=True)
        page.locator("#fo-examples button").first.click()
        page.wait_for_selector(".fo-results .fo-cover")
        page.locator(".fo-cover summary").first.tap()
        page.wait_for_function("document.querySelectorAll('.fo-cover .fo-answer').length === 2")
        page.locator(".fo-stage-cover").tap()
        page.wait_for_function("!document.querySelector('.fo-patch').hidden")
        assert page.locator(".fo-stage-cover").evaluate("stage => getComputedStyle(stage).touchAction") == "none"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
