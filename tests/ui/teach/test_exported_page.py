"""The page that goes out, and TensorFlow.js in a browser: the same probabilities, and no request anywhere."""

import io
import json
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

import zoo
from features.align import AlignedFaces, AlignSpec, align
from features.faces import Faces, anchors
from features.mesh import FaceMesher
from tests.zoo.exchange import fresh, runtimes
from zoo.exchange.exports import bundle, portable_graph
from zoo.labels import SEVEN
from zoo.models import registry
from zoo.models.cnn import to_input

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[3]
RUNTIME = "@tensorflow/tfjs/dist/tf.min.js"


@pytest.fixture(scope="module")
def faces() -> AlignedFaces:
    golden = np.load(registry.CHECKPOINTS / "cnn" / "golden.npz")
    return AlignedFaces(golden["images"], golden["landmarks"], golden["to_crop"], AlignSpec())


@pytest.fixture(scope="module")
def expected(faces) -> np.ndarray:
    return zoo.load("cnn").predict_proba(faces).probs


@pytest.fixture(scope="module")
def folder(tmp_path_factory, faces) -> Path:
    where = tmp_path_factory.mktemp("export")
    wanted = bundle.ExportRequest("Faces </script> & <b>", ("page", "tfjs"), zoo.load("cnn"), None, faces.images)
    zipfile.ZipFile(io.BytesIO(bundle.make(wanted).data)).extractall(where)
    return where


def until(page, condition: str, seconds: float = 30) -> None:
    """Wait for a condition. Playwright's own way polls by ``eval``, which the page's policy forbids."""
    end = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < end, f"never: {condition}"
        page.wait_for_timeout(50)


