"""What goes out gives the same probabilities in every format's own runtime."""

import io
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

import zoo
from features.align import AlignedFaces, AlignSpec, align
from features.descriptors import Joined, Lbp
from tests.zoo.exchange import fresh, runtimes
from tests.zoo.exchange.runtimes import in_node, litert
from zoo.cards import CardError
from zoo.datasets.aligned import align_pictures
from zoo.exchange.exports import bundle, portable_graph, rbf_layers
from zoo.exchange.exports.bundle import PARTS, ExportRequest, NothingToExportError
from zoo.exchange.formats import keras_config, keras_writer, onnx_writer, tfjs
from zoo.exchange.formats.weight_packing import pack
from zoo.exchange.imports.reader import read_models
from zoo.exchange.network.graph import Graph, check
from zoo.labels import SEVEN
from zoo.models import registry
from zoo.models.cnn import CnnClassifier, to_input
from zoo.models.svm import Kernel, Linear, SvmClassifier, softmax
from zoo.teach.head_model import TaughtCnn
from zoo.training.svm_fit import stepped
from zoo.training.two_head import with_middle

SAME = 1e-3
EIGHT_BITS = 0.1
SERVED_IN_EIGHT_BITS = 0.02
ROOT = Path(__file__).parents[4]
DEEP = [name for name in registry.names() if isinstance(registry.load(name), CnnClassifier)]
NETWORKS = [name for name in DEEP if portable_graph.goes_out(registry.card(name))]


@pytest.fixture(scope="module")
def made(taught, faces) -> bundle.Bundle:
    """Everything, of both taught models."""
    heard = []
    out = bundle.make(
        ExportRequest("My faces", tuple(PARTS), *taught, faces.images), lambda share, words: heard.append(share)
    )
    assert heard == sorted(heard) and 0 < heard[0] < heard[-1] < 1
    return out


@pytest.fixture(scope="module")
def folder(made, tmp_path_factory) -> Path:
    """The same, unpacked."""
    where = tmp_path_factory.mktemp("export")
    zipfile.ZipFile(io.BytesIO(made.data)).extractall(where)
    return where


@pytest.fixture(scope="module")
def x(faces) -> np.ndarray:
    return to_input(faces.images, 48)


@pytest.fixture(scope="module")
def expected(taught, faces) -> np.ndarray:
    """What the taught network says here."""
    probs = taught[0].predict_proba(faces).probs
    assert np.ptp(probs, axis=0).max() > 30 * SAME  # the crops are told apart
    return probs


@pytest.mark.parametrize("name", NETWORKS)
def test_ordinary_layers_say_what_the_served_network_says(name, faces):
    model = zoo.load(name)
    noise = np.random.default_rng(0).integers(0, 256, (2, 72, 72), np.uint8)
    flat = np.stack([np.zeros((72, 72), np.uint8), np.full((72, 72), 255, np.uint8)])
    images = np.concatenate([faces.images, noise, flat])
    n = len(images)
    crops = AlignedFaces(images, np.zeros((n, 468, 3), np.float32), np.zeros((n, 2, 3), np.float32), AlignSpec())
    graph = portable_graph.network(model)
    got = graph.run(to_input(images, graph.input_shape[0]))
    np.testing.assert_allclose(got, model.predict_proba(crops).probs, atol=served_within(model))
    kept = kept_says(model, to_input(images, graph.input_shape[0]))
    np.testing.assert_allclose(got, kept, atol=SAME)  # its weights are not rounded


def kept_says(model: CnnClassifier, x: np.ndarray) -> np.ndarray:
    """What Keras makes of the file that is kept beside the one that is served, shown both ways and read twice if so."""
    owner = registry.card(model.name).settings.get("network", model.name)
    kept = keras.saving.load_model(registry.CHECKPOINTS / owner / "model.keras", compile=False)
    logits, _, _, middle = with_middle(kept).predict(x, verbose=0)
    if model.mirror:
        turned, _, _, there = with_middle(kept).predict(x[:, :, ::-1], verbose=0)
        logits, middle = (logits + turned) / 2, (middle + there[:, :, ::-1]) / 2
    if model.kernel_head is not None:
        logits = logits + model.kernel_head(middle.reshape(len(x), -1))
    return softmax(logits / model.temperature)


