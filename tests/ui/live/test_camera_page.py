"""The Live tab in headless Chromium, with a camera that shows a made clip."""

import argparse
import csv
import io
import json
import time
from dataclasses import replace
from functools import partial
from itertools import combinations

import numpy as np
import pytest
from PIL import Image

from tests.ui.live.clips import camera_picture, clip
from ui import text
from ui.app import build
from ui.app import start as launch_app
from ui.examples.portraits import PICTURES
from ui.languages import phrase
from ui.live.tab import LiveTab
from zoo.inference.live_sessions import Viewers

OFF = '.fo-live[data-state="off"]'


@pytest.fixture(scope="module")
def open_camera(visits, launch, url, tmp_path_factory):
    """Opens the Live tab in a browser whose camera shows a picture."""
    folder = tmp_path_factory.mktemp("clips")
    browsers = []

    def open_one(visit, picture=None, permissions=("camera",), place=url, **options):
        path = clip(folder / f"{len(browsers)}.mjpeg", camera_picture("photo") if picture is None else picture)
        camera = f"--use-file-for-fake-video-capture={path}"
        browsers.append(launch(camera, less=("--use-fake-ui-for-media-stream",)))
        page = visit(browsers[-1], place, "Live", permissions=list(permissions), **options)
        page.wait_for_selector(".fo-start")
        return page

    with visits() as visit:
        yield partial(open_one, visit)
    for opened in browsers:
        opened.close()


@pytest.fixture(scope="module")
def camera(open_camera):
    """One page that is used by several tests, one after the other."""
    return open_camera()


def start(page):
    page.locator(".fo-start").click()
    page.wait_for_selector(".fo-live-face")


def stop(page):
    if not page.locator(OFF).count():
        page.locator(".fo-start").click()
    page.wait_for_selector(OFF)


@pytest.fixture
def live(camera):
    start(camera)
    yield camera
    stop(camera)


@pytest.mark.browser
def test_started_it_says_happy_beside_the_picture(live, uploads):
    live.wait_for_function("document.querySelector('.fo-live').dataset.fps > 1")
    assert live.locator(".fo-live-face h2").inner_text() == "Face 1"
    says = live.locator(".fo-live-face .fo-says").all_inner_texts()
    assert len(says) == 2 and all(sentence.endswith("people labelled happy") for sentence in says)
    assert live.locator(".fo-live-face .fo-bar").count() == 14
    assert "fps" in live.locator(".fo-hud").inner_text()
    assert live.locator(".fo-live-privacy").inner_text() == phrase("live_privacy_here")  # opened on this computer
    assert "None is stored" in live.locator(".fo-live-privacy").inner_text()
    assert [path for path in uploads.rglob("*") if path.is_file() and path.suffix.lower() in (".jpg", ".jpeg")] == []


# What is written on the drawing from now on: `window.written`, newest last.
NOTE = """() => {
  const plain = CanvasRenderingContext2D.prototype.fillText;
  window.written = [];
  CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
    window.written.push(text);
    return plain.call(this, text, ...rest);
  };
}"""


@pytest.mark.browser
def test_each_models_label_and_share_stand_at_the_face(live, service):
    live.evaluate(NOTE)
    title = service.cards[service.default_models[0]].title
    live.wait_for_function("(title) => window.written.some((one) => one.startsWith(`${title}: happy `))", arg=title)
    assert "Face 1" in live.evaluate("window.written")


# The last finished drawing, `window.drawing`: its plates (left, top, right, bottom) and what is written on them.
DRAWING = """() => {
  const pen = CanvasRenderingContext2D.prototype, { clearRect, roundRect, fill, fillText } = pen;
  let now = { plates: [], words: [] }, last = null;
  pen.clearRect = function (...all) {
    [window.drawing, now] = [now, { plates: [], words: [] }];
    return clearRect.apply(this, all);
  };
  pen.roundRect = function (x, y, width, height, ...rest) {
    last = [x, y, x + width, y + height];
    return roundRect.call(this, x, y, width, height, ...rest);
  };
  pen.fill = function (...all) { now.plates.push(last); return fill.apply(this, all); };
  pen.fillText = function (text, ...rest) { now.words.push(text); return fillText.call(this, text, ...rest); };
}"""


