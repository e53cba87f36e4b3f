import numpy as np
import pytest

from features import video_overlay
from features.draw import colour
from features.video_overlay import Column, Overlay

ROWS = [("happy", (230, 159, 0)), ("sad", (0, 114, 178))]
COLUMNS = [Column("HOG + SVM", "happy 0.90", (0.9, 0.1)), Column("CNN", "not sure", (0.25, 0.75))]


def coloured(plate: np.ndarray, rgb) -> int:
    return int((plate[:, :, :3] == rgb).all(axis=2).sum())


def test_bars_are_as_long_as_their_levels():
    plate = video_overlay.bars(COLUMNS, ROWS, 20)
    assert plate.dtype == np.uint8 and plate.shape[2] == 4
    happy, sad = coloured(plate, ROWS[0][1]), coloured(plate, ROWS[1][1])
    assert happy / sad == pytest.approx((0.9 + 0.25) / (0.1 + 0.75), rel=0.05)


def test_the_plate_is_the_same_size_whatever_is_said():
    other = [Column("HOG + SVM", "not sure", (0.5, 0.5)), Column("CNN", "sad 0.75", (0.25, 0.75))]
    assert video_overlay.bars(COLUMNS, ROWS, 20).shape == video_overlay.bars(other, ROWS, 20).shape


def test_lines_carry_a_dot_of_each_colour():
    plate = video_overlay.lines(COLUMNS, [ROWS[0][1], ROWS[1][1]], 16)
    assert coloured(plate, ROWS[0][1]) > 20 and coloured(plate, ROWS[1][1]) > 20
    assert plate.shape[0] < video_overlay.bars(COLUMNS, ROWS, 16).shape[0]


def test_a_plate_lies_beside_its_box_and_inside_the_frame():
    plate = np.zeros((60, 100, 4), np.uint8)
    for box in ([10, 10, 60, 60], [300, 10, 390, 60], [-20, 200, 410, 400], [390, 290, 500, 400]):
        left, top = video_overlay.beside(np.array(box, float), plate, (400, 300))
        assert 0 <= left <= 300 and 0 <= top <= 240
    assert video_overlay.beside(np.array([10.0, 10, 60, 60]), plate, (400, 300))[0] >= 60
    assert video_overlay.beside(np.array([300.0, 10, 390, 60]), plate, (400, 300))[0] + 100 <= 300


def test_pasting_covers_mixes_and_cuts_off():
    image = np.full((40, 50, 3), 100, np.uint8)
    full, half = np.full((10, 10, 4), 255, np.uint8), np.full((10, 10, 4), (200, 200, 200, 51), np.uint8)
    pasted = video_overlay.paste(image, [Overlay(full, -5, -5), Overlay(half, 45, 35), Overlay(full, 90, 90)])
    assert (image == 100).all()
    assert (pasted[:5, :5] == 255).all() and (pasted[35:, 45:] == 120).all()
    assert (pasted != 100).any(axis=2).sum() == 50


@pytest.mark.parametrize("size", [(640, 360), (360, 640), (64, 640)])
def test_the_footer_fits_the_frame(size):
    overlay = video_overlay.footer("Labels people gave to pictures like these.", size)
    assert overlay.left == 0 and overlay.image.shape[1] == size[0]
    assert overlay.top + overlay.image.shape[0] == size[1]


def test_an_outline_is_drawn_in_the_faces_colour():
    image = np.zeros((200, 300, 3), np.uint8)
    pasted = video_overlay.paste(image, video_overlay.outline(np.array([50.0, 60, 150, 180]), 2, (300, 200)))
    assert (pasted[60, 50:150] == colour(1)).all() and (pasted[60:180, 50] == colour(1)).all()
    assert (pasted[80:160, 70:130] == 0).all()