def served_within(model: CnnClassifier | TaughtCnn) -> float:
    """How far what is exported may be from what is served: in eight bits rounding is coarser."""
    return SERVED_IN_EIGHT_BITS if model.bits == 8 else SAME / 5


def test_a_network_without_its_keras_file_stays_and_says_why():
    assert {"cnn", "cnn-rbf", "cnn-ferplus", "cnn-tiny"} <= set(NETWORKS)
    assert not {"cnn-large", "cnn-large-rbf"} & set(NETWORKS)
    for name in set(DEEP) - set(NETWORKS):
        owner = str(registry.card(name).settings.get("network", name))
        with pytest.raises(CardError, match=f"{owner}.*names no file model.keras"):
            portable_graph.network(zoo.load(name))


def test_a_machine_on_a_network_goes_out_as_a_layer_on_it(faces):
    model = zoo.load("cnn-svm")
    layer = portable_graph.on_network(model)
    graph = portable_graph.network(layer)
    got = graph.run(to_input(faces.images, graph.input_shape[0]))
    np.testing.assert_allclose(got, model.predict_proba(faces).probs, atol=served_within(layer))
    assert portable_graph.on_network(zoo.load("hog-linear-svm")) is None


@pytest.mark.parametrize("name", fresh.NETWORKS)
def test_every_network_that_can_be_trained_goes_out(name, modules, folder, served):
    model, file = fresh.fresh(name)
    graph = portable_graph.from_keras(file)
    crops = np.random.default_rng(0).uniform(0, 255, (3, *graph.input_shape)).astype(np.float32)
    expected = model.predict(crops, verbose=0)[0]
    np.testing.assert_allclose(graph.run(crops), expected, atol=1e-4 * max(1, np.abs(expected).max()))
    session = pytest.importorskip("onnxruntime").InferenceSession(onnx_writer.network(graph))
    np.testing.assert_allclose(session.run(None, {"crop": crops})[0], expected, rtol=SAME, atol=SAME)
    (folder / name).mkdir()
    for part, content in tfjs.write(graph, keras_config.describe(graph, name)).items():
        (folder / name / part).write_bytes(content)
    np.testing.assert_allclose(in_node(modules, f"{served}/{name}/model.json", crops), expected, rtol=SAME, atol=SAME)


@pytest.mark.parametrize("name", fresh.NETWORKS)
def test_a_network_beside_itself_in_a_mirror_sees_both_ways(name):
    _, file = fresh.fresh(name)
    graph = portable_graph.from_keras(file)
    *nodes, _ = graph.nodes
    crops = np.random.default_rng(0).uniform(0, 255, (3, *graph.input_shape)).astype(np.float32)
    trunk, both = (
        Graph(graph.input_shape, tuple(n)) for n in (nodes, portable_graph.both_ways(graph.input_shape, nodes))
    )
    apart = trunk.run(crops), trunk.run(crops[:, :, ::-1])
    assert np.abs(apart[0] - apart[1]).max() > 1e-2
    np.testing.assert_allclose(both.run(crops), apart[0] + apart[1], rtol=SAME, atol=SAME)


@pytest.mark.parametrize("even", [None, 5])
def test_a_kernel_machine_is_said_in_layers(even):
    """Its own scores of maps, whether or not it averages over a mirror image."""
    rng = np.random.default_rng(1)
    mean, components, vectors, coefficients, bias = (
        rng.normal(0, size, shape).astype(np.float32)
        for size, shape in ((0.3, 36), (0.3, (36, 8)), (1, (50, 8)), (1, (50, 7)), (1, 7))
    )
    machine = Kernel(mean, components, vectors, coefficients, bias, 0.07, even)
    maps = rng.normal(0, 1, (4, 3, 4, 3)).astype(np.float32)
    graph = check(Graph((3, 4, 3), tuple(rbf_layers.scores(machine, "", 0.5))))
    assert graph.nodes[-1].name == "second"
    expected = machine(maps.reshape(4, -1) / 2)
    assert np.ptp(expected, axis=0).min() > 0.1
    np.testing.assert_allclose(graph.run(maps), expected, atol=1e-4)


@pytest.fixture(scope="module")
def twice(faces, tmp_path_factory) -> tuple[Path, tuple[str, ...]]:
    """The zip of `cnn-rbf` unpacked, and what was left out."""
    made = bundle.make(
        ExportRequest("Twice", ("tfjs", "tflite", "int8", "keras", "onnx"), zoo.load("cnn-rbf"), None, faces.images)
    )
    where = tmp_path_factory.mktemp("twice")
    zipfile.ZipFile(io.BytesIO(made.data)).extractall(where)
    return where, made.left_out


