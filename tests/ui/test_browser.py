"""The Compare tab in headless Chromium."""

import csv
import io
import json

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.browser


@pytest.fixture
def open_page(visits, browser, url):
    """Opens the page in a fresh browser profile."""
    with visits() as visit:

        def open_one(**options):
            page = visit(browser, url, **options)
            page.wait_for_selector("#fo-examples button")
            return page

        yield open_one


@pytest.fixture
def page(open_page):
    return open_page()


def upload(page, path):
    page.set_input_files("#fo-picture input[type=file]", str(path))
    page.wait_for_selector(".fo-results")


def answers(page):
    return page.locator(".fo-answer")


def test_the_astronaut_looks_happy_to_both(page, service, astronaut):
    upload(page, astronaut)
    assert answers(page).count() == len(service.default_models) == 2
    for i in range(2):
        one = answers(page).nth(i)
        assert "pictures people labelled happy" in one.locator(".fo-says").inner_text()
        assert one.locator(".fo-bar").count() == 7
        assert one.locator(".fo-best .fo-label").inner_text() == "happy"
    assert "Models agree" in page.locator(".fo-badge").inner_text()
    assert page.locator("#fo-spoken").inner_text() == "1 face found. The models agree."
    assert page.locator("#fo-spoken [aria-live]").get_attribute("aria-live") == "polite"


def test_all_four_stages_are_shown_with_pictures(page, astronaut):
    upload(page, astronaut)
    stages = page.locator(".fo-stage")
    assert [s.split("\n")[-1] for s in stages.locator("h4").all_inner_texts()] == [
        *("Preprocessing", "Alignment", "Features", "Classification")
    ]
    assert stages.nth(2).locator("img").count() == 2
    broken = page.evaluate("[...document.querySelectorAll('.fo-results img')].filter(i => !i.naturalWidth).length")
    assert broken == 0
    assert page.evaluate("[...document.images].filter(i => !i.hasAttribute('alt')).length") == 0


def test_which_parts_mattered_is_asked_on_the_card_of_each_face(page):
    page.locator('#fo-examples button[data-name="six-faces"]').click()
    page.wait_for_function("document.querySelectorAll('.fo-face').length === 6")
    assert page.locator(".fo-hold").count() == 0
    cards = page.locator(".fo-card[id^=fo-face]")
    ask = cards.nth(4).locator("[data-mattered]")
    assert ask.inner_text() == "Which parts of the face mattered?"
    ask.focus()
    page.keyboard.press("Enter")
    cards.nth(4).locator(".fo-hold img").first.wait_for(timeout=60_000)
    assert cards.nth(4).locator(".fo-hold h3").inner_text() == "What mattered"
    assert page.evaluate("document.activeElement.className") == "fo-hold"
    assert page.locator(".fo-hold").count() == 1 and page.locator("[data-mattered]").count() == 5


def test_what_mattered_to_an_older_answer_is_not_shown_on_a_newer_one(page):
    page.locator('#fo-examples button[data-name="photo"]').click()
    page.wait_for_selector("[data-mattered]")
    page.evaluate("document.querySelector('.fo-results').dataset.answer = 'older'")
    page.locator("[data-mattered]").click()
    page.locator("[data-mattered][aria-disabled=true]").wait_for()
    page.evaluate("document.querySelector('.fo-results').dataset.answer = 'newer'")
    page.wait_for_function("document.querySelector('#fo-mattered [data-for=older]')", timeout=60_000)
    assert page.locator(".fo-results .fo-hold").count() == 0


def kept(page) -> bytes:
    """What Save writes."""
    with page.expect_download() as saved:
        page.locator(".fo-keep").get_by_role("button", name="Save").click()
    assert saved.value.suggested_filename.startswith("face-off-")
    return saved.value.path().read_bytes()


