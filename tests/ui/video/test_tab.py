"""The Video tab: its answers, and itself in headless Chromium with made clips."""

import csv
import io
import json
import re
import time
import urllib.request
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import gradio as gr
import numpy as np
import pytest
from PIL import Image

from features.clips import Clip, Limits
from tests.plain_html import bare, words
from tests.waiting import begun, ended, wait_for
from ui import text
from ui.examples.portraits import PICTURES
from ui.serving import storage
from ui.video import page as video_page
from ui.video import tab as video_tab
from ui.video.tab import Sent, VideoTab, example, uploaded
from zoo.inference import timeline_rest
from zoo.inference.video import VideoOptions, annotate
from zoo.labels import own_labels
from zoo.prediction import Prediction

PATHS = "[...document.querySelectorAll('#fv-answer path')].length"


def frame(name: str, size=(320, 240)) -> np.ndarray:
    """An example picture in the middle of a grey frame."""
    image = np.asarray(Image.open(PICTURES / f"{name}.jpg").convert("RGB"))
    side = min(size)
    picture = np.full((size[1], size[0], 3), 90, np.uint8)
    left = (size[0] - side) // 2
    picture[:side, left : left + side] = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    return picture


@pytest.fixture(scope="module")
def clip(tmp_path_factory, write_clip):
    shown = [frame("photo")] * 25
    return write_clip(tmp_path_factory.mktemp("clips") / "smile.webm", shown, codec="libvpx-vp9")


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory, write_clip):
    """A minute of frames that differ, so that it takes a while."""
    rng = np.random.default_rng(0)
    base = frame("photo").astype(int)
    noisy = [np.clip(base + rng.integers(-20, 20, base.shape), 0, 255).astype(np.uint8) for _ in range(10)]
    path = tmp_path_factory.mktemp("clips") / "long.avi"
    return write_clip(path, [noisy[i % 10] for i in range(1500)], codec="mpeg4")


# ---- without a browser


class Request:
    """Stands for `gr.Request`."""

    def __init__(self, session: str) -> None:
        self.session_hash = session


@pytest.fixture
def tab(service, uploads):
    return VideoTab(service)


@pytest.fixture
def sent(uploads):
    """``sent(path) -> what an upload box sends`` after the file was uploaded."""

    def upload(path) -> dict:
        folder = uploads / f"sent-{path.stem}"
        folder.mkdir(exist_ok=True)
        (folder / path.name).write_bytes(path.read_bytes())
        return {"path": str(folder / path.name), "orig_name": f"C:\\holiday\\{path.name}"}

    return upload


def ask(tab, file, session="a", models=None, labels="7", progress=lambda *_, **__: None, **more):
    models = models or tab.service.default_models
    shown, html, spoken = tab.run(Sent(file, models, labels, True, **more), Request(session), progress)
    assert isinstance(shown, gr.Video)
    return shown, html, spoken


def test_a_full_disk_is_told_before_the_work(tab, sent, clip, uploads, monkeypatch):
    file = sent(clip)
    before = set(uploads.rglob("*"))
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda _: SimpleNamespace(total=2**40, used=2**40, free=2**27))
    shown, html, spoken = ask(tab, file)
    assert "disk is full" in html and "disk is full" in spoken and set(uploads.rglob("*")) == before


def test_a_smile_looks_happy_to_both(tab, sent, clip, uploads):
    shown, html, spoken = ask(tab, sent(clip))
    assert words(spoken) == "1 face tracked. The models agree on 100 % of all answers."
    assert words(html).count("looks most like pictures people labelled happy (100 % of the time)") == 2
    assert text.VIDEO["no_moments"] in html and "holiday" not in html
    with Clip(shown.value["path"]) as written:
        assert len(list(written.frames())) == 25
    assert len(tab) == 0


class Own:
    """A model that a session made: two classes, and always the first."""

    name, labels = "own-cnn", own_labels(("Grin <b>", "Other"))

    def __init__(self, align):
        self.align = align

    def predict_proba(self, faces):
        return Prediction(np.tile(np.float32([0.9, 0.1]), (len(faces), 1)), self.labels)


def test_a_sessions_own_model_answers_in_its_classes_and_for_nobody_else(tab, sent, clip):
    first = tab.service.models(tab.service.default_models)[0]
    card = replace(tab.service.cards[first.name], name=Own.name, title="Mine", labels=Own.labels, label_counts=())
    extra = tab.service.teach_sessions.at("owner").extra
    extra[Own.name] = card, Own(first.align)
    try:
        _, html, spoken = ask(tab, sent(clip), "owner", [first.name, Own.name])
        assert words(spoken) == "1 face tracked." and text.VIDEO["no_moments"] not in html
        assert "looks most like this session’s samples of Grin &lt;b&gt; (100 % of the time)" in bare(html)
        assert "pictures people labelled happy (100 % of the time)" in bare(html) and "Grin <b>" not in html
        assert "face-off-video-2.csv" in html
        assert "No model is chosen" in ask(tab, sent(clip), "somebody", [Own.name])[1]
    finally:
        extra.clear()