def test_a_network_that_is_read_twice_goes_out_whole(twice, faces, x, modules):
    where, left_out = twice
    assert len(left_out) == 1 and "model-int8.tflite is left out: a kernel machine" in left_out[0]
    assert not (where / "tflite/model-int8.tflite").exists() and (where / "predict.py").exists()
    expected = portable_graph.network(zoo.load("cnn-rbf")).run(x)
    once = TaughtCnn(
        "once", SEVEN, AlignSpec(), zoo.load("cnn"), (portable_graph._trunk("cnn", registry.CHECKPOINTS)[2],)
    )
    assert np.abs(once.predict_proba(faces).probs - expected).max() > 30 * SAME  # the second reading counts
    np.testing.assert_allclose(litert(where / "tflite/model.tflite", x), expected, atol=SAME)
    kept = keras.models.load_model(where / "model.keras")
    np.testing.assert_allclose(kept.predict(x, verbose=0), expected, atol=SAME)
    session = pytest.importorskip("onnxruntime").InferenceSession(where / "onnx/cnn.onnx")
    np.testing.assert_allclose(session.run(None, {"crop": x})[0], expected, atol=SAME)
    with runtimes.served(where) as address:
        np.testing.assert_allclose(in_node(modules, f"{address}/tfjs/model.json", x[:4]), expected[:4], atol=SAME)
    assert (where / "tfjs/weights.bin").stat().st_size < 16 * 2**20  # support vectors take a byte a number


def test_a_network_that_is_read_twice_comes_back(twice, make_zip, faces, x):
    files = {name: (twice[0] / name).read_bytes() for name in ("tfjs/model.json", "tfjs/weights.bin", "labels.txt")}
    (came,) = read_models(make_zip(files | {"preprocessing.json": (twice[0] / "preprocessing.json").read_bytes()}))
    expected = portable_graph.network(zoo.load("cnn-rbf")).run(x)
    np.testing.assert_allclose(came.classifier("back").predict_proba(faces).probs, expected, atol=SAME)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("uint8", stepped(np.random.default_rng(2).normal(0, 3, (9, 5)).astype(np.float32)) * np.float32(0.37)),
        ("float16", np.random.default_rng(2).normal(0, 3, (9, 5)).astype(np.float16).astype(np.float32)),
        ("float32", np.random.default_rng(2).normal(0, 3, (9, 5)).astype(np.float32)),
        ("float16", np.zeros((2, 3), np.float32)),
        ("float16", np.zeros(0, np.float32)),
    ],
)
def test_weights_are_packed_as_tightly_as_loses_nothing(kind, values):
    table, content = pack({"layer/kernel": values})
    assert table[0].get("quantization", {}).get("dtype", "float32") == kind
    assert len(content) == values.size * {"uint8": 1, "float16": 2, "float32": 4}[kind]
    named = {}
    tfjs.read_group(content, table, named)
    np.testing.assert_allclose(named["layer"]["kernel"], values, rtol=1e-6, atol=1e-6 * np.abs(values).max(initial=0))


def test_the_zip_holds_what_was_asked_for(made, folder):
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert names >= {"page.html", "model.keras", "tfjs/model.json", "tfjs/weights.bin", "tfjs/metadata.json"}
    assert names >= {"keras-h5/model.json", "keras-h5/model.weights.h5"}
    assert names >= {"tflite/model.tflite", "tflite/model-int8.tflite", "predict.py", "webcam.py", "preprocess.py"}
    assert names >= {"find_faces.py", "faces/face_landmark.tflite", "faces/NOTICE.md", "faces/LICENSE"}
    assert names >= {"onnx/cnn.onnx", "onnx/svm.onnx", "svm/svm.json", "labels.txt", "metadata.json", "README.md"}
    assert (folder / "labels.txt").read_text() == "0 Happy\n1 Sad face\n2 Wink left\n"
    assert not made.left_out and len(made.data) < 40 * 2**20
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert "{" not in readme.replace('{"crop": grey[None]}', "") and "`page.html`" in readme and "## Keras" in readme


def test_keras_file(folder, x, expected):
    model = keras.models.load_model(folder / "model.keras")
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=SAME)


