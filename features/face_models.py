"""The networks for face detection and meshes: files of this repository, verified when they are loaded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

MODELS = Path(__file__).parent / "models"


class FaceModelError(OSError):
    """A face model is missing or damaged. The message names the file and says what to do."""


@dataclass(frozen=True)
class FaceModel:
    """One network of MediaPipe's; `features/models/NOTICE.md` says where it comes from.

    Parameters
    ----------
    origin : str
        Its place in the wheel of mediapipe 0.10.21, or in MediaPipe's bundle `face_landmarker.task`.
    sha256 : str
        Of the file, in hexadecimal digits.
    """

    origin: str
    sha256: str

    @property
    def path(self) -> Path:
        """Path of the file."""
        return MODELS / self.origin.rpartition("/")[2]


SHORT_RANGE = FaceModel(
    "mediapipe/modules/face_detection/face_detection_short_range.tflite",
    "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
)
FULL_RANGE = FaceModel(
    "mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite",
    "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
)
MESH = FaceModel(
    "mediapipe/modules/face_landmark/face_landmark.tflite",
    "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
)
FINE_MESH = FaceModel(
    "face_landmarks_detector.tflite",
    "c7d54204ce0448474c7f3fa9af494787c0965cbdd6f20fc72867e43046bd43d5",
)
BLENDSHAPES = FaceModel(
    "face_blendshapes.tflite",
    "4f36dded049db18d76048567439b2a7f58f1daabc00d78bfe8f3ad396a2d2082",
)
OF_THE_WHEEL = (SHORT_RANGE, FULL_RANGE, MESH)
OF_THE_BUNDLE = (FINE_MESH, BLENDSHAPES)
ALL = (*OF_THE_WHEEL, *OF_THE_BUNDLE)


def load(model: FaceModel) -> bytes:
    """The network's ``.tflite`` file.

    Raises
    ------
    FaceModelError
        It is missing, or its hash is wrong.
    """
    try:
        content = model.path.read_bytes()
    except OSError as error:
        raise FaceModelError(f"{model.path} cannot be read ({error.strerror}). {_RESTORE}") from error
    check(model, content, str(model.path))
    return content


def check(model: FaceModel, content: bytes, where: str) -> None:
    """Raise `FaceModelError` unless these bytes, read from `where`, are the model."""
    found = hashlib.sha256(content).hexdigest()
    if found != model.sha256:
        raise FaceModelError(f"{where} is damaged: its SHA-256 is {found}, expected {model.sha256}. {_RESTORE}")


_RESTORE = "Restore it with: git checkout features/models, or see scripts/build_face_models.py"
