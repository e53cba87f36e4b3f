"""The panels by which models go out and come in, on a page of their own."""

import argparse
import gc
import io
import pickle
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
import skimage.data

import zoo
from features.align import AlignedFaces, AlignSpec
from features.descriptors import Hog, Joined
from tests.zoo.exchange.hostile import pack
from ui import text
from ui.app import start
from ui.serving import storage
from ui.teach import exports
from ui.teach.exports import Exports, Imports
from zoo.exchange.exports import bundle, portable_graph
from zoo.exchange.exports.bundle import NothingToExportError
from zoo.exchange.imports import session_models
from zoo.exchange.imports.reader import read_models
from zoo.labels import ELSEWHERE, SEVEN, LabelSet
from zoo.models import registry
from zoo.models.registry import UnknownModelError
from zoo.models.svm import Linear, SvmClassifier
from zoo.teach.feature_cache import TRUNK
from zoo.teach.head_model import TaughtCnn

HERE = SimpleNamespace(session_hash="me")


class Desk:
    """A session's desk, as much of it as the panels need."""

    def __init__(self, trained=None) -> None:
        self.trained, self.extra = trained, {}


class TeachSessions:
    """Sessions' desks."""

    def __init__(self) -> None:
        self.teach_sessions = {}

    def at(self, session: str):
        return self.teach_sessions.setdefault(session, Desk())

    def known(self, session: str):
        return self.teach_sessions.get(session)


@pytest.fixture
def own(service):
    """The service with desks of the test's own."""
    return SimpleNamespace(
        cards=service.cards, root=service.root, models=service.models, teach_sessions=TeachSessions()
    )


@pytest.fixture(scope="module")
def lesson():
    """Two taught models with weights by chance, and what they were taught on."""
    rng = np.random.default_rng(5)
    labels, spec = LabelSet("own", ("Happy", "Sad face", "Wink left")), AlignSpec()
    layers = ((rng.normal(0, 0.1, (256, 3)).astype(np.float32), np.zeros(3, np.float32)),)
    machine = Linear(rng.normal(0, 0.4, (2048, 3)).astype(np.float32), np.zeros(3, np.float32))
    scaling = np.ones(3, np.float32), np.zeros(3, np.float32)
    svm = SvmClassifier("svm", labels, spec, Joined((Hog(cell=8, centred=True),), (1.0,)), machine, scaling)
    golden = np.load(registry.CHECKPOINTS / "cnn" / "golden.npz")
    faces = AlignedFaces(golden["images"], golden["landmarks"], golden["to_crop"], spec)
    cnn = TaughtCnn("cnn", labels, spec, zoo.load(TRUNK), layers)
    return SimpleNamespace(cnn=cnn, svm=svm, material=SimpleNamespace(faces=faces))


@pytest.fixture(scope="module")
def exported(lesson) -> bytes:
    wanted = bundle.ExportRequest("My faces", ("tfjs",), lesson.cnn, lesson.svm, lesson.material.faces.images)
    return bundle.make(wanted).data


def quiet(*told, **more) -> None:
    """Nobody looks at the progress."""


def test_without_lesson_or_format_it_says_what_to_do(own):
    wrong = {
        ("", ("tfjs",)): "Train your models first",
        ("cnn", ()): "Choose one or more formats",
        ("hog-svm", ("page",)): "Tick ONNX",
        ("nobody", ("tfjs",)): "no model &#x27;nobody&#x27;",
    }
    for (model, parts), words in wrong.items():
        button, notes = Exports(own).make(model, "x", parts, HERE, quiet)
        assert words in notes and "fo-sorry" in notes and not button.visible


def test_what_is_taught_goes_out_without_a_picture(own, lesson, uploads):
    own.teach_sessions.at("me").trained = lesson
    heard = []
    button, notes = Exports(own).make("", "  My\n faces ", ["tfjs", "page"], HERE, lambda s, desc: heard.append(desc))
    file = Path(button.value["path"] if isinstance(button.value, dict) else button.value)
    assert file.name == "my-faces.zip" and uploads in file.parents and "is ready" in notes and len(heard) > 2
    names = zipfile.ZipFile(file).namelist()
    assert "page.html" in names and not [name for name in names if name.endswith((".png", ".jpg", ".npz"))]
    file.unlink()


def test_shipped_models_that_are_offered_can_go_out(own):
    offered = [name for name, card in own.cards.items() if portable_graph.goes_out(card)]
    assert {"hog-svm", "hog-linear-svm", "cnn"} <= set(offered) and "movements-linear" not in offered
    for name in offered:
        wanted = Exports(own).wanted(name, name, ("onnx",), "me")
        assert (wanted.cnn is None) == name.startswith("hog") and (wanted.svm is None) != (wanted.cnn is None)


def test_a_name_of_control_letters_is_refused(own):
    with pytest.raises(NothingToExportError, match="ordinary letters"):
        Exports(own).wanted("cnn", "a\x07b", ("tfjs",), "me")


