"""Quality of the picture of each face, in numbers and in sentences that a user can act on.

The thresholds are where FER2013's faces, on which the models were trained, become rare: models
are less reliable on pictures unlike their training data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import NamedTuple

import cv2
import numpy as np

from features import occlusion_detector
from features.align import AlignSpec, align
from features.faces import MESH_POINTS, Faces
from features.phrase import Phrase

TOO_SMALL = 32.0  # px; 95 % of FER2013's faces are larger, and smaller ones lack detail
TOO_DARK = 60.0  # of 255; 2 % of FER2013's faces are darker
TOO_BRIGHT = 205.0  # of 255; 1 % are brighter
TOO_BLURRED = 0.25  # 0..1; 2 % of FER2013's faces are less sharp
TURNED = 35.0  # degrees; 96 % of FER2013's faces are turned less, and beyond it the far half of the face is hidden
NODDED = 28.0  # degrees; 2 % of FER2013's faces look farther up, and 2 % farther down
TILTED = 30.0  # degrees; alignment corrects any tilt, but the mesh network was trained on upright heads
CUT_OFF = 0.12  # of the mesh; more is missing from 2 % of FER2013's faces

_PLAIN = AlignSpec()
_REBLUR = 5  # px; width of the blur used to measure sharpness, for crops of 48 px of detail


@dataclass(frozen=True, eq=False)
class Quality:
    """Measurements of each face; every array is ``(n,)`` float32.

    Parameters
    ----------
    size : ndarray
        Longer side of the mesh's box in pixels of the picture.
    brightness : ndarray
        Mean grey inside the face, 0 to 255.
    sharpness : ndarray
        0 (blurred) to 1: how much a further blur changes; independent of contrast.
    yaw, pitch, roll : ndarray
        Degrees, as `Faces.pose`.
    outside : ndarray
        Fraction of the mesh beyond the picture's border, 0 to 1.
    eyes_covered, mouth_covered : ndarray
        Log odds of `features.occlusion_detector`; above 0 they are.
    """

    size: np.ndarray
    brightness: np.ndarray
    sharpness: np.ndarray
    yaw: np.ndarray
    pitch: np.ndarray
    roll: np.ndarray
    outside: np.ndarray
    eyes_covered: np.ndarray
    mouth_covered: np.ndarray

    def __post_init__(self) -> None:
        lengths = {field.name: getattr(self, field.name).shape for field in fields(self)}
        if len(set(lengths.values())) > 1 or self.size.ndim != 1:
            raise ValueError(f"arrays have shapes {lengths}; expected (n,) for all")

    def __len__(self) -> int:
        return len(self.size)


class _Measures(NamedTuple):
    """Those of one face."""

    size: float
    brightness: float
    sharpness: float
    yaw: float
    pitch: float
    roll: float
    outside: float
    eyes_covered: float
    mouth_covered: float


def measure(image: np.ndarray, faces: Faces) -> Quality:
    """Measure every face of a picture.

    Parameters
    ----------
    image : ndarray
        ``uint8 (H, W, 3)``, RGB.
    faces : Faces
        Meshes in pixels of `image`; may be empty.

    References
    ----------
    Crete et al., "The blur effect: perception and estimation with a new no-reference
    perceptual blur metric", SPIE 2007 (sharpness).
    """
    crops = align(image, faces, _PLAIN)
    light = [brightness(crop, mesh) for crop, mesh in zip(crops.images, crops.landmarks, strict=True)]
    sharp = [sharpness(crop, _PLAIN.detail) for crop in crops.images]
    boxes = faces.boxes
    size = (boxes[:, 2:] - boxes[:, :2]).max(axis=1) if len(faces) else np.zeros(0)
    columns = (
        size,
        np.array(light),
        np.array(sharp),
        *faces.pose.T,
        _outside(faces),
        *occlusion_detector.scores(crops).T,
    )
    return Quality(*(column.astype(np.float32) for column in columns))


def notes(image: np.ndarray, faces: Faces) -> tuple[tuple[str, ...], ...]:
    """Short sentences for each face about what is wrong with the picture and what to do; none if all is well."""
    return sentences(measure(image, faces))


def sentences(quality: Quality) -> tuple[tuple[str, ...], ...]:
    """The same from measurements."""
    columns = [getattr(quality, field.name).tolist() for field in fields(quality)]
    return tuple(tuple(_sentences_of(_Measures(*face))) for face in zip(*columns, strict=True))


def sharpness(crop: np.ndarray, detail: int) -> float:
    """How much a blur changes a crop ``uint8 (S, S)`` at `detail` pixels per side: 0 blurred, 1 sharp."""
    from skimage.measure import blur_effect

    small = cv2.resize(crop, (detail, detail), interpolation=cv2.INTER_AREA)
    if np.ptp(small) == 0:
        return 0.0
    return float(1 - blur_effect(small, h_size=_REBLUR))


def brightness(crop: np.ndarray, mesh: np.ndarray) -> float:
    """Mean grey inside the face, 0 to 255: crop ``uint8 (S, S)``, mesh ``(L, >=2)`` in crop pixels."""
    outline = cv2.convexHull(np.rint(mesh[:, :2]).astype(np.int32))
    inside = cv2.fillConvexPoly(np.zeros_like(crop), outline, 1).astype(bool)
    return float(crop[inside].mean()) if inside.any() else float(crop.mean())


def _outside(faces: Faces) -> np.ndarray:
    flat = faces.landmarks[:, :MESH_POINTS, :2]
    beyond = (flat < -0.5) | (flat > np.array(faces.image_size) - 0.5)
    return beyond.any(axis=2).mean(axis=1)


def _sentences_of(face: _Measures) -> Iterator[str]:
    if face.size < TOO_SMALL:
        yield Phrase("small", "Small, {0} pixels across: come closer or use a larger picture.", round(face.size))
    elif face.sharpness < TOO_BLURRED:  # a small face is always soft, and reported as small
        yield Phrase("blurred", "Blurred: hold still, wipe the lens or focus on the face.")
    yield from _light_words(face.brightness)
    yield from _pose_words(face.yaw, face.pitch, face.roll)
    if face.outside > CUT_OFF:
        yield Phrase(
            "cut", "Cut off, {0:.0%} of the face is outside the picture: bring all of it into view.", face.outside
        )
    if face.size >= TOO_SMALL and face.sharpness >= TOO_BLURRED:  # else features are missing in any face
        yield from _covered_words(face.eyes_covered, face.mouth_covered)


def _covered_words(eyes: float, mouth: float) -> Iterator[str]:
    if eyes > 0:
        yield Phrase(
            "covered.eyes",
            "Eyes seem to be covered: the models learned from few such faces, so do not rely on the answers.",
        )
    if mouth > 0:
        yield Phrase(
            "covered.mouth",
            "Mouth seems to be covered: the models learned from few such faces, so do not rely on the answers.",
        )


def _light_words(brightness: float) -> Iterator[str]:
    if brightness < TOO_DARK:
        yield Phrase("dark", "Dark: turn to a lamp or a window.")
    if brightness > TOO_BRIGHT:
        yield Phrase("bright", "Very bright: step out of the glare or lower the exposure.")


def _pose_words(yaw: float, pitch: float, roll: float) -> Iterator[str]:
    if abs(yaw) > TURNED:
        yield Phrase("turned", "Turned {0}° to the side: look at the camera.", round(abs(yaw)))
    if abs(pitch) > NODDED:
        up, angle = pitch > 0, round(abs(pitch))
        yield (
            Phrase("up", "Looking {0}° up: hold the camera at eye level.", angle)
            if up
            else Phrase("down", "Looking {0}° down: hold the camera at eye level.", angle)
        )
    if abs(roll) > TILTED:
        yield Phrase("tilted", "Tilted {0}°: hold your head, or the camera, upright.", round(abs(roll)))
