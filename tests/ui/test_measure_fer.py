"""The script that measures stills against the `fer` package."""

import sys

import cv2
import pytest
import skimage.data

from scripts import measure_fer
from scripts.measure_fer import Fer, Look

FAKE = (
    "class FER:\n"
    "    def __init__(self, mtcnn, use_tflite): print('a log line', mtcnn, use_tflite)\n"
    "    def detect_emotions(self, picture): return [{}] * (picture.shape[0] // 100)\n"
)


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """A folder with one portrait, and a package named `fer` that this Python imports."""
    package, folder = tmp_path / "site/fer", tmp_path / "pictures"
    package.mkdir(parents=True)
    folder.mkdir()
    (package / "__init__.py").write_text("")
    (package / "fer.py").write_text(FAKE)
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    cv2.imwrite(str(folder / "portrait.png"), skimage.data.astronaut()[:300, 80:380, ::-1])
    return folder


def test_both_look_at_the_same_pictures_in_turn(pictures, capsys):
    given = ["--python", sys.executable, "--pictures", str(pictures), "--every", "1", "--side", "200", "--runs", "2"]
    measure_fer.main([*given, "--ways", "opencv", "--models", "hog-linear-svm"])
    head, ours, fer = capsys.readouterr().out.splitlines()
    assert head == "1 pictures of at most 200 px, 2 times each"
    assert "1.00 faces" in ours and "1.0 x as long" in ours
    assert fer.startswith("fer, opencv") and "2.00 faces" in fer  # it got the shrunk picture


def test_an_environment_without_fer_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="does not run fer"):
        Fer(sys.executable, "opencv", 200, [])


def test_the_median_of_every_way_counts():
    looks = {"Face-off": [Look(10, 1), Look(30, 1), Look(12, 1)], "fer": [Look(24, 0), Look(1, 1), Look(90, 2)]}
    ours, fer = measure_fer.report(looks, "Face-off").splitlines()
    assert "12.0 ms" in ours and "24.0 ms, 1.00 faces per picture, 2.0 x as long" in fer
