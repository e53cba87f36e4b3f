"""Weaker copies of expressions."""

import numpy as np
import pytest

from features.align import MESH_POINTS, AlignedFaces, AlignSpec
from zoo.training.weakening import Weakening, mean_displacements, warped

NEUTRAL, RAISED = 1, 0
UP = 4.0  # pixels by which a raised point is higher


@pytest.fixture(scope="module")
def faces():
    """Ten neutral faces, and ten with all points of their lower half moved up: a bright spot shows where."""
    spec = AlignSpec()
    side = spec.size
    rng = np.random.default_rng(0)
    points = rng.uniform(4, side - 4, (MESH_POINTS, 2))
    landmarks = np.zeros((20, MESH_POINTS, 3), np.float32)
    landmarks[:, :, :2] = points
    landmarks[:10, points[:, 1] > side / 2, 1] -= UP
    images = np.zeros((20, side, side), np.uint8)
    images[10:, 53:56, 35:38] = 255
    images[:10, 53 - int(UP) : 56 - int(UP), 35:38] = 255
    return AlignedFaces(images, landmarks, np.zeros((20, 2, 3), np.float32), spec)


@pytest.fixture(scope="module")
def displacements(faces):
    return mean_displacements(faces, np.repeat([RAISED, NEUTRAL], 10), NEUTRAL)


def height(image):
    """Row of the spot's centre."""
    rows = image.astype(float).sum(axis=1)
    return (rows * np.arange(len(rows))).sum() / rows.sum()


def test_an_expression_is_where_its_landmarks_differ_from_the_neutral_ones(displacements):
    assert displacements[RAISED][54, 36] == pytest.approx([0, -UP], abs=0.6)
    assert np.abs(displacements[RAISED][10, 36]).max() < 0.6
    assert not displacements[NEUTRAL].any()


@pytest.mark.parametrize("part", [0.5, 1.0])
def test_a_part_of_the_expression_is_taken_back(faces, displacements, part):
    neutral, raised = height(faces.images[-1]), height(faces.images[0])
    weaker = height(warped(faces.images[0], part * displacements[RAISED]))
    assert weaker == pytest.approx(raised + part * (neutral - raised), abs=0.7)


def test_neutral_faces_are_never_changed(faces, displacements):
    targets = np.repeat([RAISED, NEUTRAL], 10)
    copies = Weakening(displacements, 1.0, 0.9)(faces.images, targets, np.random.default_rng(1))
    assert (copies[10:] == faces.images[10:]).all()
    assert (copies[:10] != faces.images[:10]).any(axis=(1, 2)).all()


def test_a_share_of_the_copies_is_changed(faces, displacements):
    crops, targets = np.repeat(faces.images[:1], 400, axis=0), np.full(400, RAISED)
    copies = Weakening(displacements, 0.3, 0.9)(crops, targets, np.random.default_rng(2))
    assert 0.2 < (copies != crops).any(axis=(1, 2)).mean() < 0.4
