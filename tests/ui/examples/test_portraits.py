"""The example pictures, and the drawing that made them."""

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image

from features import images
from features.faces import MOUTH
from features.warp import Mouth, Pull, express, warp
from ui.compare import thumbnails
from ui.examples.cartoons import DRAWINGS
from ui.examples.portraits import DRAWN, EXAMPLES, THUMBNAIL, close_up

FACES = {"six-faces": 6, "no-face": 0}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_every_example_has_the_faces_it_says(service, example):
    comparison = service.compare(images.load(example.path), ["cnn"], "7")
    assert len(comparison.faces) == FACES.get(example.name, 1)
    assert example.caption and example.alt


def test_a_drawn_open_mouth_looks_surprised(service):
    (path,) = (e.path for e in EXAMPLES if e.name == "mouth-open")
    assert service.compare(images.load(path), ["cnn"], "7").predictions["cnn"].names == ["surprise"]


@pytest.mark.parametrize("example", (*EXAMPLES, *DRAWINGS), ids=lambda one: one.name)
def test_the_small_copy_is_one_of_the_picture(example):
    small = images.load(example.small)
    assert max(small.shape[:2]) == THUMBNAIL and example.small.stat().st_size < 10_000
    height, width = small.shape[:2]
    with Image.open(example.path) as whole:
        picture = np.asarray(close_up(whole) if example.name in DRAWN else whole)
    same = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - same).mean() < 5


def test_the_page_says_that_expressions_are_drawn_on_a_smile():
    shown = thumbnails.shown()
    assert "nobody felt them" in shown
    assert "may still pick up the smile" in shown


def test_every_drawn_expression_is_an_example():
    assert set(DRAWN) <= {example.name for example in EXAMPLES}


@pytest.fixture(scope="module")
def mesh(service):
    return service.compare(skimage.data.astronaut(), ["cnn"], "7").faces.landmarks[0, :468]


def test_no_change_moves_nothing(mesh):
    picture = skimage.data.astronaut()
    assert express(mesh) == pytest.approx(mesh[:, :2], abs=1e-3)
    flat = mesh[:, :2].astype(float)
    assert np.abs(warp(picture, flat, flat).astype(int) - picture).max() <= 3


def test_drooping_corners_go_down_and_far_points_stay(mesh):
    moved = express(mesh, mouth=Mouth(0.7, droop=0.2))
    corners, middle = moved[list(MOUTH), 1].mean(), moved[[13, 14], 1].mean()
    assert corners > middle
    assert moved[10] == pytest.approx(mesh[10, :2], abs=0.1)  # the forehead


def test_a_pull_outwards_goes_both_ways(mesh):
    moved = express(mesh, (Pull(MOUTH, out=0.1, down=0.0),))
    assert moved[MOUTH[0], 0] < mesh[MOUTH[0], 0]
    assert moved[MOUTH[1], 0] > mesh[MOUTH[1], 0]
