"""The Zoo tab: what it says of models, and that it sorts, answers and compares in a real browser."""

import argparse
import re
import shutil
import subprocess
from dataclasses import replace
from html import unescape

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from tests.plain_html import bare
from ui import text as wording
from ui.languages import phrase
from ui.model_zoo import page as zoo_page
from ui.model_zoo import tab as zoo_tab
from ui.model_zoo.tab import ZooTab
from zoo.cards import read_card, write_card
from zoo.evaluation.metrics import Scored, figures
from zoo.evaluation.paired import PairResult, Recall, Together, keep_pairs, weights_of
from zoo.labels import FIVE, SEVEN
from zoo.models import registry
from zoo.prediction import Prediction

USUAL = "FER2013|PrivateTest|7"


def made_figures(skill: float, seed: int):
    """Figures of answers drawn by chance, more often right with more skill."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, 7, 400)
    powers = np.exp(rng.normal(size=(400, 7)) + skill * np.eye(7)[targets])
    probs = Prediction(powers / powers.sum(axis=1, keepdims=True), SEVEN)
    scored = Scored(probs, targets, np.ones(400, bool), np.arange(400))
    return figures(scored, "FER2013", "PrivateTest", scored)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Three models of one set of weights: two measured, a large and good one and a small one, and one not."""
    folder = tmp_path_factory.mktemp("zoo")
    source = registry.CHECKPOINTS / "hog-linear-svm"
    makes = (("good", 3.0, 9 * 2**20, 4.0), ("small", 1.5, 2**20, 1.0), ("blank", None, 2**21, 0.0))
    for seed, (name, skill, size, ms) in enumerate(makes):
        shutil.copytree(source, folder / name)
        lines = () if skill is None else (made_figures(skill, seed),)
        changes = {"figures": lines, "size_bytes": size, "milliseconds": ms, "title": name.title()}
        changes |= {"slices": (), "robustness": None}
        write_card(folder / name, replace(read_card(source), name=name, **changes))
    (folder / "good/log.csv").write_text("epoch,accuracy,val_accuracy\n0,0.2,0.3\n1,0.4,0.5\n2,0.5")
    weights = (weights_of(read_card(source)),) * 2
    by_label = (Recall(0.3, 0.2, 0.4, 1e-6), *[Recall(0.1, -0.1, 0.3, 0.2)] * 6)
    usual = ("FER2013", "PrivateTest", "7")
    both = Together(0.78, 0.76, 0.8, 0.03, 1e-6, both=0.5, only_first=0.25, only_second=0.05)
    keep_pairs(folder, [PairResult("good", "small", weights, *usual, 0.2, (0.15, 0.25), 1e-9, by_label, both)])
    return folder


@pytest.fixture(scope="module")
def zoo(root):
    from ui.model_service import ModelService

    made = ModelService(root)
    yield made
    made.close()


@pytest.fixture
def tab(zoo):
    return ZooTab(zoo)


# --- What it says ----------------------------------------------------------------------------


def text(html: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)))


def test_the_best_comes_first_and_what_is_not_measured_last(zoo):
    html = zoo_page.board(zoo.cards, {})
    assert re.findall(r'<tr data-model="(\w+)"', html) == ["good", "small", "blank"]
    line = zoo.cards["good"].figure()
    assert f"{100 * line.accuracy:.1f} %" in text(html) and f"{line.macro_f1:.3f}" in html
    blank = html.partition('<tr data-model="blank"')[2]
    assert blank.count("not measured") == 5 and "2.0" in blank


def test_a_models_page_has_every_chart_and_nine_sections(tab):
    html = tab.show("good", USUAL)
    for title in ("Confusion matrix", "Label by label", "Training, epoch by epoch"):
        assert title in html
    assert html.count("<svg") == 3 and html.count('<details class="fz-section') == 9
    assert html.count('<details class="fz-long') == 1  # the table by group opens by itself
    assert (
        html.count('<details class="fz-panel') > 3
        and len(re.findall(r'<details class="fz-panel[^>]* open>', html)) == 1
    )
    assert "Ethical considerations" in html and "data-say" in html


