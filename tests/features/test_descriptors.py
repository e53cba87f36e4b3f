import numpy as np
import pytest
from skimage.feature import hog, local_binary_pattern

from features.align import AlignedFaces, AlignSpec, directions, gradients, move
from features.descriptors import (
    CONTOUR_POINTS,
    Geometry,
    Hog,
    Joined,
    Lbp,
    TextbookHog,
    Zoom,
    from_config,
    portable,
    to_config,
)

ALL = [
    Hog(),
    Hog(cell=6, orientations=9),
    Hog(cell=6, orientations=16, centred=True, signed=True),
    TextbookHog(),
    TextbookHog(cell=12, orientations=9),
    Zoom(8, 16, True, True, top=0.1, bottom=0.55, breadth=0.9, high=48, wide=96),
    Lbp(),
    Lbp(radius=2, grid=5),
    Geometry(),
    Joined((Hog(12), Lbp()), (1.0, 2.0)),
]
NAMES = [repr(d)[:40] for d in ALL]


@pytest.mark.parametrize("descriptor", ALL, ids=NAMES)
def test_a_batch_is_its_rows(descriptor, make_aligned):
    faces = make_aligned(3)
    before = faces.images.copy(), faces.landmarks.copy()
    batch = descriptor(faces)
    assert batch.dtype == np.float32
    assert np.isfinite(batch).all()
    assert (batch == np.concatenate([descriptor(faces[i]) for i in range(3)])).all()
    assert (faces.images == before[0]).all()
    assert (faces.landmarks == before[1]).all()


@pytest.mark.parametrize("descriptor", ALL, ids=NAMES)
def test_no_face_gives_no_row_of_the_same_width(descriptor, make_aligned):
    assert descriptor(make_aligned(0)).shape == (0, descriptor(make_aligned(1)).shape[1])


@pytest.mark.parametrize("descriptor", ALL, ids=NAMES)
def test_configuration_round_trip(descriptor, make_aligned):
    faces = make_aligned(2)
    assert (from_config(to_config(descriptor))(faces) == descriptor(faces)).all()


