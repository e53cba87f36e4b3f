"""The lesson on paper and as a file."""

import io
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import pytest

from features import images
from tests.plain_html import words
from ui import languages, text
from ui.examples.portraits import EXAMPLES
from ui.lesson import odt, worksheet
from zoo.inference.occlusion import occlusion_map
from zoo.labels import SEVEN

ALL = languages.dictionaries()
FULL_PATH = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}full-path"


def test_the_documentation_has_the_steps_and_the_key():
    told = (Path(__file__).parents[3] / "docs/classroom.md").read_text(encoding="utf-8")
    for (title, minutes, todo, questions), key in zip(text.WORKSHEET, text.ANSWER_KEY, strict=True):
        assert all(one in told for one in (f"**{title}** ({minutes} minutes). {todo}", *questions, key))
    assert all(one in told for one in text.UNPLUGGED)


def test_the_steps_fill_45_minutes():
    assert len(text.WORKSHEET) == len(text.ANSWER_KEY) == 7
    assert sum(minutes for _, minutes, _, _ in text.WORKSHEET) == 45
    assert "45" in text.LESSON["sheet_how"]


def test_the_worksheet_has_every_question_and_no_answer():
    said = words(worksheet.worksheet())
    for title, _, _, questions in text.WORKSHEET:
        assert title in said and all(question in said for question in questions)
    assert "not an emotion" in said and not any(key in said for key in text.ANSWER_KEY)


def test_the_teachers_sheet_has_the_key_and_the_times():
    said = words(worksheet.teachers_sheet())
    assert all(key in said for key in text.ANSWER_KEY) and text.LESSON["ailit"] in said
    assert said.count(" minutes") == 7


def test_faces_to_cut_out_come_with_the_lesson_without_computers():
    sheet = worksheet.unplugged(list(EXAMPLES[:3]))
    assert sheet.count("<img") == 3 and all(one in words(sheet) for one in text.UNPLUGGED)


@pytest.mark.parametrize("language", ALL)
def test_no_step_names_the_tab_it_is_on(language):
    sentences = ALL[language]
    for n in set(range(1, len(text.WORKSHEET) + 1)) - set(worksheet.PLACES):
        assert sentences["tab.lesson"] not in sentences[f"sheet{n}.todo"]


@pytest.mark.parametrize("language", ALL)
def test_the_tasks_name_what_the_page_shows(language):
    names = {
        "sheet3.todo": ("photo", "lips-closed"),
        "sheet6.todo": ("drawn-nothing-moved", "options.compare", "live.rest"),
    }
    assert all(ALL[language][name] in ALL[language][task] for task, shown in names.items() for name in shown)


@pytest.mark.parametrize("language", ALL)
def test_the_file_is_an_opendocument_text_in_its_language(language):
    packed = zipfile.ZipFile(io.BytesIO(odt.worksheet(language)))
    first = packed.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
    assert packed.read("mimetype").decode() == odt.MEDIA_TYPE and packed.testzip() is None
    listed = ElementTree.fromstring(packed.read("META-INF/manifest.xml"))
    assert {one.get(FULL_PATH) for one in listed} == {"/", "content.xml", "styles.xml"}
    ElementTree.fromstring(packed.read("styles.xml"))
    said = "\n".join(ElementTree.fromstring(packed.read("content.xml")).itertext())
    assert ALL[language]["sheet3.q1"] in said and "{0}" not in said
    assert not any(ALL[language][key.key] in said for key in text.ANSWER_KEY)


def test_the_file_is_the_same_every_time_and_english_for_unknown_languages():
    assert odt.worksheet("xx") == odt.worksheet("en") == odt.worksheet("en")


def test_the_answer_key_says_what_the_models_say(service):
    """Step 3: closed lips weaken "happy", and more for HOG + SVM."""

    def happy(name: str) -> dict[str, float]:
        image = images.load(next(one.path for one in EXAMPLES if one.name == name))
        said = service.compare(image, service.default_models, "7").predictions
        return {model: float(one.probs[0][one.labels.labels.index("happy")]) for model, one in said.items()}

    before, after = happy("photo"), happy("lips-closed")
    assert before["hog-svm"] - after["hog-svm"] > before["cnn"] - after["cnn"] > 0


def test_the_mouth_matters_most_on_the_photo(service):
    """Step 3's answer key."""
    image = images.load(next(one.path for one in EXAMPLES if one.name == "photo"))
    face = service.compare(image, service.default_models, "7").aligned
    for model in service.models(service.default_models):
        assert occlusion_map(model, face, SEVEN).part == "mouth"
