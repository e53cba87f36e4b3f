"""Broken and hostile model files, by name, made from a seed: ``cases(tm) -> {name: bytes}``."""

from __future__ import annotations

import copy
import io
import itertools
import json
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np

from features.align import AlignSpec
from features.descriptors import Hog, Joined
from zoo.exchange.exports.bundle import contract
from zoo.exchange.formats import svm_json
from zoo.labels import LabelSet
from zoo.models.svm import Linear, SvmClassifier

Cases = Iterator[tuple[str, bytes]]
ODD = {
    "null": None,
    "minus": -1,
    "zero": 0,
    "huge": 10**30,
    "half": 0.5,
    "true": True,
    "word": "x",
    "long": "x" * 5000,
    "empty list": [],
    "list": [[[1, "a"]]],
    "object": {"class_name": "Lambda", "config": {}},
}


def cases(tm) -> dict[str, bytes]:
    """Every case; the seed is fixed, so that a failure can be seen again."""
    rng = np.random.default_rng(20260101)
    made: dict[str, bytes] = {}
    for group in (_bytes, _zips, _json, _layers, _weights, _hdf5, _labels, _machines):
        for name, content in group(tm, rng):
            assert name not in made, name
            made[name] = content
    return made


def pack(files: dict[str, bytes], **settings) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", settings.get("kind", zipfile.ZIP_DEFLATED)) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name) if settings.get("plain") else name, content)
    return out.getvalue()


def good(tm) -> dict[str, bytes]:
    return tm.tfjs() | {"metadata.json": tm.metadata}


def _bytes(tm, rng) -> Cases:
    """Files cut off, bits turned, rubbish."""
    keras, tfjs, h5 = tm.keras_zip(), tm.tfjs_zip(), tm.h5()
    yield "nothing", b""
    yield "two letters", b"PK"
    yield "rubbish", rng.bytes(5000)
    yield "rubbish like a zip", b"PK\x03\x04" + rng.bytes(5000)
    yield "a bare h5", h5
    yield "a pickle", b"\x80\x04\x95\x0c\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x8c\x06system\x93."
    for share in (0.02, 0.2, 0.5, 0.8, 0.97, 0.999):
        yield f"keras zip cut at {share}", keras[: int(len(keras) * share)]
        yield f"tfjs zip cut at {share}", tfjs[: int(len(tfjs) * share)]
        yield f"h5 cut at {share}", pack({"keras_model.h5": h5[: int(len(h5) * share)], "labels.txt": tm.labels_txt})
    for i in range(16):
        yield f"zip with turned bits {i}", _turned(tfjs, rng, 4)
        yield f"table of contents with turned bits {i}", tfjs[:-200] + _turned(tfjs[-200:], rng, 2)
    for i in range(24):  # the first kilobytes hold HDF5's structure
        wild = _turned(h5[:4000], rng, 1 + i) + h5[4000:]
        yield f"h5 with turned bits {i}", pack({"keras_model.h5": wild, "labels.txt": tm.labels_txt})


def _turned(data: bytes, rng, count: int) -> bytes:
    wild = bytearray(data)
    for place in rng.integers(0, len(wild), count):
        wild[place] ^= 1 << int(rng.integers(8))
    return bytes(wild)


