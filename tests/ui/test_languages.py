"""The dictionaries agree with each other and with what the page says; a browser shows the chosen language."""

import ast
import re
from types import SimpleNamespace

import pytest

from features import clips, images, occluders, quality
from ui import app as ui_app
from ui import languages, uploads
from ui import text as wording
from ui.compare import pipeline_stages, results
from ui.compare import tab as compare_tab
from ui.examples import portraits
from ui.examples.cartoons import DRAWINGS
from ui.lesson import classroom
from ui.lesson import tab as lesson_tab
from ui.model_zoo import page as zoo_page
from ui.model_zoo import tab as zoo_tab
from ui.teach import exports, requests
from ui.teach import page as teach_page
from ui.teach import tab as teach_tab
from ui.video import page as video_page
from ui.video import tab as video_tab
from zoo import labels, safe_zip
from zoo.evaluation import conditions, evaluate
from zoo.evaluation.paired import Together
from zoo.exchange.exports import bundle
from zoo.exchange.imports import classifiers, session_models
from zoo.models import registry
from zoo.reports import charts, evaluation_report, model_card, timeline_charts
from zoo.teach import project, project_file, training

ALL = languages.dictionaries()
ENGLISH = ALL["en"]
OTHERS = sorted(set(ALL) - {"en"})
SPEAKING = (
    *(
        classroom,
        compare_tab,
        portraits,
        lesson_tab,
        results,
        pipeline_stages,
        ui_app,
        uploads,
        wording,
        zoo_page,
        zoo_tab,
    ),
    *(requests, exports, teach_page, teach_tab, video_page, video_tab),
    *(
        clips,
        occluders,
        images,
        quality,
        charts,
        evaluate,
        conditions,
        labels,
        model_card,
        evaluation_report,
        timeline_charts,
    ),
    *(safe_zip, bundle, session_models, classifiers, project_file, project, training),
)
# What Gradio's own components say, and what cards say: a new card may say it otherwise, and is English until then.
LOOSE = ("language.", "choose", "box.", "model.", "limit.")
WORDS = {
    "hold": wording.HOLD,
    "parts of a face": {part: part for part in occluders.PARTS},
    "live": wording.LIVE,
    "lesson": wording.LESSON,
    "teach": wording.TEACH,
    "trials": wording.TRIALS,
    "trials' hints": wording.TRIALS_HINTS,
    "video": wording.VIDEO,
}
# An address, a file's first name, and what is said with something filled in.
UNSAID = {"BARRETT", "BANNER", "EXPORT_NAME", "EXPORT_READY", "IMPORT_ADDED"}

TOGETHER = [(gain, p) for gain in (-0.1, 0.1) for p in (0.01, 0.5)] + [(0.0, 1.0)]


def places(text: str) -> list[str]:
    return sorted(languages.PLACE.findall(text))


def made() -> list[str]:
    """What functions put together."""
    two_of_six = SimpleNamespace(confusion=((1, 2),), counts=(6,))
    shares = {"happy": 0.5, "sad": 0.3, "fear": 0.2}
    said = [wording.found(n, agreed, models) for n in (1, 3) for agreed in (0, 1, 3) for models in (1, 2)]
    said += [wording.followed(n, agreed) for n in (0, 1, 3) for agreed in (None, 0.5)]
    said += [wording.clip_facts(2, 50, analysed) for analysed in (30, 50)] + [wording.mostly(shares, labels.SEVEN)]
    said += [wording.import_facts(3, (48, 48, channels), 900) for channels in (1, 3)]
    said += [f"{wording.TEACH[name]}: " for name in ("webcam", "upload", "hold", "try", "confusion")]
    said += [f"({wording.TEACH['on_held']})", charts.slices(registry.card("cnn").slices)]
    said += [f"{wording.TEACH['start_from']} …"]
    said += [*quality._pose_words(0, 40, 0), *quality._pose_words(0, -40, 0)]
    said += [evaluation_report.verdict("a", "b", 0.1, (0.05, 0.15), p) for p in (1e-5, 0.5)]
    said += [evaluation_report.together_words(Together(0.7, 0.6, 0.8, gain, p, 0.5, 0.2, 0.2)) for gain, p in TOGETHER]
    said += [charts.rights(Together(0.7, 0.6, 0.8, 0.1, 0.5, 0.5, 0.2, 0.2), "a", "b").replace("<", " <")]
    said += [charts.cell_sentence(two_of_six, ("happy", "sad"), 0, k) for k in (0, 1)]
    said += [f"{panel.title}: head " for panel in zoo_page._curves({"accuracy": [1.0], "val_accuracy": [1.0]})]
    sections = model_card.sections(registry.card("cnn"))
    said += [text for part in sections for _, text in part.entries]
    said += [cell for part in sections for table in part.tables for row in table.rows for cell in row]
    return said + [str(why) for why in (project.too_few(1), project.too_few(2))]


