"""Finds faces and their meshes in still pictures, and reads those of a stream of frames."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

import cv2
import numpy as np

from features import face_models
from features.detector import FaceDetector, connections
from features.faces import Faces, boxes_of
from features.mesh_network import MeshNetwork, logit
from features.regions import (
    SAME_FACE,
    Window,
    around_mesh,
    fine_tiles,
    is_known,
    keep_distinct,
    overlap,
    roll_of,
    tiles,
)

CONFIDENCE = 0.5  # where there may be no face at all
FAR_CONFIDENCE = 0.6  # of the full-range detector, as MediaPipe's own graphs set it
MESH_CONFIDENCE = 0.95  # in a window; meshes forced upon something else score 0.5 to 0.93, true ones 0.99
FACE_PICTURE_CONFIDENCE = 0.2  # where a detector, or the data set, says that there is one
NEAR_FACES = 4  # the short-range detector's surest; further ones are left to the full-range detector
MAX_FACES = 20  # shown unless more are asked for
SURE = 16.0  # log odds; meshes the right way up score 18 or more, those upside down below 14
PORTRAIT = 640  # pixels; in a picture no larger than this whose largest face is that part of its shorter side or more,
PORTRAIT_FACE = 0.2  # small ones are not searched for
LEANING = 30.0  # degrees; from here on the mesh is read again in a window turned along with the face
UPRIGHT_PASSES = 3
STEADY = 0.04  # of the window's side; true meshes drift by 0.02, false ones are lost or drift by more
ALIKE = 0.02  # of a mesh's longer side
SMALL_PICTURE = 160
FACE_PICTURE = 0.45  # of its longer side: from here on the face of a small picture leaves no room for others
ENLARGED = 4
HALF = np.array([0.5, 0.5, 0], np.float32)  # from a pixel's centre to its edge
NEARLY = 0.93  # of the largest face's side: meshes of equal faces vary by so much; they are numbered as one reads


def tesselation() -> np.ndarray:
    """Edges of the mesh as pairs of point indices: ``(1322, 2)`` int, each once."""
    return _edges("FACE_LANDMARKS_TESSELATION")


def contours() -> np.ndarray:
    """Edges that outline eyes, brows, lips and the face: ``(124, 2)`` int, each once."""
    return _edges("FACE_LANDMARKS_CONTOURS")


@cache
def _edges(group: str) -> np.ndarray:
    """MediaPipe lists some edges in both directions."""
    edges = np.array(sorted({tuple(sorted((edge.start, edge.end))) for edge in getattr(connections(), group)}))
    edges.flags.writeable = False
    return edges


class FaceMesher:
    """Finds the faces of a picture as meshes, largest first.

    For still pictures; `features.face_tracking` follows faces from frame to frame. Thread-safe: calls wait for
    each other. Close it, or use it in a ``with``.

    Parameters
    ----------
    max_faces : int
        At most this many faces are returned.

    Raises
    ------
    FaceModelError, MissingLibraryError

    References
    ----------
    Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs",
    CVPR workshops 2019. Bazarevsky et al., "BlazeFace", CVPR workshops 2019.
    """

    def __init__(self, max_faces: int = MAX_FACES) -> None:
        self.max_faces = max_faces
        self._lock = threading.Lock()
        self._near = FaceDetector(face_models.SHORT_RANGE, CONFIDENCE)
        self._far = FaceDetector(face_models.FULL_RANGE, FAR_CONFIDENCE)
        self._close_up = FaceDetector(face_models.SHORT_RANGE, FACE_PICTURE_CONFIDENCE)
        self._mesh = MeshNetwork()

    def __enter__(self) -> FaceMesher:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the detectors. Closing twice is harmless."""
        for detector in (self._near, self._far, self._close_up):
            detector.close()

    def find(self, image: np.ndarray, max_faces: int | None = None) -> Faces:
        """Faces of one picture.

        Parameters
        ----------
        image : ndarray
            ``uint8 (H, W, 3)``, RGB.
        max_faces : int, optional
            At most this many; default: as the finder was made for.

        Returns
        -------
        Faces
            Possibly empty; no face is a result, not an error. `Faces.left_out` counts the others.

        Raises
        ------
        ValueError
            The picture is not ``uint8 (H, W, 3)``.
        """
        _check(image)
        image = np.ascontiguousarray(image)
        size = image.shape[1], image.shape[0]
        if min(size) < 8:
            return Faces.empty(size)
        with self._lock:
            return _largest(_distinct(self._search(image)), size, self.max_faces if max_faces is None else max_faces)

    def _search(self, image: np.ndarray) -> np.ndarray:
        """Every face of a still: the ordinary look first, harder ones only if it fails."""
        small = max(image.shape[:2]) <= SMALL_PICTURE
        for look in self._face_picture_looks(image) if small else self._photo_looks(image):
            if len(look):
                return self._with_neighbours(image, look) if small else look
        return _no_mesh()

    def _with_neighbours(self, image: np.ndarray, found: np.ndarray) -> np.ndarray:
        """A small picture in which the face that was found leaves room for others: looked at as a photo, enlarged."""
        if np.ptp(found[0, :, :2], axis=0).max() >= FACE_PICTURE * max(image.shape[:2]):
            return found
        large = cv2.resize(image, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
        several = self._with_small(large, self._in_photo(large))
        return ((several + HALF) / ENLARGED - HALF).astype(np.float32) if len(several) > len(found) else found

    def _photo_looks(self, image: np.ndarray) -> Iterator[np.ndarray]:
        """Ordinary, with more contrast and a border, with a border alone, turned, as one face, and at last on trust."""
        yield self._with_small(image, self._in_photo(image))
        yield self._padded(_brighten(image), 0.5)
        yield self._padded(image, 0.25)
        yield self._turned(image)
        yield self._as_one_face(image)
        yield self._on_trust(image)

    def _face_picture_looks(self, image: np.ndarray) -> Iterator[np.ndarray]:
        """A picture that is one face and little more (FER2013): enlarge it and give it a border."""
        yield self._enlarged(image, 0.25)
        yield self._enlarged(image, 0.0)
        yield self._enlarged(_brighten(image), 0.4)

    def _one_face_looks(self, small: np.ndarray) -> Iterator[np.ndarray]:
        """As at a small picture, and with a wider border for what was cut off."""
        yield from self._face_picture_looks(small)
        yield self._enlarged(small, 0.6)

    def _as_one_face(self, image: np.ndarray) -> np.ndarray:
        """A large picture that is one face and little more, cut tightly, soft or noisy: looked at as a small one.

        A mesh is believed that stays where it is in a turned window, or that two looks agree on.
        """
        height, width = image.shape[:2]
        ratio = SMALL_PICTURE / max(height, width)
        size = max(8, round(width * ratio)), max(8, round(height * ratio))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        seen: list[np.ndarray] = []
        for mesh in itertools.chain.from_iterable(self._one_face_looks(small)):
            if self._is_steady(small, mesh) or any(_alike(mesh, other) for other in seen):
                scale = np.array([width, height, width], np.float32) / np.array([*size, size[0]], np.float32)
                return ((mesh[None] + HALF) * scale - HALF).astype(np.float32)
            seen.append(mesh)
        return _no_mesh()

    def _in_photo(self, image: np.ndarray) -> np.ndarray:
        """The mesh on the whole, and in a window around every further face the detector sees."""
        windows = self._on_tiles(image)
        near, confirmed = _agreeing(self._near_meshes(image), windows)
        left = [window for window in windows if not is_known(window.face, boxes_of(near))]
        further = self._read_all(image, left, MESH_CONFIDENCE)
        seen = np.array([*confirmed, *[True] * len(further)], bool)
        return self._trusted(image, np.concatenate([near, further]), seen)

    def _with_small(self, image: np.ndarray, meshes: np.ndarray) -> np.ndarray:
        """Further, small faces: the short-range detector on fine tiles; every mesh has to prove itself."""
        boxes = boxes_of(meshes)
        if _is_portrait(image, boxes):
            return meshes
        windows: list[Window] = []
        for left, top, right, bottom in fine_tiles(image.shape[1], image.shape[0]):
            windows += self._close_up.detect(np.ascontiguousarray(image[top:bottom, left:right]), (left, top))
        windows.sort(key=lambda window: -window.score)  # of those that several tiles see, the whole ones
        new = [window for window in windows if not is_known(window.face, boxes)]
        distinct = (new[k] for k in keep_distinct([window.face for window in new]))
        return np.concatenate([meshes, _there(self._proven(image, window) for window in distinct)])

    def _proven(self, image: np.ndarray, window: Window) -> np.ndarray | None:
        """The mesh in a window that may hold anything."""
        mesh, score = self._right_way_up(image, window, least=0.0, turns=(180,))
        sure = score >= SURE or (score >= logit(MESH_CONFIDENCE) and self._is_steady(image, mesh))
        return mesh if sure else None

    def _trusted(self, image: np.ndarray, meshes: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """Leaning meshes read again upright; then those that are no mistake.

        Upright meshes are at times forced upon faces that hang upside down. One that two
        detectors saw upright is true, and then so are its neighbours; others have to prove it.
        """
        leaning = np.array([abs(roll_of(mesh)) >= LEANING for mesh in meshes], bool)
        upright = [self._upright(image, mesh) if leans else mesh for mesh, leans in zip(meshes, leaning, strict=True)]
        if not (seen & ~leaning).any():
            upright = [mesh for mesh in upright if self._is_steady(image, mesh)]
        return _there(upright)

    def _enlarged(self, image: np.ndarray, pad: float) -> np.ndarray:
        """The largest face of a small picture, looked for at some 192 pixels a side plus `pad`."""
        factor = max(1, round(192 / max(image.shape[:2])))
        large = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        border = round(pad * max(large.shape[:2]))
        large = cv2.copyMakeBorder(large, border, border, border, border, cv2.BORDER_REPLICATE)
        windows = self._close_up.detect(large)[:2]
        meshes = self._read_all(large, windows, CONFIDENCE)[:1]
        if len(meshes) and abs(roll_of(meshes[0])) >= LEANING:
            meshes = self._upright(large, meshes[0])[None].copy()
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
        for turns in (1, 3, 2):
            meshes = self._in_photo(np.ascontiguousarray(np.rot90(image, turns)))
            if len(meshes):
                return _turned_back(meshes, turns, *image.shape[:2])
        return _no_mesh()

    def _upright(self, image: np.ndarray, mesh: np.ndarray) -> np.ndarray:
        """A leaning mesh read again in a window turned along with the face."""
        for _ in range(UPRIGHT_PASSES):
            again = self._in_window(image, around_mesh(mesh))
            mesh = mesh if again is None else again
        return mesh

    def _is_steady(self, image: np.ndarray, mesh: np.ndarray) -> bool:
        """Whether the mesh stays on the face when its window is turned; a false one goes along."""
        window = around_mesh(mesh)
        again = self._in_window(image, replace(window, roll=window.roll + LEANING))
        return again is not None and float(np.abs(again - mesh).mean()) < STEADY * window.side

    def _in_window(self, image: np.ndarray, window: Window) -> np.ndarray | None:
        """The mesh in a window that is known to hold a face; None if the network sees no face there."""
        return self._mesh.read(image, window, MESH_CONFIDENCE)

    def _near_meshes(self, image: np.ndarray) -> np.ndarray:
        """Meshes of what the short-range detector sees."""
        return self._read_all(image, self._near.detect(image)[:NEAR_FACES], CONFIDENCE)

    def _on_trust(self, image: np.ndarray) -> np.ndarray:
        """Meshes of what the short-range detector sees, upright only: turned ones fit too much else."""
        fits = (self._mesh.fit(image, window) for window in self._near.detect(image)[:NEAR_FACES])
        return _there(mesh for mesh, score in fits if score >= logit(CONFIDENCE))

    def _read_all(self, image: np.ndarray, windows: list[Window], confidence: float) -> np.ndarray:
        """The meshes in windows of which the network is so sure."""
        read = (self._right_way_up(image, window) for window in windows)
        return _there(mesh for mesh, score in read if score >= logit(confidence))

    def _right_way_up(
        self, image: np.ndarray, window: Window, least: float = -math.inf, turns: tuple[int, ...] = (180, 90, -90)
    ) -> tuple[np.ndarray, float]:
        """The mesh in a window, or in the window turned by a quarter or more if the network is surer there; its score.

        Detectors take some faces that lie or hang upside down for upright ones, and the network fits a
        mesh to them, but less surely. A score below `least` is not worth a second look.
        """
        mesh, score = self._mesh.fit(image, window)
        if not least <= score < SURE:
            return mesh, score
        turned = (self._mesh.fit(image, replace(window, roll=window.roll + turn)) for turn in turns)
        return max([(mesh, score), *turned], key=lambda fit: fit[1])

    def _on_tiles(self, image: np.ndarray) -> list[Window]:
        """Windows around what the full-range detector sees on the whole and on tiles of a large picture."""
        windows: list[Window] = []
        for left, top, right, bottom in tiles(image.shape[1], image.shape[0]):
            windows += self._far.detect(np.ascontiguousarray(image[top:bottom, left:right]), (left, top))
        return [windows[k] for k in keep_distinct([window.face for window in windows])]


class MeshReader:
    """The two networks of a stream of frames: where faces are, and the mesh of the one in a window.

    Keeps nothing from call to call, so streams may take turns. Close it.
    """

    def __init__(self) -> None:
        self._detector = FaceDetector(face_models.FULL_RANGE, FAR_CONFIDENCE)
        self._mesh = MeshNetwork()

    def look(self, image: np.ndarray) -> list[Window]:
        """A window around every face the full-range detector sees in ``uint8 (H, W, 3)``, RGB, largest first."""
        _check(image)
        return sorted(self._detector.detect(np.ascontiguousarray(image)), key=lambda window: -window.side)

    def read(self, image: np.ndarray, window: Window, known: bool) -> np.ndarray | None:
        """The mesh in a window, ``(468, 3)`` float32 pixels, or None if there is no face in it.

        Parameters
        ----------
        image : ndarray
            ``uint8 (H, W, 3)``, RGB.
        window : Window
        known : bool
            Whether a face was there a moment ago: a turned or blurred one is still believed.
        """
        _check(image)
        return self._mesh.read(image, window, CONFIDENCE if known else MESH_CONFIDENCE)

    def close(self) -> None:
        """Free the detector. Closing twice is harmless."""
        self._detector.close()


def _is_portrait(image: np.ndarray, boxes: np.ndarray) -> bool:
    """Whether a picture is small and one face takes up much of it."""
    height, width = image.shape[:2]
    largest = max((box[3] - box[1] for box in boxes), default=0)
    return max(height, width) <= PORTRAIT and largest >= PORTRAIT_FACE * min(height, width)


def _agreeing(meshes: np.ndarray, windows: list[Window]) -> tuple[np.ndarray, list[bool]]:
    """Meshes without those that a window on the same face says are turned otherwise; whether each was seen at all."""
    kept, seen = [], []
    for i, box in enumerate(boxes_of(meshes)):
        same = [window for window in windows if overlap(window.face, box) >= SAME_FACE]
        roll = roll_of(meshes[i])
        if all(math.cos(math.radians(window.roll - roll)) > 0.5 for window in same):
            kept.append(i)
            seen.append(bool(same))
    return meshes[kept], seen


def _alike(mesh: np.ndarray, other: np.ndarray) -> bool:
    """Whether two looks at one picture saw the same face."""
    return float(np.abs(mesh - other).mean()) < ALIKE * np.ptp(mesh[:, :2], axis=0).max()


def _check(image: np.ndarray) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"got {image.dtype} {image.shape}; expected uint8 (H, W, 3), as features.images.load gives")


def _turned_back(meshes: np.ndarray, turns: int, height: int, width: int) -> np.ndarray:
    """Meshes of ``np.rot90(image, turns)`` in pixels of the image, which is `height` x `width`."""
    x, y, depth = np.moveaxis(meshes, 2, 0)
    flat = {1: (width - 1 - y, x), 2: (width - 1 - x, height - 1 - y), 3: (y, height - 1 - x)}
    return np.stack([*flat[turns], depth], axis=2)


def _there(meshes: Iterable[np.ndarray | None]) -> np.ndarray:
    """Those that are meshes, ``(n, 468, 3)`` float32."""
    kept = [mesh for mesh in meshes if mesh is not None]
    return np.array(kept, np.float32) if kept else _no_mesh()


def _no_mesh() -> np.ndarray:
    return np.zeros((0, 468, 3), np.float32)


def _brighten(image: np.ndarray) -> np.ndarray:
    """Local contrast on the lightness, for dark or flat pictures."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    lab[:, :, 0] = cv2.createCLAHE(clipLimit=4.0, tileGridSize=(8, 8)).apply(lab[:, :, 0])
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)


def _distinct(meshes: np.ndarray) -> np.ndarray:
    return meshes[keep_distinct(boxes_of(meshes))]


def _largest(meshes: np.ndarray, size: tuple[int, int], most: int) -> Faces:
    if not len(meshes):
        return Faces.empty(size)
    return Faces(meshes[_in_order(boxes_of(meshes), most)], size, max(0, len(meshes) - most))


def _in_order(boxes: np.ndarray, most: int) -> list[int]:
    """The largest first; of those nearly as large as the largest left, rows from the top, each from the left."""
    sides = np.sqrt((boxes[:, 2:] - boxes[:, :2]).prod(axis=1))
    left, order = np.argsort(-sides, kind="stable")[:most].tolist(), []
    while left:
        alike = [i for i in left if sides[i] >= NEARLY * sides[left[0]]]
        left = [i for i in left if i not in alike]
        while alike:
            top = min(boxes[i, 1] for i in alike)
            row = [i for i in alike if boxes[i, 1] < top + sides[i] / 2]
            order += sorted(row, key=lambda i: boxes[i, 0])
            alike = [i for i in alike if i not in row]
    return order
