"""The Teach tab: what it answers, and itself in headless Chromium with a camera that changes its face."""

import base64
import io
import json
import os
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image

from features import images
from features.align import AlignSpec, align
from tests.waiting import begun, ended, wait_for
from tests.zoo.exchange import runtimes
from ui import text, uploads
from ui.components.modules import joined
from ui.examples.portraits import PICTURES
from ui.model_service import ModelService
from ui.teach import requests
from ui.teach.tab import TeachTab
from zoo.inference.live_stream import PREFIX
from zoo.models.cnn import to_input
from zoo.models.registry import UnknownModelError
from zoo.sessions.turns import Turns
from zoo.teach import project, project_file
from zoo.teach.held_out import CNN, SVM
from zoo.teach.session import TeachSession

NAMES = {"Teeth": "photo", "Round mouth": "mouth-open", "Lips closed": "lips-closed"}


def picture(name: str, shift: int = 0, mark=(90, 90, 90)) -> np.ndarray:
    """An example in the middle of 640 x 480 grey pixels, or `shift` beside it; `mark` is the colour of a corner."""
    image = np.asarray(Image.open(PICTURES / f"{name}.jpg").convert("RGB"))
    shown = np.full((480, 640, 3), 90, np.uint8)
    shown[:, 80 + shift : 560 + shift] = cv2.resize(image, (480, 480), interpolation=cv2.INTER_AREA)
    shown[:48, :48] = mark
    return shown


def held_out(name: str) -> np.ndarray:
    """The same turned, smaller and elsewhere: like no sample, and clear enough to stay above the threshold."""
    move = cv2.getRotationMatrix2D((320, 240), 2, 0.98)
    move[:, 2] += 21, -9
    return cv2.warpAffine(picture(name), move, (640, 480), borderValue=(90, 90, 90))


def jpeg(image: np.ndarray) -> bytes:
    stored = io.BytesIO()
    Image.fromarray(image).save(stored, "JPEG", quality=90)
    return stored.getvalue()


def data_url(image: np.ndarray) -> str:
    return PREFIX + base64.b64encode(jpeg(cv2.resize(image, (400, 300)))).decode()


# ---- without a browser


@pytest.fixture
def ask(service):
    """``ask(do, session="a", **more)``: an answer, as JSON, of a tab with desks of its own."""
    tab = TeachTab(service)
    kept, service.teach_sessions = service.teach_sessions, type(service.teach_sessions)(service.teach_sessions._trunk)

    def call(do, session="a", **more):
        return json.loads(json.dumps(tab.answer({"do": do, **more}, session)))

    call.tab = tab
    yield call
    service.teach_sessions = kept


def lit(image: np.ndarray) -> np.ndarray:
    """The same with a lamp at the right: no near-duplicate."""
    return np.clip(image * np.linspace(0.1, 1.6, image.shape[1])[:, None], 0, 255).astype(np.uint8)


def fill(ask, session="a", lamp=True):
    """Two classes with two bursts of three samples each; without the lamp, the bursts are near-duplicates."""
    for at, name in enumerate(list(NAMES)[:2]):
        ask("rename", session, at=at, name=name)
        for burst in range(2):
            number = ask("burst", session)["burst"]
            for k in range(3):
                taken = picture(NAMES[name], 12 * burst - 4 * k)
                image = data_url(lit(taken) if lamp and burst else taken)
                assert len(ask("frame", session, at=at, image=image, burst=number)["added"]) == 1


def test_a_desk_starts_with_two_classes_like_its_model(ask):
    view = ask("look")["view"]
    assert [one["name"] for one in view["classes"]] == ["Class 1", "Class 2"]
    assert "samples to two classes" in view["why"]["text"] and view["most"] == project.MAX_SAMPLES
    names = [one["name"] for one in ask("start", **{"with": "6"})["view"]["classes"]]
    assert len(names) == 6 and "neutral" not in names


