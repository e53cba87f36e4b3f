"""Dictionaries, keys in the code and the page agree; a browser shows the chosen language and nothing else."""

import ast
import re
from pathlib import Path

import pytest

from features.phrase import Phrase, number
from tests.plain_html import words
from tests.waiting import wait_for
from ui import app as ui_app
from ui import languages, text
from ui.examples import portraits
from ui.lesson.classroom import classroom
from zoo import labels
from zoo.models import registry
from zoo.reports import evaluation_report, markup
from zoo.teach.fit import RANGES

ROOT = Path(__file__).parents[2]
ALL = languages.dictionaries()
ENGLISH = ALL["en"]
OTHERS = sorted(set(ALL) - {"en"})
# Keys that are put together where they are used.
FAMILIES = re.compile(
    r"(label|labels|family|model|move|part|tab|term|trial|language)\..+|(step|hint|help|sheet)\d.*|video\.step\d.*"
    r"|box\..+|teach\.(several|skipped|start)_.+|.+_(own|made|agree|disagree)(_n)?|teach\..+_hint|import\.(grey|colour)_n"
    r"|.+\.alt|lesson\.(ticket|unplugged)_.+|zoo\.hint\..+"
)
SCRIPTS = {folder: f"{folder}." for folder in ("live", "teach", "lesson")} | {"compare": "cover."}
GROUPS = ("hold", "live", "video", "lesson", "teach")


def sources(suffix: str, *folders: str) -> dict[Path, str]:
    found = (path for folder in folders for path in sorted((ROOT / folder).rglob(f"*{suffix}")))
    return {path: path.read_text(encoding="utf-8") for path in found}


def phrases_of_the_zoo() -> dict[str, set[str]]:
    """Keys and English of every phrase that the zoo and the features write down."""
    found: dict[str, set[str]] = {}
    for code in sources(".py", "zoo", "features").values():
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Phrase" and len(node.args) > 1:
                key, english = node.args[:2]
                if isinstance(key, ast.Constant) and isinstance(english, ast.Constant):
                    found.setdefault(key.value, set()).add(english.value)
    for made in evaluation_report.TOGETHER.values():
        found.setdefault(made.args[0], set()).add(made.args[1])
    return {key: english for key, english in found.items() if "{" not in key}


def keys_in_the_code() -> set[str]:
    """Every key that Python or a script names."""
    keys = set(phrases_of_the_zoo())
    for code in sources(".py", "ui").values():
        keys |= set(re.findall(r"""\bphrase\(\s*["']([^"'{}]+)["']""", code))
        quoted = re.findall(r"""["']([\w.-]+)["']""", code)
        keys |= {key for name in quoted for key in (name, *(f"{group}.{name}" for group in GROUPS)) if key in ENGLISH}
    keys |= {f"teach.{name}" for name in RANGES}
    for path, code in sources(".js", "ui").items():
        keys |= set(re.findall(r'data-i18n(?:-[a-z-]+)?="([^"${}]+)"', code))
        keys |= set(re.findall(r"(?:said\(|key: )'([^'${}]+)'", code))
        start = SCRIPTS.get(path.parent.name, "?")
        keys |= {start + name for name in re.findall(r"\bsay\('(\w+)'", code)}
        quoted = re.findall(r"'([\w.]+)'", code)
        keys |= {key for name in quoted for key in (name, start + name) if key in ENGLISH}
    return keys


def places(sentence: str) -> list[str]:
    return sorted(languages.PLACE.findall(sentence))


def test_there_are_six_languages():
    assert OTHERS == ["de", "es", "fr", "hi", "zh"]


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_says_all_that_english_says(code):
    other = ALL[code]
    assert list(other) == list(ENGLISH)
    assert all(sentence.strip() == sentence and sentence for sentence in other.values())
    assert {key for key in other if places(other[key]) != places(ENGLISH[key])} == set()


def test_a_french_mark_begins_no_line():
    assert [sentence for sentence in ALL["fr"].values() if re.search(r" [:;?!%»]|« ", sentence)] == []


def test_no_key_is_missing():
    assert keys_in_the_code() - set(ENGLISH) == set()


def test_every_key_is_used():
    assert {key for key in set(ENGLISH) - keys_in_the_code() if not FAMILIES.fullmatch(key)} == set()


def test_the_zoos_sentences_are_those_of_the_dictionary():
    said = phrases_of_the_zoo()
    assert len(said) > 120
    assert {key: english for key, english in said.items() if english != {ENGLISH.get(key)}} == {}


def test_a_phrase_is_english_text_that_knows_its_key():
    one = languages.phrase("teach.curve", languages.phrase("teach.loss"), *map(number, ["{0:.2f}"] * 4, [1, 2, 3, 4]))
    assert one == "loss: 1.00 to 2.00, 3.00 to 4.00 (held out)." and str(ValueError(one)).key == "teach.curve"
    assert one.as_json()["args"][:2] == [{"key": "teach.loss", "args": []}, {"key": "{0:.2f}", "args": [1]}]