def said_in_the_code() -> str:
    """Every piece of text in the modules whose sentences are translated, and what functions make of them."""
    pieces = []
    for module in SPEAKING:
        with open(module.__file__, encoding="utf-8") as file:
            tree = ast.parse(file.read())
        pieces += [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    constants = [value for value in vars(wording).values() if isinstance(value, str)]
    drawn = [one.caption for one in DRAWINGS]
    return "\n".join([*pieces, *made(), *constants, *wording.VIDEO.values(), *drawn, "classical", "deep"])


def test_there_are_six_languages():
    assert OTHERS == ["de", "es", "fr", "hi", "zh"]


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_says_all_that_english_says(code):
    other = ALL[code]
    assert list(other) == list(ENGLISH)
    assert all(text.strip() == text and text for text in other.values())
    assert {key for key in other if places(other[key]) != places(ENGLISH[key])} == set()


def test_a_french_mark_begins_no_line():
    assert [text for text in ALL["fr"].values() if re.search(r" [:;?!%»]|« ", text)] == []


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
    pieces = {key: languages.PLACE.split(text) for key, text in ENGLISH.items() if not key.startswith(LOOSE)}
    stale = {key for key, parts in pieces.items() if not all(part.strip(" .") in code for part in parts)}
    assert stale == set()


@pytest.mark.parametrize("name", WORDS)
def test_whole_dictionaries_of_words_are_translated(name):
    assert {key for key, text in WORDS[name].items() if text not in ENGLISH.values()} == set()


def test_every_sentence_of_the_page_is_translated():
    constants = {name: text for name, text in vars(wording).items() if name.isupper() and isinstance(text, str)}
    assert {name for name, text in constants.items() if text not in ENGLISH.values()} == UNSAID
    steps = [text for step in (*wording.STEPS, *wording.VIDEO_STEPS) for text in step]
    sheet = [text for title, _, todo, questions in wording.WORKSHEET for text in (title, todo, *questions)]
    assert {*steps, *sheet, *wording.NO_FACE_HINTS, *wording.BEFORE_AFTER} - set(ENGLISH.values()) == set()


def test_headings_of_every_card_are_translated():
    cards = [registry.card(name) for name in registry.names()]
    parts = [part for card in cards for part in model_card.sections(card)]
    heads = {cell for part in parts for table in part.tables for cell in table.heading}
    terms = {term for part in parts for term, _ in part.entries if not term.isdigit()}
    panels = {
        one.title
        for card in cards
        for one in (*zoo_page._charts(card, card.own_figure()), *evaluation_report.hard_panels(card))
    }
    names = {"macro-F1", "NLL", "Brier", "ECE", "F1", "n"} | {data for card in cards for data in _data(card)}
    assert ({part.title for part in parts} | heads | terms | panels) - names - set(ENGLISH.values()) == set()


def _data(card) -> set[str]:
    return {line.data for line in card.figures}


@pytest.mark.parametrize("code", OTHERS)
def test_expression_stays_apart_from_emotion(code):
    assert all(ALL[code][f"label.{label}"] for label in labels.EIGHT)
    assert ALL[code]["not_emotion"] != ENGLISH["not_emotion"]


def test_answers_keep_their_english_labels(engine):
    from features import images
    from zoo.inference import serialise

    comparison = engine.compare(images.load(portraits.PICTURES / "photo.jpg"), ["cnn"], "7")
    said = serialise.record(comparison, {"cnn": 0.5})["faces"][0]["answers"]["cnn"]
    assert list(said["probabilities"]) == list(labels.SEVEN)


# ---- in a browser


@pytest.fixture
def in_language(browser, url):
    contexts = []

    def show(path="", **options):
        context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
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
    differ = {key: text for key, text in ENGLISH.items() if ALL["de"][key] != text}
    patterns = [_pattern(key, text) for key, text in differ.items() if places(text)]
    return {text for text in shown if text in differ.values() or any(one.fullmatch(text) for one in patterns)}


def _pattern(key: str, text: str) -> re.Pattern:
    inside = r"[-−+\d][\d.,]*(?:[°%]| %| px)?" if key.endswith("_n") else ".+?"
    return re.compile(inside.join(map(re.escape, languages.PLACE.split(text))))


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
    ends = page.evaluate("""() => [...document.querySelectorAll('.fo-bar')].map((bar) => {
      const [word, track] = bar.children;
      return [word.getBoundingClientRect().left + word.scrollWidth, track.getBoundingClientRect().left];
    })""")
    assert len(ends) == 14 and all(word <= track for word, track in ends)  # "Überraschung" has room
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


def texts(page, but: str) -> set[str]:
    """Everything that a page shows in words, names that stay as they are and what is inside `but` excepted."""
    return set(
        page.evaluate(
            """(but) => { const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (walker.nextNode()) { const parent = walker.currentNode.parentElement;
              if (parent.closest(`script, style, textarea, [translate=no], ${but}`)) continue;
              found.push(walker.currentNode.data.trim()); }
            return found.filter((one) => /\\p{L}{2}/u.test(one)); }""",
            but,
        )
    )


NAMES = {"Face-off", "Barrett et al. 2019"} | {registry.card(name).title for name in registry.names()}
UNITS = {"gamma", "1 / gamma", "JPEG", "PublicTest", "NLL", "Brier", "macro-F1", "ECE", "F1", "CSV", "px"}
FORMATS = {text for text in bundle.PARTS.values() if text.startswith(("TensorFlow", "LiteRT /", "Keras (.keras"))}


@pytest.mark.browser
def test_nothing_on_a_page_is_unknown_to_the_dictionaries(in_language):
    page, german = in_language(), in_language("?lang=de")
    same = {text for key, text in ENGLISH.items() if ALL["de"][key] == text}
    for tab, there in {"Video": "#fv-start", "Teach": ".ft-class", "Zoo": "#fz-page .fz-card"}.items():
        page.get_by_role("tab", name=tab).click()
        page.wait_for_selector(there)
        said = texts(page, "dd, .fz-page header p") - same - NAMES - UNITS - FORMATS
        unknown = german.evaluate("(said) => said.filter((one) => faceOffSay(one) === one)", sorted(said))
        assert {one for one in unknown if not re.fullmatch(r"FER2013.*|[\d.,]+ \S+", one)} == set(), tab


@pytest.mark.browser
def test_a_class_called_like_a_button_keeps_its_name(in_language):
    page = in_language("?lang=de")
    page.get_by_role("tab", name=ALL["de"]["tab.teach"]).click()
    page.wait_for_function("document.querySelectorAll('.ft-class').length === 2")
    page.wait_for_function("document.querySelectorAll('.ft-name')[1].value === 'Klasse 2'")
    for at, (name, face) in enumerate({"Stop": "photo", "happy": "mouth-open"}.items()):
        card = page.locator(".ft-class").nth(at)
        card.locator(".ft-name").fill(name)
        card.locator(".ft-name").press("Enter")
        card.locator("input[type=file]").set_input_files([portraits.PICTURES / f"{face}.jpg"] * 3)
        card.locator(".ft-tile").nth(2).wait_for()
    page.locator(".ft-train").click()
    page.wait_for_selector(".ft-hood table", timeout=60_000)
    assert page.locator(".ft-answer").first.locator(".ft-label").all_inner_texts() == ["Stop", "happy"]
    assert page.locator(".fz-matrix tbody th").all_inner_texts()[:2] == ["Stop", "happy"]
    page.locator(".fz-matrix button").first.click()
    assert re.fullmatch(
        r"\d von \d Beispielen für „Stop“ wurden „Stop“ genannt .+", page.locator(".fz-said").inner_text()
    )
    page.locator(".ft-preview input[type=file]").set_input_files(portraits.PICTURES / "photo.jpg")
    page.wait_for_function("document.querySelector('.ft-answer').dataset.says === 'Stop'")
    assert page.locator(".ft-says").first.inner_text() == "Stop"
    assert left_in_english(page) == set()