def test_classes_change_and_wrong_steps_are_told(ask):
    view = ask("add", name="wink left")["view"]
    assert [one["name"] for one in view["classes"]][2] == "wink left"
    assert ask("move", at=2, to=0)["view"]["classes"][0]["name"] == "wink left"
    assert ask("enable", at=0, on=False)["view"]["classes"][0]["enabled"] is False
    assert len(ask("remove", at=0)["view"]["classes"]) == 2
    for wrong in ({"do": "rename", "at": 0, "name": ""}, {"do": "remove", "at": 7}, {"do": "train"}, {"do": "grow"}):
        answer = ask(**wrong)
        assert answer["failed"] and len(answer["words"]) > 15


def test_samples_are_shown_as_crops_with_their_photo_and_box(ask):
    fill(ask)
    view = ask("look")["view"]
    ids = view["classes"][0]["ids"]
    assert [len(one["ids"]) for one in view["classes"]] == [6, 6] and view["classes"][0]["copies"]
    thumbs = ask("thumbs", ids=ids)["thumbs"]
    assert len(thumbs) == 6 and all(uri.startswith("data:image/jpeg") for uri in thumbs.values())
    photo = ask("photo", id=ids[0])
    left, top, right, bottom = photo["box"]
    assert 0.3 < left < right < 0.7 and top < bottom and len(photo["photo"]) < 20_000
    assert ask("photo", id=999) == {}
    assert len(ask("delete", ids=ids[:2])["view"]["classes"][0]["ids"]) == 4
    assert len(ask("clear", at=0)["view"]["classes"][0]["ids"]) == 0
    assert ask("empty")["view"]["total"] == 0


def test_no_face_and_several_faces_are_skipped_or_taken_as_asked(ask):
    nobody, six = data_url(picture("no-face")), data_url(np.asarray(Image.open(PICTURES / "six-faces.jpg")))
    assert ask("frame", at=0, image=nobody, burst=0) == {"skipped": "none"}
    assert ask("frame", at=0, image=six, burst=0) == {"skipped": "several"}
    assert len(ask("frame", at=0, image=six, burst=0, several="largest")["added"]) == 1
    assert len(ask("frame", at=0, image=six, burst=0, several="all")["added"]) >= 4


def test_anything_at_all_is_answered(ask):
    odd = [
        None,
        3,
        "x",
        [],
        {},
        {"do": None},
        {"do": "nothing"},
        {"do": "frame", "image": 3},
        {"do": "photo", "id": {}},
    ]
    odd += [{"do": name, "at": "x", "ids": 3, "path": "/etc/passwd", "epochs": "many"} for name in requests.CALLS]
    for value in odd:
        answer = ask.tab.answer(value, "odd")
        json.dumps(answer)
        assert answer.get("words") != text.FAILED, value


@pytest.mark.parametrize("path", ["/etc/passwd", "../../x", "", "\0", "a" * 5000])
def test_only_uploads_are_read(ask, uploads, path):
    answer = ask("picture", at=0, path=path)
    assert answer["failed"] and "did not arrive" in answer["words"]


@pytest.fixture
def uploaded(uploads):
    def put(name: str, data: bytes) -> str:
        (uploads / name).write_bytes(data)
        return str(uploads / name)

    return put


def test_an_uploaded_picture_is_read_and_its_file_is_gone(ask, uploaded):
    path = uploaded("teeth.jpg", jpeg(skimage.data.astronaut()))
    assert len(ask("picture", at=0, path=path)["added"]) == 1 and not os.path.exists(path)
    path = uploaded("words.jpg", b"these are words")
    assert "not a picture" in ask("picture", at=0, path=path)["words"] and not os.path.exists(path)


def test_pictures_that_are_programs_are_not_run(ask, uploaded, eps):
    assert "not a picture that can be read" in ask("picture", at=0, path=uploaded("z.png", eps.read_bytes()))["words"]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.write(eps, "happy/z.png")
    assert ask("archive", path=uploaded("z.zip", buffer.getvalue()))["counts"]["unreadable"] == 1