def test_each_head_has_its_training_curve_and_the_network_its_picture(zoo, tmp_path):
    rows = "fer_accuracy,tags_accuracy,val_fer_accuracy,val_tags_accuracy\n0.2,0.3,0.4,0.5\n0.3,0.4,0.5,0.6\n"
    (tmp_path / "log.csv").write_text(rows)
    Image.new("RGB", (30, 40), "white").save(tmp_path / "architecture.png")
    html = bare(zoo_page.model(zoo.cards["blank"], None, tmp_path))
    assert 'alt="The network, layer by layer" width="30" height="40"' in html
    assert "epoch by epoch: head fer<" in html and "epoch by epoch: head tags<" in html
    assert "from 0.500 to 0.600 on PublicTest" in html


def test_worse_pictures_for_one_model_and_for_two(zoo):
    from tests.zoo.evaluation.test_corruptions import SLICES, made_robustness

    cards = [replace(zoo.cards[name], robustness=made_robustness(), slices=SLICES) for name in ("good", "small")]
    html = zoo_page.model(cards[0], USUAL, zoo.root / "good")
    assert "On worse pictures" in html and "Turned to the side" in html and "500 pictures from FER2013" in html
    assert html.count("<svg") == 3 + 7 and html.count('<details class="fz-long"') == 2  # so does the long one
    both = zoo_page.duel(*cards, USUAL, ())
    assert both.count("<svg") == 7 and "Good from 50% to 50%; Small from 50% to 50%" in both
    other = replace(cards[1], robustness=made_robustness(n=200))
    assert "<svg" not in zoo_page.duel(cards[0], other, USUAL, ())  # not the same pictures


def test_a_model_of_five_labels_is_not_sorted_among_those_of_seven(zoo):
    card = zoo.cards["good"]
    five = replace(card, labels=FIVE, figures=(replace(card.figure(), labels="5", accuracy=0.8),))
    assert "<td>80.0 % <small>of 5 labels</small></td>" in bare(zoo_page.board({"five": five}, {}))


def test_what_is_not_measured_says_so(tab):
    assert wording.NOT_MEASURED in tab.show("blank", USUAL)
    page = tab.show("good", "photos|all|7")
    assert wording.NOT_MEASURED in page and phrase("zoo.measured_on") in page
    assert zoo_page.words(tab.service.cards["good"].figure()) in bare(page)
    assert phrase("zoo.measured_on") not in tab.show("blank", USUAL)  # on nothing at all
    assert ">not measured</dd>" in tab.show("blank", USUAL)
    assert tab.show("nobody", USUAL) == "" == tab.show(None, None)


def test_two_models_and_whether_it_is_more_than_chance(tab):
    html = tab.compare("small", "good", USUAL)
    assert "Good is right 20.0 points more often than Small (+15.0 to +25.0; McNemar p < 0.0001)" in text(html)
    assert html.count("fz-diff") == 7 == html.count("<u ") and html.count("fz-pale") == 6
    assert bare(html).count("<small>more than chance<") == 1 and "Pale bars" in html
    assert "Good is right 20.0 points" in text(tab.compare("good", "small", USUAL))
    assert "the two are right on 78.0 % (76.0 to 80.0), 3.0 points more often than the better one alone" in text(html)
    assert "only Small right 5.0 %" in text(html) and "neither right 20.0 %" in text(html)


def test_without_a_test_there_is_no_verdict(tab, zoo, monkeypatch):
    monkeypatch.setattr(zoo_tab, "read_pairs", lambda root: ())
    said = text(tab.compare("good", "small", USUAL))
    assert "has not been measured" in said and "python -m zoo evaluate good small" in said and "more often" not in said


def test_comparisons_that_make_no_sense(tab):
    assert wording.SAME_MODEL in tab.compare("good", "good", USUAL)
    assert wording.NOT_MEASURED_BOTH in tab.compare("good", "blank", USUAL)
    assert tab.compare("good", "", USUAL) == ""