@pytest.fixture
def tab(browser):
    """A page in a window of its own, and every request it makes."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, permissions=[])
    page = context.new_page()
    page.asked, page.failed = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.failed.append(str(error)))
    yield page
    context.close()


@pytest.fixture
def opened(tab, folder):
    tab.goto((folder / "page.html").as_uri())
    return tab


def test_the_page_s_network_says_the_same(opened, faces, expected):
    rows = to_input(faces.images, 48).reshape(len(faces), -1).tolist()
    got = opened.evaluate("(rows) => rows.map((row) => Array.from(predict(row)))", rows)
    np.testing.assert_allclose(got, expected, atol=1e-3)
    assert opened.title() == "Faces </script> & <b>"


@pytest.mark.parametrize("name", fresh.NETWORKS)
def test_every_network_runs_in_plain_javascript(tab, name, tmp_path):
    model, file = fresh.fresh(name)
    graph = portable_graph.from_keras(file)
    (tmp_path / "page.html").write_bytes(bundle.page(graph, name, SEVEN, AlignSpec()))
    tab.goto((tmp_path / "page.html").as_uri())
    crops = np.random.default_rng(0).uniform(0, 255, (2, *graph.input_shape)).astype(np.float32)
    rows = crops.reshape(len(crops), -1).tolist()
    got = np.array(tab.evaluate("(rows) => rows.map((row) => Array.from(predict(row)))", rows))
    expected = model.predict(crops, verbose=0)[0]
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-3 * max(1, np.abs(expected).max()))


def test_the_page_cuts_and_shrinks_as_the_app_does(opened, tmp_path):
    portrait = skimage.data.astronaut()
    with FaceMesher() as mesher:
        found = mesher.find(portrait)
    for side in (512, 250):  # shrunk by area, and as it is
        picture = np.asarray(Image.fromarray(portrait).resize((side, side)))
        scaled = Faces(found.landmarks * np.float32(side / 512), (side, side))
        want = align(picture, scaled, AlignSpec())
        Image.fromarray(picture).save(tmp_path / f"{side}.png")
        opened.set_input_files("#file", str(tmp_path / f"{side}.png"))
        until(opened, f"source !== null && source.width === {side}")
        points = anchors(scaled.landmarks)[0].tolist()
        crop = np.array(opened.evaluate("(points) => Array.from(cut(source, points))", points)).reshape(72, 72)
        apart = np.abs(crop - want.images[0].astype(int))
        assert apart.mean() < 0.5 and apart.max() <= 6, (side, apart.mean(), apart.max())
        small = opened.evaluate("(crop) => Array.from(toNetwork(crop))", want.images[0].ravel().tolist())
        np.testing.assert_array_equal(
            np.array(small, np.float32).reshape(48, 48), to_input(want.images, 48)[0, :, :, 0]
        )


def test_a_photo_three_clicks_an_answer_and_no_request(opened, astronaut, expected):
    opened.set_input_files("#file", str(astronaut))
    until(opened, "source !== null")
    with FaceMesher() as mesher:
        points = anchors(mesher.find(skimage.data.astronaut()).landmarks)[0]
    stage = opened.locator("#stage")
    for x, y in points.tolist():  # Playwright takes no NumPy numbers
        box = stage.bounding_box()
        opened.mouse.click(box["x"] + (x + 0.5) * box["width"] / 512, box["y"] + (y + 0.5) * box["height"] / 512)
    until(opened, "document.querySelectorAll('#bars .row').length === 7")
    assert "Looks most like pictures labelled happy" in opened.inner_text("#verdict")
    shares = [float(text) for text in opened.locator("#bars .row span:last-child").all_inner_texts() if text]
    np.testing.assert_allclose(shares, expected[0], atol=0.1)
    assert all(url.startswith(("file:", "blob:", "data:")) for url in opened.asked) and not opened.failed


def test_points_the_wrong_way_round_are_told(opened, astronaut):
    opened.set_input_files("#file", str(astronaut))
    until(opened, "source !== null")
    box = opened.locator("#stage").bounding_box()
    for x, y in ((0.6, 0.3), (0.4, 0.3), (0.5, 0.5)):
        opened.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    assert "must be the eye on the left" in opened.inner_text("#say")
    opened.click("#again")
    assert "Click the middle of the eye on the left" in opened.inner_text("#say")


def test_the_camera(launch, folder):
    running = launch()
    try:
        page = running.new_page()
        page.goto((folder / "page.html").as_uri())
        page.click("#camera")
        page.click("#shoot")
        box = page.locator("#stage").bounding_box()
        for x, y in ((0.4, 0.3), (0.6, 0.3), (0.5, 0.6)):
            page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        until(page, "document.querySelectorAll('#bars .row').length === 7")
        page.click("#live")
        until(page, "following && document.getElementById('time').textContent.includes('ms')")
        page.click("#camera")
        assert page.evaluate("stream === null && !following")
    finally:
        running.close()


def test_tensorflow_js_as_the_zip_s_page_uses_it(tab, folder, faces, expected):
    modules = runtimes.tfjs_modules() or pytest.skip(runtimes.NO_TFJS)
    tab.route("https://cdn.jsdelivr.net/**", lambda route: route.fulfill(path=modules / RUNTIME))
    Image.fromarray(faces.images[0]).save(folder / "crop.png")
    with runtimes.served(folder) as address:
        tab.goto(f"{address}/tfjs.html")
        until(tab, "document.getElementById('file').onchange !== null")
        tab.set_input_files("#file", str(folder / "crop.png"))
        until(tab, "document.getElementById('answer').textContent !== ''")
        said = [float(line.split(": ")[1]) for line in tab.inner_text("#answer").splitlines()]
    np.testing.assert_allclose(said, expected[0], atol=1e-3)


def test_the_page_s_data_is_plain_json(folder):
    text = (folder / "page.html").read_text(encoding="utf-8")
    assert "{{" not in text and text.count("</script>") == 1
    labels = next(line for line in text.splitlines() if line.startswith("const LABELS"))
    assert json.loads(labels.removeprefix("const LABELS = ").rstrip(";")) == list(zoo.load("cnn").labels)