def test_a_name_in_a_phrase_is_escaped_and_stays_as_typed():
    html = markup.stressed(languages.phrase("live.says_own", "<b>Stop"))
    assert "&lt;b&gt;Stop</em>" in html and 'translate="no"' in html and "<b>" not in html
    assert words(html) == "Looks most like this session’s samples of <b>Stop"


def test_the_law_is_told_with_its_exceptions():
    told = {key for key, words in ENGLISH.items() if re.search(r"prohibited|inferring emotions", words)}
    assert told >= {"law", "sheet7.todo", "sheet7.key", "prose.not_for"}
    exception = re.compile("medical|medizin|médic|चिकित्सा|医疗")
    assert [(code, key) for code in ALL for key in told if not exception.search(ALL[code][key])] == []


def test_a_number_and_its_unit_stay_on_one_line():
    often = languages.phrase("video.time_n", languages.phrase("label.happy"), 28)
    assert "(28\xa0% of the time)" in markup.say(often) and "(28\xa0% of the time)" in markup.stressed(often)
    assert ">8.1\xa0ms<" in markup.say(number("{0:.1f} ms", 8.1)) and "28 %" in often
    assert markup.say("class 28 %", "b") == "<b>class 28 %</b>"  # somebody's own name


@pytest.mark.parametrize("code", OTHERS)
def test_expression_stays_apart_from_emotion(code):
    assert all(ALL[code][f"label.{label}"] for label in labels.EIGHT)
    assert ALL[code]["not_emotion"] != ENGLISH["not_emotion"]


@pytest.mark.parametrize("name", registry.names())
def test_a_card_describes_its_model_as_the_page_does(name):
    assert registry.card(name).summary == ENGLISH[f"model.{name}"]


def test_the_kernel_machine_is_called_by_its_method():
    title = text.title(registry.card("hog-svm"))
    assert title == "HOG + SVM, least squares" and "least squares" in text.summary(registry.card("hog-svm"))


def test_answers_keep_their_english_labels(service):
    from features import images
    from zoo.inference import serialise

    comparison = service.compare(images.load(portraits.PICTURES / "photo.jpg"), ["cnn"], "7")
    said = serialise.record(comparison, {"cnn": 0.5})["faces"][0]["answers"]["cnn"]
    assert list(said["probabilities"]) == list(labels.SEVEN)


# What a lesson does not have: clips, projects that can be saved, a timeline.
NOT_IN_A_LESSON = re.compile(r"\bVideo\b|\bclip\b|[Ss]ave (?:the|this) (?:project|session)|\bTimeline\b")


def test_a_lesson_names_only_what_it_has(service):
    """What the server lays out in a lesson, and what the scripts choose there."""
    app = ui_app.build(service, classroom("secret"))
    shown = []
    for block in app.blocks.values():
        shown += [str(getattr(block, name, None) or "") for name in ("value", "label", "info", "help")]
    shown += [props["help"] for block in app.blocks.values() if "help" in (props := getattr(block, "props", {}))]
    chosen = ["teach.privacy_lesson", "teach.joined_lesson", *(key for key in ENGLISH if key.startswith("lesson."))]
    shown += [ENGLISH[key] for key in (*chosen, "live.stale", "live.left")]
    assert {found[0] for one in shown if (found := NOT_IN_A_LESSON.search(words(one)))} == set()


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


# Texts and names of things, as shown; what somebody named and what a card says in its own words excepted.
SHOWN = """() => { const found = [], own = 'script, style, textarea, [translate=no], #fz-page dd, [hidden]';
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest(own)) found.push(walker.currentNode.data);
  for (const name of ['title', 'placeholder', 'aria-label', 'alt'])
    for (const one of document.querySelectorAll(`.gradio-container [${name}]`))
      if (!one.closest(`${own}, .block:has(input[type=file]), label, .icon-button-wrapper`))
        found.push(one.getAttribute(name));
  for (const one of document.querySelectorAll('input[role=combobox]'))
    found.push(Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').get.call(one));
  return [...new Set(found.map((one) => one.trim()).filter((one) => /\\p{L}{2}/u.test(one)))]; }"""


def left_in_english(page, code="de") -> set[str]:
    """What a page in another language shows in English though its dictionary says it otherwise."""
    differ = [english for key, english in ENGLISH.items() if ALL[code][key] != english]
    whole = {english for english in differ if not places(english)}
    same = {sentence for sentence in ALL[code].values() if not places(sentence)}
    patterns = [
        _pattern(english) for english in differ if len(languages.PLACE.sub("", english)) > 5 and places(english)
    ]
    data = {line.data for name in registry.names() for line in registry.card(name).figures}
    shown = set(page.evaluate(SHOWN)) - same - data
    return {one for one in shown if one in whole or any(pattern.fullmatch(one) for pattern in patterns)}


def english_numbers(page) -> list[str]:
    """What a page shows with a decimal point; in 3.589 it stands between thousands."""
    return [one for one in page.evaluate(SHOWN) if re.search(r"\b0\.\d|\d\.\d{1,2}(?!\d)", one)]


