"""Python 3.14 has no TensorFlow. What needs none works without; what does says so in one sentence.

Every test runs a program of its own in which TensorFlow cannot be imported.
"""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

ROOT = Path(__file__).parents[1]
WITHOUT = 'import sys\nsys.modules["tensorflow"] = None\n'  # run by Python itself before anything else


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """``run(*arguments)``: Python with these, here but without TensorFlow."""
    hook = tmp_path_factory.mktemp("hook")
    (hook / "sitecustomize.py").write_text(WITHOUT)
    cache = tmp_path_factory.mktemp("cache")
    env = os.environ | {"PYTHONPATH": str(hook), "FACEOFF_CACHE": str(cache), "TF_CPP_MIN_LOG_LEVEL": "3"}

    def program(*arguments: object, timeout: float = 300) -> subprocess.CompletedProcess:
        command = [sys.executable, *map(str, arguments)]
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=timeout)

    return program


@pytest.fixture(scope="module")
def fer(tmp_path_factory) -> Path:
    """Ninety pictures in FER2013's form: crops of the portrait, brighter, darker and shifted."""
    path = tmp_path_factory.mktemp("fer") / "fer.csv"
    face = Image.fromarray(skimage.data.astronaut()[30:220, 130:320]).convert("L")
    rng = np.random.default_rng(0)
    with open(path, "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["emotion", "pixels", "Usage"])
        for number in range(90):
            left, top = rng.integers(0, 20, 2)
            small = face.crop((left, top, left + 165, top + 165)).resize((48, 48))
            grey = np.clip(np.asarray(small) * rng.uniform(0.6, 1.2), 0, 255).astype(int)
            usage = ("Training", "Training", "PublicTest", "PrivateTest")[number // 7 % 4]
            rows.writerow([number % 7, " ".join(map(str, grey.ravel())), usage])
    return path


def test_the_environment_has_none(run):
    assert "ModuleNotFoundError" in run("-c", "import tensorflow").stderr


APP = """
import argparse, json, sys
from gradio_client import Client, handle_file
from ui.app import build, start
from ui.model_service import ModelService
service = ModelService()
app = build(service)
address = start(app, argparse.Namespace(host=None, port=None, ssl_certfile=None, ssl_keyfile=None, root_path=None))
service.warm()
assert not service.broken, service.broken
answer = Client(address, verbose=False).predict(image=handle_file("ui/pictures/photo.jpg"), api_name="/compare")
app.close(verbose=False)
service.close()
print(json.dumps(answer))
"""


def test_the_app_compares_a_picture(run):
    done = run("-c", APP)
    assert done.returncode == 0, done.stderr
    assert "happy" in json.dumps(json.loads(done.stdout.splitlines()[-1]))


def test_prediction_evaluation_and_svm_training(run, fer, tmp_path):
    done = run("-m", "zoo", "predict", "ui/pictures/photo.jpg", "--json", tmp_path / "answers.json")
    assert done.returncode == 0, done.stderr
    assert "happy" in (tmp_path / "answers.json").read_text()
    done = run("-m", "zoo", "evaluate", "hog-linear-svm", "cnn-tiny", "--data", fer)
    assert done.returncode == 0 and "cnn-tiny" in done.stdout, done.stderr
    done = run(
        *(
            "-m",
            "zoo",
            "train",
            "hog-linear-svm",
            "--data",
            fer,
            "--run",
            tmp_path / "run",
            "--out",
            tmp_path / "models",
        )
    )
    assert done.returncode == 0 and (tmp_path / "models/hog-linear-svm/card.json").is_file(), done.stderr


def test_training_a_network_is_refused_in_one_sentence(run, fer, tmp_path):
    done = run("-m", "zoo", "train", "cnn-tiny", "--data", fer, "--run", tmp_path / "run", "--out", tmp_path / "models")
    assert (done.returncode, done.stdout) == (2, "")
    assert "need TensorFlow, which is not installed. Use Python 3.10 to 3.13" in done.stderr
    assert done.stderr.count("\n") == 1 and not (tmp_path / "run").exists()


def test_teach_trains(run):
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/zoo/teach/test_training.py")
    assert done.returncode == 0, done.stdout


EXPORT = """
import io, json, zipfile
import numpy as np
import zoo
from zoo.exchange.exports import bundle
from zoo.exchange.formats.keras_writer import ExportError
crops = np.random.default_rng(0).integers(0, 256, (8, 72, 72), np.uint8)
cnn, svm = zoo.load("cnn-tiny"), zoo.load("hog-linear-svm")
made = bundle.make(bundle.ExportRequest("Mine", ("page", "tfjs", "onnx", "tflite", "keras"), cnn, svm, crops))
try:
    bundle.make(bundle.ExportRequest("Mine", ("tflite", "int8"), cnn, None, crops))
except ExportError as error:
    refused = str(error)
print(json.dumps([zipfile.ZipFile(io.BytesIO(made.data)).namelist(), made.left_out, refused]))
"""


def test_exports_without_what_tensorflow_writes(run):
    done = run("-c", EXPORT)
    assert done.returncode == 0, done.stderr
    names, left_out, refused = json.loads(done.stdout)
    assert {"page.html", "tfjs/model.json", "tfjs/weights.bin", "onnx/cnn.onnx", "onnx/svm.onnx"} <= set(names)
    assert not [name for name in names if name.endswith((".keras", ".h5", "model.tflite"))]
    (sentence,) = left_out
    for said in (sentence, refused):
        assert "Keras and LiteRT files need TensorFlow, which is not installed. Use Python 3.10 to 3.13" in said
