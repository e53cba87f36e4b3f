import numpy as np
import pytest

from features.faces import Faces, anchors, face_axes
from features.normalise import frontal


def rotation(axis, degrees):
    """Right-handed in x right, y down, z away."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    matrix = np.eye(3)
    matrix[[i, i, j, j], [i, j, i, j]] = cos, -sin, sin, cos
    return matrix


@pytest.fixture(scope="module")
def facing(astronaut_faces):
    """A mesh that looks straight ahead: ``(1, 468, 3)``, centred on 0."""
    marks = frontal(astronaut_faces.landmarks)
    return marks - marks.mean(axis=1, keepdims=True)


def pose_of(marks):
    return Faces(marks, (100, 100)).pose[0]


def test_a_face_that_looks_straight_ahead_has_no_pose(facing):
    assert np.abs(pose_of(facing)).max() < 0.1


@pytest.mark.parametrize("roll", [-170, -120, -85, -40, 0, 60, 95, 150])
@pytest.mark.parametrize(("yaw", "pitch"), [(0, 0), (-50, 10), (30, -25)])
def test_pose_is_read_back(facing, yaw, pitch, roll):
    # About y, a positive angle takes the nose (nearer, so at -z) to the viewer's left; about x, down.
    turned = facing @ (rotation(2, roll) @ rotation(1, -yaw) @ rotation(0, -pitch)).T
    assert np.allclose(pose_of(turned), [yaw, pitch, roll], atol=0.1)


def test_yaw_is_positive_when_the_nose_moves_to_the_viewers_right(facing):
    for degrees in (-30, 30):
        turned = facing @ rotation(1, degrees).T
        nose = turned[0, 1, 0] - turned[0, [234, 454], 0].mean()
        assert np.sign(nose) == np.sign(pose_of(turned)[0])


def test_pitch_is_positive_when_the_nose_moves_up(facing):
    for degrees in (-20, 20):
        turned = facing @ rotation(0, degrees).T
        nose = turned[0, 1, 1] - facing[0, 1, 1]
        assert np.sign(-nose) == np.sign(pose_of(turned)[1])


def test_axes_are_a_rotation(facing):
    axes = face_axes(facing @ rotation(1, 33).T)[0]
    assert np.allclose(axes.T @ axes, np.eye(3), atol=1e-5)
    assert np.linalg.det(axes) == pytest.approx(1, abs=1e-5)


def test_indexing_gives_faces(facing):
    faces = Faces(np.concatenate([facing, facing + 1, facing + 2]), (640, 480))
    assert len(faces[1]) == 1
    assert (faces[-1].landmarks == faces.landmarks[2:]).all()
    assert len(faces[:2]) == 2
    assert faces[[2, 0]].image_size == (640, 480)
    with pytest.raises(IndexError):
        faces[3]


def test_boxes_hold_all_points(facing):
    left, top, right, bottom = Faces(facing, (9, 9)).boxes[0]
    assert (left, right) == (facing[0, :, 0].min(), facing[0, :, 0].max())
    assert (top, bottom) == (facing[0, :, 1].min(), facing[0, :, 1].max())


def test_no_face():
    faces = Faces.empty((10, 20))
    assert len(faces) == 0
    assert faces.boxes.shape == (0, 4)
    assert faces.pose.shape == (0, 3)
    assert anchors(faces.landmarks).shape == (0, 3, 2)


def test_wrong_landmarks_are_refused():
    with pytest.raises(ValueError, match=r"\(1, 5, 3\).*expected"):
        Faces(np.zeros((1, 5, 3)), (10, 10))
    with pytest.raises(ValueError, match="NaN"):
        Faces(np.full((1, 468, 3), np.nan), (10, 10))


def test_478_points_are_taken_too():
    assert len(Faces(np.zeros((2, 478, 3)), (10, 10))) == 2


def test_anchors_are_corners_of_eyes_and_mouth(facing):
    left, right, mouth = anchors(facing)[0]
    assert left[0] < mouth[0] < right[0]
    assert left[1] < mouth[1]
    assert np.allclose(left, facing[0, [33, 133], :2].mean(axis=0))