def test_broken_pairs_are_told(tab, root, monkeypatch, tmp_path):
    (tmp_path / "pairs.json").write_text("{")
    monkeypatch.setattr(tab.service, "root", tmp_path)
    with pytest.raises(gr.Error, match=r"pairs\.json cannot be read"):
        tab.compare("good", "small", USUAL)


def test_all_models_are_measured_together_so_that_their_milliseconds_can_be_compared(tab, zoo, monkeypatch):
    monkeypatch.setattr(zoo_tab, "ROUNDS", 2)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("nobody asked how long a start takes"))
    assert text(tab.measure()).count(" here") == len(zoo.cards) == 3
    monkeypatch.setattr(zoo_tab, "bench_models", lambda *_: pytest.fail("asked without a model"))
    monkeypatch.setattr(tab.service, "cards", {"nobody": zoo.cards["good"]})
    with pytest.raises(gr.Error, match="no model 'nobody'"):
        tab.measure()


def test_models_that_cannot_be_served_are_named_without_paths():
    assert zoo_page.left_out({}) == ""
    html = zoo_page.left_out({"<b>one": "/srv/secret: damaged", "two": "no card", "half\udce4": ""})
    assert "&lt;b&gt;one, half?, two</p>" in html and "/srv" not in html
    html.encode("utf-8")


@pytest.mark.parametrize(
    "log",
    [b"", b"\xff\xfe\x00", b"epoch\n", b"epoch,accuracy,val_accuracy\n0,0.2,nan\n", b'a\n"' + b"x" * 200_000],
    ids=["empty", "not text", "no row", "not a number", "one long field"],
)
def test_damaged_files_of_the_training_are_left_out_of_the_page(zoo, tmp_path, log):
    (tmp_path / "log.csv").write_bytes(log)
    (tmp_path / "architecture.png").write_bytes(b"\x89PNG\r\n\x1a\n damaged")
    html = bare(zoo_page.model(zoo.cards["blank"], None, tmp_path))
    assert "fz-architecture" not in html and "epoch by epoch" not in html


def test_charts_show_the_conditions_that_were_measured(zoo):
    from tests.zoo.evaluation.test_corruptions import made_robustness

    whole = made_robustness()
    card = replace(zoo.cards["good"], robustness=replace(whole, conditions=whole.conditions[1:3]))
    assert "On worse pictures" in zoo_page.model(card, USUAL, zoo.root / "good")


def test_names_are_escaped(zoo):
    card = replace(zoo.cards["good"], title="<script>", summary="<script>")
    pages = (zoo_page.board({"good": card}, {}), zoo_page.model(card, USUAL, zoo.root / "good"))
    assert all("<script>" not in html and "&lt;script&gt;" in html for html in pages)


def test_no_sentence_says_what_anyone_feels(tab):
    everything = (tab.show("good", USUAL) + tab.compare("good", "small", USUAL)).lower()
    assert "cannot know how anyone feels" in everything
    for claim in ("you are", "you feel", "is feeling", "your emotion", "detected emotion"):
        assert claim not in everything


def test_a_models_page_is_sent_once_and_not_before_the_tab_is_opened(tab, zoo):
    html, shown = tab.show_once("good", USUAL, None)
    assert html == tab.show("good", USUAL) and html
    assert tab.show_once("good", USUAL, shown) == (gr.skip(), shown)
    assert tab.show_once("small", USUAL, shown)[0] == tab.show("small", USUAL)
    from ui.app import build

    pages = [one for one in build(zoo).config["components"] if one["props"].get("elem_id") == "fz-page"]
    assert [one["props"]["value"] for one in pages] == [""]


# --- In the browser --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def zoo_url(zoo, uploads):
    from ui.app import build, start

    app = build(zoo)
    yield start(app, argparse.Namespace(host=None, port=None, ssl_certfile=None, ssl_keyfile=None))
    app.close(verbose=False)


