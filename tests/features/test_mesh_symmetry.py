import numpy as np
import pytest

from features.align import AlignSpec, align, move
from features.faces import Faces
from features.mesh import contours
from features.mesh_symmetry import mirror_order


def test_mirroring_twice_is_nothing():
    order = mirror_order()
    assert sorted(order) == list(range(468))
    assert (order[order] == np.arange(468)).all()


@pytest.mark.parametrize(("a", "b"), [(33, 263), (133, 362), (61, 291), (105, 334), (234, 454), (10, 10), (152, 152)])
def test_known_pairs(a, b):
    assert mirror_order()[a] == b
    assert mirror_order()[b] == a


def test_outlines_map_onto_outlines():
    edges = {frozenset(edge) for edge in contours().tolist()}
    assert {frozenset(edge) for edge in mirror_order()[contours()].tolist()} == edges


def test_the_table_cannot_be_spoilt():
    with pytest.raises(ValueError, match="read-only"):
        mirror_order()[0] = 1


def test_mirrored_faces_are_those_of_the_mirrored_picture(astronaut, astronaut_faces, mesher):
    spec = AlignSpec()
    mirrored = align(astronaut, astronaut_faces, spec).mirrored()
    flipped = np.ascontiguousarray(astronaut[:, ::-1])
    other = align(flipped, mesher.find(flipped), spec)
    assert np.abs(mirrored.landmarks[..., :2] - other.landmarks[..., :2]).mean() < 1
    assert np.abs(mirrored.images.astype(int) - other.images).mean() < 10


def test_mirrored_map_leads_from_the_picture_to_the_mirrored_crop(astronaut, astronaut_faces):
    mirrored = align(astronaut, astronaut_faces, AlignSpec()).mirrored()
    marks = move(astronaut_faces.landmarks[:, :468], mirrored.to_crop)
    assert np.abs(marks[:, mirror_order()] - mirrored.landmarks).max() < 0.01


def test_mirroring_faces_twice_gives_them_back(make_aligned):
    faces = make_aligned(3)
    twice = faces.mirrored().mirrored()
    assert (twice.images == faces.images).all()
    assert np.allclose(twice.landmarks, faces.landmarks, atol=1e-4)
    assert np.allclose(twice.to_crop, faces.to_crop, atol=1e-4)
    assert (faces.mirrored().images != faces.images).any()


def test_pose_of_a_mirrored_mesh(astronaut_faces):
    marks = astronaut_faces.landmarks[:, mirror_order()].copy()
    marks[:, :, 0] = 511 - marks[:, :, 0]
    yaw, pitch, roll = astronaut_faces.pose[0]
    assert np.allclose(Faces(marks, (512, 512)).pose[0], [-yaw, pitch, -roll], atol=2)
