"""Finds faces and their meshes. The only file that knows MediaPipe.

`mediapipe` is pinned to 0.10.21, the last release whose wheel carries its models, so nothing
is downloaded. Importing it imports TensorFlow as a side effect, which costs ten seconds and
600 MB; `_import_solutions` holds that off.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np

from features.faces import Faces

CONFIDENCE = 0.5  # where there may be no face at all
FACE_PICTURE_CONFIDENCE = 0.2  # where a detector, or the data set, says that there is one
WINDOW = 256
SMALL_PICTURE = 160
TILE = 720
SAME_FACE = 0.3


@cache
def _import_solutions():
    """MediaPipe's `face_mesh` and `face_detection` modules, without TensorFlow behind them.

    MediaPipe's own import of TensorFlow is guarded (it only wants a documentation helper), so
    a None in `sys.modules` while it loads is enough. TensorFlow is put back after.
    """
    os.environ.setdefault("GLOG_minloglevel", "2")
    held = {name: sys.modules[name] for name in ("tensorflow",) if name in sys.modules}
    sys.modules["tensorflow"] = None
    try:
        from mediapipe.python.solutions import face_detection, face_mesh
    finally:
        del sys.modules["tensorflow"]
        sys.modules.update(held)
    return face_mesh, face_detection


def tesselation() -> np.ndarray:
    """Edges of the mesh as pairs of point indices: ``(e, 2)`` int."""
    face_mesh, _ = _import_solutions()
    return np.array(sorted(face_mesh.FACEMESH_TESSELATION))


def contours() -> np.ndarray:
    """Edges that outline eyes, brows, lips and the face: ``(e, 2)`` int."""
    face_mesh, _ = _import_solutions()
    return np.array(sorted(face_mesh.FACEMESH_CONTOURS))


class FaceMesher:
    """Finds the faces of a picture as meshes, largest first.

    Neither thread-safe nor to be shared between streams: one for each worker that reads
    still pictures, one for each live viewer. Close it, or use it in a ``with``.

    Parameters
    ----------
    tracking : bool
        False reads every picture by itself and looks for small faces too. True follows faces
        from frame to frame of one stream: faster and steadier, near faces only.
    max_faces : int
        At most this many faces are returned.

    References
    ----------
    Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs",
    CVPR workshops 2019. Bazarevsky et al., "BlazeFace", CVPR workshops 2019.
    """

    def __init__(self, tracking: bool = False, max_faces: int = 20) -> None:
        self.tracking = tracking
        self.max_faces = max_faces
        face_mesh, face_detection = _import_solutions()
        common = {"static_image_mode": not tracking, "min_tracking_confidence": 0.5}
        self._mesh = face_mesh.FaceMesh(
            max_num_faces=max_faces if tracking else 4, min_detection_confidence=CONFIDENCE, **common
        )
        self._graphs = [self._mesh]
        if not tracking:
            self._close_mesh = face_mesh.FaceMesh(
                max_num_faces=2, min_detection_confidence=FACE_PICTURE_CONFIDENCE, **common
            )
            self._detector = face_detection.FaceDetection(model_selection=1, min_detection_confidence=CONFIDENCE)
            self._graphs += [self._close_mesh, self._detector]

    def __enter__(self) -> FaceMesher:
        return self

    def __exit__(self, *_exc) -> None:
        self.close()

    def close(self) -> None:
        """Free MediaPipe's graphs. Closing twice is harmless."""
        while self._graphs:
            self._graphs.pop().close()

    def find(self, image: np.ndarray) -> Faces:
        """Faces of one picture.

        Parameters
        ----------
        image : ndarray
            ``uint8 (H, W, 3)``, RGB.

        Returns
        -------
        Faces
            Possibly empty; no face is a result, not an error.
        """
        size = image.shape[1], image.shape[0]
        if min(size) < 8:
            return Faces.empty(size)
        meshes = _run(self._mesh, image) if self.tracking else self._search(image)
        return _largest(_distinct(meshes), size, self.max_faces)

    def _search(self, image: np.ndarray) -> np.ndarray:
        """Every face of a still: the ordinary look first, harder ones only if it fails."""
        small = max(image.shape[:2]) <= SMALL_PICTURE
        for look in self._face_picture_looks(image) if small else self._photo_looks(image):
            if len(look):
                return look
        return _no_mesh()

    def _photo_looks(self, image: np.ndarray) -> Iterator[np.ndarray]:
        """Ordinary, with more contrast and a border, with a border alone, turned."""
        yield self._in_photo(image)
        yield self._padded(_brighten(image), 0.5)
        yield self._padded(image, 0.25)
        yield self._turned(image)

    def _face_picture_looks(self, image: np.ndarray) -> Iterator[np.ndarray]:
        """A picture that is one face and little more (FER2013): enlarge it and give it a border."""
        yield self._enlarged(image, 0.25)
        yield self._enlarged(image, 0.0)
        yield self._enlarged(_brighten(image), 0.4)

    def _in_photo(self, image: np.ndarray) -> np.ndarray:
        """The mesh on the whole, then in an enlarged window for every further face the detector sees."""
        near = _run(self._mesh, image)
        taken = _boxes(near)
        boxes = [box for box in self._detect(image) if not any(_overlap(box, b) >= SAME_FACE for b in taken)]
        return np.concatenate([near, *(self._in_window(image, box) for box in boxes)])

    def _enlarged(self, image: np.ndarray, pad: float) -> np.ndarray:
        """The largest face of a small picture, looked for at some 192 pixels a side plus `pad`."""
        factor = max(1, round(192 / max(image.shape[:2])))
        large = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        border = round(pad * max(large.shape[:2]))
        large = cv2.copyMakeBorder(large, border, border, border, border, cv2.BORDER_REPLICATE)
        meshes = _run(self._close_mesh, large)[:1]
        # Enlarging moves the centre of pixel p to factor * (p + 1/2) - 1/2.
        meshes[:, :, :2] = (meshes[:, :, :2] - border + 0.5) / factor - 0.5
        meshes[:, :, 2] /= factor
        return meshes

    def _padded(self, image: np.ndarray, pad: float) -> np.ndarray:
        border = round(pad * max(image.shape[:2]))
        wide = cv2.copyMakeBorder(image, border, border, border, border, cv2.BORDER_REPLICATE)
        return self._in_photo(wide) - np.array([border, border, 0], np.float32)

    def _turned(self, image: np.ndarray) -> np.ndarray:
        """Faces that lie on their side or hang upside down (a phone's photo without EXIF)."""
        height, width = image.shape[:2]
        # One quarter turn: (x, y) -> (y, width - 1 - x); undone point by point here.
        for turns in (1, 3, 2):
            meshes = self._in_photo(np.ascontiguousarray(np.rot90(image, turns)))
            if not len(meshes):
                continue
            x, y = meshes[:, :, 0].copy(), meshes[:, :, 1].copy()
            back = {1: (width - 1 - y, x), 3: (y, height - 1 - x), 2: (width - 1 - x, height - 1 - y)}
            meshes[:, :, 0], meshes[:, :, 1] = back[turns]
            return meshes
        return _no_mesh()

    def _in_window(self, image: np.ndarray, box: np.ndarray) -> np.ndarray:
        """The mesh nearest the middle of a square twice as large as a detected box."""
        window, to_image = _window(image, box)
        meshes = _run(self._close_mesh, window)
        if not len(meshes):
            return meshes
        off_centre = np.abs(meshes[:, :, :2].mean(axis=1) - WINDOW / 2).sum(axis=1)
        mesh = meshes[[off_centre.argmin()]]
        mesh[:, :, :2] = mesh[:, :, :2] @ to_image[:, :2].T + to_image[:, 2]
        mesh[:, :, 2] *= to_image[0, 0]
        return mesh

    def _detect(self, image: np.ndarray) -> np.ndarray:
        """Boxes from the full-range detector, on the whole and on tiles of a large picture."""
        boxes = [self._detect_in(image, tile) for tile in _tiles(image.shape[1], image.shape[0])]
        boxes = np.concatenate(boxes)
        return boxes[_keep_distinct(boxes)]

    def _detect_in(self, image: np.ndarray, tile: tuple[int, int, int, int]) -> np.ndarray:
        left, top, right, bottom = tile
        found = self._detector.process(np.ascontiguousarray(image[top:bottom, left:right])).detections or []
        relative = [d.location_data.relative_bounding_box for d in found]
        boxes = [(b.xmin, b.ymin, b.xmin + b.width, b.ymin + b.height) for b in relative]
        scale = np.array([right - left, bottom - top] * 2)
        return np.array(boxes).reshape(-1, 4) * scale + np.array([left, top] * 2)