@pytest.mark.browser
def test_one_faces_panel_makes_room_for_the_button(open_camera):
    page = open_camera(camera_picture("mouth-open"))
    start(page)
    page.evaluate(DRAWING)
    page.wait_for_function("window.drawing?.words.length === 3 && window.drawing.words[0] === 'Face 1'")
    (panel,) = page.evaluate("window.drawing.plates")
    button = page.evaluate("[document.querySelector('.fo-full')].map((one) => [one.offsetLeft, one.offsetTop])[0]")
    assert panel[0] >= 0 and (panel[2] <= button[0] or panel[1] > button[1] + 30)
    stop(page)


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_labels_of_many_faces_are_short_and_cover_neither_each_other_nor_the_button(open_camera, width):
    six = np.asarray(Image.open(PICTURES / "six-faces.jpg").convert("RGB").resize((640, 480)))
    page = open_camera(six, viewport={"width": width, "height": 900})
    start(page)
    page.evaluate(DRAWING)
    page.wait_for_function(
        "window.drawing?.words.length === 6 && window.drawing.words.every((one) => /^\\d+$/.test(one))"
    )
    places = page.evaluate(
        """() => { const { offsetLeft, offsetTop, offsetWidth, offsetHeight } = document.querySelector('.fo-full');
        return [...window.drawing.plates,
                [offsetLeft, offsetTop, offsetLeft + offsetWidth, offsetTop + offsetHeight]]; }"""
    )
    apart = [a[0] >= b[2] or b[0] >= a[2] or a[1] >= b[3] or b[1] >= a[3] for a, b in combinations(places, 2)]
    assert len(apart) == 21 and all(apart), places
    stop(page)


@pytest.mark.browser
def test_labels_of_two_faces_are_short_where_long_ones_would_collide(open_camera):
    six = Image.open(PICTURES / "six-faces.jpg").convert("RGB").crop((0, 0, 720, 360)).resize((640, 320))
    page = open_camera(np.pad(np.asarray(six), ((80, 80), (0, 0), (0, 0)), constant_values=90))
    start(page)
    page.evaluate(DRAWING)
    page.wait_for_function(
        "window.drawing?.words.length === 2 && window.drawing.words.every((one) => /^\\d+$/.test(one))"
    )
    cards = page.locator(".fo-live-face")
    assert cards.count() == 2 and cards.locator(".fo-bar").count() == 28
    tops = cards.first.locator(".fo-bars").evaluate_all("all => all.map((one) => one.getBoundingClientRect().top)")
    assert len(tops) == 2 and tops[0] == pytest.approx(tops[1], abs=0.5)
    stop(page)


@pytest.mark.browser
def test_the_verdict_and_the_bold_bar_are_compares(live, service, monkeypatch):
    """Agreeing while one is not sure is said as in Compare; the longest bar is bold while another label is held."""
    from zoo.inference.live_stream import Viewer

    step = Viewer.step
    probs = np.array([0.0, 0, 0, 0.32, 0, 0.18, 0.5])

    def held(*args):
        frame = step(*args)
        first, *others = frame.faces[0].answers
        answers = {first: probs} | {name: frame.faces[0].answers[name] for name in others}
        return replace(frame, faces=(replace(frame.faces[0], answers=answers),))

    monkeypatch.setattr(Viewer, "step", held)
    live.get_by_text(text.verdict(True, False)).wait_for()
    badge = live.locator(".fo-live-face .fo-facehead .fo-badge").first
    assert "fo-unsure" in badge.get_attribute("class")
    assert live.locator(".fo-live-face .fo-says").first.inner_text().endswith("Closest label: happy")
    assert live.locator(".fo-live-face .fo-answer").first.locator(".fo-best .fo-label").inner_text() == "neutral"


@pytest.mark.browser
def test_full_screen_shows_the_whole_picture_also_where_the_browser_has_none(live):
    live.locator(".fo-full").click()
    live.get_by_role("button", name=text.LIVE["leave_full"]).wait_for()
    fits = "getComputedStyle(document.querySelector('.fo-screen video')).objectFit"
    assert live.evaluate(fits) == "contain"
    live.locator(".fo-full").click()
    live.get_by_role("button", name=text.LIVE["full"], exact=True).wait_for()
    assert live.evaluate("document.fullscreenElement") is None
    live.evaluate("() => { Element.prototype.requestFullscreen = () => Promise.reject(new TypeError()); }")  # iPhones
    live.locator(".fo-full").click()
    box = live.locator(".fo-screen.fo-filled").bounding_box()
    assert (box["x"], box["y"], box["width"]) == (0, 0, live.viewport_size["width"])
    live.keyboard.press("Escape")
    live.wait_for_function("!document.querySelector('.fo-filled')")