def test_a_full_disk_is_told_and_nothing_is_written(own, lesson, uploads, monkeypatch):
    own.teach_sessions.at("me").trained = lesson
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda _: SimpleNamespace(total=2**40, used=2**40, free=2**27))
    before = set(uploads.rglob("*"))
    button, words = Exports(own).make("", "Mine", ["tfjs"], HERE, quiet)
    assert "disk is full" in words and not button.visible and set(uploads.rglob("*")) == before


def test_a_zip_comes_in_and_its_file_goes(own, exported, uploads):
    path = uploads / "m.zip"
    path.write_bytes(exported)
    imports = Imports(own)
    offer, words = imports.read(str(path), HERE)
    assert offer.labels.labels == ("Happy", "Sad face", "Wink left") and words.count("My faces") == 2
    assert not path.exists()
    said = imports.add_read(None, None, "me")
    extra = own.teach_sessions.at("me").extra
    assert list(extra) == ["imported-my-faces", "imported-my-faces-2"] and "Added" in said
    assert own.teach_sessions.at("somebody else").extra == {}
    card, model = extra["imported-my-faces"]
    assert card.labels.name == ELSEWHERE and model.labels.labels == ("Happy", "Sad face", "Wink left")
    assert Imports(own).remove(HERE) and not own.teach_sessions.at("me").extra


def test_classes_become_labels_and_room_ends(own, exported):
    files = read_models(exported)[:1]
    to = ["happy", "sad", "leave out"]
    for _ in range(4):
        Imports(own).add(files, None, to, "me")
    model = own.teach_sessions.at("me").extra["imported-my-faces-4"][1]
    assert model.labels.labels == ("happy", "sad")
    assert "4 imported models" in Imports(own).add(files, None, to, "me")
    assert "at least two" in Imports(own).add(files, None, ["happy", "happy", "leave out"], "you")
    assert len(own.teach_sessions.at("me").extra) == 4 and not own.teach_sessions.at("you").extra


@pytest.mark.parametrize("family", ["classical", "deep"])
@pytest.mark.parametrize("to", [None, ["happy", "sad", "leave out"]])
def test_weights_of_all_imported_models_count(own, exported, monkeypatch, family, to):
    (file,) = (file for file in read_models(exported) if file.family == family)
    monkeypatch.setattr(session_models, "MAX_WEIGHTS", 2 * session_models.weights(file))
    found = [Imports(own).add((file,), None, to, "me") for _ in range(3)]
    assert "Added" in found[0] and "Added" in found[1] and "would have more than" in found[2]


def test_what_cannot_be_read_is_one_sentence(own, uploads):
    path = uploads / "m.zip"
    path.write_bytes(pack({"<script>.txt": b"x"}))
    offer, words = Imports(own).read(str(path), HERE)
    assert offer is None and "no model that can be read" in words and "<script>" not in words
    assert "gone already" in Imports(own).read(str(path), HERE)[1]


def test_only_what_was_uploaded_is_read_and_deleted(own, exported, tmp_path, uploads):
    path = tmp_path / "own.zip"
    path.write_bytes(exported)
    assert Imports(own).read(str(path), HERE)[0] is None and path.exists()


def test_models_that_wait_are_their_sessions_own_and_go_with_it(own, exported, uploads):
    imports = Imports(own)

    def read(session: str) -> tuple:
        (uploads / "m.zip").write_bytes(exported)
        return imports.read(str(uploads / "m.zip"), SimpleNamespace(session_hash=session))

    read("me")
    assert "gone already" in imports.add_read(None, None, "you")
    memory = len(pickle.dumps(read("me")))
    assert memory < 5000  # what the page's state keeps, of which there is one for each of hundreds of sessions
    del own.teach_sessions.teach_sessions["me"]
    gc.collect()
    assert "gone already" in imports.add_read(None, None, "me")
    read("me")
    imports.clear(HERE)
    assert "gone already" in imports.add_read(None, None, "me")


def test_a_zip_for_which_there_is_no_room_does_not_wait(own, exported, uploads):
    imports = Imports(own)
    for _ in range(2):
        (uploads / "m.zip").write_bytes(exported)
        imports.read(str(uploads / "m.zip"), HERE)
        imports.add_read(None, None, "me")
    (uploads / "m.zip").write_bytes(exported)
    offer, words = imports.read(str(uploads / "m.zip"), HERE)
    assert offer is None and "4 imported models" in words and "gone already" in imports.add_read(None, None, "me")


def test_an_imported_model_answers_beside_the_others_in_its_session_only(service, exported):
    service.teach_sessions.at("me")
    Imports(service).add(read_models(exported), None, ["happy", "sad", "leave out"], "me")
    names = ["cnn", "imported-my-faces", "imported-my-faces-2"]
    found = service.compare(skimage.data.astronaut(), names, "7", "me")
    Imports(service).add(read_models(exported)[:1], None, None, "me")
    kept = service.compare(skimage.data.astronaut(), ["imported-my-faces-3"], "7", "me")
    said = text.looks_like(kept.predictions["imported-my-faces-3"], 0, 0.5)
    assert "label from its makers: <em translate=" in said
    assert found.predictions["imported-my-faces"].labels is SEVEN and found.predictions["imported-my-faces"].unknown
    with pytest.raises(UnknownModelError):
        service.compare(skimage.data.astronaut(), names, "7", "somebody else")
    Imports(service).remove(HERE)


