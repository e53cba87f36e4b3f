"""What is packed for the GPU is unpacked without loss, and the command on the card is the one that was run."""

import argparse
import importlib.util
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "train_on_gpu.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("train_on_gpu", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("n", [4, 401, 1203])
def test_sheets_keep_every_pixel(script, tmp_path, n):
    faces = np.random.default_rng(n).integers(0, 256, (n, 48, 48)).astype(np.uint8)
    script._write_sheets(faces, tmp_path)
    assert len(list(tmp_path.glob("*.webp"))) == script.SHEETS
    np.testing.assert_array_equal(script._read_sheets(tmp_path, n), faces)


def test_a_crop_is_the_face_moved_into_its_place(script):
    face = np.zeros((48, 48), np.uint8)
    face[20, 10] = 200
    crop = script._crop(face, np.float32([[1.5, 0, 3], [0, 1.5, 1]]))
    assert crop.shape == (72, 72) and np.unravel_index(crop.argmax(), crop.shape) == (31, 18)


def test_the_command_names_every_option_that_changes_the_networks(script):
    args = argparse.Namespace(minutes=9.55, teachers=3, teaching=0.45, large=(64, 128), batch=256, look=5, spare=14.0)
    assert script._command(args) == (
        "python scripts/train_on_gpu.py train --data gpu-data --out gpu --minutes 9.55 --teachers 3 --teaching 0.45 "
        "--large 64,128 --batch 256 --look 5 --spare 14"
    )