def test_progress_is_told(tab, sent, clip, monkeypatch):
    monkeypatch.setattr(video_tab, "TOLD", 0.0)
    told = []
    ask(tab, sent(clip), progress=lambda part, desc, **_: told.append((part, desc)))
    looked, drawn = told[:25], told[25:]  # first which frames are at rest is found out, then the clip is drawn
    assert len(drawn) == 25 and looked[0] == (0.0, "0 s of 1 s") and drawn[1][1] == "Drawing: 0 s of 1 s"
    for part in (looked, drawn):
        assert [share for share, _ in part] == sorted(share for share, _ in part) and 0.9 < part[-1][0] <= 1
    told.clear()
    ask(tab, sent(clip), progress=lambda part, desc, **_: told.append((part, desc)), rest="none")
    assert len(told) == 25


def test_a_clip_that_is_read_again_turned_is_not_said_to_be_drawn_yet(tab, sent, write_clip, tmp_path, monkeypatch):
    upside_down = np.rot90(frame("photo"), 2)
    monkeypatch.setattr(video_tab, "TOLD", 0.0)
    told = []
    path = write_clip(tmp_path / "upside-down.mp4", [upside_down] * 6)
    ask(tab, sent(path), progress=lambda part, desc, **_: told.append(desc.startswith("Drawing")))
    assert told == [False] * 12 + [True] * 6


def pictures_in(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.suffix in (".png", ".jpg", ".webp")}


def test_each_face_is_read_relative_to_its_rest_which_is_shown_and_can_be_chosen(tab, sent, uploads):
    file = sent(Path(example()))
    before = pictures_in(uploads)  # other tests may have left some
    _, html, _ = ask(tab, file)
    (resting,) = re.findall(r'<section class="fv-rest">.*?</section>', html)
    assert resting.count("<img") == timeline_rest.FRAMES and resting.count("<li") == 2
    (link,) = re.findall(r'href="(data:application/json[^"]*)"', html)
    record = json.load(urllib.request.urlopen(link, timeout=10))["resting"]
    assert record["reference"] == "auto" and len(record["faces"][0]["reference_seconds"]) == timeline_rest.FRAMES
    (link,) = re.findall(r'href="(data:text/csv[^"]*)"', html)
    assert set(timeline_rest.COLUMNS) <= set(
        urllib.request.urlopen(link, timeout=10).readline().decode().strip().split(",")
    )
    _, html, _ = ask(tab, file, rest="moment", seconds=2)
    (resting,) = re.findall(r'<section class="fv-rest">.*?</section>', html)
    seconds = [float(one) for one in re.findall(r">([\d.]+)\u00a0s</figcaption>", resting)]
    assert len(set(seconds)) == timeline_rest.FRAMES and all(abs(one - 2) < 0.3 for one in seconds)
    assert pictures_in(uploads) == before  # no face on disk


def test_the_resting_face_can_be_switched_off_and_needs_a_moment(tab, sent, clip):
    assert "fv-rest" not in ask(tab, sent(clip), rest="none")[1]
    for wrong in ({"rest": "moment", "seconds": None}, {"rest": "moment", "seconds": -1}, {"rest": "always"}):
        assert text.VIDEO["rest_when"] in ask(tab, sent(clip), **wrong)[1]


@pytest.mark.parametrize(
    ("file", "models", "labels", "words"),
    [
        (None, None, "7", "Choose a clip first"),
        ({"path": "/etc/passwd"}, None, "7", "did not arrive as an uploaded file"),
        ({"path": 3}, None, "7", "did not arrive as an uploaded file"),
        ("{clip}", ["nobody"], "7", "No model is chosen"),
        ("{clip}", None, "nine", "No label set"),
    ],
)
def test_what_was_asked_wrongly_is_said_in_place(tab, sent, clip, file, models, labels, words):
    shown, html, spoken = ask(tab, sent(clip) if file == "{clip}" else file, models=models, labels=labels)
    assert shown.value is None and words in html and words in spoken


def test_bad_files_are_told_and_leave_nothing(tab, sent, uploads, tmp_path, clip, monkeypatch):
    before = set(uploads.glob("video-*"))
    (tmp_path / "words.mp4").write_bytes(b"words " * 99)
    assert "not a clip that can be read" in ask(tab, sent(tmp_path / "words.mp4"))[1]
    gone = sent(clip)
    monkeypatch.setattr(video_tab, "LIMITS", Limits(seconds=0.3))
    assert "at most 0.3 s" in bare(ask(tab, gone)[1])
    monkeypatch.setattr(video_tab, "LIMITS", Limits(size=100))
    assert "at most 0 MB" in bare(ask(tab, gone)[1])
    assert set(uploads.glob("video-*")) == before
    assert "was deleted after" in ask(tab, {"path": str(uploads / "sent-gone.mp4")})[1]


