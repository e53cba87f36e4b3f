import hashlib
import json
from dataclasses import asdict, replace

import cv2
import numpy as np
import pytest

from features.align import AlignedFaces, AlignSpec, align, centre_crop, from_crop, move, scale_of, similarity
from features.faces import Faces, anchors

SPEC = AlignSpec()


def turned(image, faces, degrees=0.0, zoom=1.0, shift=(0, 0)):
    """A picture and its meshes turned about the face, scaled, shifted."""
    centre = tuple(float(c) for c in faces.landmarks[0, :, :2].mean(axis=0))
    matrix = cv2.getRotationMatrix2D(centre, degrees, zoom)
    matrix[:, 2] += shift
    moved = cv2.warpAffine(image, matrix, image.shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return moved, Faces(move(faces.landmarks, matrix[None]), faces.image_size)


def apart(a, b):
    return np.abs(a.astype(float) - b.astype(float)).mean()


def test_default_fingerprint_is_that_of_the_settings_the_first_models_were_trained_with():
    first = {k: v for k, v in asdict(SPEC).items() if k not in ("illumination", "pose", "registration")}
    assert SPEC.fingerprint == hashlib.sha256(json.dumps(first, sort_keys=True).encode()).hexdigest()[:12]


@pytest.mark.parametrize(
    "change", [{"size": 64}, {"detail": 40}, {"illumination": "clahe"}, {"pose": "frontal"}, {"registration": "box"}]
)
def test_every_setting_changes_the_fingerprint(change):
    assert replace(SPEC, **change).fingerprint != SPEC.fingerprint


@pytest.mark.parametrize("wrong", [{"colour": "rgb"}, {"size": 8}, {"illumination": "sun"}, {"pose": "side"}])
def test_spec_refuses_what_it_does_not_know(wrong):
    with pytest.raises(ValueError, match=str(next(iter(wrong.values())))):
        AlignSpec(**wrong)


def test_eyes_and_mouth_come_to_lie_on_the_template(astronaut, astronaut_faces):
    aligned = align(astronaut, astronaut_faces, SPEC)
    off = np.linalg.norm(anchors(aligned.landmarks)[0] - SPEC.template, axis=1)
    assert off.max() < 0.06 * SPEC.size
    assert aligned.images.shape == (1, 72, 72)


def test_crop_of_an_analytic_picture():
    """A picture whose grey is a plane stays one, at the places the map says."""
    y, x = np.mgrid[:200, :200]
    image = np.repeat((40 + 0.5 * x + 0.4 * y)[:, :, None], 3, axis=2).astype(np.uint8)
    marks = np.full((1, 468, 3), 100, np.float32)
    marks[0, [33, 133, 263, 362, 61, 291], :2] = [[60, 80], [80, 84], [140, 100], [120, 96], [85, 130], [105, 134]]
    aligned = align(image, Faces(marks, (200, 200)), SPEC)
    back = from_crop(aligned.to_crop.astype(np.float64))[0]
    v, u = np.mgrid[:72, :72]
    place = np.stack([u, v], axis=2) @ back[:, :2].T + back[:, 2]
    expected = 40 + 0.5 * place[..., 0] + 0.4 * place[..., 1]
    inside = ((place > 3) & (place < 196)).all(axis=2)
    assert inside.mean() > 0.9
    assert np.abs(aligned.images[0][inside] - expected[inside]).max() < 2.5


@pytest.mark.parametrize(
    "change", [{"degrees": 25}, {"degrees": -90}, {"degrees": 180}, {"zoom": 1.3}, {"shift": (37, -21)}]
)
def test_crop_does_not_change_when_the_picture_turns_grows_or_moves(astronaut, astronaut_faces, change):
    plain = align(astronaut, astronaut_faces, SPEC)
    other = align(*turned(astronaut, astronaut_faces, **change), SPEC)
    assert apart(plain.images, other.images) < 3
    assert np.abs(plain.landmarks[..., :2] - other.landmarks[..., :2]).max() < 0.01


def test_inverse_map_leads_back(astronaut, astronaut_faces):
    aligned = align(astronaut, astronaut_faces, SPEC)
    back = move(aligned.landmarks, from_crop(aligned.to_crop))
    assert np.abs(back - astronaut_faces.landmarks[:, :468]).max() < 0.01


def test_similarity_finds_the_map_that_was_applied_and_never_mirrors():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(1, 3, 2)) * 50
    known = np.array([[[0.6, -0.8, 5], [0.8, 0.6, -3]]]) * 1.5
    target = points[0] @ known[0, :, :2].T + known[0, :, 2]
    assert np.allclose(similarity(points, target), known)
    assert scale_of(known)[0] == pytest.approx(1.5)
    assert np.linalg.det(similarity(points * [-1, 1], target)[0, :, :2]) > 0