def test_a_zip_of_class_folders_fills_classes_and_counts_what_it_skipped(ask, uploaded, service):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for k in range(3):
            archive.writestr(f"faces/Teeth/{k}.jpg", jpeg(picture("photo", 5 * k)))
        archive.writestr("faces/Wink/1.jpg", jpeg(picture("mouth-open")))
        archive.writestr("faces/Wink/2.jpg", jpeg(picture("no-face")))
        archive.writestr("faces/Wink/3.jpg", b"no picture")
        archive.writestr("faces/Wink/4.jpg", jpeg(np.asarray(Image.open(PICTURES / "six-faces.jpg"))))
    answer = ask("archive", path=uploaded("faces.zip", buffer.getvalue()))
    assert answer["counts"] == {"added": 4, "none": 1, "several": 1, "unreadable": 1, "others": 0}
    counts = {one["name"]: len(one["ids"]) for one in answer["view"]["classes"]}
    assert counts == {"Class 1": 0, "Class 2": 0, "Teeth": 3, "Wink": 1}
    assert len(set(service.teach_sessions.known("a").project.bursts.tolist())) == 1


def test_a_zip_of_many_pictures_lets_others_have_their_turn_before_each(ask, uploaded, monkeypatch):
    offers = []
    monkeypatch.setattr(TeachSession, "let_others", lambda session: offers.append(session))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for k in range(4):
            archive.writestr(f"Wink/{k}.jpg", b"no picture")
    assert ask("archive", path=uploaded("many.zip", buffer.getvalue()))["counts"]["unreadable"] == 4
    assert len(offers) == 4


def test_an_archive_is_not_read_before_its_turn(ask, uploaded, service, monkeypatch):
    turns, read = Turns(1), threading.Event()
    take = uploads.take
    monkeypatch.setattr(uploads, "take", lambda *given: read.set() or take(*given))
    monkeypatch.setattr(service.teach_sessions.at("a"), "_turns", turns)
    path = uploaded("x.zip", b"no zip")
    turns.take()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, "archive", path=path)
        assert wait_for(lambda: turns.wanted or answer.done())
        assert not read.is_set()
        turns.end()
        assert answer.result(30)["failed"] and read.is_set()