def test_keras_json_and_weights(folder, x, expected):
    model = keras.models.model_from_json((folder / "keras-h5/model.json").read_text())
    model.load_weights(folder / "keras-h5/model.weights.h5")
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=SAME)


def test_litert(folder, x, expected):
    np.testing.assert_allclose(litert(folder / "tflite/model.tflite", x), expected, atol=SAME)


def test_litert_in_eight_bits(folder, x, expected):
    small = folder / "tflite/model-int8.tflite"
    assert small.stat().st_size < 0.6 * (folder / "tflite/model.tflite").stat().st_size
    np.testing.assert_allclose(litert(small, x), expected, atol=EIGHT_BITS)


def test_onnx_network(folder, x, expected):
    session = pytest.importorskip("onnxruntime").InferenceSession(folder / "onnx/cnn.onnx")
    np.testing.assert_allclose(session.run(None, {"crop": x})[0], expected, atol=SAME)


@pytest.mark.parametrize("name", ["taught", "hog-svm", "hog-linear-svm"])
def test_onnx_machine_from_the_crop(name, taught, faces):
    onnxruntime = pytest.importorskip("onnxruntime")
    model = taught[1] if name == "taught" else zoo.load(name)
    noise = np.random.default_rng(0).integers(0, 256, (2, 72, 72), np.uint8)
    stripes = np.tile(np.arange(72, dtype=np.uint8), (1, 72, 1))  # their directions lie on the edges of bins
    across = stripes.transpose(0, 2, 1)
    images = np.concatenate([faces.images, noise, stripes, across, stripes + across, stripes + 71 - across])
    n = len(images)
    crops = AlignedFaces(images, np.zeros((n, 468, 3), np.float32), np.zeros((n, 2, 3), np.float32), AlignSpec())
    session = onnxruntime.InferenceSession(onnx_writer.support_vectors(model))
    probs, descriptor = session.run(["probabilities", "descriptor"], {"crop": images})
    np.testing.assert_allclose(descriptor, model.descriptor(crops), atol=1e-6)
    np.testing.assert_allclose(probs, model.predict_proba(crops).probs, atol=SAME)


def test_a_descriptor_that_onnx_cannot_have_is_left_out_and_named(taught, faces):
    svm = taught[1]
    machine = Linear(np.ones((64 * 59, 3), np.float32), svm.machine.bias)
    other = SvmClassifier("lbp", svm.labels, svm.align, Joined((Lbp(),), (1.0,)), machine, (svm.scale, svm.shift))
    out = bundle.make(ExportRequest("x", ("onnx",), None, other, faces.images))
    assert out.left_out == ("onnx/svm.onnx is left out: Lbp is not written in ONNX; only HOG is.",)


@pytest.fixture(scope="module")
def modules() -> Path:
    return runtimes.tfjs_modules() or pytest.skip(runtimes.NO_TFJS)


@pytest.fixture(scope="module")
def served(folder):
    with runtimes.served(folder) as address:
        yield address


def test_tensorflow_js_in_node(modules, served, x, expected):
    np.testing.assert_allclose(in_node(modules, f"{served}/tfjs/model.json", x[:4]), expected[:4], atol=SAME)


def test_it_comes_back(made, taught, faces):
    network, machine = read_models(made.data)
    assert network.ours and network.labels.labels == taught[0].labels.labels and network.title == "My faces"
    for came, went in zip((network, machine), taught, strict=True):
        probs = came.classifier("back").predict_proba(faces).probs
        np.testing.assert_allclose(probs, went.predict_proba(faces).probs, atol=SAME)


@pytest.mark.parametrize("part", ["keras", "h5"])
def test_it_comes_back_from_keras_too(folder, make_zip, part, faces, expected):
    wanted = {"keras": ["model.keras"], "h5": ["keras-h5/model.json", "keras-h5/model.weights.h5"]}[part]
    files = {name: (folder / name).read_bytes() for name in (*wanted, "labels.txt", "preprocessing.json")}
    (came,) = read_models(make_zip(files))
    np.testing.assert_allclose(came.classifier("back").predict_proba(faces).probs, expected, atol=SAME)