@pytest.fixture
def page(visits, browser, zoo_url, request):
    with visits() as visit:
        opened = visit(browser, zoo_url, "Zoo", viewport={"width": getattr(request, "param", 1280), "height": 900})
        opened.wait_for_selector(".fz-board")
        opened.wait_for_selector("#fz-page h2")
        yield opened


def order(page):
    return page.locator(".fz-board tbody tr").evaluate_all("rows => rows.map(row => row.dataset.model)")


@pytest.mark.browser
@pytest.mark.parametrize("page", [1280, 390], indirect=True)
def test_sort_choose_click_and_compare(page, zoo):
    assert order(page) == ["good", "small", "blank"]
    size = page.locator(".fz-board button", has_text="size")
    size.focus()
    page.keyboard.press("Enter")
    assert order(page) == ["small", "blank", "good"]
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("size")
    page.keyboard.press("Enter")
    assert order(page) == ["good", "blank", "small"]
    page.locator(".fz-board button", has_text="accuracy").click()
    assert order(page) == ["good", "small", "blank"]

    page.locator(".fz-board").get_by_role("button", name="Small").click()
    page.wait_for_function("document.querySelector('#fz-page h2').textContent === 'Small'")
    line = zoo.cards["small"].figure()
    page.locator("#fz-page button.fz-cell").nth(2 * 7 + 4).click()
    said = page.locator(".fz-say").inner_text()
    assert said.startswith(f"{line.confusion[2][4]} of {line.counts[2]} pictures labelled fear ")
    assert "called sad (" in said
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.get_by_text(f"{line.confusion[3][3]} of {line.counts[3]} pictures labelled happy").wait_for()

    page.get_by_label("Compare with").click()
    page.get_by_role("option", name="Good").click()
    page.get_by_text("Good is right 20.0 points more often than Small").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.browser
@pytest.mark.parametrize("page", [1280, 390], indirect=True)
def test_a_long_name_stays_in_its_column(page):
    ends = page.evaluate("""() => {
      const button = document.querySelector('.fz-board tbody .fz-model button');
      button.textContent = 'CNN of the Keras blog';
      return [button, button.closest('.fz-model')].map((each) => each.getBoundingClientRect().right);
    }""")
    assert ends[0] <= ends[1]


@pytest.mark.browser
@pytest.mark.parametrize("page", [1280, 390], indirect=True)
def test_words_are_explained_by_tap_and_by_keyboard(page):
    ask = page.locator(".fz-board").get_by_role("button", name="What is “ECE”?")
    box = ask.bounding_box()
    assert min(box["width"], box["height"]) >= 24
    ask.click()
    said = page.get_by_text("Expected calibration error")
    said.wait_for()
    place = page.locator("#fo-term-ece").bounding_box()
    assert place["x"] >= 0 and place["x"] + place["width"] <= page.viewport_size["width"]
    page.keyboard.press("Escape")
    said.wait_for(state="hidden")
    page.locator(".fz-intro").get_by_role("button", name="McNemar").focus()
    page.keyboard.press("Enter")
    page.get_by_text("whether one model really is better").wait_for()
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("accuracy")  # asking does not sort


@pytest.mark.browser
@pytest.mark.parametrize("page", [1280, 390], indirect=True)
def test_a_models_page_begins_with_its_figures_and_opens_further_charts_by_keyboard(page):
    page.wait_for_selector(".fz-facts")
    assert page.locator(".fz-facts dt").first.inner_text().startswith("macro-F1")
    lines = """one => [...Array(40).keys()].map((i) => {
      one.closest('p').style.width = `${100 + 5 * i}px`;
      return one.getClientRects().length;
    })"""
    assert set(page.locator(".fz-on small").evaluate(lines)) == {1}  # however wide: an interval stays on one line
    assert page.locator("#fz-page .fz-panel[open]").count() == 1 and page.locator(".fz-matrix").is_visible()
    assert not page.get_by_text("Ethical considerations").is_visible()
    page.locator(".fz-card > summary").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Ethical considerations").wait_for()
