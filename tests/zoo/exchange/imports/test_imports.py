"""What comes in answers as it did where it came from, and says plainly what it is."""

import json
import time
import unicodedata

import keras
import numpy as np
import pytest

from features.align import AlignedFaces, AlignSpec
from zoo.exchange.errors import ModelFileError
from zoo.exchange.imports import classifiers
from zoo.exchange.imports.classifiers import ClassMap, ImportedNetwork, MappedClassifier, PixelRange, suggest, to_input
from zoo.exchange.imports.reader import read_models
from zoo.labels import SEVEN, LabelSet
from zoo.prediction import Prediction


def in_keras(tm) -> keras.Model:
    """The same network in Keras 3, laid flat by hand: it cannot read the file itself."""
    features, head = (part["config"]["layers"] for part in tm.topology["config"]["layers"])
    made = {}
    for entry in features[0]["config"]["layers"]:
        config = {key: 3 if key == "axis" else value for key, value in entry["config"].items() if key != "groups"}
        if entry["class_name"] == "InputLayer":
            made[entry["name"]] = keras.Input(config["batch_input_shape"][1:])
            continue
        sources = [made[source[0]] for source in entry["inbound_nodes"][0]]
        layer = getattr(keras.layers, entry["class_name"]).from_config(config)
        made[entry["name"]] = layer(sources if len(sources) > 1 else sources[0])
        _fill(layer, tm.weights)
    x = keras.layers.GlobalAveragePooling2D()(made[features[0]["config"]["output_layers"][0][0]])
    for entry in head:
        layer = keras.layers.Dense.from_config({k: v for k, v in entry["config"].items() if k != "batch_input_shape"})
        x = layer(x)
        _fill(layer, tm.weights)
    return keras.Model(made["input_1"], x)


def _fill(layer, weights) -> None:
    if layer.name in weights:
        layer.set_weights(list(weights[layer.name].values()))


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    noise = np.random.default_rng(1).uniform(-1, 1, (3, 64, 64, 3))
    return (
        noise * np.array([1, 0.1, 0.4])[:, None, None, None] + [[[[0, 0, 0]]], [[[0.9, 0, -0.9]]], [[[0.6] * 3]]]
    ).astype("f4")


@pytest.mark.parametrize("kind", ["keras_zip", "tfjs_zip"])
def test_a_teachable_machine_model_answers_as_in_keras(tm, kind, pictures):
    (model,) = read_models(getattr(tm, kind)())
    expected = in_keras(tm).predict(pictures, verbose=0)
    assert model.labels.labels == tm.labels and model.core.input_shape == (64, 64, 3) and not model.ours
    assert "Teachable Machine" in model.origin or "TensorFlow.js" in model.origin
    assert np.ptp(expected, axis=0).max() > 0.01  # the pictures are told apart at all
    np.testing.assert_allclose(model.core.run(pictures), expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["keras", "json and h5", "h5"])