def _run(mesh, image: np.ndarray) -> np.ndarray:
    """MediaPipe's own answer: ``(n, L, 3)`` float32 in pixels of `image`."""
    height, width = image.shape[:2]
    found = mesh.process(image).multi_face_landmarks or []
    points = [[(p.x, p.y, p.z) for p in face.landmark] for face in found]
    if not points:
        return _no_mesh()
    # MediaPipe counts from the picture's edge, we from the first pixel's centre; z is at the scale of x.
    return np.array(points, np.float32) * np.array([width, height, width], np.float32) - np.array(
        [0.5, 0.5, 0], np.float32
    )


def _no_mesh() -> np.ndarray:
    return np.zeros((0, 468, 3), np.float32)


def _brighten(image: np.ndarray) -> np.ndarray:
    """Local contrast on the lightness, for dark or flat pictures."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    lab[:, :, 0] = cv2.createCLAHE(clipLimit=4.0, tileGridSize=(8, 8)).apply(lab[:, :, 0])
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)


def _window(image: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A `WINDOW` pixel square around a box, twice its size, and the map from it to the picture."""
    side = 2 * max(box[2] - box[0], box[3] - box[1])
    scale = side / WINDOW
    centre = (box[:2] + box[2:]) / 2
    to_image = np.array([[scale, 0, centre[0] - side / 2], [0, scale, centre[1] - side / 2]])
    flags = cv2.WARP_INVERSE_MAP | (cv2.INTER_LINEAR if scale < 2 else cv2.INTER_AREA)
    window = cv2.warpAffine(image, to_image, (WINDOW, WINDOW), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return window, to_image


def _tiles(width: int, height: int) -> list[tuple[int, int, int, int]]:
    """Left, top, right, bottom of the whole and, of a large picture, of overlapping tiles of `TILE` a side."""
    whole = (0, 0, width, height)
    if max(width, height) <= 1.25 * TILE:
        return [whole]
    spans = [(x, y) for y in _starts(height) for x in _starts(width)]
    return [whole] + [(x, y, min(x + TILE, width), min(y + TILE, height)) for x, y in spans]


def _starts(length: int) -> list[int]:
    """Where tiles begin along a side so that neighbours share a fifth or more."""
    count = max(1, math.ceil((length - 0.2 * TILE) / (0.8 * TILE)))
    return np.linspace(0, max(0, length - TILE), count).round().astype(int).tolist()


def _boxes(meshes: np.ndarray) -> np.ndarray:
    if not len(meshes):
        return np.zeros((0, 4), np.float32)
    return np.concatenate([meshes[:, :, :2].min(axis=1), meshes[:, :, :2].max(axis=1)], axis=1)


def _keep_distinct(boxes: np.ndarray) -> list[int]:
    """Indices of boxes, earlier ones first, of which none overlaps an earlier one."""
    kept: list[int] = []
    for i, box in enumerate(boxes):
        if all(_overlap(box, boxes[k]) < SAME_FACE for k in kept):
            kept.append(i)
    return kept


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Shared area as a part of the smaller box's area."""
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    areas = (a[2:] - a[:2]).prod(), (b[2:] - b[:2]).prod()
    return float(sides.clip(0).prod() / max(min(areas), 1e-9))


def _distinct(meshes: np.ndarray) -> np.ndarray:
    return meshes[_keep_distinct(_boxes(meshes))]


def _largest(meshes: np.ndarray, size: tuple[int, int], most: int) -> Faces:
    if not len(meshes):
        return Faces.empty(size)
    boxes = _boxes(meshes)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return Faces(meshes[np.argsort(-area, kind="stable")[:most]], size)
