"""Names that are markup, in a real browser: whoever gave them, nothing of them is run, and they are shown as text."""

import argparse
import io
import json
import shutil
import zipfile
from dataclasses import replace

import numpy as np
import pytest

import zoo
from features.align import AlignedFaces, AlignSpec
from tests.ui.teach.test_tab import card, jpeg, picture, tiles
from ui.app import build, start
from ui.lesson.classroom import classroom
from ui.model_service import ModelService
from zoo.cards import read_card
from zoo.evaluation.evaluate import Evaluation
from zoo.evaluation.metrics import Scored, figures
from zoo.exchange.exports import bundle
from zoo.labels import SEVEN, LabelSet
from zoo.models import registry
from zoo.prediction import Prediction
from zoo.reports.evaluation_report import page as report

pytestmark = pytest.mark.browser

IMAGE, DRAWING = "<img src=x onerror=smuggled=1>", '"><svg onload=smuggled=1>'
ATTRIBUTE, SCRIPT = "'onmouseover=smuggled=1 x='", "</script><script>smuggled=1</script>"
PLACES = "[onerror], [onload], [onmouseover], img[src=x], a[href^='javascript:']"

# A picture that does not exist, asked for last: when its error is heard, those of all others have been.
LAST = """() => new Promise((done, failed) => {
  const last = new Image();
  last.onerror = () => done();
  last.src = 'x';
  setTimeout(() => failed(new Error('a picture is still asked for')), 20_000);
})"""
IN_TAB = {
    "lesson": ".fl-step h3",
    "compare": "#fo-models label",
    "live": "#fo-live .fo-start",
    "video": "#fv-start",
    "teach": ".ft-class",
    "zoo": "#fz-page .fz-card",
}


def opened(page, name):
    """Open this tab and wait for what is in it."""
    page.locator(f"#fo-tab-{name}-button").click()
    page.locator(f"#fo-tab-{name}").locator(IN_TAB[name]).locator("visible=true").first.wait_for()


def assert_nothing_ran(page):
    """Neither run, nor in the page as an element that only the page's policy has kept from running."""
    page.mouse.move(400, 400)
    page.evaluate(LAST)
    assert page.evaluate("window.smuggled") is None
    assert page.locator(PLACES).count() == 0