def _zips(tm, rng) -> Cases:
    """Paths that escape, links, bombs, odd packing."""
    files = good(tm)
    paths = [
        "/etc/x",
        "../x",
        "a/../../x",
        "a\\..\\x",
        "C:/x",
        "a//b",
        "x\x01y",
        "n" * 300,
        "a/b/c/d/e/f/g/h/i/x",
        "ü\u202ex",
    ]
    for path in paths:
        yield f"path {path[:12]!r}", pack(files | {path: b"x"}, plain=True)
    link = zipfile.ZipInfo("weights.bin")
    link.external_attr = 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("model.json", files["model.json"])
        archive.writestr(link, "/etc/passwd")
    yield "a link", out.getvalue()
    yield "no files", pack({})
    yield "only a folder", pack({"folder/": b""}, plain=True)
    yield "many files", pack({f"{i}.txt": b"" for i in range(300)})
    yield "very many files", pack({f"{i}.txt": b"" for i in range(5000)})
    yield "a bomb", pack(files | {"x": bytes(50 * 2**20)})
    yield "a bomb for weights", pack(files | {"weights.bin": bytes(100 * 2**20)})
    yield "many small bombs", pack(files | {f"x{i}": bytes(2**20 * 3) for i in range(80)})
    yield "bzip2", pack(files, kind=zipfile.ZIP_BZIP2)
    yield "lzma", pack(files, kind=zipfile.ZIP_LZMA)
    yield "a zip in a zip", pack({"inner.zip": tm.tfjs_zip()})
    yield "a .keras that is no zip", pack({"model.keras": rng.bytes(300)})
    yield "a .keras without weights", pack({"model.keras": pack({"config.json": b"{}"})})
    yield "a .keras in a .keras", pack({"model.keras": pack({"model.keras": pack({"config.json": b"{}"})})})
    escaping = pack({"config.json": b"{}", "model.weights.h5": b"", "../x": b""}, plain=True)
    yield "a .keras that escapes", pack({"model.keras": escaping})
    whole = pack(files)
    yield "a password", _patched(whole, 6, 1)
    yield "sizes that lie", _patched(whole, 22, 2**31 - 5, "<I", 24)
    yield (
        "twice the same file",
        whole.replace(b"metadata.json", b"weights.binxx").replace(b"weights.binxx", b"weights.bin\0\0"),
    )
    yield "a note of 60 KB behind", whole[:-2] + struct.pack("<H", 60000) + b"x" * 60000 + b"PK\x05\x06"


def _patched(data: bytes, local: int, value: int, form: str = "<H", central: int = 8) -> bytes:
    """One number changed in every local header and in the table of contents."""
    wild = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", local), (b"PK\x01\x02", central)):
        start = wild.find(mark)
        while start >= 0:
            struct.pack_into(form, wild, start + offset, value)
            start = wild.find(mark, start + 4)
    return bytes(wild)


def _json(tm, rng) -> Cases:
    """Every kind of odd value in every place of ``model.json`` that is read."""
    files = good(tm)
    model = json.loads(files["model.json"])
    spots: dict[str, Callable[[dict], tuple[object, object]]] = {
        "model": lambda m: (m, "modelTopology"),
        "manifest": lambda m: (m, "weightsManifest"),
        "class": lambda m: (m["modelTopology"], "class_name"),
        "layers": lambda m: (m["modelTopology"]["config"], "layers"),
        "layer": lambda m: (m["modelTopology"]["config"]["layers"], 0),
        "filters": lambda m: (_node(m, "Conv1"), "filters"),
        "kernel size": lambda m: (_node(m, "Conv1"), "kernel_size"),
        "strides": lambda m: (_node(m, "Conv1"), "strides"),
        "units": lambda m: (_dense(m), "units"),
        "activation": lambda m: (_dense(m), "activation"),
        "shape": lambda m: (m["weightsManifest"][0]["weights"][0], "shape"),
        "name of a weight": lambda m: (m["weightsManifest"][0]["weights"][3], "name"),
        "paths": lambda m: (m["weightsManifest"][0], "paths"),
    }
    for spot, where in spots.items():
        for odd, value in ODD.items():
            changed = copy.deepcopy(model)
            place, key = where(changed)
            place[key] = value
            yield f"{spot} = {odd}", pack(files | {"model.json": json.dumps(changed).encode()})
    for name, text in {
        "deep lists": b"[" * 100_000,
        "deep objects": b'{"a":' * 5000 + b"1" + b"}" * 5000,
        "NaN": b'{"modelTopology": NaN}',
        "a long number": b'{"modelTopology": ' + b"9" * 100_000 + b"}",
        "not UTF-8": b"\xff\xfe{}",
        "an empty file": b"",
        "large": b" " * (5 * 2**20) + b"{}",
        "a list": b"[]",
        "a word": b'"model"',
    }.items():
        yield f"model.json: {name}", pack(files | {"model.json": text})