@pytest.mark.browser
def test_long_german_labels_leave_room_for_the_bars_on_a_phone(live):
    live.locator(".fo-language select").select_option("de")  # on a phone the page's head is hidden meanwhile
    live.set_viewport_size({"width": 390, "height": 844})
    live.locator(".fo-live-face .fo-bar", has_text="Überraschung").first.wait_for()
    live.wait_for_function("document.querySelectorAll('.fo-live-face .fo-track').length === 14")
    tracks, labels = (
        live.locator(f".fo-live-face .fo-bar {part}").evaluate_all(
            "all => all.map((one) => [one.clientWidth, one.scrollWidth])"
        )
        for part in (".fo-track", "> :first-child")
    )
    assert min(width for width, _ in tracks) >= 30
    assert all(needed <= width + 1 for width, needed in labels)
    live.set_viewport_size({"width": 1280, "height": 900})
    live.locator(".fo-language select").select_option("en")
    live.locator(".fo-live-face .fo-bar", has_text="surprise").first.wait_for()


def test_movements_stand_below_the_bars_in_words(live):
    assert not live.locator(".fo-live-moved").is_visible()
    live.locator("input[name=movements]").check()
    live.locator(".fo-live-moved", has_text="smile 0.").wait_for()
    live.locator("input[name=movements]").uncheck()
    live.locator(".fo-live-moved").wait_for(state="hidden")


@pytest.mark.browser
def test_the_timeline_says_which_colour_is_which_label_and_when(live):
    live.wait_for_selector(".fo-strip")
    live.locator(".fo-timeline .fo-key li", has_text="happy").wait_for()
    assert live.locator(".fo-axis span").last.inner_text() == text.LIVE["now"]


DRAWN = """(count) => new Promise((done, failed) => {
  const note = () => { if ((count -= 1) === 0) done(); };
  setTimeout(() => failed(new Error('too few answers were drawn')), 40_000);  // evaluate waits for ever
  document.querySelector('.fo-live').addEventListener('drawn', note);
})"""


@pytest.mark.browser
def test_frames_that_were_not_read_are_no_answers_of_the_session(camera, monkeypatch):
    answer = LiveTab.answer
    with monkeypatch.context() as held:
        held.setattr(LiveTab, "answer", lambda tab, *given: answer(tab, *given) | {"read": False})
        start(camera)
        camera.evaluate(DRAWN, 5)
        assert camera.locator(".fo-live-face .fo-bar").count() == 14 and not camera.locator(".fo-strip").count()
    camera.wait_for_selector(".fo-strip")
    stop(camera)


@pytest.mark.browser
def test_labels_and_models_change_on_the_fly(live, service):
    live.locator("#fo-live-options button").first.click()
    live.locator("#fo-live-labels").get_by_text("6: Ekman").click()
    live.wait_for_function("document.querySelectorAll('.fo-live-face .fo-bar').length === 12")
    assert "neutral" not in live.locator(".fo-live-face").inner_text()
    live.locator("#fo-live-models").get_by_label(service.cards[service.default_models[0]].title, exact=True).uncheck()
    live.wait_for_function("document.querySelectorAll('.fo-live-face .fo-answer').length === 1")
    live.locator("#fo-live-models").get_by_label(service.cards[service.default_models[0]].title, exact=True).check()
    live.locator("#fo-live-labels").get_by_text("7: Ekman").click()
    live.wait_for_function("document.querySelectorAll('.fo-live-face .fo-bar').length === 14")


# Where the middle of all ink on the drawing is, from 0 at the left to 1, and how many pixels have ink.
INK = """() => {
  const sheet = document.querySelector('.fo-screen canvas'), { width, height } = sheet;
  const data = sheet.getContext('2d').getImageData(0, 0, width, height).data;
  let sum = 0, count = 0;
  for (let i = 0; i < width * height; i += 1) if (data[4 * i + 3]) { sum += i % width; count += 1; }
  return [sum / count / width, count];
}"""
TRACK = (
    "window.track = document.querySelector('.fo-screen video').srcObject.getVideoTracks()[0]; window.track.readyState"
)


@pytest.mark.browser
def test_stop_ends_the_camera_and_clears_everything(camera):
    start(camera)
    camera.wait_for_selector(".fo-strip")
    assert camera.evaluate(TRACK) == "live"
    camera.locator(".fo-start").click()
    camera.wait_for_selector(OFF)
    assert camera.evaluate("window.track.readyState") == "ended"
    camera.wait_for_timeout(300)  # an answer that was on its way has come by now, and shows nothing
    assert camera.evaluate("document.querySelector('.fo-screen video').srcObject") is None
    assert camera.locator(".fo-live-face, .fo-strip").count() == 0
    assert not camera.locator(".fo-timeline").is_visible()
    painted = "(c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(Boolean))"
    assert not camera.evaluate(f"{painted}(document.querySelector('.fo-screen canvas'))")


