"""A data set at a glance, on made data."""

import csv
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zoo.cli import data
from zoo.datasets.summary import LEFT, TILE, TOP, count_rows, sample_grid
from zoo.labels import SEVEN, LabelSet

ROOT = Path(__file__).parents[3]
TWO = LabelSet("two", ("dark", "light"))


def test_counts_add_up():
    rows = count_rows({"Training": (3, 5), "PublicTest": (1, 0)}, TWO)
    assert rows == [
        ["label", "Training", "PublicTest", "all"],
        ["dark", "3", "1", "4"],
        ["light", "5", "0", "5"],
        ["all", "8", "1", "9"],
    ]


def test_a_row_of_the_grid_holds_pictures_of_its_label():
    pixels = np.repeat(np.array([10, 10, 10, 200], np.uint8), 48 * 48).reshape(4, 48, 48)
    grid = sample_grid(pixels, np.array([0, 0, 0, 1]), TWO, each=2)
    first, second = (grid[TOP + row * (TILE + 4) + 30, LEFT:] for row in (0, 1))
    assert first[20] == first[TILE + 24] == 10
    assert second[20] == 200 and second[TILE + 24] == 255  # only one picture: the next place stays empty
    assert (sample_grid(pixels, np.array([0, 0, 0, 1]), TWO, each=2) == grid).all()


def test_the_command_writes_counts_and_grids(run, fer2013_csv, tmp_path):
    where = tmp_path / "look"
    status, out, err = run("data", "--data", fer2013_csv, "--out", where, "--each", 2, "--aligned")
    assert status == 0, err
    assert {path.name for path in where.iterdir()} == {"counts.csv", "counts.png", "samples.png", "samples-aligned.png"}
    rows = list(csv.reader((where / "counts.csv").read_text().splitlines()))
    assert rows[0] == ["label", "Training", "PublicTest", "PrivateTest", "all"] and rows[-1] == [
        "all",
        "3",
        "2",
        "3",
        "8",
    ]
    assert [row[0] for row in rows[1:-1]] == list(SEVEN) and "not the counts of Kaggle" in err
    with Image.open(where / "counts.png") as drawn:
        assert drawn.width > 800
    assert "happy" in out and "do not pass them on" in err


def test_grids_of_faces_go_where_git_does_not_look():
    asked = subprocess.run(["git", "check-ignore", "-q", str(data.OUT / "samples.png")], cwd=ROOT, timeout=60)
    if asked.returncode == 128:
        pytest.skip("not a Git checkout")
    assert asked.returncode == 0