def _inner(model: dict) -> dict:
    return model["modelTopology"]["config"]["layers"][0]["config"]["layers"][0]["config"]


def _node(model: dict, name: str) -> dict:
    return next(layer["config"] for layer in _inner(model)["layers"] if layer["name"] == name)


def _dense(model: dict) -> dict:
    return model["modelTopology"]["config"]["layers"][1]["config"]["layers"][1]["config"]


def _net(
    layers: list, kind: str = "Sequential", side: int = 8, weights: list | None = None, content: bytes = b"", **more
) -> bytes:
    """A zip with a network of these layers and weights."""
    first = {"class_name": "InputLayer", "config": {"name": "in", "batch_input_shape": [None, side, side, 3]}}
    if kind != "Sequential":
        first |= {"name": "in", "inbound_nodes": []}
    topology = {"class_name": kind, "config": {"name": "net", "layers": [first, *layers], **more}}
    model = {"modelTopology": topology, "weightsManifest": [{"paths": ["weights.bin"], "weights": weights or []}]}
    return pack({"model.json": json.dumps(model).encode(), "weights.bin": content, "labels.txt": b"0 a\n1 b"})


def _entry(kind: str, name: str, source: object = None, **config) -> dict:
    entry = {"class_name": kind, "name": name, "config": {"name": name, **config}}
    return entry | ({"inbound_nodes": [[[one, 0, 0, {}] for one in source]]} if source else {})


