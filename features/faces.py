"""`Faces`: the meshes found in one picture, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

# Indices into MediaPipe's mesh. Left and right are the viewer's, so x grows from first to second.
LEFT_EYE = (33, 133)
RIGHT_EYE = (263, 362)
MOUTH = (61, 291)
FOREHEAD, CHIN = 10, 152
MESH_POINTS = 468
Index = int | np.integer | slice | np.ndarray | Sequence[int]  # chooses one face or several


@dataclass(frozen=True, eq=False)
class Faces:
    """Face meshes in one picture, largest first.

    Parameters
    ----------
    landmarks : ndarray
        ``(n, 468 or 478, 3)`` float32. x right, y down, in pixels of the picture; z is depth
        at about the scale of x, smaller is nearer.
    image_size : (int, int)
        Width and height of the picture in pixels.
    left_out : int
        Number of further, smaller faces that were found beyond the limit.
    """

    landmarks: np.ndarray
    image_size: tuple[int, int]
    left_out: int = 0

    def __post_init__(self) -> None:
        marks = np.asarray(self.landmarks, dtype=np.float32)
        if marks.ndim != 3 or marks.shape[1] not in (468, 478) or marks.shape[2] != 3:
            raise ValueError(f"landmarks have shape {marks.shape}; expected (n, 468 or 478, 3)")
        if not np.isfinite(marks).all():
            raise ValueError("landmarks hold NaN or infinity; leave faces without a mesh out")
        object.__setattr__(self, "landmarks", marks)

    @classmethod
    def empty(cls, image_size: tuple[int, int]) -> Faces:
        """No face in a picture of this size."""
        return cls(np.zeros((0, MESH_POINTS, 3), np.float32), image_size)

    def __len__(self) -> int:
        return len(self.landmarks)

    def __getitem__(self, index: Index) -> Faces:
        """The chosen faces, again as `Faces`; an integer gives one face."""
        if isinstance(index, (int, np.integer)):
            place = range(len(self))[index]
            index = slice(place, place + 1)
        return Faces(self.landmarks[index], self.image_size)

    @cached_property
    def boxes(self) -> np.ndarray:
        """``(n, 4)`` float32: left, top, right, bottom of each mesh in pixels."""
        return boxes_of(self.landmarks)

    @cached_property
    def pose(self) -> np.ndarray:
        """``(n, 3)`` float32: yaw, pitch, roll in degrees.

        Yaw is positive for a face turned to the viewer's right, pitch for one that looks up,
        roll for one tilted clockwise. An upright frontal face is near (0, 0, 0).
        """
        turn = face_axes(self.landmarks) @ FRONT_AXES.T
        # turn = roll in the picture's plane @ yaw @ pitch, so that roll affects neither of the others.
        yaw = np.arcsin(turn[:, 2, 0].clip(-1, 1))
        pitch = np.arctan2(-turn[:, 2, 1], turn[:, 2, 2])
        roll = np.arctan2(turn[:, 1, 0], turn[:, 0, 0])
        return np.degrees(np.stack([yaw, pitch, roll], axis=1)).astype(np.float32)


# Inclination of the line from forehead to chin on faces that look straight ahead (median of FER2013).
NEUTRAL_PITCH = np.radians(-9.0)
_COS, _SIN = np.cos(NEUTRAL_PITCH), np.sin(NEUTRAL_PITCH)
FRONT_AXES = np.array([[1, 0, 0], [0, _COS, _SIN], [0, -_SIN, _COS]])  # `face_axes` of a face with pose (0, 0, 0)


def boxes_of(meshes: np.ndarray) -> np.ndarray:
    """Left, top, right, bottom of meshes: ``(n, L, >=2) -> (n, 4)``."""
    if not len(meshes):
        return np.zeros((0, 4), np.float32)
    rows = meshes[:, :, :2].swapaxes(1, 2).copy()  # each coordinate in one piece, which is read five times as fast
    return np.concatenate([rows.min(axis=2), rows.max(axis=2)], axis=1)


def face_axes(landmarks: np.ndarray) -> np.ndarray:
    """Rotation of each face: ``(n, L, 3) -> (n, 3, 3)``, columns right, down, away from the camera.

    The horizontal axis runs through the outer eye corners; the vertical one, from forehead to
    chin, is made orthogonal to it, so that movements of jaw and lips do not change the pose.
    """
    right = landmarks[:, RIGHT_EYE[0]] - landmarks[:, LEFT_EYE[0]]
    down = landmarks[:, CHIN] - landmarks[:, FOREHEAD]
    right = right / np.linalg.norm(right, axis=1, keepdims=True).clip(1e-9)
    down = down - (down * right).sum(axis=1, keepdims=True) * right
    down = down / np.linalg.norm(down, axis=1, keepdims=True).clip(1e-9)
    return np.stack([right, down, np.cross(right, down)], axis=2)


def anchors(landmarks: np.ndarray) -> np.ndarray:
    """Left eye, right eye and mouth centre of each face: ``(n, L, >=2) -> (n, 3, 2)``.

    The *corners* of eyes and mouth are used, which move least when lids and lips do.
    """
    return landmarks[:, [LEFT_EYE, RIGHT_EYE, MOUTH], :2].mean(axis=2)