@pytest.mark.browser
def test_leaving_the_tab_stops_the_camera(camera):
    start(camera)
    camera.evaluate(TRACK)
    camera.get_by_role("tab", name="Compare").click()
    camera.wait_for_function("window.track.readyState === 'ended'")
    camera.get_by_role("tab", name="Live").click()
    camera.locator(".fo-notice").get_by_text(text.LIVE["left"]).wait_for()


@pytest.mark.browser
def test_downloads_hold_the_session(live):
    live.wait_for_selector(".fo-strip")
    texts = {}
    for kind in ("csv", "json"):
        with live.expect_download() as saved:
            live.locator(f".fo-timeline [data-kind={kind}]").click()
        assert saved.value.suggested_filename == f"face-off-session.{kind}"
        texts[kind] = saved.value.path().read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(texts["csv"])))
    assert {row["label"] for row in rows} == {"happy"} and {row["face"] for row in rows} == {"1"}
    assert set(json.loads(texts["json"])["rows"][0]) == set(rows[0])


@pytest.mark.browser
def test_the_mesh_is_drawn_and_the_mirror_turns_drawing_and_picture(open_camera, tmp_path):
    page = open_camera(camera_picture("photo", -70))
    start(page)
    page.locator("input[name=mesh]").check()
    page.evaluate(DRAWN, 5)  # the first may have been on their way
    right, much = page.evaluate(INK)
    page.locator("input[name=mesh]").uncheck()
    page.locator("input[name=mirror]").uncheck()
    page.evaluate(DRAWN, 5)
    left, little = page.evaluate(INK)
    assert left < 0.5 < right and left + right == pytest.approx(1, abs=0.06)
    assert much - little > 2000  # pixels that the mesh alone adds: the panel at the face has more ink than its box
    stop(page)


@pytest.mark.browser
def test_a_resting_look_is_marked_and_forgotten(live):
    live.locator(".fo-rest").click()
    live.locator(".fo-screen-words", has_text="relaxed face").wait_for()
    live.locator(".fo-rested").wait_for()
    live.locator(".fo-forget").click()
    live.wait_for_function("document.querySelector('.fo-rested').hidden")
    live.locator(".fo-so-far").click()  # offered once a face has been there for ten seconds
    live.locator(".fo-rested").wait_for()
    live.locator(".fo-so-far").wait_for(state="hidden")
    live.locator(".fo-forget").click()
    live.wait_for_function("document.querySelector('.fo-rested').hidden")


@pytest.mark.browser
def test_a_frozen_server_is_seen_and_it_goes_on_by_itself(live, service, monkeypatch):
    from zoo.inference.live_stream import Viewer

    step = Viewer.step
    monkeypatch.setattr(Viewer, "step", lambda *args: time.sleep(3) or step(*args))
    live.wait_for_selector(".fo-screen.fo-late")
    assert "No answer from the server" in live.locator(".fo-notice").inner_text()
    monkeypatch.undo()
    live.wait_for_function("!document.querySelector('.fo-late') && document.querySelector('.fo-notice').hidden")
    live.wait_for_selector(".fo-live-face")


@pytest.mark.browser
def test_a_restarted_server_is_missed_and_the_camera_goes_on_with_the_same_settings(open_camera, service):
    app = build(service)
    anywhere = argparse.Namespace(host=None, port=None, ssl_certfile=None, ssl_keyfile=None)
    address = launch_app(app, anywhere)
    page = open_camera(place=address)
    start(page)
    page.locator("#fo-live-options button").first.click()
    page.locator("#fo-live-labels").get_by_text("6: Ekman").click()
    app.close(verbose=False)
    page.get_by_text("The server cannot be reached").wait_for()
    assert page.locator(".fo-screen.fo-late").count() == 1 and page.evaluate(TRACK) == "live"
    launch_app(app, argparse.Namespace(**vars(anywhere) | {"port": int(address.rsplit(":", 1)[1].strip("/"))}))
    page.wait_for_function("!document.querySelector('.fo-late') && document.querySelector('.fo-notice').hidden")
    page.wait_for_function("document.querySelectorAll('.fo-live-face .fo-bar').length === 12")
    page.close()
    app.close(verbose=False)