@pytest.mark.parametrize(("cell", "orientations"), [(8, 8), (6, 9), (12, 6)])
def test_hog_is_scikit_images(cell, orientations, make_aligned):
    faces = make_aligned(2)
    ours = Hog(cell, orientations)(faces)
    theirs = [hog(i, orientations, (cell, cell), (2, 2), block_norm="L2-Hys") for i in faces.images]
    assert ours.shape == (2, (72 // cell - 1) ** 2 * 4 * orientations)
    assert np.allclose(ours, theirs, atol=1e-6)


def test_hog_of_an_edge_points_across_it():
    image = np.zeros((1, 72, 72), np.uint8)
    image[:, :, 36:] = 200
    faces = AlignedFaces(image, np.zeros((1, 468, 3), np.float32), np.zeros((1, 2, 3), np.float32), AlignSpec())
    strength = Hog(8, 8)(faces).reshape(-1, 8).sum(axis=0)
    assert strength.argmax() in (0, 7)  # bins beside 0 degrees: the gradient runs along x
    assert strength[[0, 7]].sum() > 0.99 * strength.sum()


def test_hog_does_not_mind_more_light(make_aligned):
    faces = make_aligned(1)
    dark = AlignedFaces((faces.images // 2).astype(np.uint8), faces.landmarks, faces.to_crop, faces.spec)
    a, b = Hog()(faces)[0], Hog()(dark)[0]
    assert a @ b / np.linalg.norm(a) / np.linalg.norm(b) > 0.95


def test_hog_says_which_cells_would_fit(make_aligned):
    with pytest.raises(ValueError, match="cell <= 36"):
        Hog(cell=40)(make_aligned(1))


def test_lbp_histograms_are_scikit_images(make_aligned):
    faces = make_aligned(1)
    rows = Lbp(grid=8)(faces).reshape(8, 8, 59)
    codes = local_binary_pattern(faces.images[0], 8, 1, method="nri_uniform")
    counts = np.histogram(codes[9:18, 18:27], bins=59, range=(0, 59))[0]
    assert np.allclose(rows[1, 2], np.sqrt(counts / 81), atol=1e-6)
    assert np.allclose((rows**2).sum(axis=2), 1, atol=1e-5)


def test_lbp_does_not_mind_more_light_or_contrast(make_aligned):
    faces = make_aligned(1)
    few = faces.images // 3
    plain = AlignedFaces(few, faces.landmarks, faces.to_crop, faces.spec)
    bright = AlignedFaces(few * 2 + np.uint8(50), faces.landmarks, faces.to_crop, faces.spec)
    # Not to the last bit: diagonal neighbours are interpolated, so ties may fall either way.
    assert np.abs(Lbp()(plain) - Lbp()(bright)).mean() < 0.01


@pytest.mark.parametrize(("scale", "shift"), [(2.0, 0), (1, 30), (0.3, -9)])
def test_geometry_does_not_mind_size_and_place(scale, shift, make_aligned):
    faces = make_aligned(2)
    affine = np.array([[[scale, 0, shift], [0, scale, 2 * shift]]] * 2)
    moved = AlignedFaces(faces.images, move(faces.landmarks, affine), faces.to_crop, faces.spec)
    assert np.allclose(Geometry()(faces), Geometry()(moved), atol=1e-4)


def test_geometry_sees_the_mouth_open(make_aligned):
    faces = make_aligned(1)
    opened = faces.landmarks.copy()
    opened[:, 14, 1] += 10
    other = AlignedFaces(faces.images, opened, faces.to_crop, faces.spec)
    change = np.abs(Geometry()(faces) - Geometry()(other)).reshape(-1, 2)
    assert change[:, 1].argmax() == CONTOUR_POINTS.index(14)


@pytest.mark.parametrize(
    ("config", "words"),
    [([{"kind": "sift"}], "sift.*hog, lbp"), ([{"kind": "hog", "cells": 3}], "hog.*cells"), ([{}], "unknown")],
)
def test_a_wrong_configuration_says_what_is_wrong(config, words):
    with pytest.raises(ValueError, match=words):
        from_config(config)


def test_weights_scale_their_parts(make_aligned):
    faces = make_aligned(1)
    joined = Joined((Hog(12), Lbp()), (1.0, 3.0))(faces)
    assert np.allclose(joined, np.concatenate([Hog(12)(faces), 3 * Lbp()(faces)], axis=1))


@pytest.mark.parametrize(
    "hog", [Hog(6, centred=True), Hog(12, centred=True), Hog(6, 16, True, True), Hog(8, 8, True, True)]
)
def test_centred_hog_of_a_mirrored_face_is_the_same_in_another_order(hog, make_aligned):
    faces = make_aligned(3)
    order = hog.mirror_order(72)
    assert (hog(faces)[:, order] == hog(faces.mirrored())).all()
    assert (order[order] == np.arange(len(order))).all()
    assert (hog(faces) != hog(faces.mirrored())).any()


def test_mirror_order_of_joined_parts_follows_the_parts(make_aligned):
    faces = make_aligned(2)
    joined = Joined((Hog(6, centred=True), Hog(12, centred=True)), (1.0, 0.5))
    assert (joined(faces)[:, joined.mirror_order(72)] == joined(faces.mirrored())).all()


@pytest.mark.parametrize(("top", "bottom", "breadth"), [(0.11, 0.55, 0.9), (0.56, 1.0, 0.6)])
def test_a_part_of_a_mirrored_face_is_the_same_in_another_order(top, bottom, breadth, make_aligned):
    faces = make_aligned(3)
    zoom = Zoom(8, 16, True, True, top, bottom, breadth, high=48, wide=96)
    order = zoom.mirror_order(72)
    assert np.allclose(zoom(faces)[:, order], zoom(faces.mirrored()), atol=0.02)
    assert not np.allclose(zoom(faces), zoom(faces.mirrored()), atol=0.02)


def test_a_part_sees_nothing_of_the_rest(make_aligned):
    faces = make_aligned(1)
    other = faces.images.copy()
    other[:, 40:] = 0
    eyes = Zoom(8, 16, True, True, 0.11, 0.55, 0.9, high=48, wide=96)
    mouth = Zoom(8, 16, True, True, 0.56, 1.0, 0.6, high=48, wide=64)
    blind = AlignedFaces(other, faces.landmarks, faces.to_crop, faces.spec)
    assert (eyes(faces) == eyes(blind)).all() and (mouth(faces) != mouth(blind)).any()
    assert eyes(faces).shape == (1, 5 * 11 * 64) and mouth(faces).shape == (1, 5 * 7 * 64)


@pytest.mark.parametrize("hog", [Hog(6), Hog(7, centred=True), Hog(6, 6, True), Hog(6, 12, True, True)])
def test_hog_without_a_mirror_order_says_why(hog):
    with pytest.raises(ValueError, match="mirror order"):
        hog.mirror_order(72)


def test_centred_hog_halves_scikit_images_finer_bins(make_aligned):
    """Two neighbouring bins of twice as many make one of ours: the first from the last and the first."""
    face = make_aligned(1)
    fine = Hog(12, 16)._cells(*(part[0] for part in face.gradients))
    coarse = Hog(12, 8, centred=True)._cells(*(part[0] for part in face.gradients))
    assert np.allclose(coarse, np.roll(fine, 1, axis=2).reshape(6, 6, 8, 2).sum(axis=3))


def test_gradients_that_are_looked_up_are_those_that_are_calculated():
    images = np.random.default_rng(0).integers(0, 256, (3, 40, 30), np.uint8)
    images[0, :3] = 7  # no change, and no direction
    images[1, 5:8, 9], images[2, 9, 5:8] = (0, 0, 255), (255, 0, 0)
    down, right = np.gradient(images.astype(np.float64), axis=(1, 2))
    down[:, [0, -1]] = right[:, :, [0, -1]] = 0
    strength, change = gradients(images)
    assert np.array_equal(strength, 2 * np.hypot(down, right))
    assert np.array_equal(directions()[change], np.degrees(np.arctan2(down, right)) % 360)


def test_signed_hog_folds_to_unsigned(make_aligned):
    gradients = [part[0] for part in make_aligned(1).gradients]
    signed = Hog(12, 16, signed=True)._cells(*gradients)
    assert np.allclose(signed[..., :8] + signed[..., 8:], Hog(12, 8)._cells(*gradients))


def test_signed_hog_tells_dark_to_light_from_light_to_dark():
    image = np.zeros((2, 72, 72), np.uint8)
    image[0, :, 36:] = image[1, :, :36] = 200
    faces = AlignedFaces(image, np.zeros((2, 468, 3), np.float32), np.zeros((2, 2, 3), np.float32), AlignSpec())
    there, back = Hog(8, 8, centred=True, signed=True)(faces).reshape(2, -1, 8).sum(axis=1)
    assert (there.argmax(), back.argmax()) == (0, 4)
    unsigned = Hog(8, 8, centred=True)(faces)
    assert np.allclose(unsigned[0], unsigned[1])


@pytest.mark.parametrize("radius", [1, 2])
def test_lbp_of_a_mirrored_face_is_the_same_in_another_order(radius, make_aligned):
    faces = make_aligned(3)
    lbp = Lbp(radius)
    order = lbp.mirror_order(72)
    mirrored = lbp(faces.mirrored())
    assert (order[order] == np.arange(len(order))).all()
    assert np.linalg.norm(lbp(faces)[:, order] - mirrored) < 0.02 * np.linalg.norm(mirrored)
    assert np.linalg.norm(lbp(faces) - mirrored) > 0.2 * np.linalg.norm(mirrored)


@pytest.mark.parametrize(("cell", "orientations"), [(8, 8), (6, 9), (12, 16)])
def test_the_textbooks_hog_is_scikit_images_and_goes_out_as_ours(cell, orientations, make_aligned):
    faces = make_aligned(3)
    theirs = TextbookHog(cell, orientations)
    told = [hog(image, orientations, pixels_per_cell=(cell, cell), cells_per_block=(2, 2)) for image in faces.images]
    assert (theirs(faces) == np.array(told, np.float32)).all()
    ours = portable(Joined((theirs,), (1.0,)))
    assert ours.parts == (Hog(cell, orientations),)
    assert ours(faces) == pytest.approx(theirs(faces), abs=1e-6)


def test_a_textbook_hog_without_a_block_is_refused(make_aligned):
    with pytest.raises(ValueError, match="hold no 2 x 2 cells"):
        TextbookHog(cell=50)(make_aligned(1))