@pytest.fixture(scope="module")
def address(service, uploads, lesson):
    """A page with the two panels."""
    teach_sessions = TeachSessions()
    teach_sessions.at = lambda session, there={}: there.setdefault(session, Desk(lesson))
    own = SimpleNamespace(cards=service.cards, root=service.root, models=service.models, teach_sessions=teach_sessions)
    with gr.Blocks(analytics_enabled=False) as app:
        with gr.Accordion("Export"):
            exports.export_panel(own)
        with gr.Accordion("Import"):
            exports.import_panel(own)
    app.queue()
    yield start(app, argparse.Namespace(host=None, port=None, ssl_certfile=None, ssl_keyfile=None))
    app.close(verbose=False)


@pytest.mark.browser
def test_out_and_in_again_in_a_browser(browser, address, tmp_path):
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, accept_downloads=True)
    page = context.new_page()
    page.goto(address)
    page.click("#fx-make")
    page.wait_for_selector("#fx-download", timeout=180_000)  # with LiteRT: TensorFlow starts
    with page.expect_download() as waiting:
        page.click("#fx-download")
    file = tmp_path / "my-faces.zip"
    waiting.value.save_as(file)
    names = zipfile.ZipFile(io.BytesIO(file.read_bytes())).namelist()
    assert {"page.html", "tfjs/model.json", "tflite/model.tflite"} <= set(names)
    page.set_input_files("#fx-file input[type=file]", str(file))
    page.wait_for_selector("#fx-add")
    assert "3 classes" in page.inner_text("#fx-found")
    page.click("#fx-add")
    page.wait_for_function("document.querySelector('#fx-found').textContent.includes('Added')")
    context.close()


@pytest.mark.browser
def test_an_export_is_seen_to_go_on_and_is_not_begun_twice(browser, address, monkeypatch):
    go_on, asked = threading.Event(), []

    def slow(wanted, told):
        asked.append(wanted.parts)
        told(0.2, "TensorFlow starts")
        assert go_on.wait(60)
        raise NothingToExportError("It was only a test.")

    monkeypatch.setattr(bundle, "make", slow)
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(30_000)
    page.goto(address)
    page.get_by_role("combobox", name=str(text.MODELS)).click()
    page.get_by_role("option", name=text.title(registry.card("hog-linear-svm")), exact=True).click()
    ticked = "[...document.querySelectorAll('input[type=checkbox]:checked')].map((one) => one.name).join()"
    page.wait_for_function(f"{ticked} === 'onnx'")
    page.click("#fx-make")
    page.wait_for_function("document.querySelector('#fx-make').disabled")
    shown = page.locator("#fx-notes").get_by_text("TensorFlow starts")
    shown.wait_for()
    words, box = shown.bounding_box(), page.locator("#fx-notes").bounding_box()
    assert words["y"] >= box["y"] - 1 and words["y"] + words["height"] <= box["y"] + box["height"] + 1
    go_on.set()
    page.locator("#fx-notes").get_by_text("It was only a test.").wait_for()
    page.wait_for_function("!document.querySelector('#fx-make').disabled")
    assert asked == [("onnx",)]
    page.close()


def test_what_is_ticked_can_be_made(service):
    ticked = {name: Exports(service).formats(name) for name in ("", "cnn", "hog-svm", "hog-linear-svm")}
    assert ticked["hog-svm"] == ticked["hog-linear-svm"] == ["onnx"] and ticked[""] == ticked["cnn"] == exports.USUAL
    for name, parts in ticked.items():
        if name:
            assert Exports(service).wanted(name, "x", tuple(parts), "me").parts == tuple(parts)


def test_every_label_may_be_chosen():
    assert set(SEVEN.labels).isdisjoint({exports.LEAVE_OUT})


@pytest.mark.browser
def test_in_the_app_an_imported_model_is_offered_wherever_models_are_chosen(browser, url, exported, tmp_path):
    (tmp_path / "mine.zip").write_bytes(exported)
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    page.goto(url)
    page.get_by_role("tab", name="Teach").click()
    page.get_by_text("Import a model").click()
    page.set_input_files("#fx-file input[type=file]", str(tmp_path / "mine.zip"))
    page.click("#fx-add")
    page.wait_for_function("document.querySelector('#fx-found').textContent.includes('Added')")
    for tab, choice in (("Compare", "fo-models"), ("Live", "fo-live-models"), ("Video", "fv-models")):
        page.get_by_role("tab", name=tab).click()
        if tab == "Video":
            page.locator("#fv-options > button").click()
        page.locator(f"#{choice}").get_by_label("Imported: My faces").first.wait_for()
    context.close()