@pytest.mark.parametrize("which", ["Result card", "Picture with labels"])
def test_a_result_is_kept_as_a_picture_with_faces_blurred_or_not(page, astronaut, which):
    upload(page, astronaut)
    page.get_by_role("button", name=which).click()
    dialog = page.get_by_role("dialog", name="Result as a picture")
    dialog.locator("canvas").wait_for()
    if which == "Result card":
        page.wait_for_selector(".fo-hold img", timeout=60_000)  # what mattered is asked for it
        page.wait_for_function("document.querySelector('.fo-keep canvas').height > 800")
    sharp = kept(page)
    width, height = Image.open(io.BytesIO(sharp)).size
    assert width >= 1000 and height >= 700
    page.get_by_label("Blur faces").check()
    blurred = kept(page)
    assert Image.open(io.BytesIO(blurred)).size == (width, height)
    before, after = (np.asarray(Image.open(io.BytesIO(one)).convert("L"), float) for one in (sharp, blurred))
    assert (np.abs(before - after) > 12).sum() > 5000  # the face
    assert (before[-60:] == after[-60:]).all()  # and not what is written below it
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")


def test_a_result_is_copied(open_page, astronaut):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    upload(page, astronaut)
    page.get_by_role("button", name="Picture with labels").press("Enter")
    page.locator(".fo-keep canvas").wait_for()
    page.locator(".fo-keep").get_by_role("button", name="Copy").press("Enter")
    page.get_by_text("Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.read().then(([one]) => one.types)") == ["image/png"]


def test_six_labels_show_no_neutral(page, astronaut):
    upload(page, astronaut)
    page.locator("#fo-options button").first.click()
    page.get_by_label("6: Ekman's six, no neutral").check()
    page.wait_for_function("document.querySelector('.fo-bars').children.length === 6")
    assert "neutral" not in answers(page).first.inner_text()


def test_one_model_alone_and_none_at_all(page, service, astronaut):
    upload(page, astronaut)
    first, second = (page.get_by_label(service.cards[name].title, exact=True) for name in service.default_models)
    first.uncheck()
    page.wait_for_function("document.querySelectorAll('.fo-answer').length === 1")
    assert page.locator(".fo-badge").count() == 0
    second.uncheck()
    page.locator("#fo-answer").get_by_text("Choose one or more models").wait_for()
    assert answers(page).count() == 0


def test_no_face_is_a_friendly_answer(page, no_face):
    upload(page, no_face)
    assert "No face found" in page.locator(".fo-summary").inner_text()
    assert "light" in page.locator(".fo-none").inner_text()


def test_examples_answer_and_clearing_empties(page):
    page.locator('#fo-examples button[data-name="six-faces"]').click()
    page.wait_for_function("document.querySelectorAll('.fo-face').length === 6")
    assert page.locator("#fo-examples [aria-pressed=true]").count() == 1
    page.locator("#fo-picture").get_by_label("Remove Image").click()
    page.wait_for_selector(".fo-empty")


def test_what_is_not_a_picture_is_refused_and_the_page_goes_on(page, astronaut, tmp_path):
    upload(page, astronaut)
    page.locator("#fo-picture").get_by_label("Remove Image").click()
    page.wait_for_selector(".fo-empty")
    (tmp_path / "words.png").write_bytes(b"these are words")
    page.set_input_files("#fo-picture input[type=file]", str(tmp_path / "words.png"))
    page.locator("#fo-answer").get_by_text("not a picture that can be read").wait_for()
    assert answers(page).count() == 0
    page.reload()
    page.wait_for_selector("#fo-examples button")
    upload(page, astronaut)


def test_downloads_hold_the_answer(page, astronaut):
    upload(page, astronaut)
    texts = {}
    for kind in ("JSON", "CSV"):
        with page.expect_download() as saved:
            page.get_by_role("link", name=f"Download {kind}").click()
        assert saved.value.suggested_filename == f"face-off.{kind.lower()}"
        texts[kind] = saved.value.path().read_bytes().decode("utf-8")
    (face,) = json.loads(texts["JSON"])["faces"]
    assert {answer["label"] for answer in face["answers"].values()} == {"happy"}
    rows = list(csv.DictReader(io.StringIO(texts["CSV"])))
    assert [row["label"] for row in rows] == ["happy", "happy"]


