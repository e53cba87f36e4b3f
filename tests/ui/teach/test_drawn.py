"""Drawn faces in Teach: classes to begin with, and the tab by keyboard, on a phone and without a camera."""

import json

import numpy as np
import pytest

from ui import text
from ui.examples.drawn_samples import EACH, EXPRESSIONS, ROW, SIDE, sheet
from ui.teach.tab import TeachTab

NAMES = ["Up", "Open", "Low"]


@pytest.fixture
def ask(service):
    """``ask(do, **more)``: an answer, as JSON, to one session."""
    tab = TeachTab(service)
    kept, service.teach_sessions = service.teach_sessions, type(service.teach_sessions)(service.teach_sessions._trunk)
    yield lambda do, **more: json.loads(json.dumps(tab.answer({"do": do, **more}, "drawn")))
    service.teach_sessions = kept


def test_a_sheet_has_three_rows_to_learn_from_and_one_to_try():
    for expression in EXPRESSIONS:
        assert sheet(expression).shape == (EACH + ROW, SIDE, SIDE, 3)


def test_drawn_faces_fill_three_classes_that_are_learned(ask):
    answer = ask("drawn", names=NAMES)
    assert [(one["name"], len(one["ids"])) for one in answer["view"]["classes"]] == [(name, EACH) for name in NAMES]
    trained = ask("train", epochs=30, aligned=True)
    assert trained["lesson"]["labels"] == NAMES and text.TEACH["burst"] in trained["hood"]
    for number in range(len(NAMES)):
        shown = ask("preview", drawing=number)
        (face,) = shown["faces"]
        assert shown["picture"].startswith("data:image/jpeg")
        assert {int(np.argmax(probs)) for probs in face["answers"].values()} == {number}


def test_names_that_cannot_be_are_told_and_nothing_is_lost(ask):
    ask("add", name="mine")
    for names in ([], NAMES[:2], ["same", "same", "other"], "abc", [1, 2, 3]):
        assert ask("drawn", names=names)["failed"]
    assert ask("look")["view"]["classes"][-1]["name"] == "mine"


# ---- in a browser


@pytest.fixture
def teach(browser, url, visits):
    """The Teach tab with drawn faces in it, in a browser that has no camera to give."""
    with visits() as visit:
        page = visit(browser, url, "Teach", wait=60)
        page.wait_for_function("document.querySelectorAll('.ft-class').length === 2")
        page.get_by_role("button", name=text.TEACH["drawn"]).click()
        page.wait_for_function(f"document.querySelectorAll('.ft-tile').length === {3 * EACH}")
        yield page


FOCUS = "document.activeElement"
IN_VIEW = """(selector) => { const box = document.querySelector(selector).getBoundingClientRect();
  return box.width > 50 && box.height > 20 && box.left >= 0 && box.top >= 0
    && box.right <= innerWidth && box.bottom <= innerHeight; }"""


@pytest.mark.browser
def test_without_a_camera_the_first_answer_takes_two_presses(teach):
    teach.wait_for_function(f"{FOCUS}.classList.contains('ft-train') && !{FOCUS}.disabled")
    names = [one.input_value() for one in teach.locator(".ft-name").all()]
    teach.keyboard.press("Enter")
    said = "[...document.querySelectorAll('.ft-answer')].map((one) => one.dataset.says)"
    teach.wait_for_function(f"{said}.length === 2 && {said}.every((one) => one === '{names[0]}')")
    teach.get_by_role("button", name=text.TEACH["drawn_face"], exact=True).click()
    teach.wait_for_function(f"{said}.every((one) => one === '{names[1]}')")
    assert teach.locator(".ft-screen img").get_attribute("src").startswith("data:image/jpeg")


@pytest.mark.browser
def test_a_class_s_samples_are_one_stop_and_keys_move_delete_and_undo(teach):
    stops = "[...document.querySelectorAll('.ft-strip')].map((s) => s.querySelectorAll('.ft-x[tabindex=\"0\"]').length)"
    assert teach.evaluate(stops) == [1, 1, 1]
    teach.locator(".ft-class").first.locator(".ft-up").focus()
    teach.keyboard.press("Tab")
    place = f"[...document.querySelectorAll('.ft-class')[0].querySelectorAll('.ft-x')].indexOf({FOCUS})"
    assert teach.evaluate(place) == 0
    for key, at in (("ArrowRight", 1), ("End", EACH - 1), ("ArrowLeft", EACH - 2), ("Home", 0), ("ArrowRight", 1)):
        teach.keyboard.press(key)
        assert teach.evaluate(place) == at, key
    assert teach.evaluate(stops) == [1, 1, 1]
    teach.keyboard.press("Delete")
    teach.wait_for_function(f"document.querySelectorAll('.ft-tile').length === {3 * EACH - 1}")
    teach.wait_for_function(f"{place} === 1")
    teach.locator(".ft-notice").get_by_role("button", name=text.TEACH["undo"]).focus()
    teach.keyboard.press("Enter")
    teach.wait_for_function(f"document.querySelectorAll('.ft-tile').length === {3 * EACH}")
    teach.wait_for_function(f"{place} >= 0")  # where it was before


@pytest.mark.browser
def test_the_menu_of_a_class_by_keyboard(teach):
    teach.locator(".ft-class summary").first.focus()
    teach.keyboard.press("Enter")
    for key, action in (("ArrowDown", "disable"), ("ArrowDown", "up"), ("ArrowUp", "disable"), ("ArrowUp", "remove")):
        teach.keyboard.press(key)
        assert teach.evaluate(f"{FOCUS}.dataset.action") == action
    teach.keyboard.press("Escape")
    on_menu = (
        f"{FOCUS} === document.querySelectorAll('.ft-class summary')[%d] && !document.querySelector('.ft-menu[open]')"
    )
    assert teach.evaluate(on_menu % 0)
    for key in ("Enter", "ArrowDown", "ArrowDown", "ArrowDown", "Enter"):  # move down
        teach.keyboard.press(key)
    teach.wait_for_function(on_menu % 1)
    for key in ("Enter", "ArrowUp", "Enter"):  # delete the class
        teach.keyboard.press(key)
    teach.wait_for_function("document.querySelectorAll('.ft-class').length === 2")
    teach.wait_for_function(f"{FOCUS} === document.querySelectorAll('.ft-name')[1]")


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_shows_cards_whole_and_notices_within_sight(teach, width):
    teach.set_viewport_size({"width": width, "height": 844})
    parts = "[...document.querySelectorAll('.ft-card, .ft-menu, .ft-tools *')]"
    assert max(teach.evaluate(f"{parts}.map((one) => one.getBoundingClientRect().right)")) <= width
    teach.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    teach.get_by_role("button", name=text.TEACH["empty"]).click()
    teach.wait_for_function("!document.querySelector('.ft-tile')")
    assert teach.evaluate(IN_VIEW, ".ft-notice")
    assert teach.get_by_role("button", name=text.TEACH["empty"]).is_disabled()
    assert teach.locator(".ft-why").inner_text() == "Add at least 3 samples to two classes. Ready: 0 of 2."
