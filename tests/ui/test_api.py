"""The public endpoints, and everything that may be thrown at them."""

import io
import zlib
from pathlib import Path

import gradio.processing_utils
import gradio.route_utils
import httpx
import numpy as np
import pytest
import skimage.data
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from ui import app as ui_app
from ui import text as wording
from ui.compare import tab
from ui.examples.portraits import PICTURES
from zoo.models.label_mix import DEFAULT, EQUAL, FER2013, MIXES


@pytest.fixture(scope="module")
def client(url):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        return Client(url, verbose=False)


def ask(client, path, models=None, labels="7"):
    models = ["cnn"] if models is None else models
    return client.predict(image=handle_file(str(path)), models=models, labels=labels, api_name="/compare")


def test_the_astronaut_looks_happy_to_both_models(client, service, astronaut):
    record = ask(client, astronaut, service.default_models)
    assert record["models"] == service.default_models
    (face,) = record["faces"]
    assert {a["label"] for a in face["answers"].values()} == {"happy"}
    assert face["agree"] is True
    assert {"box", "pose", "quality"} <= set(face)
    assert set(record["milliseconds"]) == {"mesh", "align", *service.default_models}


def test_models_and_labels_have_defaults(client, service, astronaut):
    record = client.predict(image=handle_file(str(astronaut)), api_name="/compare")
    assert record["models"] == service.default_models
    assert len(record["labels"]) == 7


def test_six_labels_know_no_neutral(client, astronaut):
    (face,) = ask(client, astronaut, labels="6")["faces"]
    assert "neutral" not in face["answers"]["cnn"]["probabilities"]


def test_the_label_mix_is_a_choice_whose_default_is_the_command_lines(client, astronaut):
    given = handle_file(str(astronaut)), ["cnn"], "7", 20
    answers = {mix: client.predict(*given, mix, api_name="/compare") for mix in MIXES}
    usual = ask(client, astronaut)
    assert {mix: record["mix"] for mix, record in answers.items()} == {mix: mix for mix in MIXES}
    said = {mix: record["faces"][0]["answers"]["cnn"]["probabilities"] for mix, record in answers.items()}
    assert usual["mix"] == DEFAULT == EQUAL and usual["faces"][0]["answers"]["cnn"]["probabilities"] == said[EQUAL]
    assert said[EQUAL]["disgust"] > said[FER2013]["disgust"]  # rare in FER2013
    with pytest.raises(AppError, match="choose one of fer2013, equal"):
        client.predict(handle_file(str(astronaut)), ["cnn"], "7", 20, "even", api_name="/compare")