def test_everything_is_reached_by_keyboard(page):
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.closest('[id^=fo-], .fo-banner')?.id ?? ''"))
    assert {"fo-tabs", "fo-picture", "fo-examples", "fo-models", "fo-options"} <= reached | {"fo-tabs"}
    page.locator("#fo-options button").first.press("Enter")
    page.wait_for_selector("#fo-labels input")
    page.keyboard.press("Tab")
    page.wait_for_function("document.activeElement.closest('[id^=fo-]')?.id === 'fo-labels'")
    page.locator('#fo-examples button[data-name="photo"]').focus()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    page.keyboard.press("Enter")
    page.wait_for_selector(".fo-results")
    page.locator(".fo-details summary").first.focus()
    page.keyboard.press("Space")
    page.wait_for_selector(".fo-details:not([open])")
    assert outline in ("solid", "auto")


def test_a_snapshot_from_the_camera_is_answered(open_page):
    page = open_page(permissions=["camera"])
    page.locator("#fo-picture").get_by_label("Capture from camera").or_(
        page.locator("[aria-label*=ebcam]")
    ).first.click()
    page.wait_for_function("document.querySelector('#fo-picture video')?.currentTime > 0.5")
    page.get_by_label("capture photo").click()
    page.wait_for_selector(".fo-results")
    assert "No face found" in page.locator(".fo-results").inner_text()  # Chromium's fake camera shows a clock


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("NotAllowedError", "choose Allow, then try again"),
        ("NotFoundError", "No camera was found"),
        ("NotReadableError", "in use by another program"),
    ],
)
def test_a_camera_that_cannot_be_opened_is_explained(page, astronaut, error, words):
    page.evaluate(
        "name => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', name)); }", error
    )
    page.locator("#fo-picture").get_by_label("Capture from camera").press("Enter")
    problem = page.locator(".fo-controls").get_by_role("alert")
    problem.get_by_text(words).wait_for()
    page.locator("#fo-picture").get_by_label("Upload file").press("Enter")
    problem.wait_for(state="detached")
    upload(page, astronaut)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_light_and_dark(open_page, astronaut, scheme):
    page = open_page(color_scheme=scheme)
    upload(page, astronaut)
    page.locator(".fo-results").screenshot()
    for place in (".fo-banner p", ".fo-says", ".fo-says em", ".fo-label", ".fo-badge", ".fo-privacy", ".fo-times"):
        assert page.locator(place).first.evaluate(CONTRAST) >= 4.5, place


# WCAG 2.1: relative luminances of the text and of the first opaque background behind it.
CONTRAST = """element => {
  const parse = (c) => c.match(/[\\d.]+/g).map(Number);
  const channel = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  let behind = element;
  const fill = (e) => parse(getComputedStyle(e).backgroundColor);
  while (behind.parentElement && fill(behind)[3] === 0) behind = behind.parentElement;
  const [a, b] = [light(parse(getComputedStyle(element).color)), light(fill(behind))];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""


def test_nothing_sticks_out_on_a_phone(open_page, astronaut):
    page = open_page(viewport={"width": 390, "height": 844})
    upload(page, astronaut)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.wait_for_function("document.querySelector('#fo-answer').getBoundingClientRect().top < 200")


def test_what_answers_hang_on_stands_side_by_side_on_a_phone(open_page, astronaut):
    page = open_page(viewport={"width": 390, "height": 844})
    upload(page, astronaut)
    page.locator("[data-mattered]").click()
    page.wait_for_selector(".fo-held img", timeout=60_000)
    tops = page.locator(".fo-held figure").evaluate_all("all => all.map((one) => one.getBoundingClientRect().top)")
    assert len(tops) == 2 and tops[0] == tops[1]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_every_tab_is_seen_on_a_phone(open_page):
    page = open_page(viewport={"width": 390, "height": 844})
    page.wait_for_function("document.querySelectorAll('#fo-tabs [role=tab]').length === 5")
    tabs = page.locator("#fo-tabs [role=tab]")
    ends = tabs.evaluate_all("tabs => tabs.map((tab) => tab.getBoundingClientRect().right)")
    assert max(ends) <= 390 and ends == sorted(ends)


def test_the_page_tells_what_happens_to_pictures(page):
    page.get_by_text("Pictures never leave this computer").wait_for()
    assert "expression is not an emotion" in page.locator(".fo-banner").inner_text()
