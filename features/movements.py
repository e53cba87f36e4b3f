"""Facial movements as numbers: MediaPipe's 52 blendshapes, such as how far the lip corners are raised.

Two small networks run in sequence: the first fits a finer mesh with irises (478 points), the second predicts the
blendshapes from 146 of these points. The mesh of `features.mesh_network` is not accurate enough: given its points, the
blendshape network took closed lips for half a smile. The networks are loaded at the first use.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from features import face_models
from features.align import AlignedFaces
from features.mesh_network import warped, window_to_image
from features.regions import Window, around_mesh
from features.tflite import Turn, interpreter

SIDE = 256  # of the mesh network's input, in pixels
POINTS = 478
# Inputs of the blendshape network, as listed in MediaPipe's face_blendshapes_graph.cc.
SUBSET = (
    *(0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80),
    *(81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153),
    *(154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249),
    *(251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314),
    *(317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382),
    *(384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, *range(468, 478)),
)
NAMES = (
    *("_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff"),
    *("cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight"),
    *("eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight"),
    *("eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen", "jawRight"),
    *("mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel"),
    *("mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker"),
    *("mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft"),
    *("mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight"),
    *("noseSneerLeft", "noseSneerRight"),
)
# The network does not detect these movements: they stay near 0 whatever the face does, in MediaPipe itself as well.
UNSEEN = ("cheekPuff", "cheekSquintLeft", "cheekSquintRight", "jawForward", "noseSneerLeft", "noseSneerRight")
# Movements with a name on the page, each the mean of these blendshapes. Gaze is left out.
SPOKEN = {
    "smile": ("mouthSmileLeft", "mouthSmileRight"),
    "brows_down": ("browDownLeft", "browDownRight"),
    "brows_inner": ("browInnerUp",),
    "brows_outer": ("browOuterUpLeft", "browOuterUpRight"),
    "eyes_shut": ("eyeBlinkLeft", "eyeBlinkRight"),
    "eyes_narrow": ("eyeSquintLeft", "eyeSquintRight"),
    "eyes_wide": ("eyeWideLeft", "eyeWideRight"),
    "jaw": ("jawOpen",),
    "frown": ("mouthFrownLeft", "mouthFrownRight"),
    "pucker": ("mouthPucker",),
    "funnel": ("mouthFunnel",),
    "stretch": ("mouthStretchLeft", "mouthStretchRight"),
    "dimple": ("mouthDimpleLeft", "mouthDimpleRight"),
    "press": ("mouthPressLeft", "mouthPressRight"),
    "lip_upper": ("mouthUpperUpLeft", "mouthUpperUpRight"),
    "lip_lower": ("mouthLowerDownLeft", "mouthLowerDownRight"),
    "roll": ("mouthRollLower", "mouthRollUpper"),
    "shrug": ("mouthShrugLower", "mouthShrugUpper"),
}


class MovementNetwork:
    """Measures the movements of a located face. Thread-safe: calls are serialised.

    Raises
    ------
    FaceModelError

    References
    ----------
    Grishchenko et al., "Blendshapes GHUM: Real-time Monocular Facial Blendshape Prediction", arXiv:2309.05782, 2023.
    """

    def __init__(self) -> None:
        self._mesh = interpreter(face_models.load(face_models.FINE_MESH))
        self._shapes = interpreter(face_models.load(face_models.BLENDSHAPES))
        self._turn = Turn()
        self._image = self._mesh.tensor(self._mesh.get_input_details()[0]["index"])
        outputs = {int(out["shape"][-1]): out["index"] for out in self._mesh.get_output_details()}
        self._points = outputs[3 * POINTS]
        self._given = self._shapes.get_input_details()[0]["index"]
        self._shapes_out = self._shapes.get_output_details()[0]["index"]

    def read(self, image: np.ndarray, mesh: np.ndarray) -> np.ndarray:
        """The strength of each movement, 0 to 1, in the order of `NAMES`.

        Parameters
        ----------
        image : ndarray
            ``uint8 (H, W, 3)``, RGB.
        mesh : ndarray
            ``(468, 3)`` or more points of the face, in pixels of `image`; locates the face.

        Returns
        -------
        ndarray
            ``(52,)`` float32.
        """
        return self.shapes(self.fine_mesh(image, around_mesh(mesh)))

    def fine_mesh(self, image: np.ndarray, window: Window) -> np.ndarray:
        """The finer mesh in a window: ``(478, 2)`` float32, pixels of `image`."""
        square = warped(image, window, SIDE)
        with self._turn:
            np.multiply(square, 1 / 255, out=self._image()[0], dtype=np.float32)
            self._mesh.invoke()
            points = self._mesh.get_tensor(self._points).reshape(POINTS, 3)[:, :2].copy()
        to_image = window_to_image(window, SIDE)
        return (points @ to_image[:, :2].T + to_image[:, 2] - 0.5).astype(np.float32)

    def shapes(self, points: np.ndarray) -> np.ndarray:
        """The movements of a finer mesh: ``(478, 2) -> (52,)`` float32, regardless of the face's position and size."""
        with self._turn:
            self._shapes.set_tensor(self._given, np.ascontiguousarray(points[None, list(SUBSET)], np.float32))
            self._shapes.invoke()
            return self._shapes.get_tensor(self._shapes_out).copy()


@cache
def network() -> MovementNetwork:
    """The shared network, loaded at the first call."""
    return MovementNetwork()


def spoken(movements: np.ndarray) -> dict[str, float]:
    """The named movements, 0 to 1: from ``(52,)`` to each key of `SPOKEN` and its mean."""
    return {word: float(np.mean([movements[NAMES.index(name)] for name in names])) for word, names in SPOKEN.items()}


def mirror_order() -> np.ndarray:
    """Index of each movement of a mirrored face among those of the face: ``(52,)`` int."""
    turned = {"Left": "Right", "Right": "Left"}
    sides = [next((side for side in turned if name.endswith(side)), "") for name in NAMES]
    pairs = zip(NAMES, sides, strict=True)
    return np.array([NAMES.index(name.removesuffix(side) + turned.get(side, "")) for name, side in pairs])


@dataclass(frozen=True)
class Movements:
    """The movements as a descriptor, measured on the aligned crop like every model input.

    Crops are grey, 72 x 72 pixels and end at the brows, so these values are coarser than those of a whole picture.
    """

    def __call__(self, faces: AlignedFaces) -> np.ndarray:
        """``(n, 52)`` float32. All zeros for a face without a mesh, whose points coincide."""
        rows = [self._one(image, mesh) for image, mesh in zip(faces.images, faces.landmarks, strict=True)]
        return np.array(rows, np.float32).reshape(len(faces), len(NAMES))

    def _one(self, image: np.ndarray, mesh: np.ndarray) -> np.ndarray:
        if np.ptp(mesh[:, 0]) < 1:
            return np.zeros(len(NAMES), np.float32)
        return network().read(np.repeat(image[:, :, None], 3, axis=2), mesh)
