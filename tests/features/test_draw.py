import cv2
import numpy as np
import pytest

from features import draw
from features.descriptors import Hog
from features.faces import Faces

CENTRE = 36


def enlarged(image, faces, side):
    factor = side / image.shape[0]
    large = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
    return large, Faces(faces.landmarks * np.float32(factor), (side, side))


def changed(before, after):
    return (before != after).any(axis=2)


@pytest.mark.parametrize("paint", [draw.boxes, draw.mesh])
def test_a_new_picture_of_the_same_size(paint, astronaut, astronaut_faces):
    before = astronaut.copy()
    painted = paint(before, astronaut_faces)
    assert painted.shape == astronaut.shape
    assert painted.dtype == np.uint8
    assert (before == astronaut).all()
    assert changed(before, painted).any()
    assert painted.flags.writeable


@pytest.mark.parametrize("paint", [draw.boxes, draw.mesh])
def test_no_face_leaves_the_picture_as_it_is(paint, astronaut):
    painted = paint(astronaut, Faces.empty((512, 512)))
    assert (painted == astronaut).all()
    assert painted is not astronaut


def test_boxes_are_drawn_around_the_face_and_nowhere_else(astronaut, astronaut_faces):
    rows, columns = np.nonzero(changed(astronaut, draw.boxes(astronaut, astronaut_faces)))
    left, top, right, bottom = astronaut_faces.boxes[0]
    assert columns.min() == pytest.approx(left, abs=6)
    assert columns.max() == pytest.approx(right, abs=6)
    assert rows.max() == pytest.approx(bottom, abs=6)
    assert rows.min() > top - 40
    inner = changed(astronaut, draw.boxes(astronaut, astronaut_faces))[int(top) + 5 : int(bottom) - 5]
    assert not inner[:, int(left) + 5 : int(right) - 5].any()