def test_stop_ends_the_work_and_only_that_sessions(tab, sent, long_clip, clip, uploads):
    before = set(uploads.glob("video-*"))
    answers = {}
    work = begun(lambda: answers.update(a=ask(tab, sent(long_clip))))
    assert wait_for(lambda: len(tab))
    tab.stop(Request("b"))
    time.sleep(0.3)
    assert len(tab) == 1
    tab.stop(Request("a"))
    assert ended(work) and len(tab) == 0
    assert words(answers["a"][2]) == text.VIDEO["stopped"] and set(uploads.glob("video-*")) == before


def test_a_session_has_one_clip_at_a_time(tab, sent, long_clip, clip):
    answers = {}
    work = begun(lambda: answers.update(first=ask(tab, sent(long_clip))))
    assert wait_for(lambda: len(tab))
    assert "1 face tracked" in ask(tab, sent(clip))[2]
    assert ended(work)
    assert words(answers["first"][2]) == text.VIDEO["stopped"]


def test_two_results_have_places_nobody_can_guess(tab, sent, clip):
    first, second = (ask(tab, sent(clip), session)[0].value["path"] for session in "ab")
    assert first != second and len(first.split("video-")[1]) > 32


def test_only_uploads_are_opened(uploads, tmp_path):
    for path in ("", "x.mp4", str(tmp_path / "x.mp4"), f"{uploads}/../x.mp4", "a\0b"):
        with pytest.raises(video_tab.ClipError, match="did not arrive"):
            uploaded({"path": path})


def test_the_example_shows_one_face_all_the_time(service, uploads):
    models = service.models(service.default_models)
    result = annotate(example(), None, models, service.cards, VideoOptions())
    assert result.timeline.faces == [1] and len(result.timeline) >= len(result.timeline.moments) - 3
    assert result.key_frames, "an example has to show how models disagree"
    html = video_page.page(result, service.cards, "x.mp4")
    assert html.count("<figure>") == len(result.key_frames)
    for claim in ("you are", "you feel", "mood"):
        assert claim not in html.lower()


# ---- in a browser


@pytest.fixture
def open_page(visits, browser, url):
    with visits() as visit:

        def open_one(**options):
            page = visit(browser, url, "Video", **options)
            page.wait_for_selector("#fv-start")
            return page

        yield open_one


def choose(page, path):
    page.set_input_files("#fv-file input[type=file]", str(path))
    page.locator("#fv-file").get_by_text(path.suffix).first.wait_for()


def begin(page, path, uploads):
    """Start on a minute-long clip; the folder of its answer, once there is one."""
    before = set(uploads.glob("video-*"))
    choose(page, path)
    page.click("#fv-start")
    page.locator("#fv-answer").get_by_text("s of 60 s").wait_for()
    found = lambda: [folder for folder in uploads.glob("video-*") if folder not in before]
    assert wait_for(found)
    return found()[0]


@pytest.mark.browser
def test_a_clip_is_annotated_and_plays(open_page, clip):
    page = open_page()
    choose(page, clip)
    page.click("#fv-start")
    page.wait_for_selector(".fv-results")
    assert "1 face tracked. The models agree on 100\u00a0%" in page.locator(".fv-head").inner_text()
    assert "pictures people labelled happy (100\u00a0% of the time)" in page.locator(".fv-said").inner_text()
    assert page.locator("#fv-spoken").inner_text().startswith("1 face tracked")
    page.wait_for_function("document.querySelector('#fv-video video')?.currentTime > 0.2")  # it plays by itself
    assert page.evaluate("document.querySelector('#fv-video video').videoWidth") == 640
    assert page.evaluate("document.querySelector('#fv-video video').loop")
    assert not page.locator("#fv-stop").is_visible() and page.locator("#fv-start").is_visible()
    assert page.evaluate(PATHS) > 1
    with page.expect_download() as saved:
        page.locator("#fv-answer").get_by_role("link", name="Download CSV").click()
    lines = list(csv.DictReader(io.StringIO(saved.value.path().read_text())))
    assert len(lines) == 26 and {line["label"] for line in lines} == {"happy"}


