import cv2
import numpy as np
import pytest

from features.align import AlignSpec, align, similarity
from features.faces import Faces, anchors
from features.normalise import ILLUMINATIONS, back_map, fill_hidden, frontal, illuminate

PLAIN, FRONTAL = AlignSpec(), AlignSpec(pose="frontal")
EYES_AND_MOUTH = [33, 133, 263, 362, 61, 291]


def yawed(marks, degrees):
    """A mesh turned about the vertical through its middle."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    centre = marks.mean(axis=1, keepdims=True)
    return ((marks - centre) @ np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]]) + centre).astype(np.float32)


@pytest.mark.parametrize("degrees", [-40, -15, 0, 25])
def test_a_frontal_mesh_has_no_pose(degrees, astronaut_faces):
    turned = yawed(astronaut_faces.landmarks, degrees)
    assert np.abs(Faces(frontal(turned), (512, 512)).pose).max() < 0.1


@pytest.mark.parametrize("degrees", [-40, 25])
def test_turning_to_the_front_undoes_any_turn_and_keeps_the_expression(degrees, astronaut_faces):
    plain, turned = frontal(astronaut_faces.landmarks), frontal(yawed(astronaut_faces.landmarks, degrees))
    assert np.abs(plain - turned).max() < 0.05
    gaps = [np.linalg.norm(marks[0, 13] - marks[0, 14]) for marks in (astronaut_faces.landmarks, turned)]
    assert gaps[0] == pytest.approx(gaps[1], rel=1e-3)


def test_no_face_can_be_turned():
    assert frontal(np.zeros((0, 468, 3), np.float32)).shape == (0, 468, 3)
    assert len(align(np.zeros((9, 9, 3), np.uint8), Faces.empty((9, 9)), FRONTAL)) == 0


def test_a_frontal_crop_lies_on_the_template(astronaut, astronaut_faces):
    aligned = align(astronaut, astronaut_faces, FRONTAL)
    assert np.linalg.norm(anchors(aligned.landmarks)[0] - FRONTAL.template, axis=1).max() < 0.06 * 72
    assert np.abs(Faces(aligned.landmarks, (72, 72)).pose).max() < 2.5  # the little roll that lays the mouth in place


def test_an_almost_frontal_face_changes_little(astronaut, astronaut_faces):
    crops = [align(astronaut, astronaut_faces, spec).images.astype(int) for spec in (PLAIN, FRONTAL)]
    assert np.abs(crops[0] - crops[1]).mean() < 9


def test_pixels_follow_their_landmarks():
    """Dots painted on the points of a turned mesh appear where the frontal mesh says."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1:1:24j, -0.8:0.8:20j]
    ball = np.stack([x, y, -np.sqrt(np.maximum(0, 2 - x**2 - y**2))], axis=2).reshape(-1, 3)[:468] * 60 + 128
    marks = np.concatenate([ball, rng.normal(128, 1, (468, 3))])[:468].astype(np.float32)
    target = marks.copy()
    target[:, 0] += 0.1 * (marks[:, 2] - marks[:, 2].mean())
    where = back_map(marks, target, 256)
    rows = np.rint(target[:, 1]).astype(int).clip(0, 255)
    columns = np.rint(target[:, 0]).astype(int).clip(0, 255)
    assert np.abs(where[rows, columns] - marks[:, :2])[:400].mean() < 2


def test_a_map_onto_itself_changes_nothing(astronaut, astronaut_faces):
    aligned = align(astronaut, astronaut_faces, PLAIN)
    where = back_map(aligned.landmarks[0], aligned.landmarks[0], 72)
    x, y = np.meshgrid(np.arange(72), np.arange(72))
    assert np.abs(where - np.stack([x, y], axis=2)).max() < 0.05
    assert (fill_hidden(aligned.images[0], where) == aligned.images[0]).all()


