"""A second picture, the same person at rest: what the Compare tab shows and records."""

import json
import re
import urllib.request
from types import SimpleNamespace

import pytest

from tests.plain_html import bare, words
from ui.compare import tab as compare_tab
from ui.compare.tab import CompareTab, Sent
from ui.examples.portraits import PICTURES
from ui.languages import phrase
from zoo.inference.rested import NO_FACE
from zoo.inference.serialise import RESTING_COLUMNS
from zoo.labels import SEVEN

REQUEST = SimpleNamespace(session_hash="nobody")
MODELS = ["hog-linear-svm", "cnn"]


def example(name: str) -> dict:
    return {"path": str(PICTURES / f"{name}.jpg"), "orig_name": f"{name}.jpg"}


def show(service, photo, rest=None, **more):
    rest = example(rest) if rest else None
    return CompareTab(service).show(Sent(example(photo), MODELS, "7", rest=rest, **more), REQUEST)


def downloaded(html: str, kind: str) -> str:
    (link,) = re.findall(rf'href="(data:{kind}[^"]*)"', html)
    return urllib.request.urlopen(link, timeout=10).read().decode()


def test_both_answers_and_what_changed_are_shown_and_recorded(service):
    html, spoken = show(service, "brows-raised", "lips-closed")
    shown = bare(html)
    (panel,) = re.findall(r'<section class="fo-details fo-resting">.*?</section>', shown)
    assert panel.count('class="fo-bars"') == 2 and phrase("rest.relative") in panel and phrase("rest.note") in panel
    assert phrase("rest.as_is") in panel  # what mattered, and the patch, are not relative to anything
    record = json.loads(downloaded(html, "application/json"))
    assert record["rest"] == {"file": "lips-closed.jpg", "faces": 1}
    (face,) = record["faces"]
    changes = {
        name: (face["answers"][name]["label"], answer["label"]) for name, answer in face["resting"]["answers"].items()
    }
    changed = {name: pair for name, pair in changes.items() if len(set(pair)) == 2}
    assert changed  # the drawing was chosen so that it is seen
    for before, after in changed.values():
        assert f"<em>{before}</em> → <em>{after}</em>" in panel
    assert words(spoken).endswith(phrase("rest.changed_n", len(changed), 2))
    head = downloaded(html, "text/csv").splitlines()[0].split(",")
    assert set(RESTING_COLUMNS) <= set(head)
    assert "fo-relaxed" in html and "<select" not in html  # one face each: there is nothing to choose


def test_the_reference_itself_is_neutral_and_sure_of_it(service):
    html, _ = show(service, "lips-closed", "lips-closed")
    (face,) = json.loads(downloaded(html, "application/json"))["faces"]
    assert all(answer["label"] == "neutral" and answer["sure"] for answer in face["resting"]["answers"].values())


def test_faces_of_the_same_picture_are_offered_and_a_choice_for_other_pictures_does_not_count(service):
    html, _ = show(service, "six-faces")
    assert html.count("<select") == html.count('type="button" data-for=') == 6 and "fo-relaxed" not in html
    options = re.findall(r'<select data-face="1".*?</select>', html)[0]
    assert re.findall(r'value="(\d*)"', options) == ["", "2", "3", "4", "5", "6"]  # never itself
    (pictures,) = re.findall(r'data-pictures="(\w+)"', html)
    html, _ = show(service, "six-faces", chosen=f"{pictures} 1=2, 3=2")
    record = json.loads(downloaded(html, "application/json"))
    assert [face["resting"] and face["resting"]["face"] for face in record["faces"]] == [2, None, 2, None, None, None]
    assert len(re.findall(r"<option [^>]* selected ", html)) == 2
    assert "rest" not in json.loads(downloaded(show(service, "six-faces", chosen="other 1=2")[0], "application/json"))


def test_a_wrong_pair_and_a_picture_without_a_face_are_a_sentence_beside_the_answer(service):
    html, spoken = show(service, "photo", "no-face")
    assert NO_FACE in words(html) and NO_FACE in words(spoken) and "fo-answer" in html
    (pictures,) = re.findall(r'data-pictures="(\w+)"', html)
    html, _ = show(service, "photo", "lips-closed", chosen=f"{pictures} 1=9")
    assert "fo-answer" in html
    pictures = compare_tab._pictures(example("photo"), example("lips-closed"))
    html, _ = show(service, "photo", "lips-closed", chosen=f"{pictures} 1=9")
    assert "there are 1 faces and 1 resting faces" in words(html) and "fo-answer" in html
    html, _ = show(service, "photo", "lips-closed", chosen=f"{pictures} none")
    assert "fo-resting" not in html


@pytest.mark.parametrize("labels", ["6", "5"])
def test_other_label_sets_are_read_in_all_labels_and_then_narrowed(service, labels):
    tab = CompareTab(service)
    record = tab.answer(example("brows-raised"), ["cnn"], labels, rest=example("lips-closed"))
    probabilities = record["faces"][0]["resting"]["answers"]["cnn"]["probabilities"]
    assert list(probabilities) == record["labels"] and sum(probabilities.values()) == pytest.approx(1, abs=1e-3)
    assert set(probabilities) < set(SEVEN.labels)


@pytest.mark.browser
def test_a_click_shows_the_example_and_a_resting_face_is_chosen_with_the_keyboard(browser, url, visits, service):
    with visits() as visit:
        page = visit(browser, url, wait=40)
        page.locator("#fo-options button").first.click()
        page.locator("#fo-rest-example").click()
        page.wait_for_selector(".fo-resting .fo-changes")
        assert page.locator(".fo-relaxed").count() == 1
        page.locator("#fo-rest-picture button[aria-label='Remove Image']").click()
        page.wait_for_selector(".fo-relaxed", state="detached")
        page.locator("#fo-examples button[data-name=six-faces]").click()
        page.wait_for_selector("select[data-face='3']")
        page.locator("select[data-face='3']").focus()
        page.keyboard.press("ArrowDown")
        page.wait_for_selector("#fo-face-3 .fo-resting .fo-bars")
        page.wait_for_function("document.activeElement.matches('select[data-face=\"3\"]')")  # drawn anew around it
        assert page.locator("select[data-face='3']").input_value() == "1"
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_function("document.querySelectorAll('.fo-resting .fo-bars').length === 10")
        assert page.locator("select[data-face='1']").input_value() == ""  # never itself
