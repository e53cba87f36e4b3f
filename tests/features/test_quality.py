from dataclasses import fields, replace

import cv2
import numpy as np
import pytest

from features import quality
from features.align import move
from features.faces import Faces


def noted(image, faces):
    (words,) = quality.notes(image, faces)
    return " ".join(words)


def scaled(image, faces, factor):
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return small, Faces(faces.landmarks * np.float32(factor), small.shape[1::-1])


def test_a_good_portrait_needs_no_word(astronaut, astronaut_faces):
    assert quality.notes(astronaut, astronaut_faces) == ((),)


def test_numbers(astronaut, astronaut_faces):
    measured = quality.measure(astronaut, astronaut_faces)
    assert measured.size[0] == pytest.approx(104, abs=6)
    assert 140 < measured.brightness[0] < 190
    assert abs(measured.yaw[0]) < 8
    assert measured.outside[0] == 0
    assert len(measured) == 1


def test_no_face():
    image = np.zeros((50, 60, 3), np.uint8)
    measured = quality.measure(image, Faces.empty((60, 50)))
    assert len(measured) == 0
    assert all(getattr(measured, field.name).shape == (0,) for field in fields(measured))
    assert quality.notes(image, Faces.empty((60, 50))) == ()


def test_small(astronaut, astronaut_faces):
    words = noted(*scaled(astronaut, astronaut_faces, 0.25))
    assert "Small, 26 pixels" in words
    assert "Blurred" not in words


def test_dark(astronaut, astronaut_faces):
    assert "Dark" in noted((astronaut * 0.2).astype(np.uint8), astronaut_faces)


def test_bright(astronaut, astronaut_faces):
    assert "bright" in noted(np.clip(astronaut * 1.2 + 60.0, 0, 255).astype(np.uint8), astronaut_faces)


def test_blurred_whatever_the_light(astronaut, astronaut_faces):
    blurred = cv2.GaussianBlur(astronaut, (0, 0), 5)
    assert "Blurred" in noted(blurred, astronaut_faces)
    assert "Blurred" in noted((blurred * 0.2).astype(np.uint8), astronaut_faces)
    assert "Blurred" not in noted((astronaut * 0.2).astype(np.uint8), astronaut_faces)


def test_sharpness_falls_with_every_blur(astronaut, astronaut_faces):
    blurs = [cv2.GaussianBlur(astronaut, (0, 0), s) for s in (0.5, 2, 3, 5, 8)]
    values = [quality.measure(blurred, astronaut_faces).sharpness[0] for blurred in blurs]
    assert (np.diff(values) < 0).all()
    assert 0 < values[-1] < values[0] < 1


def test_sharpness_does_not_depend_on_the_pictures_size(astronaut, astronaut_faces):
    large = cv2.resize(astronaut, None, fx=4, fy=4, interpolation=cv2.INTER_LINEAR)
    faces = Faces(astronaut_faces.landmarks * np.float32(4), (2048, 2048))
    values = [quality.measure(astronaut, astronaut_faces).sharpness[0], quality.measure(large, faces).sharpness[0]]
    assert values[0] == pytest.approx(values[1], abs=0.06)


def test_a_blank_picture_is_not_sharp(astronaut_faces):
    assert quality.measure(np.full((512, 512, 3), 99, np.uint8), astronaut_faces).sharpness[0] == 0


def test_tilted(astronaut, astronaut_faces):
    matrix = cv2.getRotationMatrix2D((224.0, 123.0), -50, 1)
    image = cv2.warpAffine(astronaut, matrix, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    words = noted(image, Faces(move(astronaut_faces.landmarks, matrix[None]), (512, 512)))
    assert "Tilted 53°" in words
    assert "Turned" not in words


@pytest.mark.parametrize("side", [-1, 1])
def test_turned_and_nodding(astronaut, astronaut_faces, side):
    good = quality.measure(astronaut, astronaut_faces)
    (turned,) = quality.sentences(replace(good, yaw=np.float32([41.4 * side])))
    assert turned == ("Turned 41° to the side: look at the camera.",)
    (nodding,) = quality.sentences(replace(good, pitch=np.float32([33 * side])))
    assert nodding[0].startswith(f"Looking 33° {'up' if side > 0 else 'down'}")


def test_cut_by_the_border(astronaut, astronaut_faces):
    marks = astronaut_faces.landmarks.copy()
    marks[:, :, 0] -= 200
    words = noted(np.ascontiguousarray(astronaut[:, 200:]), Faces(marks, (312, 512)))
    assert "Cut off" in words
    assert "%" in words


def painted(image, mesh, points):
    """The picture with a plain shape over some points of the mesh."""
    outline = cv2.convexHull(np.rint(mesh[points, :2]).astype(np.int32))
    return cv2.fillConvexPoly(image.copy(), outline, (70, 130, 170))


@pytest.mark.parametrize(
    "points, word",
    [
        ([234, 454, 6, 152, 172, 397], "Mouth seems to be covered"),
        ([21, 251, 127, 356, 234, 454, 5], "Eyes seem to be covered"),
        ([], ""),
    ],
    ids=["mask", "headset", "nothing"],
)
def test_a_covered_face_gets_a_note(points, word, astronaut, mesher):
    (mesh,) = mesher.find(astronaut).landmarks
    image = painted(astronaut, mesh, points) if points else astronaut
    (words,) = quality.notes(image, mesher.find(image))
    assert [note.partition(":")[0] for note in words] == ([word] if word else [])


def test_several_troubles_are_all_told(astronaut, astronaut_faces):
    image = (cv2.GaussianBlur(astronaut, (0, 0), 6) * 0.2).astype(np.uint8)
    assert len(quality.notes(image, astronaut_faces)[0]) == 2


def test_every_face_has_its_own_notes(astronaut, astronaut_faces):
    both = Faces(np.concatenate([astronaut_faces.landmarks, astronaut_faces.landmarks + [[[300, 0, 0]]]]), (512, 512))
    first, second = quality.notes(astronaut, both)
    assert first == ()
    assert any("Cut off" in word for word in second)


def test_478_points_are_measured_too(astronaut, astronaut_faces):
    iris = np.repeat(astronaut_faces.landmarks[:, :1], 10, axis=1)
    more = Faces(np.concatenate([astronaut_faces.landmarks, iris], axis=1), (512, 512))
    assert quality.notes(astronaut, more) == ((),)


def test_arrays_must_be_of_one_length(astronaut, astronaut_faces):
    with pytest.raises(ValueError, match="expected"):
        replace(quality.measure(astronaut, astronaut_faces), yaw=np.zeros(3, np.float32))
