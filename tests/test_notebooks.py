"""The notebooks' cells run one after the other, as plain Python: no Jupyter is needed for that."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

# Each cell is compiled by itself, so that an error names its cell; all share one namespace, as in Jupyter.
RUN = """
import json, sys
cells = json.loads(open(sys.argv[1], encoding="utf-8").read())["cells"]
namespace = {"__name__": "__main__"}
for number, cell in enumerate(cells):
    if cell["cell_type"] == "code":
        exec(compile("".join(cell["source"]), f"cell {number}", "exec"), namespace)
"""


# A camera that gives the portrait a few times, or never.
CAMERA = """
import cv2
class Camera:
    def __init__(self, source):
        self.left = {frames}
    def read(self):
        self.left -= 1
        return (True, cv2.imread("ui/pictures/photo.jpg")) if self.left >= 0 else (False, None)
    def release(self):
        pass
cv2.VideoCapture = Camera
"""


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def code(path: Path) -> list[str]:
    return ["".join(cell["source"]) for cell in read(path)["cells"] if cell["cell_type"] == "code"]


def run(path: Path, cwd: Path, program: str = RUN) -> subprocess.CompletedProcess:
    environment = os.environ | {"MPLBACKEND": "Agg", "OPENCV_LOG_LEVEL": "OFF", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-c", program, str(path)]
    options = {"cwd": cwd, "env": environment, "capture_output": True, "text": True, "encoding": "utf-8"}
    return subprocess.run(command, timeout=240, **options)


def test_there_are_three():
    assert [path.name for path in NOTEBOOKS] == ["images.ipynb", "textbook_baseline.ipynb", "webcam_snapshot.ipynb"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_a_clean_notebook(path):
    notebook = read(path)
    assert notebook["nbformat"] == 4 and notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None
            ast.parse("".join(cell["source"]))  # plain Python: no magic commands
    words = "".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    assert "An expression is not an emotion" in words and "3.10 to 3.14" in words


def test_the_notebook_on_images_runs():
    done = run(NOTEBOOKS[0], ROOT / "notebooks")
    assert done.returncode == 0, done.stderr
    assert re.search(r"face 1, hog-svm: looks most like happy", done.stdout)
    assert re.search(r"face 1, cnn: looks most like happy", done.stdout)
    assert "no-face.jpg: no face" in done.stdout and re.search(r"agree on \d+ of 1\d faces", done.stdout)
    assert len(re.findall(r"->", done.stdout)) == 2


def test_the_notebook_on_a_snapshot_runs_without_a_camera():
    done = run(NOTEBOOKS[2], ROOT, CAMERA.format(frames=0) + RUN)
    assert done.returncode == 0, done.stderr
    assert "No camera; using" in done.stdout and "face 1, cnn: looks most like happy" in done.stdout


def test_the_notebook_on_a_snapshot_runs_with_a_camera():
    done = run(NOTEBOOKS[2], ROOT, CAMERA.format(frames=2) + RUN)
    assert done.returncode == 0, done.stderr
    assert "No camera" not in done.stdout and "face 1, hog-svm: looks most like happy" in done.stdout


# What the notebook trained is what the recipe trains.
SAME = (
    RUN
    + """
import numpy as np
from zoo.training import svm_fit
from zoo.training.recipes import hog_linear_svm as recipe
training, machine = namespace["training"], namespace["machine"]
fitted = svm_fit.fit_linear(svm_fit.describe(recipe.DESCRIPTOR, training.faces), training.targets, recipe.C, 0)
np.testing.assert_allclose(machine.coef_.T, fitted.weights, atol=1e-4)
np.testing.assert_allclose(machine.intercept_, fitted.bias, atol=1e-4)
print("the same machine")
"""
)


def test_ten_lines_rebuild_the_textbook_baseline(tmp_path, monkeypatch):
    """On noise instead of faces: FER2013 is not part of the repository."""
    rng = np.random.default_rng(0)
    splits = ["Training"] * 35 + ["PublicTest"] * 7 + ["PrivateTest"] * 7
    rows = [f"{i % 7},{' '.join(map(str, rng.integers(0, 256, 2304)))},{split}" for i, split in enumerate(splits)]
    (tmp_path / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *rows, ""]))
    monkeypatch.setenv("FER2013", str(tmp_path / "fer2013.csv"))
    monkeypatch.setenv("FACEOFF_CACHE", str(tmp_path / "cache"))
    done = run(NOTEBOOKS[1], ROOT, SAME)
    assert done.returncode == 0, done.stderr
    assert "right on PrivateTest" in done.stdout and "largest difference" in done.stdout
    assert "the same machine" in done.stdout
    cell = next(text for text in code(NOTEBOOKS[1]) if "LinearSVC" in text)
    assert len([line for line in "\n".join(code(NOTEBOOKS[1])[1:3]).splitlines() if line.strip()]) <= 11
    assert "zoo" not in cell and "features" not in cell


def test_another_place_is_told(tmp_path):
    done = run(NOTEBOOKS[0], tmp_path)
    assert done.returncode == 1 and "Put this notebook into the folder notebooks/" in done.stderr


COLAB = """
import subprocess, sys, types
sys.modules["google.colab"] = types.ModuleType("google.colab")
import numpy
calls = []
def run(command, **_):
    calls.append(command)
    if "-m" in command and {upgraded}:
        import importlib.metadata
        importlib.metadata.version = lambda name: "0.0"
        namespace["version"] = importlib.metadata.version
subprocess.run = run
"""


@pytest.mark.parametrize("upgraded", [False, True])
def test_on_colab_the_session_goes_on_unless_something_in_use_was_replaced(upgraded, tmp_path):
    (tmp_path / "face-off.zip").write_bytes(b"")
    (tmp_path / "notebooks").mkdir()
    notebook = read(NOTEBOOKS[0])
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"][:1]
    source = "".join(notebook["cells"][0]["source"]).replace('REPOSITORY = ""', 'REPOSITORY = "https://example.org/x"')
    notebook["cells"][0]["source"] = [source]
    (tmp_path / "first.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    program = RUN.replace("for number", COLAB.format(upgraded=upgraded) + "for number", 1) + "\nprint(len(calls))"
    done = run(tmp_path / "first.ipynb", tmp_path, program)
    if upgraded:
        assert done.returncode == 1 and "Restart session" in done.stderr
    else:
        assert "Restart" not in done.stderr and "Put this notebook" in done.stderr  # the clone is only pretended


def test_all_begin_alike():
    assert len({code(path)[0] for path in NOTEBOOKS}) == 1