def _layers(tm, rng) -> Cases:
    """Layers that are not allowed, that never end, or that grow."""
    for kind in (
        "Lambda",
        "TFOpLambda",
        "SlicingOpLambda",
        "Custom>Evil",
        "__import__",
        "LSTM",
        "TextVectorization",
        "Embedding",
    ):
        yield f"a {kind}", _net([_entry(kind, "a", function="exit()", module="os")])
    ends = {"input_layers": [["in", 0, 0]], "output_layers": [["a0", 0, 0]]}
    graph = lambda layers, **changes: _net(layers, "Functional", **(ends | changes))
    yield "layers in a circle", graph([_entry("ReLU", "a0", ["a1"]), _entry("ReLU", "a1", ["a0"])])
    yield "a layer that reads itself", graph([_entry("Add", "a0", ["in", "a0"])])
    yield "a layer that reads nobody", graph([_entry("ReLU", "a0", ["ghost"])])
    yield "no output", graph([_entry("ReLU", "a0", ["in"])], output_layers=[])
    yield "two outputs", graph([_entry("ReLU", "a0", ["in"])], output_layers=[["a0", 0, 0], ["in", 0, 0]])
    yield "an output that is not there", graph([_entry("ReLU", "a0", ["in"])], output_layers=[["zz", 0, 0]])
    yield "the input is the output", graph([_entry("ReLU", "a0", ["in"])], output_layers=[["in", 0, 0]])
    yield "the same name twice", _net([_entry("ReLU", "a"), _entry("ReLU", "a")])
    double = [_entry("Concatenate", f"a{i}", [f"a{i - 1}" if i else "in"] * 2) for i in range(60)]
    yield "channels that double", graph(double, output_layers=[["a59", 0, 0]])
    yield "an Add of a thousand", graph([_entry("Add", "a0", ["in"] * 1000)])
    yield "borders that grow", _net([_entry("ZeroPadding2D", f"p{i}", padding=64) for i in range(900)])
    yield "five thousand layers", _net([_entry("ReLU", f"r{i}") for i in range(5000)])
    yield (
        "a slow chain",
        _net([_entry("MaxPooling2D", f"m{i}", pool_size=64, strides=1, padding="same") for i in range(900)], side=512),
    )
    yield "a wide convolution", _net([_entry("Conv2D", "c", filters=8192, kernel_size=64, padding="same")], side=2048)
    yield "an input of a billion", _net([_entry("Flatten", "f"), _entry("Dense", "d", units=2)], side=2**15)
    yield "a window larger than the picture", _net([_entry("Conv2D", "c", filters=2, kernel_size=64)])
    yield "a picture as answer", _net([_entry("ReLU", "r")])
    yield "one answer", _net([_entry("GlobalAveragePooling2D", "g"), _entry("Reshape", "x", target_shape=[1])])
    yield "no softmax", _net([_entry("GlobalAveragePooling2D", "g"), _entry("Concatenate", "x")])
    yield "a Reshape that does not fit", _net([_entry("Reshape", "x", target_shape=[7, 7])])
    border = {"strides": 64, "padding": "same"}
    for kind in ("MaxPooling2D", "AveragePooling2D"):
        wide = [_entry("Reshape", "x", target_shape=[1, 1, 3 * 2**16]), _entry(kind, "p", pool_size=64, **border)]
        halves = [_entry("Reshape", "y", target_shape=[3 * 2**15, 1, 2]), _entry("GlobalAveragePooling2D", "g")]
        yield f"a {kind} of borders", _net([*wide, *halves, _entry("Softmax", "z")], side=2**8)
    border |= {"kernel_size": 64, "dilation_rate": 64, "filters": 2, "use_bias": False}
    wide = [_entry("Reshape", "x", target_shape=[1, 1, 12]), _entry("Conv2D", "p", **border)]
    kernel = [{"name": "p/kernel", "shape": [64, 64, 12, 2], "dtype": "uint8"}]
    ends_well = [_entry("Flatten", "f"), _entry("Softmax", "z")]
    yield "a convolution of borders", _net([*wide, *ends_well], side=2, weights=kernel, content=rng.bytes(98304))
    for kind, count in (("Softmax", 100), ("ReLU", 200)):
        layers = [_entry(kind, f"a{i}") for i in range(count)]
        yield f"slow: {count} of {kind}", _net([*layers, _entry("GlobalAveragePooling2D", "g")], side=1024)
    windows = [_entry("MaxPooling2D", f"a{i}", pool_size=2, strides=1, padding="same") for i in range(30)]
    yield "slow: windows", _net([*windows, _entry("GlobalAveragePooling2D", "g")], side=1024)
    means = [_entry("GlobalMaxPooling2D", f"b{i}", ["in"]) for i in range(15 * 15)]
    joined = [_entry("Add", f"c{i}", [f"b{15 * i + j}" for j in range(15)]) for i in range(15)]
    sums = [*means, *joined, _entry("Add", "a0", [f"c{i}" for i in range(15)])]
    yield "slow: means", _net(sums, "Functional", side=1024, **ends)
    chain = [_entry("ReLU", f"a{i}", [f"a{i - 1}" if i else "in"]) for i in range(990)][::-1]
    crowd = {**_entry("Add", "z"), "inbound_nodes": [[["in"]] * 100_000 + [["a989"]]]}
    yield "a crowd before a long chain", graph([crowd, *chain], output_layers=[["z", 0, 0]])
    deep = [_entry("ReLU", "r")]
    for i in range(20):
        deep = [{"class_name": "Sequential", "config": {"name": f"s{i}", "layers": deep}}]
    yield "networks in networks", _net(deep)
    yield "no layers", _net([])


