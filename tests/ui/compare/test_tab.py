"""What the Compare tab's events return."""

import json
import math
import re
import shutil
import urllib.request
from types import SimpleNamespace

import numpy as np
import pytest
import skimage.data
from PIL import Image

from features import occluders
from tests.plain_html import bare, words
from tests.zoo.exchange import hostile
from ui import text
from ui.compare import occlusion_maps, pipeline_stages, results, tab
from ui.compare.tab import CompareTab, Sent
from ui.lesson.classroom import classroom
from ui.model_service import ModelService
from zoo.exchange.imports.reader import read_models
from zoo.exchange.imports.session_models import seconds, session_model
from zoo.inference.occlusion import OcclusionMap
from zoo.models import registry
from zoo.models.label_mix import DEFAULT, EQUAL, FER2013, MIXES

REQUEST = SimpleNamespace(session_hash="nobody")


def mattered(service, photo, models, mix=DEFAULT, **event):
    event = SimpleNamespace(**{"face": 1, "answer": "a1b2", **event})
    return CompareTab(service).mattered(Sent(photo, models, "7", mix), REQUEST, event)


@pytest.fixture
def uploaded(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def photo(astronaut, uploaded):
    copy = shutil.copy(astronaut, uploaded / "shown.png")
    return {"path": str(copy), "orig_name": "C:\\holidays\\astronaut.png"}


def test_an_error_takes_the_place_of_the_older_answer(service, uploaded):
    (uploaded / "words.png").write_bytes(b"these are <words>")
    html, spoken = CompareTab(service).show(Sent({"path": str(uploaded / "words.png")}, ["cnn"], "7"), REQUEST)
    assert "fo-sorry" in html
    assert "not a picture that can be read" in html
    assert "not a picture that can be read" in spoken
    assert "fo-answer" not in html


def test_an_answer_is_rendered_while_the_models_load(app, service, monkeypatch):
    """The first one takes three times as long as later ones."""
    rendered = []
    monkeypatch.setattr(results, "page", lambda comparison, *_: rendered.append(list(comparison.predictions)))
    (warm,) = [work for work in service._warming if work.__qualname__ == "CompareTab.warm"]
    warm(skimage.data.astronaut())
    assert rendered == [service.default_models]


def test_faces_that_are_not_shown_are_counted_and_a_tick_shows_them(service, uploaded):
    path = uploaded / "class.png"
    Image.fromarray(np.tile(skimage.data.astronaut()[20:230, 120:330], (4, 7, 1))).save(path)
    few, _ = CompareTab(service).show(Sent({"path": str(path)}, ["hog-linear-svm"], "7"), REQUEST)
    assert text.faces_shown(20, 28) in few and few.count('class="fo-box"') == 20
    every, _ = CompareTab(service).show(Sent({"path": str(path)}, ["hog-linear-svm"], "7", every=True), REQUEST)
    assert "fo-left-out" not in every and every.count('class="fo-box"') == 28


def test_a_slow_imported_model_answers_fewer_faces_at_a_time(service, uploaded, monkeypatch):
    halves = hostile._entry("Reshape", "r", target_shape=[96, 1, 2])
    ends = hostile._entry("GlobalAveragePooling2D", "g"), hostile._entry("Softmax", "s")
    (file,) = read_models(hostile._net([halves, *ends]))
    own = service.teach_sessions.at("slow")
    card, model = session_model(file, None, ())
    own.extra[card.name] = card, model
    monkeypatch.setattr(tab, "PATIENCE", 25.5 * seconds(model))
    path = uploaded / "class.png"
    Image.fromarray(np.tile(skimage.data.astronaut()[20:230, 120:330], (4, 7, 1))).save(path)
    mine, others = (
        CompareTab(service).show(
            Sent({"path": str(path)}, [name], "7", every=True), SimpleNamespace(session_hash="slow")
        )[0]
        for name in (card.name, "cnn-tiny")
    )
    own.extra.clear()
    assert text.faces_shown(25, 28) in mine and "fo-left-out" not in others


def test_answers_thresholds_covering_and_downloads_are_in_the_mix_that_was_chosen(service, photo, monkeypatch):
    monkeypatch.setattr(occlusion_maps, "SECONDS", math.inf)
    shares, recorded = {}, {}
    for mix in MIXES:
        html, _ = CompareTab(service).show(Sent(photo, ["hog-linear-svm"], "7", mix=mix), REQUEST)
        (link,) = re.findall(r'href="(data:application/json[^"]*)"', html)
        recorded[mix] = json.load(urllib.request.urlopen(link, timeout=10))
        hold = bare(mattered(service, photo, ["hog-linear-svm"], mix))
        shares[mix] = float(re.findall(r"([\d.]+)\xa0→", hold)[0])
    answers = {mix: record["faces"][0]["answers"]["hog-linear-svm"] for mix, record in recorded.items()}
    assert {mix: record["mix"] for mix, record in recorded.items()} == {mix: mix for mix in MIXES}
    assert answers[EQUAL]["probability"] != answers[FER2013]["probability"]
    assert shares == {mix: pytest.approx(answer["probability"], abs=0.0051) for mix, answer in answers.items()}
    html, _ = CompareTab(service).show(Sent(photo, ["cnn"], "7", mix="even"), REQUEST)
    assert "fo-sorry" in html and "choose one of fer2013, equal" in html


def test_no_model_is_a_request_to_choose(service, photo):
    for none in ([], None):
        html, spoken = CompareTab(service).show(Sent(photo, none, "7"), REQUEST)
        assert "Choose one or more models" in html
        assert words(spoken) == text.CHOOSE_MODELS


def test_what_nobody_foresaw_is_said_and_logged(service, photo, monkeypatch, caplog):
    monkeypatch.setattr(service, "compare", lambda *_: np.zeros(1)[2])
    html, _ = CompareTab(service).show(Sent(photo, ["cnn"], "7"), REQUEST)
    assert text.FAILED in html
    assert "IndexError" in caplog.text


def test_downloads_name_the_picture_without_its_folder(service, photo):
    html, _ = CompareTab(service).show(Sent(photo, ["cnn"], "7"), REQUEST)
    (link,) = re.findall(r'href="(data:application/json[^"]*)"', html)
    assert json.load(urllib.request.urlopen(link, timeout=10))["file"] == "astronaut.png"
    del photo["orig_name"]
    html, _ = CompareTab(service).show(Sent(photo, ["cnn"], "7"), REQUEST)
    (link,) = re.findall(r'href="(data:text/csv[^"]*)"', html)
    assert urllib.request.urlopen(link, timeout=10).read().decode().splitlines()[1].startswith("shown.png,")


def test_the_stages_come_from_the_services_own_folder(photo, tmp_path):
    folder = tmp_path / "checkpoints" / "mine"
    shutil.copytree(registry.CHECKPOINTS / "cnn", folder)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    (folder / "card.json").write_text(json.dumps({**card, "name": "mine", "title": "My network"}), encoding="utf-8")
    service = ModelService(folder.parent, workers=1)
    html, _ = CompareTab(service).show(Sent(photo, ["mine"], "7"), REQUEST)
    assert "My network: first feature maps" in html
    service.close()


def test_strips_after_the_first_are_half_as_large(service, photo, uploaded):
    head = skimage.data.astronaut()[20:230, 120:330]
    Image.fromarray(np.tile(head, (4, 5, 1))).save(uploaded / "shown.png")
    html, _ = CompareTab(service).show(Sent(photo, service.default_models, "7"), REQUEST)
    strips = re.findall(r'<ol class="fo-stages">.*?</ol>', html)
    assert len(strips) == 20
    widths = [[int(w) for w in re.findall(r'width="(\d+)"', one)] for one in strips[:2]]
    assert max(widths[0]) == 2 * max(widths[1]) == pipeline_stages.PATCH
    assert len(html) < 2.5e6


def test_what_mattered_in_a_face_is_told_for_each_model(service, photo, monkeypatch):
    monkeypatch.setattr(occlusion_maps, "SECONDS", math.inf)  # however busy the machine is
    plain, _ = CompareTab(service).show(Sent(photo, ["hog-svm", "cnn"], "7"), REQUEST)
    assert "fo-hold" not in plain and plain.count("data-mattered=") == 1
    html = mattered(service, photo, ["hog-svm", "cnn"])
    assert html.startswith('<div data-face="1" data-for="a1b2">')
    part = bare(html)
    said = re.findall(r"<b>(.+?)</b><span><em>(.+?)</em> ([\d.]+)\xa0→\xa0([\d.]+)</span>(.+?)</figcaption>", part)
    assert [(title, label) for title, label, *_ in said] == [("HOG + SVM, least squares", "happy"), ("CNN", "happy")]
    assert all(float(before) >= float(after) for _, _, before, after, _ in said)
    assert said[0][-1] == "mattered most: mouth" and part.count("<img") == 2


def test_each_of_many_faces_can_be_asked_about_and_no_other(service, photo, uploaded, monkeypatch):
    monkeypatch.setattr(occlusion_maps, "SECONDS", math.inf)
    head = skimage.data.astronaut()[20:230, 120:330]
    Image.fromarray(np.tile(head, (2, 3, 1))).save(uploaded / "shown.png")
    html, _ = CompareTab(service).show(Sent(photo, ["hog-linear-svm"], "7"), REQUEST)
    assert html.count('id="fo-face-') == html.count("data-mattered=") == 6
    assert "fo-hold" in mattered(service, photo, ["hog-linear-svm"], face=6)
    for none in (7, 0, -1, True, None, "1", 1.5):
        said = mattered(service, photo, ["hog-linear-svm"], face=none)
        assert "fo-hold" not in said and "the picture has 6 faces" in said


def test_what_a_script_sends_is_shown_as_text_and_errors_are_sentences(service, photo, monkeypatch, caplog):
    assert "<b>" not in mattered(service, photo, ["cnn"], answer='"><b>', face="<b>")
    assert "Choose one or more models" in mattered(service, photo, [])
    assert "did not arrive as an uploaded file" in mattered(service, None, ["cnn"])
    monkeypatch.setattr(service, "compare", lambda *_: np.zeros(1)[2])
    assert text.FAILED in mattered(service, photo, ["cnn"])
    assert "IndexError" in caplog.text


def test_results_are_kept_as_pictures_at_home_and_not_in_a_lesson(service, photo):
    home, _ = CompareTab(service).show(Sent(photo, ["cnn"], "7"), REQUEST)
    assert home.count("data-keep=") == 2
    lesson, _ = CompareTab(service, classroom("secret")).show(Sent(photo, ["cnn"], "7"), REQUEST)
    assert "data-keep=" not in lesson and "data-mattered=" in lesson


def test_a_slow_model_is_named_instead_of_asked(service, photo, monkeypatch):
    compare = service.compare

    def slowly(*given):
        found = compare(*given)
        found.milliseconds.update({"hog-linear-svm": 1.0, "cnn": 1001 * occlusion_maps.SECONDS / occluders.COUNT**2})
        return found

    monkeypatch.setattr(service, "compare", slowly)
    html = mattered(service, photo, ["hog-linear-svm", "cnn"])
    assert html.count("<img") == 1 and text.HOLD["slow"].format("CNN") in html


def test_one_scale_for_all_and_no_place_where_nothing_weakens(service, monkeypatch):
    comparison = service.compare(skimage.data.astronaut(), ["hog-linear-svm", "cnn"], "7")
    scales, labels = [], comparison.predictions["cnn"].labels
    monkeypatch.setattr(occlusion_maps.draw, "pull", lambda crop, change, full, side: scales.append(full) or crop)
    even, strong = np.full((2, 2), 0.5), np.array([[0.9, 0.9], [0.9, 0.01]])
    given = iter(
        [OcclusionMap("happy", labels, 0.5, even, "brows"), OcclusionMap("happy", labels, 0.9, strong, "chin")]
    )
    monkeypatch.setattr(occlusion_maps, "occlusion_map", lambda *_: next(given))
    html = occlusion_maps.panel(comparison, 0, service.cards, dict.fromkeys(comparison.predictions), math.inf)
    assert scales[0] == scales[1] > occlusion_maps.FULL
    assert "brows" not in html and "mattered most: chin" in html and "0.50\xa0→\xa00.50" in html