def test_a_resting_picture_is_read_and_recorded(client):
    pictures = [handle_file(str(PICTURES / f"{name}.jpg")) for name in ("brows-raised", "lips-closed", "six-faces")]
    record = client.predict(image=pictures[0], models=["cnn"], rest=pictures[1], api_name="/compare")
    assert record["rest"] == {"file": "lips-closed.jpg", "faces": 1} and record["faces"][0]["resting"]["face"] == 1
    record = client.predict(image=pictures[2], models=["cnn"], pairs="3=2", api_name="/compare")
    assert record["rest"]["faces"] == 6
    assert [face["resting"] and face["resting"]["face"] for face in record["faces"]] == [
        None,
        None,
        2,
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("rest", "pairs", "words"),
    [
        (None, "1=1", "cannot be its own"),
        (None, "1", "not a pair such as"),
        (None, {"a": 1}, "expected a text"),
        (None, "1=2," * 1000, "expected a text"),
        ({"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}, "", ""),
        ("a text", "", "Upload it"),
        (7, "", "Upload it"),
    ],
)
def test_what_is_not_a_resting_face_is_refused(url, uploaded, rest, pairs, words):
    answer = post(url, uploaded, ["cnn"], "7", 20, EQUAL, rest, pairs)
    assert "probabilities" not in answer and words in answer


def test_models_are_listed(client, service):
    listed = client.predict(api_name="/models")
    assert [model["name"] for model in listed] == list(service.cards)
    assert all(model["threshold"] == model["thresholds"][DEFAULT] > 0 for model in listed)


def test_only_two_endpoints_are_public(client):
    assert set(client.view_api(return_format="dict", print_info=False)["named_endpoints"]) == {"/compare", "/models"}


@pytest.fixture(scope="module")
def class_photo(tmp_path_factory) -> Path:
    """Twenty-eight faces."""
    path = tmp_path_factory.mktemp("class") / "class.png"
    Image.fromarray(np.tile(skimage.data.astronaut()[20:230, 120:330], (4, 7, 1))).save(path)
    return path


def test_more_than_twenty_faces_are_counted_and_there_for_whoever_asks(client, class_photo):
    record = ask(client, class_photo)
    assert (len(record["faces"]), record["faces_found"]) == (20, 28)
    for most, shown in ((28, 28), (200, 28), (3, 3)):
        record = client.predict(handle_file(str(class_photo)), ["cnn"], "7", most, api_name="/compare")
        assert (len(record["faces"]), record["faces_found"]) == (shown, 28)


@pytest.mark.parametrize("most", [0, -1, 201, 2.5, "many", True, [3]])
def test_max_faces_is_a_whole_number_within_limits(client, astronaut, most):
    with pytest.raises(AppError, match="expected a whole number from 1 to 200"):
        client.predict(handle_file(str(astronaut)), ["cnn"], "7", most, api_name="/compare")


def test_no_face_is_a_result(client, no_face):
    assert ask(client, no_face)["faces"] == []


def test_twenty_faces_and_one_at_the_border_are_results(client, tmp_path):
    head = skimage.data.astronaut()[20:230, 120:330]
    Image.fromarray(np.tile(head, (4, 5, 1))).save(tmp_path / "twenty.png")
    assert len(ask(client, tmp_path / "twenty.png")["faces"]) == 20
    Image.fromarray(skimage.data.astronaut()[110:]).save(tmp_path / "border.png")
    assert len(ask(client, tmp_path / "border.png")["faces"]) <= 1


def many_pixels() -> bytes:
    """A PNG of 20,000 x 20,000 pixels in 50 kB."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    side = 20_000
    header = side.to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    pixels = zlib.compress(bytes((side // 8 + 1) * side), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def jpeg(image=None, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(skimage.data.astronaut() if image is None else image).save(buffer, "JPEG", **options)
    return buffer.getvalue()


BAD = {
    "text.png": (lambda: b"these are words, not pixels", "not a picture"),
    "cut.jpg": (lambda: jpeg()[:5000], "damaged or cut off"),
    "empty.png": (lambda: b"", "empty"),
    "bomb.png": (many_pixels, "pixels"),
    "drawing.svg": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_a_picture_is_refused_in_one_sentence(client, service, astronaut, tmp_path, name):
    make, words = BAD[name]
    (tmp_path / name).write_bytes(make())
    with pytest.raises(AppError, match=words) as refusal:
        ask(client, tmp_path / name)
    assert str(tmp_path) not in str(refusal.value)
    assert len(ask(client, astronaut)["faces"]) == 1  # the server goes on


def test_one_pixel_and_animations_are_pictures(client, tmp_path):
    Image.new("RGB", (1, 1)).save(tmp_path / "one.png")
    assert ask(client, tmp_path / "one.png")["faces"] == []
    frames = [Image.fromarray(skimage.data.astronaut()), Image.new("RGB", (512, 512))]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    assert len(ask(client, tmp_path / "moving.gif")["faces"]) == 1


def test_a_photo_that_lies_on_its_side_is_turned(client, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = np.rot90(skimage.data.astronaut())
    (tmp_path / "phone.jpg").write_bytes(jpeg(np.ascontiguousarray(turned), exif=exif))
    (face,) = ask(client, tmp_path / "phone.jpg")["faces"]
    assert abs(face["pose"]["roll"]) < 20


def test_a_picture_of_fifty_megabytes_is_not_read(client, tmp_path):
    (tmp_path / "large.jpg").write_bytes(jpeg() + bytes(50 * 2**20))
    with pytest.raises(AppError, match="at most 20 MB are read"):
        ask(client, tmp_path / "large.jpg")


def test_what_is_larger_than_any_clip_does_not_get_in(client, astronaut, uploads, tmp_path):
    (tmp_path / "large.jpg").write_bytes(jpeg() + bytes(wording.VIDEO_MEGABYTES * 2**20))
    with pytest.raises(Exception, match="(?i)too large|exceeds|size"):
        ask(client, tmp_path / "large.jpg")
    assert not [p for p in uploads.rglob("*") if p.is_file() and p.stat().st_size > 100 * 2**20]
    assert len(ask(client, astronaut)["faces"]) == 1


@pytest.mark.parametrize(
    ("models", "labels", "words"),
    [(["cn"], "7", "did you mean cnn"), ([], "7", "No model is chosen"), (["cnn"], "9", "choose one of 7, 6, 5")],
)
def test_unknown_models_and_label_sets_are_refused(client, astronaut, models, labels, words):
    with pytest.raises(AppError, match=words):
        ask(client, astronaut, models, labels)


def test_no_picture_is_refused(client):
    with pytest.raises(AppError, match="No image came"):
        client.predict(image=None, api_name="/compare")


def raw(url: str, *data) -> str:
    """What the server says to values that no client library would send."""
    begun = httpx.post(f"{url}gradio_api/call/compare", json={"data": data})
    return httpx.get(f"{url}gradio_api/call/compare/{begun.json()['event_id']}", timeout=20).text


def post(url: str, *data) -> str:
    """The same, also where Gradio refuses the values at once."""
    begun = httpx.post(f"{url}gradio_api/call/compare", json={"data": data})
    return raw(url, *data) if begun.status_code == 200 else begun.text


@pytest.fixture
def uploaded(url, astronaut) -> dict:
    (path,) = httpx.post(f"{url}gradio_api/upload", files={"files": astronaut.read_bytes()}).json()
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


@pytest.mark.parametrize(
    ("models", "labels", "words"),
    [
        (5, "7", "a list of names"),
        ([["cnn"]], "7", "a list of names"),
        ({"cnn": 1}, "7", "a list of names"),
        (None, "7", "No model is chosen"),
        (["cnn"], None, "choose one of 7, 6, 5"),
        (["cnn"], {"a": []}, "choose one of 7, 6, 5"),
    ],
)
def test_values_of_another_kind_are_told_what_is_wanted(url, uploaded, models, labels, words):
    said = raw(url, uploaded, models, labels)
    assert "event: error" in said
    assert words in said


@pytest.mark.parametrize(
    "image", ["a text", 7, [], {}, {"url": "x"}, {"path": 5}, {"path": None}, [[0, 255], [255, 0]]]
)
def test_what_is_not_an_upload_is_told_to_be_uploaded(url, image):
    said = raw(url, image, ["cnn"], "7")
    assert "event: error" in said
    assert "Upload it" in said


@pytest.mark.parametrize("address", ["http://203.0.113.5/face.jpg", "https://example.com/face.jpg"])
def test_addresses_are_not_fetched(url, address, monkeypatch):
    asked = []
    monkeypatch.setattr(gradio.processing_utils, "async_ssrf_protected_get", lambda *given: asked.append(given))
    said = raw(url, {"path": address, "meta": {"_type": "gradio.FileData"}}, ["cnn"], "7")
    assert "Addresses are not fetched" in said
    assert asked == []


@pytest.mark.parametrize("meta", [{}, {"meta": {"_type": "gradio.FileData"}}])
def test_files_that_were_not_uploaded_are_not_opened(url, astronaut, meta):
    asked = {"data": [{"path": str(astronaut), **meta}, ["cnn"], "7"]}
    begun = httpx.post(f"{url}gradio_api/call/compare", json=asked)
    if begun.status_code == 200:
        answer = httpx.get(f"{url}gradio_api/call/compare/{begun.json()['event_id']}", timeout=20).text
        assert "event: error" in answer
        assert "probabilities" not in answer


def test_uploads_are_deleted_in_time_and_the_page_says_so(app, client, astronaut, uploads):
    assert ui_app.SWEEP + ui_app.AGE < wording.KEPT_MINUTES * 60
    assert app.delete_cache == (ui_app.SWEEP, ui_app.AGE)
    ask(client, astronaut)
    kept = next(uploads.rglob("astronaut.png"))  # of several: each upload has a folder of its own
    gradio.route_utils.delete_files_created_by_app(app, 0)
    assert not list(uploads.rglob("astronaut.png"))  # exports of other tests go by their age: see test_uploads.py
    with pytest.raises(tab.ImageError, match="deleted after"):
        tab.read_photo({"path": str(kept)})


def test_the_readme_snippet_runs(app, url, monkeypatch, capsys):
    readme = Path(__file__).parents[2] / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.exists() else ""
    marker = "<!-- api-snippet -->"
    if marker not in text:
        pytest.skip(f"README.md has no {marker}")
    code = text.split(marker, 1)[1].split("```python\n", 1)[1].split("```", 1)[0]
    monkeypatch.chdir(readme.parent)
    exec(compile(code.replace("http://127.0.0.1:7860", url.rstrip("/")), "README.md", "exec"), {})
    assert "happy" in capsys.readouterr().out
    gradio.route_utils.delete_files_created_by_app(app, 0)  # other tests look whether pictures were stored


def test_a_picture_that_is_a_program_is_not_run(client, eps):
    with pytest.raises(AppError, match="not a picture that can be read"):
        ask(client, eps)
