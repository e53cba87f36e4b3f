import numpy as np
import pytest

from features.regions import TILE, around_box, around_mesh, has_texture, keep_distinct, overlap, tiles


@pytest.mark.parametrize("size", [(8, 8), (512, 512), (900, 900), (901, 300), (2048, 1536), (300, 4000)])
def test_tiles_cover_the_picture_and_overlap(size):
    width, height = size
    seen = np.zeros((height, width), int)
    first, *others = tiles(width, height)
    assert first == (0, 0, width, height)
    for left, top, right, bottom in others:
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        assert max(right - left, bottom - top) <= TILE
        seen[top:bottom, left:right] += 1
    assert not others or seen.min() >= 1
    assert bool(others) == (max(size) > 900)


@pytest.mark.parametrize(
    ("size", "border", "most"), [((2048, 1536), 1024, 20), ((2048, 1536), 512, 30), ((640, 480), 320, 4)]
)
def test_tiles_of_nothing_but_border_are_left_out_and_the_picture_is_still_covered(size, border, most):
    width, height = (side + 2 * border for side in size)
    every, kept = tiles(width, height), tiles(width, height, border)
    assert kept[0] == (0, 0, width, height) and set(kept) <= set(every)
    assert len(kept) == most + 1
    seen = np.zeros((height, width), bool)
    for left, top, right, bottom in kept[1:]:
        seen[top:bottom, left:right] = True
    assert seen[border:-border, border:-border].mean() > 0.98  # the rest, a picture's corners, is in the whole


def test_what_shows_nothing_has_no_texture():
    wall = np.full((240, 240, 3), 90, np.uint8)
    assert not has_texture(wall)
    assert not has_texture(wall + np.random.default_rng(0).integers(0, 8, wall.shape, np.uint8))
    wall[100:124, 100:124] = 120  # as large as the smallest face, and as pale as one in the dark
    assert has_texture(wall)


def test_overlap_is_a_part_of_the_smaller_box():
    large, small = np.array([0, 0, 100, 100]), np.array([90, 0, 110, 10])
    assert overlap(large, small) == overlap(small, large) == 0.5
    assert overlap(large, np.array([200, 0, 220, 20])) == 0
    assert overlap(large, np.array([5, 5, 5, 5])) == 0


def test_each_face_once_the_earlier_one_kept():
    boxes = [np.array(b) for b in ([0, 0, 10, 10], [1, 1, 11, 11], [50, 50, 60, 60], [2, 2, 5, 5])]
    assert keep_distinct(boxes) == [0, 2]
    assert keep_distinct([]) == []


@pytest.mark.parametrize("degrees", [-135, -40, 0, 25, 90, 179])
def test_a_window_turns_with_its_mesh(degrees, astronaut_faces):
    mesh = astronaut_faces.landmarks[0] - astronaut_faces.landmarks[0].mean(axis=0)
    upright = around_mesh(mesh)
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    spin = np.array([[cos, -sin], [sin, cos]])
    turned = np.concatenate([mesh[:, :2] @ spin.T, mesh[:, 2:]], axis=1)
    window = around_mesh(turned)
    assert (window.roll - upright.roll - degrees + 180) % 360 == pytest.approx(180, abs=0.01)
    assert window.side == pytest.approx(upright.side, rel=1e-5)
    assert np.allclose(window.centre, spin @ upright.centre, atol=1e-3)


def test_a_window_around_a_box_is_level_with_the_eyes():
    window = around_box(np.array([[10, 20], [50, 80]]), np.array([[20, 40], [30, 50]]))
    assert window.roll == pytest.approx(45)
    assert window.side == 90
    assert window.centre.tolist() == [30, 50]
    assert window.face.tolist() == [10, 20, 50, 80]