@pytest.fixture
def alone(browser):
    """A page outside the app, without its policy."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


def test_class_names_and_file_names(url, browser, visits, tmp_path):
    names = (IMAGE, DRAWING)
    with visits() as visit:
        page = visit(browser, url, "Teach", wait=60)
        for at, name in enumerate(names):
            card(page, at).locator(".ft-name").fill(name)
            card(page, at).locator(".ft-name").press("Enter")
            paths = [tmp_path / f"{k}{ATTRIBUTE}{IMAGE}.jpg" for k in range(3)]
            for k, path in enumerate(paths):
                path.write_bytes(jpeg(picture(("photo", "mouth-open")[at], 9 * k)))
            card(page, at).locator("input[type=file]").set_input_files(paths)
            tiles(page, at, 3)
        page.locator(".ft-train").click()
        page.wait_for_function("document.querySelector('.ft').dataset.lessons === '1'")
        assert page.get_by_text(IMAGE).count() > 0
        assert_nothing_ran(page)
        page.get_by_role("tab", name="Compare").click()
        page.locator("#fo-models").get_by_label("Yours: HOG + SVM").check()
        page.locator("#fo-picture input[type=file]").first.set_input_files(tmp_path / f"1{ATTRIBUTE}{IMAGE}.jpg")
        page.locator(".fo-says").first.wait_for()
        assert_nothing_ran(page)


@pytest.fixture(scope="module")
def exported():
    """A model whose title and labels are markup, as it goes out."""
    network, golden = zoo.load("cnn"), np.load(registry.CHECKPOINTS / "cnn" / "golden.npz")
    faces = AlignedFaces(golden["images"], golden["landmarks"], golden["to_crop"], AlignSpec())
    network = replace_labels(network, LabelSet("own", (IMAGE, DRAWING, ATTRIBUTE, SCRIPT, "a", "b", "c")))
    return bundle.make(bundle.ExportRequest(f"{SCRIPT}{IMAGE}", ("page", "tfjs"), network, None, faces.images)).data


def replace_labels(model, labels):
    """The same network under other labels."""
    copy = object.__new__(type(model))
    copy.__dict__.update(model.__dict__, labels=labels)
    return copy


def test_titles_and_labels_of_an_exported_page(exported, alone, tmp_path):
    zipfile.ZipFile(io.BytesIO(exported)).extractall(tmp_path)
    alone.goto((tmp_path / "page.html").as_uri())
    assert alone.title() == f"{SCRIPT}{IMAGE}"
    assert_nothing_ran(alone)


def test_titles_and_labels_of_an_imported_model(exported, url, browser, visits, tmp_path):
    (tmp_path / f"{IMAGE}.zip").write_bytes(exported)
    with visits() as visit:
        page = visit(browser, url, "Teach", wait=60)
        page.get_by_text("Import a model").click()
        page.set_input_files("#fx-file input[type=file]", str(tmp_path / f"{IMAGE}.zip"))
        page.click("#fx-add")
        page.wait_for_function("document.querySelector('#fx-found').textContent.includes('Added')")
        assert_nothing_ran(page)
        page.get_by_role("tab", name="Compare").click()
        page.locator("#fo-models input").last.check()
        page.locator('[data-name="mouth-open"]').click()
        page.locator(".fo-says").first.wait_for()
        for name in ("live", "video", "zoo", "compare"):
            opened(page, name)
            assert_nothing_ran(page)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A folder of models whose cards are full of markup."""
    root = tmp_path_factory.mktemp("checkpoints")
    for name in ("hog-svm", "cnn-tiny", "cnn"):
        shutil.copytree(registry.CHECKPOINTS / name, root / name)
        path = root / name / "card.json"
        told = json.loads(path.read_text())
        told |= {"title": f"{IMAGE}{name}", "summary": f"{SCRIPT}{IMAGE}", "limits": [IMAGE, ATTRIBUTE]}
        path.write_text(json.dumps(told))
    return root


@pytest.mark.parametrize("lesson", [False, True])
def test_cards_in_every_tab_and_on_the_worksheet(hostile, uploads, browser, visits, lesson):
    mode = classroom("ABCDEF") if lesson else None
    service = ModelService(root=hostile, **({"mode": mode} if lesson else {}))
    app = build(service, *([mode] if lesson else []))
    args = argparse.Namespace(host=None, port=None, ssl_certfile=None, ssl_keyfile=None)
    address = start(app, args, *([mode] if lesson else []))
    with visits() as visit:
        page = visit(browser, address, wait=60)
        said, names = "", [name for name in IN_TAB if name != ("video" if lesson else "lesson")]
        for name in names:
            opened(page, name)
            page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
            said += page.inner_text("body")
            assert_nothing_ran(page)
        assert page.get_by_role("tab").count() == len(names) == 5 and said.count(IMAGE) > 5
    app.close(verbose=False)
    service.close()


def test_titles_labels_and_notes_of_a_report(alone, tmp_path):
    rng = np.random.default_rng(0)
    targets, logits = rng.integers(0, 7, 300), rng.normal(size=(300, 7))
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    scored = Scored(Prediction(probs, SEVEN), targets, np.ones(300, bool), np.arange(300))
    line = figures(scored, f"{SCRIPT}{IMAGE}", "all", scored)
    told = replace(read_card(registry.CHECKPOINTS / "cnn"), title=f"{SCRIPT}{DRAWING}")
    made = Evaluation({"cnn": (line,)}, (), (), (IMAGE, SCRIPT), (DRAWING,))
    (tmp_path / "report.html").write_text(report(made, {"cnn": told}), encoding="utf-8")
    alone.goto((tmp_path / "report.html").as_uri())
    assert IMAGE in alone.inner_text("body")
    for place in alone.locator("[data-say]").all()[:9]:
        place.click(force=True)
    assert_nothing_ran(alone)
