"""The dictionaries agree with each other and with what the page says; a browser shows the chosen language."""

import ast
import re

import pytest

from features import quality
from ui import app as ui_app
from ui import classroom, compare_tab, examples, languages, lesson_tab, results, stages, wording, zoo_page, zoo_tab
from ui.cartoons import DRAWINGS
from zoo import labels

ALL = languages.dictionaries()
ENGLISH = ALL["en"]
OTHERS = sorted(set(ALL) - {"en"})


def places(text: str) -> list[str]:
    return sorted(languages.PLACE.findall(text))


def said_in_the_code() -> str:
    """Every piece of text in the modules whose sentences are translated, and what wording makes of them."""
    modules = (
        classroom,
        compare_tab,
        examples,
        lesson_tab,
        quality,
        results,
        stages,
        ui_app,
        wording,
        labels,
        zoo_page,
        zoo_tab,
    )
    pieces = []
    for module in modules:
        with open(module.__file__, encoding="utf-8") as file:
            tree = ast.parse(file.read())
        pieces += [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    made = [wording.found(n, agreed, models) for n in (1, 3) for agreed in (0, 1, 3) for models in (1, 2)]
    constants = [value for value in vars(wording).values() if isinstance(value, str)]
    made += [*quality._pose_words(0, 40, 0), *quality._pose_words(0, -40, 0)]
    return "\n".join([*pieces, *made, *constants, *(one.caption for one in DRAWINGS), "classical", "deep"])


def test_there_are_six_languages():
    assert OTHERS == ["de", "es", "fr", "hi", "zh"]


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_says_all_that_english_says(code):
    other = ALL[code]
    assert list(other) == list(ENGLISH)
    assert all(text.strip() == text and text for text in other.values())
    assert {key for key in other if places(other[key]) != places(ENGLISH[key])} == set()


@pytest.mark.parametrize("code", OTHERS)
def test_a_label_that_is_an_element_of_its_own_ends_the_sentence(code):
    cut = {key for key, text in ENGLISH.items() if text.endswith(("labelled {0}", "samples of {0}"))}
    assert len(cut) >= 6
    assert {key for key in cut if not ALL[code][key].endswith("{0}")} == set()


def test_every_english_text_is_there_once():
    assert len(set(ENGLISH.values())) == len(ENGLISH)


def test_english_is_what_the_page_says():
    """A sentence that was changed in the code must be changed in the dictionaries."""
    code = said_in_the_code()
    own = ("language.", "choose")
    pieces = {key: languages.PLACE.split(text) for key, text in ENGLISH.items() if not key.startswith(own)}
    stale = {key for key, parts in pieces.items() if not all(part.strip(" .") in code for part in parts)}
    assert stale == set()


def test_whole_dictionaries_of_words_are_translated():
    for prefix, words in (("live", wording.LIVE), ("lesson", wording.LESSON)):
        assert {key for key, text in words.items() if text not in ENGLISH.values()} == set(), prefix


@pytest.mark.parametrize("code", OTHERS)
def test_expression_stays_apart_from_emotion(code):
    assert all(ALL[code][f"label.{label}"] for label in labels.EIGHT)
    assert ALL[code]["not_emotion"] != ENGLISH["not_emotion"]


def test_answers_keep_their_english_labels(engine):
    from features import images
    from zoo import records

    comparison = engine.compare(images.load(examples.PICTURES / "photo.jpg"), ["cnn"], "7")
    said = records.record(comparison, {"cnn": 0.5})["faces"][0]["answers"]["cnn"]
    assert list(said["probabilities"]) == list(labels.SEVEN)


# ---- in a browser


@pytest.fixture
def in_language(browser, url):
    contexts = []

    def show(path="", **options):
        context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.goto(url + path)
        page.wait_for_selector("#fo-examples button")
        page.wait_for_selector(".fo-language select")
        return page

    yield show
    for context in contexts:
        context.close()


def left_in_english(page) -> set[str]:
    """Texts on the page that are in the dictionary, differ in German, and are English all the same."""
    shown = page.evaluate(
        """() => { const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) if (!walker.currentNode.parentElement.closest('script, style, [translate=no]'))
          found.push(walker.currentNode.data.trim());
        return found.filter(Boolean); }"""
    )
    differ = {text for key, text in ENGLISH.items() if ALL["de"][key] != text}
    patterns = [re.compile(".+?".join(map(re.escape, languages.PLACE.split(text)))) for text in differ if places(text)]
    return {text for text in shown if text in differ or any(one.fullmatch(text) for one in patterns)}


@pytest.mark.browser
def test_a_german_browser_sees_german_and_can_have_english_again(in_language, astronaut):
    page = in_language(locale="de-DE")
    page.set_input_files("#fo-picture input[type=file]", str(astronaut))
    page.wait_for_selector(".fo-results .fo-answer")
    page.get_by_role("tab", name=ALL["de"]["tab.live"]).click()
    page.wait_for_selector("#fo-live .fo-start")
    page.locator("#fo-tabs [role=tab]", has_text="Zoo").click()
    page.wait_for_selector("#fz-board table")
    page.get_by_role("tab", name=ALL["de"]["tab.live"]).click()
    assert page.locator("#fo-live .fo-start").inner_text() == ALL["de"]["live.start"]
    assert page.evaluate("document.documentElement.lang") == "de"
    assert left_in_english(page) == set()
    page.get_by_role("tab", name=ALL["de"]["tab.compare"]).click()
    assert page.locator(".fo-best .fo-label").first.inner_text() == ALL["de"]["label.happy"]
    assert "Menschen diese Bezeichnung gaben" in page.locator(".fo-says").first.inner_text()
    table = page.locator(".fo-downloads a").last
    assert ",happy," in table.evaluate("link => fetch(link.href).then((answer) => answer.text())")
    page.locator(".fo-language select").select_option("en")
    assert page.locator(".fo-best .fo-label").first.inner_text() == "happy"
    assert page.locator(".fo-says").first.inner_text().startswith("Looks most like pictures people labelled happy")
    assert "lang=en" in page.url


@pytest.mark.browser
def test_the_address_chooses_and_an_unknown_language_is_english(in_language):
    page = in_language("?lang=hi")
    assert page.locator(".fo-head p").inner_text() == ALL["hi"]["tagline"]
    assert page.get_by_role("tab", name=ALL["hi"]["tab.compare"]).is_visible()
    assert in_language("?lang=xx").locator(".fo-head p").inner_text() == ENGLISH["tagline"]