def test_no_crop_is_sharper_than_its_detail(astronaut, astronaut_faces):
    large = cv2.resize(astronaut, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    marks = astronaut_faces.landmarks * np.float32(3)
    marks[:, :, :2] += 1
    energies = [
        cv2.Laplacian(align(large, Faces(marks, (1536, 1536)), replace(SPEC, detail=d)).images[0], cv2.CV_64F).var()
        for d in (72, 48, 24)
    ]
    assert energies[0] > 1.5 * energies[1] > 2 * energies[2]


def test_a_photo_and_its_enlargement_give_the_same_crop(astronaut, astronaut_faces):
    large = cv2.resize(astronaut, None, fx=4, fy=4, interpolation=cv2.INTER_LINEAR)
    marks = astronaut_faces.landmarks * np.float32(4)
    marks[:, :, :2] += 1.5
    crops = align(astronaut, astronaut_faces, SPEC), align(large, Faces(marks, (2048, 2048)), SPEC)
    assert apart(crops[0].images, crops[1].images) < 4


def test_no_face_is_a_result(astronaut):
    aligned = align(astronaut, Faces.empty((512, 512)), SPEC)
    assert len(aligned) == 0
    assert len(aligned.mirrored()) == 0


@pytest.mark.parametrize("left", [-400, -60, 480, 5000])
def test_a_face_at_or_beyond_the_border_is_cut_all_the_same(astronaut, astronaut_faces, left):
    marks = astronaut_faces.landmarks.copy()
    marks[:, :, 0] += left - marks[:, :, 0].min()
    assert align(astronaut, Faces(marks, (512, 512)), SPEC).images.shape == (1, 72, 72)


@pytest.mark.parametrize("shape", [(1, 1), (2, 300), (8, 8)])
def test_tiny_pictures_can_be_cut(shape, astronaut_faces):
    image = np.full((*shape, 3), 77, np.uint8)
    assert (align(image, Faces(astronaut_faces.landmarks, shape[::-1]), SPEC).images == 77).all()
    assert (centre_crop(image, SPEC).images == 77).all()


def test_input_is_not_changed(astronaut, astronaut_faces):
    image, marks = astronaut.copy(), astronaut_faces.landmarks.copy()
    align(image, Faces(marks, (512, 512)), AlignSpec(illumination="clahe", pose="frontal"))
    assert (image == astronaut).all()
    assert (marks == astronaut_faces.landmarks).all()


def test_centre_crop_keeps_the_middle():
    image = np.zeros((48, 48, 3), np.uint8)
    image[20:28, 20:28] = 200
    crop = centre_crop(image, SPEC).images[0]
    assert crop[36, 36] > 190
    assert crop[:20].max() < 15
    assert (centre_crop(image, SPEC, zoom=0.5).images[0] > 100).sum() > 3 * (crop > 100).sum()


def test_aligned_faces_can_be_chosen_and_counted(make_aligned):
    faces = make_aligned(4)
    assert len(faces[1:3]) == 2
    assert (faces[-1].images[0] == faces.images[3]).all()
    assert (faces[np.array([2, 0])].landmarks == faces.landmarks[[2, 0]]).all()
    with pytest.raises(IndexError):
        faces[4]


def test_aligned_faces_check_their_arrays(make_aligned):
    faces = make_aligned(2)
    with pytest.raises(ValueError, match="landmarks"):
        AlignedFaces(faces.images, faces.landmarks[:1], faces.to_crop, SPEC)
    with pytest.raises(ValueError, match="uint8"):
        AlignedFaces(faces.images.astype(float), faces.landmarks, faces.to_crop, SPEC)


def test_the_box_is_upright_and_holds_the_whole_mesh(astronaut, astronaut_faces):
    leaning, faces = turned(astronaut, astronaut_faces, 20)
    box = align(leaning, faces, replace(SPEC, registration="box"))
    assert (box.landmarks[..., :2].min(), box.landmarks[..., :2].max()) == pytest.approx((-0.5, 71.5), abs=0.1)
    (a, b, _), (c, d, _) = box.to_crop[0]
    assert b == c == 0 and a == d
    eyes = anchors(box.landmarks)[0]
    assert abs(eyes[0, 1] - eyes[1, 1]) > 5  # it leans as the face does
    with pytest.raises(ValueError, match="frontal"):
        replace(SPEC, registration="box", pose="frontal")