@pytest.mark.browser
def test_stop_in_the_browser_really_stops(open_page, long_clip, uploads):
    page = open_page()
    assert not page.locator("#fv-stop").is_visible()
    page.locator("#fv-start").focus()
    begun = begin(page, long_clip, uploads)
    assert not page.locator("#fv-start").is_visible()
    assert page.evaluate("document.activeElement.id") == "fv-stop"
    page.click("#fv-stop")
    page.wait_for_selector("#fv-stop", state="hidden")
    page.locator("#fv-answer").get_by_text(text.VIDEO["stopped"]).wait_for()
    assert wait_for(lambda: not begun.exists(), 3)
    assert page.locator("#fv-video video").count() == 0
    page.click("#fv-example")
    page.locator("#fv-file").get_by_text("example").first.wait_for()
    page.wait_for_selector(".fv-moments img")
    page.wait_for_selector("#fv-start")
    # Behind another tab it stands still, and goes on when it is back.
    page.wait_for_function("!document.querySelector('#fv-video video').paused")
    page.get_by_role("tab", name="Zoo").click()
    page.wait_for_function("document.querySelector('#fv-video video').paused")
    page.get_by_role("tab", name="Video").click()
    page.wait_for_function("!document.querySelector('#fv-video video').paused")


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_the_first_things_to_press_are_in_view(open_page, width, height):
    page = open_page(viewport={"width": width, "height": height})
    for button in ("#fv-start", "#fv-example"):
        box = page.locator(button).bounding_box()
        assert box["y"] + box["height"] <= height, button
    assert not page.locator("#fv-models").is_visible()
    page.locator("#fv-options > button").press("Enter")
    page.wait_for_selector("#fv-models")


NOW = "document.querySelector('#fv-video video').currentTime"
LINE = """() => {
  const [line, chart] = ['.ft-now', '.ft-chart'].map((one) => document.querySelector(one).getBoundingClientRect());
  return (line.left + line.width / 2 - chart.left) / chart.width; }"""


@pytest.mark.browser
def test_charts_and_moments_lead_into_the_clip(open_page):
    page = open_page(reduced_motion="reduce")
    page.evaluate("document.addEventListener('playing', () => { window.began = true; }, true)")
    page.click("#fv-example")
    page.wait_for_selector(".fv-moments img", timeout=90_000)
    # Nothing moves by itself for this reader: what began to play is stopped at once.
    page.wait_for_function("window.began && document.querySelector('#fv-video video').paused")
    moment = page.locator(".fv-moments button").first
    moment.focus()
    page.keyboard.press("Enter")
    at = float(moment.get_attribute("data-time"))
    page.wait_for_function(f"Math.abs({NOW} - {at}) < 0.1")
    whole = float(page.locator(".ft-rows").first.get_attribute("data-seconds"))
    page.wait_for_function(f"Math.abs(({LINE})() - {at / whole}) < 0.02")
    chart = page.locator(".ft-chart").first
    chart.click(position={"x": chart.bounding_box()["width"] / 4, "y": 10})
    page.wait_for_function(f"Math.abs({NOW} - {whole / 4}) < 0.1")
    page.wait_for_function(f"Math.abs(({LINE})() - 0.25) < 0.02")


@pytest.mark.browser
def test_leaving_the_page_stops_the_work(open_page, long_clip, uploads):
    page = open_page()
    begun = begin(page, long_clip, uploads)
    page.close()
    assert wait_for(lambda: not begun.exists())


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out_on_a_phone(open_page, clip, scheme):
    page = open_page(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    choose(page, clip)
    page.click("#fv-start")
    page.wait_for_selector(".fv-results")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.wait_for_function("document.querySelector('#fv-answer').getBoundingClientRect().top < 700")
    page.wait_for_selector(".ft-now", state="attached")
    assert page.evaluate(TITLES) == []


# Titles of charts that are not drawn above the line of the clip, which runs from the first chart to the last.
TITLES = """() => {
  const line = Number(getComputedStyle(document.querySelector('.ft-now')).zIndex) || 0;
  return [...document.querySelectorAll('.ft-row h4')].filter((title) => {
    const { zIndex, position, backgroundColor } = getComputedStyle(title);
    return position !== 'relative' || !(Number(zIndex) > line) || backgroundColor === 'rgba(0, 0, 0, 0)';
  }).map((title) => title.innerText); }"""


@pytest.mark.browser
def test_what_is_not_a_clip_is_reported_and_the_page_goes_on(open_page, clip, tmp_path):
    page = open_page()
    (tmp_path / "words.mp4").write_bytes(b"words " * 99)
    page.click("#fv-start")
    page.locator("#fv-answer").get_by_text("Choose a clip first").wait_for()
    choose(page, tmp_path / "words.mp4")
    page.click("#fv-start")
    page.locator("#fv-answer").get_by_text("not a clip that can be read").wait_for()
    page.locator("#fv-file").get_by_label("Clear").or_(page.locator("#fv-file [aria-label*=lear]")).first.click()
    choose(page, clip)
    page.click("#fv-start")
    page.wait_for_selector(".fv-results .fv-said")