@pytest.mark.parametrize("side", [200, 512, 4000])
def test_numbers_grow_with_the_picture(astronaut, astronaut_faces, side):
    image, faces = enlarged(astronaut, astronaut_faces, side)
    mask = changed(image, draw.boxes(image, faces))
    plate = mask[: int(faces.boxes[0, 1]) - 2 * max(1, side // 160)]
    rows = np.flatnonzero(plate.any(axis=1))
    assert len(rows) >= max(9, side / 45)  # legible at its own size, and when a large picture is shown small
    assert len(rows) < max(24, side / 12)


def test_a_number_stays_inside_the_picture(astronaut, astronaut_faces):
    marks = astronaut_faces.landmarks.copy()
    marks[:, :, :2] -= marks[:, :, :2].min(axis=1, keepdims=True) + 20
    assert changed(astronaut, draw.boxes(astronaut, Faces(marks, (512, 512))))[:12, :10].mean() > 0.9
    marks[:, :, :2] += 600
    assert changed(astronaut, draw.boxes(astronaut, Faces(marks, (512, 512)))).any()


def test_every_number_differs(astronaut_faces):
    blank = np.full((400, 1400, 3), 128, np.uint8)
    marks = astronaut_faces.landmarks - astronaut_faces.landmarks.min(axis=1, keepdims=True)
    row = Faces(np.concatenate([marks + [[[20 + 120 * i, 100, 0]]] for i in range(11)]), (1400, 400))
    painted = draw.boxes(blank, row)
    tiles = {painted[:, 15 + 120 * i : 70 + 120 * i].tobytes() for i in range(11)}
    assert len(tiles) == 11


def test_a_one_pixel_picture_can_be_drawn_on(astronaut_faces):
    for paint in (draw.boxes, draw.mesh):
        assert paint(np.zeros((1, 1, 3), np.uint8), Faces(astronaut_faces.landmarks, (1, 1))).shape == (1, 1, 3)


def test_mesh_stays_on_the_face(astronaut, astronaut_faces):
    rows, columns = np.nonzero(changed(astronaut, draw.mesh(astronaut, astronaut_faces)))
    left, top, right, bottom = astronaut_faces.boxes[0]
    assert (columns.min(), rows.min()) >= (left - 3, top - 3)
    assert columns.max() <= right + 3
    assert rows.max() <= bottom + 3


def test_colours_are_told_apart_in_grey_and_numbers_stand_out():
    assert len(set(draw.COLOURS)) == 7
    assert draw.colour(7) == draw.colour(0)


@pytest.mark.parametrize("degrees", [0, 30, 60, 90, 120, 150])
def test_glyphs_run_along_the_edge(degrees):
    """Stripes at an angle: the strokes in the middle cell point the same way."""
    y, x = np.mgrid[:72, :72] - CENTRE
    across = -x * np.sin(np.radians(degrees)) + y * np.cos(np.radians(degrees))
    crop = (127 + 120 * np.sin(across)).astype(np.uint8)
    glyphs = draw.hog_glyphs(crop, Hog(8, 12), side=9 * 48)
    cell = glyphs[4 * 48 : 5 * 48, 4 * 48 : 5 * 48].astype(float).mean(axis=2)
    weights = cell - np.percentile(cell, 60)
    v, u = np.nonzero(weights > 40)
    spread = np.linalg.eigh(np.cov(u, v))[1][:, 1]
    found = np.degrees(np.arctan2(spread[1], spread[0]))
    assert abs((found - degrees + 90) % 180 - 90) < 12


def test_glyphs_of_a_blank_crop_are_just_the_crop():
    glyphs = draw.hog_glyphs(np.full((72, 72), 100, np.uint8))
    assert np.ptp(glyphs) == 0


@pytest.mark.parametrize("n", [0, 1, 7, 23])
@pytest.mark.parametrize("shape", [(72, 72), (30, 30, 3)])
def test_strip_holds_every_crop(n, shape):
    crops = np.random.default_rng(0).integers(0, 256, (n, *shape), dtype=np.uint8)
    before = crops.copy()
    picture = draw.strip(crops, columns=10, side=40)
    columns, rows = max(1, min(n, 10)), max(1, -(-n // 10))
    assert picture.shape == (2 + rows * 42, 2 + columns * 42, 3)
    assert (crops == before).all()


def test_mosaic_stretches_each_map_to_its_own_range():
    maps = np.zeros((6, 6, 5), np.float32)
    maps[..., 1] = np.linspace(-1e-3, 1e-3, 36).reshape(6, 6)
    maps[..., 2] = np.linspace(0, 1e6, 36).reshape(6, 6)
    maps[..., 3] = np.nan
    before = maps.copy()
    picture = draw.mosaic(maps, columns=5, side=12)
    tiles = [picture[2:14, 2 + 14 * i : 14 + 14 * i] for i in range(5)]
    assert picture.shape == (16, 72, 3)
    assert (tiles[1] == tiles[2]).all()
    assert np.ptp(tiles[1].astype(int).sum(axis=2)) > 200
    assert np.ptp(tiles[0].reshape(-1, 3), axis=0).max() == 0
    assert np.array_equal(maps, before, equal_nan=True)


def test_mosaic_is_nearly_square_and_says_what_it_takes():
    assert draw.mosaic(np.zeros((4, 4, 32))).shape[:2] == (6 * 50 + 2, 6 * 50 + 2)
    with pytest.raises(ValueError, match=r"\(h, w, c\)"):
        draw.mosaic(np.zeros((4, 4)))


def test_places_are_orange_where_less_and_blue_where_more():
    crop = np.full((72, 72), 128, np.uint8)
    change = np.zeros((9, 9))
    change[1, 1], change[7, 7] = -2, 1
    picture = draw.pull(crop, change, full=2.0, side=90).astype(int)
    assert picture.shape == (90, 90, 3)
    red, _, blue = picture[15, 15]
    assert red > 180 and blue < 60
    red, _, blue = picture[75, 75]
    assert blue > 140 and red < 100 and (picture[45, 45] == 128).all()
    assert (draw.pull(crop, change * 0, full=0.0) == 128).all()