def test_the_kit_cuts_the_very_same_crop(folder, portrait, mesher, monkeypatch):
    monkeypatch.syspath_prepend(str(folder))
    import preprocess

    found = mesher.find(portrait)
    for picture, size in ((portrait, 1.0), (np.asarray(Image.fromarray(portrait).resize((200, 200))), 200 / 512)):
        marks = found.landmarks * np.float32(size)
        faces = type(found)(marks, picture.shape[1::-1])
        expected = align(picture, faces, AlignSpec())
        affine = preprocess.to_crop(faces.landmarks[0, :468, :2])
        np.testing.assert_allclose(affine, expected.to_crop[0], rtol=1e-4, atol=1e-3)
        apart = np.abs(preprocess.crop(picture, affine).astype(int) - expected.images[0])
        assert apart.max() <= 1
        np.testing.assert_array_equal(preprocess.to_network(expected.images[0]), to_input(expected.images, 48))
    sys.modules.pop("preprocess")


RUN = """
import sys
import cv2
sys.modules["tensorflow"] = None  # MediaPipe would import it, which takes ten seconds
picture = cv2.imread("photo.jpg")
video = cv2.VideoWriter("two.avi", cv2.VideoWriter_fourcc(*"MJPG"), 5, (512, 512))
video.write(picture); video.write(picture); video.release()
import predict, webcam
sys.argv = ["predict.py", "photo.jpg"]
predict.main()
sys.argv = ["webcam.py", "two.avi", "--no-window"]
webcam.main()
"""