def _pattern(english: str) -> re.Pattern:
    return re.compile(".+?".join(map(re.escape, languages.PLACE.split(english))))


READY = {"Live": "#fo-live .fo-start", "Video": "#fv-start", "Teach": ".ft-class", "Zoo": "#fz-page .fz-card"}


@pytest.mark.browser
def test_no_english_sentence_is_left_in_german(in_language, astronaut):
    page = in_language("?lang=de", locale="en-US")
    page.set_input_files("#fo-picture input[type=file]", str(astronaut))
    page.wait_for_selector(".fo-results .fo-answer")
    assert left_in_english(page) == set() and english_numbers(page) == []
    # Gradio writes a second answer into the elements of the first.
    first = page.evaluate("document.querySelector('.fo-downloads a').href")
    page.set_input_files("#fo-picture input[type=file]", str(portraits.PICTURES / "lips-closed.jpg"))
    page.wait_for_function("first => document.querySelector('.fo-downloads a').href !== first", arg=first)
    assert left_in_english(page) == set()
    for key, content in {"picture.empty": b"", "picture.damaged": astronaut.read_bytes()[:3000]}.items():
        page.set_input_files("#fo-picture input[type=file]", {"name": "a.png", "mimeType": "", "buffer": content})
        page.wait_for_selector(f".fo-sorry [data-i18n='{key}']")
        assert left_in_english(page) == set()
    for tab, there in READY.items():
        page.get_by_role("tab", name=ALL["de"][f"tab.{tab.lower()}"], exact=True).click()
        page.wait_for_selector(there)
        wait_for(lambda: not left_in_english(page))  # what comes with the tab is translated when it has come
        assert left_in_english(page) == set(), tab
        assert english_numbers(page) == [], tab
    page.locator("#fz-choices input").nth(1).click()
    page.get_by_role("listbox").get_by_text("7 Bezeichnungen").first.wait_for()


@pytest.mark.browser
def test_a_german_browser_sees_german_and_can_have_english_again(in_language, astronaut):
    page = in_language(locale="de-DE")
    page.set_input_files("#fo-picture input[type=file]", str(astronaut))
    page.wait_for_selector(".fo-results .fo-answer")
    assert page.evaluate("document.documentElement.lang") == "de"
    assert page.locator(".fo-best .fo-label").first.inner_text() == ALL["de"]["label.happy"]
    assert "Menschen diese Bezeichnung gaben" in page.locator(".fo-says").first.inner_text()
    assert re.fullmatch(r"[01],\d\d", page.locator(".fo-share").first.inner_text())  # UX: decimal commas
    ends = page.evaluate("""() => [...document.querySelectorAll('.fo-bar')].map((bar) => {
      const [word, track] = bar.children;
      return [word.getBoundingClientRect().left + word.scrollWidth, track.getBoundingClientRect().left];
    })""")
    assert len(ends) == 14 and all(word <= track for word, track in ends)  # "Überraschung" has room
    table = page.locator(".fo-downloads a").last
    assert ",happy," in table.evaluate("link => fetch(link.href).then((answer) => answer.text())")
    page.locator(".fo-language select").select_option("en")
    page.locator(".fo-best .fo-label", has_text="happy").first.wait_for()
    assert page.locator(".fo-says").first.inner_text().startswith("Looks most like pictures people labelled happy")
    assert re.fullmatch(r"[01]\.\d\d", page.locator(".fo-share").first.inner_text())
    assert page.locator("#fo-models [data-testid=block-info]").inner_text() == "Models"
    assert "lang=en" in page.url


@pytest.mark.browser
def test_the_address_chooses_and_an_unknown_language_is_english(in_language):
    page = in_language("?lang=hi")
    assert page.locator(".fo-head p").inner_text() == ALL["hi"]["tagline"]
    assert page.get_by_role("tab", name=ALL["hi"]["tab.compare"]).is_visible()
    assert in_language("?lang=xx").locator(".fo-head p").inner_text() == ENGLISH["tagline"]


@pytest.mark.browser
def test_python_and_browsers_write_english_numbers_alike(in_language):
    page = in_language("?lang=en")
    written = {"{0:.1%}": 0.7512, "{0:,}": 12345, "{0:+.1f}": 1.25, "{0}": 7, "{0:.2f}": 0.5, "{0:.0f} %": 44.4}
    written |= {key: 7 for key, words in ENGLISH.items() if re.search(r"[\d}] (%|ms|s|MB)", words)}
    assert len(written) > 40
    for template, value in written.items():
        said = page.evaluate("([key, value]) => faceOffText({ key, args: Array(9).fill(value) })", [template, value])
        assert said == markup.unbroken(Phrase(template, ENGLISH.get(template, template), *[value] * 9))
    assert in_language("?lang=de").evaluate("faceOffText({ key: '{0:.1%}', args: [0.7512] })") == "75,1\xa0%"


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