def _weights(tm, rng) -> Cases:
    """Weights that do not fit or are no numbers."""
    files = good(tm)
    content = files["weights.bin"]
    yield "weights missing", pack({k: v for k, v in files.items() if k != "weights.bin"})
    yield "weights too short", pack(files | {"weights.bin": content[:-4]})
    yield "weights too long", pack(files | {"weights.bin": content + b"1234"})
    yield "weights all NaN", pack(files | {"weights.bin": b"\xff\xff\xff\x7f" * (len(content) // 4)})
    yield "weights infinite", pack(files | {"weights.bin": b"\x00\x00\x80\x7f" * (len(content) // 4)})
    yield "weights enormous", pack(files | {"weights.bin": b"\xff\xff\x7f\x7f" * (len(content) // 4)})
    model = json.loads(files["model.json"])
    table = model["weightsManifest"][0]["weights"]
    for name, change in {
        "a type that is none": {"dtype": "complex128"},
        "strings": {"dtype": "string"},
        "packed strangely": {"quantization": {"dtype": "int4"}},
        "packed with NaN": {"quantization": {"dtype": "uint8", "scale": "x", "min": 0}},
        "a negative shape": {"shape": [-3, -3, 3, 8]},
        "five sides": {"shape": [1, 1, 1, 1, 1]},
        "a shape of billions": {"shape": [65536, 65536]},
    }.items():
        wild = copy.deepcopy(model)
        wild["weightsManifest"][0]["weights"][0] = table[0] | change
        yield f"a weight: {name}", pack(files | {"model.json": json.dumps(wild).encode()})
    large = {"weights.bin": rng.bytes(2**18) + bytes(11 * 2**20)}  # packs to a fiftieth
    small = {name: content for name, content in files.items() if name != "weights.bin"}

    def weights(manifest: list) -> bytes:
        return pack({**small, **large, "model.json": json.dumps({**model, "weightsManifest": manifest}).encode()})

    parts = [{"name": f"x/w{i}", "shape": [2**20], "dtype": "uint8"} for i in range(11)]
    parts.append({"name": "x/rest", "shape": [2**18], "dtype": "uint8"})
    yield "weights: one file many times", weights([{"paths": ["weights.bin"] * 40, "weights": []}])
    many = [{"paths": [f"w{i}.bin"], "weights": [{**p, "name": f"g{i}{p['name']}"} for p in parts]} for i in range(8)]
    files_of_many = {f"w{i}.bin": large["weights.bin"] for i in range(8)} | {"weights.bin": b""}
    crowd = json.dumps({**model, "weightsManifest": many}).encode()
    yield "weights: more than any layer needs", pack({**small, **files_of_many, "model.json": crowd})
    named = [{"name": f"Conv1/{'n' * 150}{i}", "shape": [0], "dtype": "float32"} for i in range(3900)]
    everything = [{**model["weightsManifest"][0], "weights": [*table, *named]}]
    yield (
        "weights: thousands of names",
        pack(files | {"model.json": json.dumps({**model, "weightsManifest": everything}).encode()}),
    )
    wild = copy.deepcopy(model)
    wild["weightsManifest"][0]["paths"] = ["../../etc/passwd", "http://example.org/weights.bin"]
    yield "weights elsewhere", pack(files | {"model.json": json.dumps(wild).encode()})


def _hdf5(tm, rng) -> Cases:
    """What HDF5 can do and weights never need."""

    def with_change(change: Callable[[h5py.File], None]) -> bytes:
        stored = io.BytesIO(tm.h5())
        with h5py.File(stored, "r+") as file:
            change(file)
        return pack({"keras_model.h5": stored.getvalue(), "labels.txt": tm.labels_txt})

    path = "model_weights/sequential_1/Conv1/kernel:0"

    def replaced(**settings) -> Callable[[h5py.File], None]:
        def change(file: h5py.File) -> None:
            del file[path]
            file.create_dataset(path, **settings)

        return change

    def linked(link: object) -> Callable[[h5py.File], None]:
        def change(file: h5py.File) -> None:
            del file[path]
            file[path] = link

        return change

    def virtual(file: h5py.File) -> None:
        del file[path]
        layout = h5py.VirtualLayout((3, 3, 3, 8), "f4")
        layout[:] = h5py.VirtualSource("/etc/passwd", "x", (3, 3, 3, 8))
        file.create_virtual_dataset(path, layout)

    def circle(file: h5py.File) -> None:
        file["model_weights/again"] = file["model_weights"]

    def deep(file: h5py.File) -> None:
        group = file["model_weights"]
        for i in range(100):
            group = group.create_group(f"g{i}")

    def doubling(file: h5py.File) -> None:
        groups = [file.create_group(f"model_weights/g{i}") for i in range(22)]
        for here, there in itertools.pairwise(groups):
            here["a"] = here["b"] = there

    def config(value: object) -> Callable[[h5py.File], None]:
        def change(file: h5py.File) -> None:
            del file.attrs["model_config"]
            if value is not None:
                file.attrs["model_config"] = value

        return change

    shape = (3, 3, 3, 8)
    pairs = np.zeros(shape, [("a", "f4"), ("b", "f4")])
    yield "h5: link to another file", with_change(linked(h5py.ExternalLink("/etc/passwd", "/x")))
    yield "h5: soft link", with_change(linked(h5py.SoftLink("/model_weights")))
    yield "h5: virtual", with_change(virtual)
    yield "h5: data in another file", with_change(replaced(shape=(216,), dtype="f4", external="/etc/passwd"))
    yield "h5: terabytes never written", with_change(replaced(shape=(2**20, 2**20), dtype="f4", chunks=(1024, 1024)))
    yield "h5: zeros packed", with_change(replaced(data=np.zeros((4000, 4000), "f4"), compression="gzip"))
    yield "h5: checksummed", with_change(replaced(data=np.zeros(shape, "f4"), fletcher32=True))
    yield "h5: whole numbers", with_change(replaced(data=np.zeros(shape, "i8")))
    yield "h5: texts", with_change(replaced(data=np.array(["x"] * 5, object), dtype=h5py.string_dtype()))
    yield "h5: pairs", with_change(replaced(data=pairs))
    yield "h5: references", with_change(replaced(shape=(3,), dtype=h5py.ref_dtype))
    yield "h5: ragged", with_change(replaced(shape=(3,), dtype=h5py.vlen_dtype(np.float32)))
    yield "h5: another shape", with_change(replaced(data=np.zeros((3, 3, 8, 3), "f4")))
    yield "h5: six sides", with_change(replaced(data=np.zeros((1,) * 6, "f4")))
    yield "h5: NaN", with_change(replaced(data=np.full(shape, np.nan, "f4")))
    yield "h5: nothing in it", with_change(replaced(dtype="f4", shape=None))
    yield "h5: groups in a circle", with_change(circle)
    yield "h5: groups that double", with_change(doubling)
    yield "h5: groups very deep", with_change(deep)
    yield "h5: no description", with_change(config(None))
    yield "h5: description no JSON", with_change(config(b"import os"))
    yield "h5: description a number", with_change(config(7))
    yield "h5: description many", with_change(config([b"{}", b"{}"]))
    yield "h5: description empty", with_change(config(b"{}"))
    yield "h5: description deep", with_change(config(b"[" * 20000))
    yield "h5: no weights", with_change(lambda file: file.__delitem__("model_weights"))
    yield "h5: a weight missing", with_change(lambda file: file.__delitem__(path))


def _labels(tm, rng) -> Cases:
    """Class names and our own contract, broken."""
    files = tm.tfjs()
    for name, text in {
        "none": b"",
        "too many": b"\n".join(b"%d c%d" % (i, i) for i in range(500)),
        "twice": b"0 a\n1 a\n2 b",
        "control letters": b"0 a\x07\n1 b\n2 c",
        "binary": bytes(range(128, 256)),
        "a megabyte": b"0 " + b"x" * 2**20,
        "numbers only": b"0\n0\n0",
    }.items():
        yield f"labels: {name}", pack(files | {"labels.txt": text})
    for name, value in {
        "a list": [],
        "no labels": {},
        "odd labels": {"labels": [1, None, {}]},
        "few": {"labels": ["a"]},
    }.items():
        yield f"metadata: {name}", pack(files | {"metadata.json": json.dumps(value).encode()})
    align = {"size": 72}
    for name, value in {
        "a list": [],
        "nothing": {},
        "no pixels": {"align": align},
        "a strange setting": {"align": align | {"evil": 1}, "pixels": {"scale": 1, "offset": 0}},
        "a giant crop": {"align": {"size": 10**6}, "pixels": {"scale": 1, "offset": 0}},
        "another fingerprint": {"align": align, "pixels": {"scale": 1, "offset": 0}, "fingerprint": "0" * 12},
        "no scale": {"align": align, "pixels": {"scale": None, "offset": 0}},
    }.items():
        yield f"contract: {name}", pack(good(tm) | {"preprocessing.json": json.dumps(value).encode()})


def _machines(tm, rng) -> Cases:
    """A support vector machine of our own exports, broken."""
    labels, k = LabelSet("x", tm.labels), len(tm.labels)
    scaling = np.ones(k, np.float32), np.zeros(k, np.float32)
    machine = Linear(rng.normal(size=(128, k)).astype(np.float32), np.zeros(k, np.float32))
    model = SvmClassifier("x", labels, AlignSpec(), Joined((Hog(cell=24),), (1.0,)), machine, scaling)
    papers = {"preprocessing.json": json.dumps(contract(AlignSpec(), 48)).encode(), "labels.txt": tm.labels_txt}
    files = {**svm_json.write(model), **papers}
    notes = json.loads(files["svm.json"])
    hog = notes["descriptor"][0]
    zoom = {**hog, "kind": "zoom", "top": 0.1, "bottom": 0.5, "breadth": 0.9, "high": 48, "wide": 96}
    zooms = {
        "a zoom of another width": {},
        "a zoom without end": {"high": 10**9},
        "a zoom of nothing": {"bottom": 0.1},
        "a zoom upside down": {"top": 0.9},
        "a zoom beyond the crop": {"bottom": 3.0},
        "a zoom of no number": {"breadth": float("nan")},
        "a zoom smaller than its cells": {"wide": 20},
    }
    changes = {name: {**notes, "descriptor": [{**zoom, **change}]} for name, change in zooms.items()} | {
        "half a zoom": {**notes, "descriptor": [{**hog, "kind": "zoom"}]},
        "a list": [],
        "no descriptor": {**notes, "descriptor": None},
        "five parts": {**notes, "descriptor": [hog] * 5},
        "another descriptor": {**notes, "descriptor": [{"kind": "lbp"}]},
        "a strange setting": {**notes, "descriptor": [{**hog, "evil": 1}]},
        "no cell": {**notes, "descriptor": [{"kind": "hog"}]},
        "a tiny cell": {**notes, "descriptor": [{**hog, "cell": 1}]},
        "many orientations": {**notes, "descriptor": [{**hog, "orientations": 10**9}]},
        "a word for centred": {**notes, "descriptor": [{**hog, "centred": "yes"}]},
        "no arrays": {**notes, "arrays": []},
        "another width": {**notes, "descriptor": [{**hog, "cell": 12}]},
        "vectors that are none": {
            **notes,
            "arrays": [notes["arrays"][0] | {"name": "svm/vectors"}, *notes["arrays"][1:]],
        },
        "nothing known of it": {"arrays": notes["arrays"]},
    }
    for name, value in changes.items():
        yield f"machine: {name}", pack(files | {"svm.json": json.dumps(value).encode()})
    yield "machine: NaN", pack(files | {"svm.bin": b"\xff\xff\xff\x7f" * (len(files["svm.bin"]) // 4)})
    yield "machine: cut off", pack(files | {"svm.bin": files["svm.bin"][:-8]})
    yield "machine: no numbers", pack({name: content for name, content in files.items() if name != "svm.bin"})
    wild = {**contract(AlignSpec(), 48), "pixels": {"scale": 10**400, "offset": 0}}
    yield "contract: an endless scale", pack(files | {"preprocessing.json": json.dumps(wild).encode()})


def names(folder: Path) -> list[str]:
    """Everything below a folder, to see that nothing was written."""
    return sorted(str(path) for path in folder.rglob("*"))