def with_a_damaged_member(data: bytes, name: str) -> bytes:
    """A zip in which some bytes of one member are others."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        info = archive.getinfo(name)
    at = info.header_offset + 30 + len(name) + info.compress_size // 2
    return data[:at] + bytes(byte ^ 255 for byte in data[at : at + 40]) + data[at + 40 :]


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_one_damaged_file_of_a_zip_is_named_and_the_others_are_taken(ask, uploaded, packing):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for k in range(3):
            archive.writestr(f"Teeth/{k}.jpg", jpeg(picture("photo", 5 * k)))
        archive.writestr("Wink/3.jpg", jpeg(picture("mouth-open")))
    damaged = with_a_damaged_member(buffer.getvalue(), "Teeth/1.jpg")
    answer = ask("archive", path=uploaded("damaged.zip", damaged))
    assert answer["counts"] == {"added": 3, "none": 0, "several": 0, "unreadable": 1, "others": 0}
    assert answer["unreadable"] == ["1.jpg"] and not answer["words"]


def test_a_folder_that_cannot_be_a_class_is_told_and_the_others_are_taken(ask, uploaded, monkeypatch):
    monkeypatch.setattr(project_file, "MAX_CLASSES", 4)  # two are there
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("a" * 41, "Teeth", "Wink", "one too many"):
            archive.writestr(f"{name}/1.jpg", jpeg(picture("photo")))
        archive.writestr("Teeth/2.jpg", jpeg(picture("mouth-open")))
    answer = ask("archive", path=uploaded("names.zip", buffer.getvalue()))
    assert answer["counts"]["added"] == 3 and "41 characters" in answer["words"]
    assert [one["name"] for one in answer["view"]["classes"]] == ["Class 1", "Class 2", "Teeth", "Wink"]


def test_what_is_too_much_is_refused_and_said_and_nothing_is_dropped(ask, monkeypatch, uploaded):
    fill(ask)
    monkeypatch.setattr(project, "MAX_SAMPLES", 12)
    answer = ask("frame", at=0, image=data_url(picture("photo")), burst=9)
    assert answer["failed"] and "at most 12 samples" in answer["words"]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("Teeth/1.jpg", jpeg(picture("photo")))
    answer = ask("archive", path=uploaded("one.zip", buffer.getvalue()))
    assert "at most 12 samples" in answer["words"] and answer["view"]["total"] == 12


@pytest.fixture
def taught(ask):
    fill(ask)
    answer = ask("train", epochs=30, augment=True, aligned=True)
    assert not answer.get("failed"), answer
    ask.lesson = answer
    return ask


def test_training_gives_models_pages_and_a_preview(taught):
    lesson = taught.lesson["lesson"]
    assert lesson["labels"] == list(NAMES)[:2] and set(lesson["models"]) == {SVM, CNN}
    hood = taught.lesson["hood"]
    assert text.TEACH["flatters"] in hood and hood.count("fz-cell") == 8 and hood.count("<svg") == 2
    for at, name in enumerate(NAMES.values()):
        if at < 2:
            (face,) = taught("preview", image=data_url(picture(name, 25)))["faces"]
            assert all(np.argmax(probs) == at for probs in face["answers"].values()), name
    assert taught("preview", image=data_url(picture("no-face")))["faces"] == []
    assert "<svg" in taught("grow")["growth"]
    assert taught("delete", ids=taught("look")["view"]["classes"][0]["ids"][:1])["view"]["stale"]


def test_bursts_that_nearly_equal_each_other_are_no_second_recording(ask):
    fill(ask, lamp=False)
    hood = ask("train", epochs=2, aligned=True)["hood"]
    assert text.TEACH["one_burst"] in hood and text.TEACH["burst"] not in hood


def test_pictures_chosen_together_are_one_burst(ask, uploaded, service):
    first, second = ask("burst")["burst"], None
    for k, burst in enumerate((first, first, second)):
        more = {} if burst is None else {"burst": burst}
        ask("picture", at=0, path=uploaded(f"{k}.jpg", jpeg(picture("photo", 9 * k))), **more)
    bursts = service.teach_sessions.known("a").project.bursts.tolist()
    assert bursts[0] == bursts[1] != bursts[2]


@pytest.mark.parametrize(
    "step", [{"do": "delete", "ids": [0, 4]}, {"do": "clear", "at": 0}, {"do": "remove", "at": 0}, {"do": "empty"}]
)
def test_a_deletion_can_be_undone_until_something_else_changes(ask, step):
    fill(ask)
    ask("train", epochs=2, aligned=True)
    before = ask("look")["view"]
    answer = ask(**step)
    assert answer["view"]["total"] < 12 and answer["view"]["stale"] and len(answer["undo"]) > 5
    assert ask("undo")["view"] == before
    assert ask("undo")["failed"]
    ask(**step)
    ask("add")
    assert "nothing to undo" in ask("undo")["words"]


def test_experiments_fill_a_table(taught):
    for name in ("half", "mouth"):
        assert text.TRIALS[name] in taught("experiment", name=name)["trials"]
    trials = taught("trial", name="light", at=0, image=data_url(picture("photo") // 2 + 10))["trials"]
    assert text.TRIALS["light"] in trials and "1 of 1" in trials
    assert taught("trial", name="light", at=0, image=data_url(picture("no-face")))["skipped"] == "none"
    for wrong in ({"name": "x"}, {"name": "light", "at": 5}):
        assert taught("trial", image=data_url(picture("photo")), **{"at": 0} | wrong)["failed"]


def test_a_trained_model_is_offered_to_its_session_only(taught, service):
    own = service.cards_of("a")
    assert list(own)[-2:] == [SVM, CNN] and set(service.cards_of("b")) == set(service.cards)
    found = service.compare(picture("mouth-open"), ["cnn", SVM, CNN], "7", "a")
    assert found.predictions[SVM].names == found.predictions[CNN].names == ["Round mouth"] and not found.alike
    assert len(found.predictions["cnn"].labels) == 7
    for session in ("b", ""):
        with pytest.raises(UnknownModelError):
            service.models([SVM], session)


def test_without_alignment_models_stay_in_this_tab(taught, service):
    answer = taught("train", epochs=5, aligned=False)
    assert answer["lesson"]["aligned"] is False and set(service.cards_of("a")) == set(service.cards)
    assert len(taught("preview", image=data_url(picture("photo")))["faces"]) == 1


def test_a_saved_project_opens_in_another_session(taught, uploaded):
    saved = base64.b64decode(taught("save")["file"])
    assert len(project_file.open_project(saved)) == 12
    assert taught("archive", path=uploaded("again.zip", saved)) == {"sure": "open_sure"}
    assert taught("look")["view"]["total"] == 12 and taught("look")["view"]["taught"]
    assert taught("archive", path=uploaded("again.zip", saved), sure=True)["words"] == text.TEACH["opened"]
    opened = taught("archive", "b", path=uploaded("project.zip", saved))
    assert [len(one["ids"]) for one in opened["view"]["classes"]] == [6, 6] and not opened["view"]["taught"]
    assert not taught("train", "b", epochs=20).get("failed")


def test_training_can_be_cancelled_and_nothing_else_starts_meanwhile(taught, service):
    answers = []
    thread = begun(lambda: answers.append(taught("train", epochs=500, seed=3)))
    teach_session = service.teach_sessions.known("a")
    assert wait_for(lambda: teach_session.share is not None or not thread.is_alive(), 60)
    assert taught("grow")["words"] == text.TEACH["busy"]
    assert isinstance(taught("progress")["share"], float)
    taught("cancel")
    assert ended(thread)
    assert answers[0] == {"words": text.TEACH["stopped"], "failed": True}
    assert taught("look")["view"]["taught"] and taught("progress")["share"] is None


def test_thirty_sessions_at_once_stay_apart(ask, service):
    def use(n):
        ask("rename", f"s{n}", at=0, name=f"mine {n}")
        for _ in range(n % 3 + 1):
            ask("frame", f"s{n}", at=0, image=image, burst=0)

    image = data_url(picture("photo"))
    assert ended(*[begun(use, n) for n in range(30)])
    for n in range(30):
        first = ask("look", f"s{n}")["view"]["classes"][0]
        assert first["name"] == f"mine {n}" and len(first["ids"]) == n % 3 + 1
    assert len(service.teach_sessions) == 30


def test_no_sentence_claims_anything_about_feelings():
    everything = (joined("teach/teach.js") + json.dumps(text.TEACH)).lower()
    for claim in ("you are ", "you feel", "your emotion", "mood"):
        assert claim not in everything


def test_a_service_without_the_trunk_says_so(tmp_path):
    service = ModelService(tmp_path, workers=1)
    service.warm()
    tab = TeachTab(service)
    tab.answer({"do": "look"}, "a")
    answer = tab.answer({"do": "frame", "at": 0, "image": data_url(picture("photo")), "burst": 0}, "a")
    assert answer["failed"] and "cnn" in answer["words"]
    service.close()


# ---- in a browser

PHASES = {"Teeth": (255, 0, 0), "Round mouth": (0, 0, 255)}
PHASE = """() => {
  const video = [...document.querySelectorAll('.ft video')].find((one) => one.srcObject && one.readyState >= 2);
  if (!video) return '';
  const sheet = document.createElement('canvas'), pen = sheet.getContext('2d');
  sheet.width = 64; sheet.height = 48; pen.drawImage(video, 0, 0, 64, 48);
  const [red, , blue] = pen.getImageData(1, 1, 1, 1).data;
  return red > 150 ? 'Teeth' : blue > 150 ? 'Round mouth' : '';
}"""
OPEN = "document.querySelector('.ft-hold') && !document.querySelector('.ft-hold').disabled"


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Five seconds of one face, five of another, over and over; a coloured corner tells which."""
    rng = np.random.default_rng(0)
    frames = []
    for name, mark in PHASES.items():
        shown = [picture(NAMES[name], shift, mark) for shift in (-18, -6, 0, 9, 18)]
        noisy = [jpeg(np.clip(one + rng.normal(0, 4, one.shape), 0, 255).astype(np.uint8)) for one in shown]
        frames += [noisy[(i // 8) % 5] for i in range(150)]
    path = tmp_path_factory.mktemp("teach") / "faces.mjpeg"
    path.write_bytes(b"".join(frames))
    return path


@pytest.fixture(scope="module")
def open_teach(launch, url, clip):
    """``open_teach() -> page`` on the Teach tab, in a browser with that camera."""
    running = launch(f"--use-file-for-fake-video-capture={clip}")
    asked = []

    def open_one(**options):
        context = running.new_context(
            viewport={"width": 1280, "height": 1000}, permissions=["camera"], accept_downloads=True, **options
        )
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url)
        page.get_by_role("tab", name="Teach").click()
        page.wait_for_selector(".ft-class")
        return page

    yield open_one
    running.close()
    assert [address for address in asked if not address.startswith((url, "data:", "blob:"))] == []


def card(page, at):
    return page.locator(".ft-class").nth(at)


def tiles(page, at, count):
    of_class = f"document.querySelectorAll('.ft-class')[{at}]?.querySelectorAll('.ft-tile')"
    page.wait_for_function(f"{of_class}?.length >= {count}")


def comes_to_face(page, name):
    """Until the camera has just turned to this face."""
    page.wait_for_function(f"() => ({PHASE})() && ({PHASE})() !== '{name}'", polling=50)
    page.wait_for_function(f"() => ({PHASE})() === '{name}'", polling=50)
    page.wait_for_timeout(250)


def hold_to_record(page, at, name, count):
    """A burst, as long as there is enough time before the camera changes."""
    before = card(page, at).locator(".ft-tile").count()
    comes_to_face(page, name)
    card(page, at).locator(".ft-hold").hover()
    page.mouse.down()
    tiles(page, at, before + count)
    page.mouse.up()
    assert page.evaluate(PHASE) == name, "the camera changed while recording; the machine was too slow"
    page.wait_for_function("!document.querySelector('.ft-hold[aria-pressed]')")


def says(page, name):
    sure = f"[...document.querySelectorAll('.ft-answer')].every((one) => one.dataset.says === '{name}')"
    page.wait_for_function(f"document.querySelectorAll('.ft-answer').length === 2 && {sure}")


def answers_to(page, path) -> dict:
    """What the page is told of the one face of a picture: probabilities by model."""
    # By its path: the answer to the camera's last frame may still be on its way.
    asked = lambda one: "component_server" in one.url and '"path"' in (one.request.post_data or "")
    with page.expect_response(asked) as waiting:
        page.locator(".ft-preview input[type=file]").set_input_files(path)
    (face,) = waiting.value.json()["faces"]
    return face["answers"]


def export(page, folder):
    """Both models in the formats that are ticked, and ONNX, unpacked."""
    page.get_by_text("Export your models").click()
    page.get_by_label("ONNX, both models").check()
    page.locator("#fx-make").click()
    page.locator("#fx-download").wait_for(timeout=180_000)  # TensorFlow starts, which takes long on a busy machine
    with page.expect_download() as waiting:
        page.locator("#fx-download").click()
    zipfile.ZipFile(waiting.value.path()).extractall(folder)


def say_the_same(service, folder, paths, said) -> None:
    """What went out and what the page says of these pictures are the same, in each format's own runtime."""
    pictures = [images.load(path.read_bytes()) for path in paths]
    crops = np.concatenate([align(one, service.find(one), AlignSpec()).images for one in pictures])
    x, same = to_input(crops, 48), {"atol": 1e-3}
    expected = np.array([one[CNN] for one in said])
    np.testing.assert_allclose(runtimes.litert(folder / "tflite/model.tflite", x), expected, **same)
    machine = pytest.importorskip("onnxruntime").InferenceSession(folder / "onnx/svm.onnx")
    probs = machine.run(["probabilities"], {"crop": crops})[0]
    np.testing.assert_allclose(probs, np.array([one[SVM] for one in said]), **same)
    if modules := runtimes.tfjs_modules():
        with runtimes.served(folder) as address:
            np.testing.assert_allclose(runtimes.in_node(modules, f"{address}/tfjs/model.json", x), expected, **same)


@pytest.mark.browser
def test_the_whole_lesson(open_teach, service, tmp_path, uploads):
    """Three classes, two by webcam and one from files; trained, right, exported, saved, and opened in a new session."""
    before = set(uploads.rglob("*"))  # other tests' exports wait there to be fetched
    page = open_teach()
    page.locator(".ft-add").click()
    page.wait_for_function("document.querySelectorAll('.ft-class').length === 3")
    for at, name in enumerate(NAMES):
        card(page, at).locator(".ft-name").fill(name)
        card(page, at).locator(".ft-name").press("Enter")
    for at, name in enumerate(PHASES):
        card(page, at).locator(".ft-cam").click()
        page.wait_for_function(OPEN)
        for _ in range(2):
            hold_to_record(page, at, name, 6)
        card(page, at).locator(".ft-cam").click()
    paths = [tmp_path / f"{k}.jpg" for k in range(8)]
    for k, path in enumerate(paths):
        path.write_bytes(jpeg(picture("lips-closed", 5 * k - 20)))
    card(page, 2).locator("input[type=file]").set_input_files([*paths, PICTURES / "no-face.jpg"])
    tiles(page, 2, 8)
    page.get_by_text("1 without a face").wait_for()

    page.locator(".ft-train").click()
    page.wait_for_function("document.querySelector('.ft').dataset.lessons === '1'")
    assert page.get_by_text(text.TEACH["one_burst"]).count() == 1  # files that were chosen together are one
    page.locator(".ft-preview").get_by_role("button", name="Stop").wait_for()  # with the camera that was just used
    for name in PHASES:
        comes_to_face(page, name)
        says(page, name)
    page.locator(".ft-preview").get_by_role("button", name="Stop").click()
    probes, said = [tmp_path / f"{name}.jpg" for name in ("photo", "mouth-open", "lips-closed", "brows-raised")], []
    for path, name in zip(probes, [*NAMES, None], strict=True):
        path.write_bytes(jpeg(held_out(path.stem)))
        said.append(answers_to(page, path))
        if name:
            says(page, name)  # brows raised is like no class: its answers are to be the same everywhere, no more
    export(page, tmp_path / "export")
    say_the_same(service, tmp_path / "export", probes, said)

    page.get_by_role("tab", name="Compare").click()
    page.locator("#fo-models").get_by_label("Yours: HOG + SVM").check()
    page.locator('[data-name="mouth-open"]').click()
    page.locator(".fo-says", has_text="this session’s samples of Round mouth").wait_for()
    page.get_by_role("tab", name="Live").click()
    page.locator("#fo-live-models").get_by_label("Yours: CNN + dense").check()
    page.locator(".fo-start").click()
    page.locator(".fo-live-face .fo-says", has_text="this session’s samples of").first.wait_for()
    page.locator(".fo-start").click()
    page.get_by_role("tab", name="Teach").click()

    with page.expect_download() as saved:
        page.get_by_role("button", name="Save project").click()
    kept = tmp_path / saved.value.suggested_filename
    saved.value.save_as(kept)
    counts = [card(page, at).locator(".ft-tile").count() for at in range(3)]

    other = open_teach()
    assert other.locator(".ft-tile").count() == 0
    other.get_by_role("tab", name="Compare").click()
    assert other.locator("#fo-models").get_by_label("Yours: HOG + SVM").count() == 0
    other.get_by_role("tab", name="Teach").click()
    other.locator(".ft-tools input[type=file]").set_input_files(kept)
    tiles(other, 2, 8)
    assert [card(other, at).locator(".ft-tile").count() for at in range(3)] == counts
    assert [other.locator(".ft-name").nth(at).input_value() for at in range(3)] == list(NAMES)
    other.wait_for_function("[...document.querySelectorAll('.ft-tile img')].every((one) => one.src)")
    other.locator(".ft-train").click()
    other.wait_for_function("document.querySelector('.ft').dataset.lessons === '1'")
    other.locator(".ft-preview input[type=file]").set_input_files(probes[2])
    says(other, "Lips closed")
    left = [path for path in set(uploads.rglob("*")) - before if path.suffix.lower() in (".jpg", ".zip")]
    assert [path for path in left if not path.parent.name.startswith("export-")] == []
    if not runtimes.tfjs_modules():
        pytest.skip(f"all but TensorFlow.js is right; {runtimes.NO_TFJS}")


@pytest.fixture(scope="module")
def page(open_teach):
    """One page for tests that leave no mark."""
    return open_teach()


# The last frame's sample comes after the button was let go.
SETTLED = """() => {
  const { length } = document.querySelectorAll('.ft-tile'), now = performance.now();
  if (window.tiles?.length !== length) window.tiles = { length, since: now };
  return now - window.tiles.since > 400;
}"""


@pytest.mark.browser
def test_keys_hold_the_button_too_and_samples_can_be_deleted(page):
    card(page, 0).locator(".ft-cam").click()
    page.wait_for_function(OPEN)
    page.locator(".ft-hold").focus()
    page.keyboard.down(" ")
    tiles(page, 0, 3)
    page.keyboard.up(" ")
    page.wait_for_function("!document.querySelector('.ft-hold[aria-pressed]')")
    card(page, 0).locator(".ft-cam").click()
    page.wait_for_function(SETTLED)
    count = card(page, 0).locator(".ft-tile").count()
    tile = card(page, 0).locator(".ft-tile").first
    tile.hover()
    page.wait_for_selector(".ft-bubble i")
    tile.locator(".ft-x").click()
    page.wait_for_function(f"document.querySelectorAll('.ft-tile').length === {count - 1}")
    page.get_by_role("button", name="Delete all samples").click()
    page.wait_for_function("!document.querySelector('.ft-tile')")
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function(f"document.querySelectorAll('.ft-tile').length === {count - 1}")
    page.get_by_role("button", name="Delete all samples").click()
    page.wait_for_function("!document.querySelector('.ft-tile')")


@pytest.mark.browser
def test_pressed_once_it_records_for_some_seconds(page):
    card(page, 1).locator(".ft-cam").click()
    page.wait_for_function(OPEN)
    page.locator(".ft-class .ft-settings summary").click()
    for name, value in {"duration": 1, "rate": 5}.items():
        page.locator(f".ft-class input[name={name}]").fill(str(value))
        page.locator(f".ft-class input[name={name}]").press("Tab")
    page.locator(".ft-hold").get_by_text("Record for 1\u00a0s").wait_for()
    page.locator(".ft-hold").click()
    page.wait_for_selector(".ft-hold[aria-pressed]")
    page.wait_for_function("!document.querySelector('.ft-hold[aria-pressed]')")
    assert 1 <= card(page, 1).locator(".ft-tile").count() <= 6
    card(page, 1).locator(".ft-cam").click()


@pytest.mark.browser
def test_leaving_the_tab_closes_the_camera(page):
    card(page, 0).locator(".ft-cam").click()
    page.wait_for_function(OPEN)
    page.evaluate("window.track = document.querySelector('.ft-screen video').srcObject.getVideoTracks()[0]")
    page.get_by_role("tab", name="Zoo").click()
    page.wait_for_function("window.track.readyState === 'ended'")
    page.get_by_role("tab", name="Teach").click()
    assert page.locator(".ft-recorder").count() == 0


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out_on_a_phone(page, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 844})
    card(page, 0).locator(".ft-cam").click()
    page.wait_for_function(OPEN)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    card(page, 0).locator(".ft-cam").click()
    page.set_viewport_size({"width": 1280, "height": 1000})