def test_the_programs_in_the_zip_run(folder, jpeg, expected):
    (folder / "photo.jpg").write_bytes(jpeg)
    done = subprocess.run([sys.executable, "-c", RUN], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    first, *frames = done.stdout.strip().splitlines()
    best = int(expected[0].argmax())
    label, share = re.fullmatch(r"photo.jpg, face 1: looks most like (.+) \((.+)\)", first).groups()
    assert label == ("Happy", "Sad face", "Wink left")[best] and abs(float(share) - expected[0, best]) < 0.1
    assert len(frames) == 2 and all(frame.startswith(label) for frame in frames)


def test_the_readme_s_python_runs_as_typed(folder, jpeg, monkeypatch, capsys, taught):
    pytest.importorskip("onnxruntime")
    (folder / "photo.jpg").write_bytes(jpeg)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    snippets = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(snippets) == 2
    import find_faces
    import preprocess

    picture = np.asarray(Image.open("photo.jpg"))
    crop = preprocess.crop(picture, preprocess.to_crop(find_faces.find_meshes(picture)[0]))
    face = AlignedFaces(crop[None], np.zeros((1, 468, 3), np.float32), np.zeros((1, 2, 3), np.float32), AlignSpec())
    for snippet, model in zip(snippets, taught, strict=True):
        exec(snippet, {"__name__": "snippet"})
        said = np.array(re.findall(r"[\d.]+(?:e-\d+)?", capsys.readouterr().out), float)
        np.testing.assert_allclose(said, model.predict_proba(face).probs[0], atol=SAME)
    find_faces.close()
    for name in ("preprocess", "find_faces"):
        sys.modules.pop(name)


def test_the_kit_finds_the_face_where_the_app_finds_it(folder, portrait, mesher, monkeypatch):
    monkeypatch.syspath_prepend(str(folder))
    import find_faces

    (mesh,) = find_faces.find_meshes(portrait)
    (expected,) = mesher.find(portrait).landmarks[:, :, :2]
    assert np.abs(mesh - expected).mean() < 0.01 * np.linalg.norm(expected[33] - expected[263])
    assert find_faces.find_meshes(np.zeros_like(portrait)).shape == (0, 468, 2)
    find_faces.close()
    sys.modules.pop("find_faces")


def test_wishes_that_cannot_be_met_are_sentences(taught, faces):
    with pytest.raises(NothingToExportError, match="No model"):
        ExportRequest("x", ("tfjs",), None, None, faces.images)
    with pytest.raises(NothingToExportError, match="Choose one or more formats"):
        ExportRequest("x", (), *taught, faces.images)
    with pytest.raises(NothingToExportError, match="different classes"):
        ExportRequest("x", ("tfjs",), taught[0], zoo.load("hog-svm"), faces.images)
    with pytest.raises(NothingToExportError, match="facial movements"):
        ExportRequest("x", ("onnx",), None, zoo.load("movements-linear"), faces.images)
    with pytest.raises(NothingToExportError, match="needs sample crops"):
        bundle.representative(faces.images[:0])


def test_only_eight_bits_need_crops(taught, faces, monkeypatch):
    given = []
    monkeypatch.setattr(keras_writer, "write", lambda graph, name, parts, crops: given.append(crops.shape) or {})
    without = faces.images[:0]
    bundle.make(ExportRequest("x", ("keras", "h5", "tflite"), taught[0], None, without))
    assert given == [(0, 48, 48, 1)]
    with pytest.raises(NothingToExportError, match="needs sample crops"):
        bundle.make(ExportRequest("x", ("keras", "int8"), taught[0], None, without))
    bundle.make(ExportRequest("x", ("keras", "int8"), taught[0], None, faces.images))
    assert given[1:] == [(4 * len(faces), 48, 48, 1)]


def test_what_tensorflow_cannot_build_is_a_sentence(taught, x, monkeypatch):
    monkeypatch.setattr(keras_writer, "settings", lambda node: {"nonsense": 1})
    with pytest.raises(keras_writer.ExportError, match="could not write"):
        keras_writer.write(portable_graph.network(taught[0]), "x", ["keras"], x)


def test_a_name_that_keras_takes():
    assert bundle.identifier("My faces (2)") == "my_faces_2"
    assert bundle.identifier("7 Gesichter é") == "model_7_gesichter"
    assert bundle.identifier("★") == "model"


@pytest.mark.data
def test_eight_bits_on_fer2013(fer2013, tmp_path_factory):
    """The shipped networks in eight bits, as they go out and as they are served: run with -s to see the figures."""
    held = fer2013.pixels[fer2013.splits == "PublicTest"][:400]
    images = align_pictures(held, AlignSpec(), workers=1)[0].images
    x = to_input(images[:200], 48)
    zeros = np.zeros((200, 468, 3), np.float32), np.zeros((200, 2, 3), np.float32)
    crops = AlignedFaces(images[:200], *zeros, AlignSpec())
    layer, twice = (
        portable_graph.network(portable_graph.on_network(zoo.load("cnn-svm"))),
        portable_graph.network(zoo.load("cnn-rbf")),
    )
    folder, scales = tmp_path_factory.mktemp("int8"), to_input(bundle.representative(images[200:]), 48)
    exact, exact_twice = layer.run(x), twice.run(x)
    for words, probs, whole, most in (
        ("cnn-svm as it goes out", in_eight_bits(layer, scales, folder, x), exact, 0.02),
        ("cnn-svm as it is served", zoo.load("cnn-svm").predict_proba(crops).probs, exact, 0.005),
        ("cnn-rbf as it is served", zoo.load("cnn-rbf").predict_proba(crops).probs, exact_twice, 0.005),
    ):
        apart, same = np.abs(probs - whole).max(axis=1), (probs.argmax(axis=1) == whole.argmax(axis=1)).mean()
        print(f"\n{words}: median {np.median(apart):.4f}, worst {apart.max():.4f}, same label {same:.1%}")
        assert np.median(apart) < most and same > 0.95
    # Why a network that is read twice does not go out in eight bits: it would not be the same model.
    same = (in_eight_bits(twice, scales, folder, x).argmax(axis=1) == exact_twice.argmax(axis=1)).mean()
    print(f"\ncnn-rbf as it would go out: same label {same:.1%}")
    assert same < 0.7


def in_eight_bits(graph: Graph, scales: np.ndarray, folder: Path, x: np.ndarray) -> np.ndarray:
    """What LiteRT makes of a network in eight bits, their scales taken from some crops."""
    file = folder / "model.tflite"
    file.write_bytes(keras_writer.write(graph, "small", ["int8"], scales)["int8/model-int8.tflite"])
    return litert(file, x)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("Smile or not", "Smile or not"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("[x](javascript:alert(1))", r"\[x\](javascript:alert(1))"),
        ("a\n# b\n", "a # b"),
        ("![](//x.y/z.png)", r"!\[\](//x.y/z.png)"),
        ("`*_|~", r"\`\*\_\|\~"),
        ("https://x.y www.x.y a@b.c", r"https\://x.y www\.x.y a\@b.c"),
        ("# one", r"\# one"),
        ("a&lt;b {c} \\", r"a&amp;lt;b \{c\} \\"),
    ],
)
def test_names_in_the_readme_are_shown_as_they_are(words, shown):
    assert bundle.markdown(words) == shown