def test_what_keras_3_writes_is_read(kind, tmp_path, make_zip):
    keras.utils.set_random_seed(3)
    layers = keras.layers
    inner = keras.Sequential([keras.Input((24, 24, 8)), layers.Conv2D(12, 3, 2, "same"), layers.MaxPooling2D()])
    model = keras.Sequential(
        [
            keras.Input((48, 48, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(8, 5, activation="elu", padding="same", dilation_rate=1),
            layers.AveragePooling2D(3, 2, "same"),
            layers.BatchNormalization(),
            inner,
            layers.Conv2D(6, 3, dilation_rate=2, padding="same"),
            layers.DepthwiseConv2D(3, depth_multiplier=2, activation="swish"),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(7, activation="softmax"),
        ]
    )
    files = _saved(model, kind, tmp_path) | {"labels.txt": "\n".join(SEVEN).encode()}
    x = np.random.default_rng(0).uniform(0, 255, (4, 48, 48, 1)).astype(np.float32)
    (got,) = read_models(make_zip(files))
    np.testing.assert_allclose(got.core.run(x), model.predict(x, verbose=0), atol=1e-5)


def _saved(model: keras.Model, kind: str, folder) -> dict[str, bytes]:
    if kind == "keras":
        model.save(folder / "model.keras")
        return {"fer/model.keras": (folder / "model.keras").read_bytes()}
    if kind == "h5":
        model.save(folder / "fer.h5")
        return {"fer.h5": (folder / "fer.h5").read_bytes()}
    model.save_weights(folder / "fer.weights.h5")
    return {"model.json": model.to_json().encode(), "fer.weights.h5": (folder / "fer.weights.h5").read_bytes()}


def test_labels_are_read_in_their_own_order(tm, make_zip):
    files = {"keras_model.h5": tm.h5(), "labels.txt": b"2 Wink left\r\n0 Happy  face\r\n1 Sad\r\n"}
    assert read_models(make_zip(files))[0].labels.labels == ("Happy  face", "Sad", "Wink left")


@pytest.mark.parametrize(
    "text, words",
    [
        (b"0 Happy\n1 Sad\n", "has 3 classes, but labels for 2"),
        (b"0 Happy\n1 Happy\n2 Sad", "the same name"),
        (b"\xff\xfe0 a", "not a text file"),
        (b"0 a\n1 " + b"b" * 80 + b"\n2 c", "1 to 60 letters"),
    ],
)
def test_labels_that_do_not_fit_are_refused(tm, make_zip, text, words):
    with pytest.raises(ModelFileError, match=words):
        read_models(make_zip({"keras_model.h5": tm.h5(), "labels.txt": text}))


def test_a_zip_without_a_model_says_what_is_wanted(make_zip):
    with pytest.raises(ModelFileError, match="keras_model.h5.*Export Model"):
        read_models(make_zip({"photo.jpg": b"\xff\xd8", "labels.txt": b"0 a"}))


def test_a_lambda_is_refused_by_name(tm, make_zip):
    changed = json.loads(json.dumps(tm.topology))
    layers = changed["config"]["layers"][1]["config"]["layers"]
    layers.insert(0, {"class_name": "Lambda", "config": {"name": "evil", "function": ["4wEAAAA=", None, None]}})
    with pytest.raises(ModelFileError, match="'Lambda', which is not one of those understood"):
        read_models(type(tm)(changed, tm.weights).tfjs_zip())


def noise(n: int = 3) -> AlignedFaces:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (n, 72, 72), np.uint8)
    return AlignedFaces(images, np.zeros((n, 468, 3), np.float32), np.zeros((n, 2, 3), np.float32), AlignSpec())


@pytest.fixture(scope="module")
def network(tm) -> ImportedNetwork:
    return read_models(tm.tfjs_zip())[0].classifier("mine")


def test_it_keeps_the_contract(network):
    some = noise()
    before = some.images.copy()
    answer = network.predict_proba(some)
    assert np.array_equal(before, some.images) and len(network.predict_proba(some[:0])) == 0
    np.testing.assert_array_equal(answer.probs[1], network.predict_proba(some[1]).probs[0])
    with pytest.raises(ValueError, match="mine takes"):
        network.predict_proba(AlignedFaces.empty(AlignSpec(size=64)))


def test_many_crops_are_enlarged_one_after_the_other(network, monkeypatch):
    enlarged = []
    monkeypatch.setattr(
        classifiers, "to_input", lambda crops, *given: enlarged.append(len(crops)) or to_input(crops, *given)
    )
    assert len(network.predict_proba(noise(5))) == 5 and enlarged == [1] * 5


def test_the_crop_is_enlarged_and_its_grey_put_on_every_channel(network):
    x = to_input(noise(1).images, network.graph, network.pixels)
    assert x.shape == (1, 64, 64, 3) and -1 <= x.min() < x.max() <= 1
    np.testing.assert_array_equal(x[..., 0], x[..., 2])


def test_classes_are_mapped_to_labels(network):
    source = LabelSet("x", ("Happiness", "Sad", "Wink left", "smiling", "3"))
    assert suggest(source) == ("happy", "sad", None, "happy", None)
    classes = ClassMap(source, suggest(source))
    assert classes.labels.labels == ("happy", "sad")
    probs = np.array([[0.2, 0.3, 0.4, 0.1, 0], [0, 0, 1, 0, 0]], np.float32)
    np.testing.assert_allclose(classes(Prediction(probs, source)).probs, [[0.5, 0.5], [0.5, 0.5]], atol=1e-6)
    mapped = MappedClassifier(network, ClassMap(network.labels, ("happy", "sad", None)))
    answer = mapped.predict_proba(noise()).onto(SEVEN)
    assert answer.unknown == ("angry", "disgust", "fear", "surprise", "neutral")


def test_a_map_onto_all_labels_is_the_shipped_set():
    source = LabelSet("x", tuple(reversed(SEVEN.labels)))
    assert ClassMap(source, source.labels).labels is SEVEN


@pytest.mark.parametrize("to, words", [(("happy",), "model has 3"), (("happy", None, "happy"), "at least two")])
def test_a_mapping_that_leaves_nothing_to_choose_is_refused(network, to, words):
    with pytest.raises(ModelFileError, match=words):
        ClassMap(network.labels, to)


def test_numbers_that_overflow_become_even_and_not_an_error(tm):
    weights = {**tm.weights, "dense_Dense2": {"kernel": tm.weights["dense_Dense2"]["kernel"] * 1e38}}
    try:
        (model,) = read_models(type(tm)(tm.topology, weights).tfjs_zip())
    except ModelFileError as error:
        assert "no number" in str(error)
    else:
        assert np.isfinite(model.classifier("wild").predict_proba(noise()).probs).all()


def test_a_pixel_range_out_of_this_world_is_refused():
    with pytest.raises(ValueError):
        PixelRange(float("nan"))


def test_reading_is_quick(tm):
    start = time.perf_counter()
    read_models(tm.keras_zip())
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize(
    ("model", "shards"),
    [
        ("model.json", ["group1-shard1of1.bin"]),
        ("model.json", ["group1-shard1of2.bin", "group1-shard2of2.bin"]),
        ("model.json", ["group1-shard1of1"]),
        ("my-model.json", ["my-model.weights.bin"]),
        ("tm/model.json", ["weights.bin"]),
        ("tm\\model.json", ["weights.bin"]),
    ],
)
def test_tensorflow_js_weights_by_any_of_their_names(tm, make_zip, model, shards):
    """As Teachable Machine, the converter and `model.save` name them; and as Windows writes paths."""
    files = tm.tfjs()
    description = json.loads(files["model.json"])
    description["weightsManifest"][0]["paths"] = shards
    folder = model[: max(model.rfind("/"), model.rfind("\\")) + 1]
    content, cut = files["weights.bin"], 1000 * (len(shards) - 1)
    parts = dict(zip(shards, [content[:cut], content[cut:]] if cut else [content], strict=True))
    packed = {model: json.dumps(description).encode(), f"{folder}metadata.json": tm.metadata}
    (got,) = read_models(make_zip(packed | {folder + name: part for name, part in parts.items()}))
    assert got.labels.labels == tm.labels and got.origin == "TensorFlow.js"


def test_a_shard_that_is_missing_is_named(tm, make_zip):
    files = tm.tfjs()
    description = json.loads(files["model.json"])
    description["weightsManifest"][0]["paths"] = ["group1-shard1of2.bin", "group1-shard2of2.bin"]
    packed = {"model.json": json.dumps(description).encode(), "group1-shard1of2.bin": b"", "metadata.json": tm.metadata}
    with pytest.raises(ModelFileError, match=r"lacks the file of weights 'group1-shard2of2\.bin'"):
        read_models(make_zip(packed))


def test_json_of_other_things_beside_a_whole_model_does_no_harm(tm, make_zip):
    files = {"model.h5": tm.h5(), "class_indices.json": b'{"a": 0}', "labels.txt": tm.labels_txt}
    assert read_models(make_zip(files))[0].labels.labels == tm.labels


def test_without_names_of_the_classes_the_sentence_says_so(tm, make_zip):
    notes = json.loads(tm.metadata)
    del notes["labels"]
    for files in (tm.tfjs(), tm.tfjs() | {"metadata.json": json.dumps(notes).encode()}):
        with pytest.raises(ModelFileError, match=r"no names of the model's classes\. Add a file labels\.txt"):
            read_models(make_zip(files))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_names_in_persian_and_hindi_and_in_two_encodings(tm, make_zip, encoding):
    labels = ("می\u200cخندد", "क्\u200dष", unicodedata.normalize("NFD", "étonné"))
    text = "\r\n".join(f"{i} {label}" for i, label in enumerate(labels)).encode(encoding)
    (got,) = read_models(make_zip({"keras_model.h5": tm.h5(), "labels.txt": text}))
    assert got.labels.labels == (*labels[:2], "étonné")
    notes = json.loads(tm.metadata) | {"modelName": "خنده\u200cها", "labels": labels}
    (got,) = read_models(make_zip(tm.tfjs() | {"metadata.json": json.dumps(notes).encode()}))
    assert got.title == "خنده\u200cها" and got.labels.labels == (*labels[:2], "étonné")