@pytest.mark.parametrize("degrees", [-30, 30])
def test_a_turned_picture_is_turned_back(degrees, astronaut, astronaut_faces, mesher):
    """Warp the portrait to look aside, then frontalise: the mesh found in the result looks ahead again."""
    crop = align(astronaut, astronaut_faces, AlignSpec(size=192, detail=192))
    aside = yawed(crop.landmarks, degrees)
    where = back_map(crop.landmarks[0], aside[0], 192)
    image = cv2.remap(crop.images[0], where[..., 0], where[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    faces = Faces(aside, (192, 192))
    before, after = (align(np.repeat(image[:, :, None], 3, axis=2), faces, spec) for spec in (PLAIN, FRONTAL))
    poses = [mesher.find(np.repeat(one.images[0][:, :, None], 3, axis=2)).pose[0] for one in (before, after)]
    assert abs(poses[0][0]) > 12
    assert abs(poses[1][0]) < 8


def test_what_was_hidden_is_taken_from_the_other_side():
    crop = np.zeros((72, 72), np.uint8)
    crop[:, :36] = 200
    x, y = np.meshgrid(np.arange(72.0), np.arange(72.0))
    x[:, 40:] = 40 + 0.01 * (x[:, 40:] - 40)  # all of the right was made from next to nothing
    filled = fill_hidden(crop, np.stack([x, y], axis=2).astype(np.float32))
    assert filled[:, 50:].min() > 190
    assert (filled[:, :34] == 200).all()


@pytest.mark.parametrize("kind", ILLUMINATIONS)
def test_light_is_evened_out_on_a_new_picture(kind, make_aligned):
    crop = make_aligned(1).images[0]
    before = crop.copy()
    out = illuminate(crop, kind)
    assert out.shape == crop.shape
    assert out.dtype == np.uint8
    assert (crop == before).all()
    assert (kind == "none") == bool((out == crop).all())


@pytest.mark.parametrize("light", [0.25, 0.5, 1.0])
def test_gamma_brings_the_mean_near_the_middle(light, make_aligned):
    crop = (make_aligned(1).images[0] * light).astype(np.uint8)
    assert 95 < illuminate(crop, "gamma").mean() < 160


@pytest.mark.parametrize(("kind", "part"), [("clahe", 0.9), ("gamma", 0.6)])
def test_dark_and_plain_crops_come_closer(kind, part, astronaut, astronaut_faces):
    spec = AlignSpec(illumination=kind)
    dark = (astronaut * 0.3).astype(np.uint8)
    apart = [
        np.abs(align(astronaut, astronaut_faces, s).images.astype(int) - align(dark, astronaut_faces, s).images).mean()
        for s in (PLAIN, spec)
    ]
    assert apart[1] < part * apart[0]


@pytest.mark.parametrize("value", [0, 255])
@pytest.mark.parametrize("kind", ILLUMINATIONS)
def test_flat_crops_do_no_harm(kind, value):
    assert np.ptp(illuminate(np.full((72, 72), value, np.uint8), kind)) == 0


def test_eyes_and_mouth_of_a_frontal_crop_show_what_they_showed(astronaut, astronaut_faces):
    """Each corner of eyes and mouth looks the same in both crops, seen from its own landmark."""
    plain, turned = (align(astronaut, astronaut_faces, spec) for spec in (PLAIN, FRONTAL))
    for i in EYES_AND_MOUTH:
        patches = [
            cv2.getRectSubPix(one.images[0], (9, 9), tuple(float(c) for c in one.landmarks[0, i, :2]))
            for one in (plain, turned)
        ]
        assert np.abs(patches[0].astype(int) - patches[1]).mean() < 12


def test_similarity_keeps_a_frontal_mesh_in_size(astronaut_faces):
    turned = frontal(astronaut_faces.landmarks)
    scales = [
        np.linalg.norm(similarity(anchors(m), PLAIN.template)[0, 0, :2]) for m in (astronaut_faces.landmarks, turned)
    ]
    assert scales[0] == pytest.approx(scales[1], rel=0.05)