@pytest.mark.browser
def test_a_server_that_cannot_answer_is_told_from_one_that_is_away(live, monkeypatch):
    monkeypatch.setattr(LiveTab, "answer", lambda *args: 1 / 0)
    live.get_by_text("The server is running, but has not answered this page").wait_for()
    monkeypatch.undo()
    live.wait_for_function("!document.querySelector('.fo-late') && document.querySelector('.fo-notice').hidden")


@pytest.mark.browser
def test_a_refused_camera_says_what_to_do(open_camera):
    page = open_camera(permissions=())
    page.locator(".fo-start").click()
    page.get_by_text(text.LIVE["refused"]).wait_for()
    assert page.locator(OFF).count() == 1
    fail = "(name) => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', name)); }"
    for name, sentence in {"NotFoundError": "none", "NotReadableError": "busy"}.items():
        page.evaluate(fail, name)
        page.locator(".fo-start").click()
        page.get_by_text(text.LIVE[sentence]).wait_for()
    page.evaluate("() => { Object.defineProperty(navigator, 'mediaDevices', { value: undefined }); }")
    page.locator(".fo-start").click()
    page.get_by_text(text.LIVE["insecure"]).wait_for()


@pytest.mark.browser
def test_two_viewers_never_get_each_others_answers(open_camera):
    pages = [open_camera(camera_picture(name, shift)) for name, shift in (("photo", -75), ("mouth-open", 75))]
    try:
        _stay_apart(pages)
    finally:  # else a later test finds them still watching
        for page in pages:
            stop(page)


def _stay_apart(pages):
    for page in pages:
        page.locator("input[name=mirror]").uncheck()
        start(page)
    said = "[...document.querySelectorAll('.fo-live-face .fo-says em')].map((label) => label.textContent).join()"
    places, labels = [[], []], [set(), set()]
    pages[0].wait_for_function(f"{said} === 'happy,happy'")  # a busy machine shows frames from before it has settled
    for _ in range(15):
        for page, there, heard in zip(pages, places, labels, strict=True):
            there.append(page.evaluate(INK)[0])
            heard.add(page.evaluate(said))
            page.wait_for_timeout(60)
    # Where the ink's middle is; the panel belongs to it, which keeps clear of the full-screen button at the right.
    assert max(places[0]) < 0.42 < min(places[1])
    assert not labels[0] & labels[1]  # a frame of a busy machine may well have an answer of its own
    assert [page.locator(".fo-live-face").count() for page in pages] == [1, 1]


@pytest.mark.browser
def test_a_viewer_is_closed_when_its_page_is(open_camera, app, service):
    told = {getattr(leave, "__self__", None) for leave in service.pages._leave}
    viewers = {one for one in told if isinstance(one, Viewers)}  # of every app that the tests made with this service
    comes_to(viewers, 0)  # those of the tests before
    page = open_camera()
    start(page)
    comes_to(viewers, 1)
    page.close()
    comes_to(viewers, 0)


def comes_to(viewers: set[Viewers], count: int) -> None:
    """Wait until so many are open, or fail."""
    deadline = time.monotonic() + 20
    while sum(map(len, viewers)) != count and time.monotonic() < deadline:
        time.sleep(0.05)
    assert sum(map(len, viewers)) == count


@pytest.mark.browser
def test_a_phone_shows_face_and_answers_in_one_view(open_camera):
    page = open_camera()
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.locator(".fo-head").is_visible()
    start(page)
    page.wait_for_function("!document.querySelector('.fo-head').checkVisibility()")
    assert page.locator(".fo-banner b").is_visible()  # an expression is not an emotion: that stays
    page.evaluate("window.scrollTo(0, 0)")
    lowest = """Math.max(...[...document.querySelectorAll('.fo-live-face .fo-bar')]
      .map((bar) => bar.getBoundingClientRect().bottom))"""
    page.wait_for_function(f"{lowest} > 0 && {lowest} <= innerHeight")
    assert page.evaluate("document.querySelector('.fo-screen').getBoundingClientRect().top") >= 0
    page.wait_for_selector(".fo-live-help:not([open])")
    page.locator(".fo-live-help summary").click()  # what the options do can be read while they have an effect
    page.locator(".fo-live-help dd").first.wait_for()
    stop(page)
    assert page.locator(".fo-head").is_visible()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out_on_a_phone(open_camera, scheme):
    page = open_camera(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 844})
    start(page)
    page.wait_for_selector(".fo-strip")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    stop(page)
