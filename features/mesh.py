"""Finds faces and their meshes in still pictures, and computes meshes for a stream of frames."""

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
    has_texture,
    is_known,
    keep_distinct,
    overlap,
    roll_of,
    tiles,
    tiles_beside,
)

CONFIDENCE = 0.5  # if there may be no face at all
FAR_CONFIDENCE = 0.6  # of the full-range detector, as MediaPipe's own graphs set it
MESH_CONFIDENCE = 0.95  # in a window; meshes fitted to something else score 0.5 to 0.93, true ones 0.99
FACE_PICTURE_CONFIDENCE = 0.2  # if a face is known to be there
NEAR_FACES = 4  # most confident detections of the short-range detector; the full-range detector finds the others
MAX_FACES = 20  # by default
SURE = 16.0  # log odds; upright meshes score 18 or more, those upside down below 14
# In small, soft pictures such as FER2013's, upright faces score less, and sometimes less than the same face turned.
TURNED = 6.0  # log odds; a turned mesh is accepted from here on
TURNED_MARGIN = 4.0  # if it scores more than the upright one by this
PORTRAIT = 640  # pixels; in a picture of at most this size whose largest face is at least
PORTRAIT_FACE = 0.2  # of the shorter side, small faces are searched for beside that face only
LEANING = 30.0  # degrees; from here on the mesh is computed again in a window rotated with the face
UPRIGHT_PASSES = 3
QUICK = 480  # pixels; in a picture of at most this size one detector suffices for a close-up, which saves a quarter of
# the time; in larger ones, most of it is spent on small faces
STEADY = 0.04  # of the window's side; true meshes drift by 0.02, false ones are lost or drift by more
ALIKE = 0.02  # of a mesh's longer side
SMALL_PICTURE = 160
FACE_PICTURE = 0.45  # of the longer side: a larger face in a small picture leaves no room for others
CLOSE_UP = 0.35  # of a photo's longer side: a larger face is searched for neighbours with one detector only
ENLARGED = 4
QUARTER_TURNS = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 3: cv2.ROTATE_90_CLOCKWISE, 2: cv2.ROTATE_180}
HALF = np.array([0.5, 0.5, 0], np.float32)  # from a pixel's centre to its edge
NEARLY = 0.93  # of the largest face's side: variation between meshes of equal faces, numbered in reading order


def tesselation() -> np.ndarray:
    """Edges of the mesh as pairs of point indices: ``(1322, 2)`` int, without duplicates."""
    return _edges("FACE_LANDMARKS_TESSELATION")


def contours() -> np.ndarray:
    """Edges of the outlines of eyes, brows, lips and face: ``(124, 2)`` int, without duplicates."""
    return _edges("FACE_LANDMARKS_CONTOURS")


@cache
def _edges(group: str) -> np.ndarray:
    """MediaPipe lists some edges in both directions."""
    edges = np.array(sorted({tuple(sorted((edge.start, edge.end))) for edge in getattr(connections(), group)}))
    edges.flags.writeable = False
    return edges


class FaceMesher:
    """Finds the faces of a picture as meshes, largest first.

    For still pictures; `features.face_tracking` tracks faces from frame to frame. Thread-safe: calls wait for
    each other. Close it, or use it in a ``with`` statement.

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
        # Two, because detections with little confidence move the confident ones that they overlap.
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

    def find(self, image: np.ndarray, max_faces: int | None = None, beside: bool = True) -> Faces:
        """Find the faces of one picture.

        Parameters
        ----------
        image : ndarray
            ``uint8 (H, W, 3)``, RGB.
        max_faces : int, optional
            At most this many; default: the mesher's limit.
        beside : bool
            Whether small faces are searched for beside a large one in a picture of up to `PORTRAIT` pixels, too.
            That takes longer than everything else, and frames of a camera do without it.

        Returns
        -------
        Faces
            Possibly empty: no face is a result, not an error. `Faces.left_out` counts the faces beyond the limit.

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
            found = _distinct(self._search(image, beside))
        return _largest(found, size, self.max_faces if max_faces is None else max_faces)

    def _search(self, image: np.ndarray, beside: bool) -> np.ndarray:
        """Every face of a still picture: further searches are run only if the ordinary one finds nothing."""
        small = max(image.shape[:2]) <= SMALL_PICTURE
        for look in self._face_picture_looks(image) if small else self._photo_looks(image, beside):
            if len(look):
                return self._with_neighbours(image, look) if small else look
        return _no_mesh()

    def _with_neighbours(self, image: np.ndarray, found: np.ndarray) -> np.ndarray:
        """Search a small picture whose face leaves room for others like a photo, after enlarging it."""
        if np.ptp(found[0, :, :2], axis=0).max() >= FACE_PICTURE * max(image.shape[:2]):
            return found
        large = cv2.resize(image, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
        several = self._with_small(large, self._in_photo(large), beside=False)  # one pixel is four
        return ((several + HALF) / ENLARGED - HALF).astype(np.float32) if len(several) > len(found) else found

    def _photo_looks(self, image: np.ndarray, beside: bool) -> Iterator[np.ndarray]:
        """Searches: ordinary, with contrast and border, with a border, rotated, as one face, without verification."""
        yield self._with_small(image, self._in_photo(image), beside)
        yield self._padded(_brighten(image), 0.5)
        yield self._padded(image, 0.25)
        yield self._turned(image)
        yield self._as_one_face(image)
        yield self._on_trust(image)

    def _face_picture_looks(self, image: np.ndarray) -> Iterator[np.ndarray]:
        """Searches of a picture that is one face and little more (FER2013): enlarged and with a border."""
        yield self._enlarged(image, 0.25)
        yield self._enlarged(image, 0.0)
        yield self._enlarged(_brighten(image), 0.4)

    def _one_face_looks(self, small: np.ndarray) -> Iterator[np.ndarray]:
        """Searches of a small picture, and one with a wider border for faces that are cut off."""
        yield from self._face_picture_looks(small)
        yield self._enlarged(small, 0.6)

    def _as_one_face(self, image: np.ndarray) -> np.ndarray:
        """Search a large picture that is one face and little more, tightly cropped, soft or noisy, at a small size.

        A mesh is accepted if it stays in place in a rotated window, or if two searches agree on it.
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

    def _in_photo(self, image: np.ndarray, border: int = 0) -> np.ndarray:
        """Meshes in the whole picture, and in a window around every further detected face; `border`: see `tiles`.

        The full-range detector takes longer than everything else. It is not run on a close-up of one face beside
        which the short-range detector finds nothing, not even with little confidence.
        """
        doubtful = self._close_up.detect(image)
        alone = len(doubtful) == 1
        sure = [window for window in doubtful if window.score >= CONFIDENCE]
        if alone and sure and max(image.shape[:2]) <= QUICK and (mesh := self._close_up_in(image, sure[0])) is not None:
            return _there([mesh])
        # The other detector finds the same faces, but doubtful detections do not move their boxes.
        fits = [self._right_way_up(image, window) for window in self._near.detect(image)[:NEAR_FACES]] if sure else []
        if alone and len(fits) == 1 and _is_close_up(image, *fits[0]):
            return _there([fits[0][0]])
        windows = self._on_tiles(image, border)
        near, confirmed = _agreeing(_believed(fits, CONFIDENCE), windows)
        left = [window for window in windows if not is_known(window.face, boxes_of(near))]
        further = self._read_all(image, left, MESH_CONFIDENCE)
        seen = np.array([*confirmed, *[True] * len(further)], bool)
        return self._trusted(image, np.concatenate([near, further]), seen)

    def _close_up_in(self, image: np.ndarray, window: Window) -> np.ndarray | None:
        """The mesh in a window, if it is a close-up."""
        mesh, score = self._mesh.fit(image, window)
        return mesh if _is_close_up(image, mesh, score) else None

    def _with_small(self, image: np.ndarray, meshes: np.ndarray, beside: bool) -> np.ndarray:
        """Add small faces: the short-range detector on fine tiles, and every mesh is verified."""
        boxes, size = boxes_of(meshes), (image.shape[1], image.shape[0])
        if not _is_portrait(image, boxes):
            parts = fine_tiles(*size)
        elif beside:
            parts = tiles_beside(*size, boxes)
        else:
            return meshes
        windows = _detected(self._close_up, image, parts)
        windows.sort(key=lambda window: -window.score)  # complete faces before those cut by a tile's border
        new = [window for window in windows if not is_known(window.face, boxes)]
        distinct = (new[k] for k in keep_distinct([window.face for window in new]))
        return np.concatenate([meshes, _there(self._proven(image, window) for window in distinct)])

    def _proven(self, image: np.ndarray, window: Window) -> np.ndarray | None:
        """The verified mesh in a window that may contain anything."""
        mesh, score = self._right_way_up(image, window, least=0.0, turns=(180,))
        sure = score >= SURE or (score >= logit(MESH_CONFIDENCE) and self._is_steady(image, mesh))
        return mesh if sure else None

    def _trusted(self, image: np.ndarray, meshes: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """Compute tilted meshes again in upright windows, and drop wrong ones.

        Upright meshes are sometimes fitted to faces that are upside down. A mesh that two
        detectors found upright is correct, and so are its neighbours; others are verified.
        """
        leaning = np.array([abs(roll_of(mesh)) >= LEANING for mesh in meshes], bool)
        upright = [self._upright(image, mesh) if leans else mesh for mesh, leans in zip(meshes, leaning, strict=True)]
        if not (seen & ~leaning).any():
            upright = [mesh for mesh in upright if self._is_steady(image, mesh)]
        return _there(upright)

    def _enlarged(self, image: np.ndarray, pad: float) -> np.ndarray:
        """The largest face of a small picture, enlarged to about 192 pixels per side plus a border `pad`."""
        factor = max(1, round(192 / max(image.shape[:2])))
        large = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        border = round(pad * max(large.shape[:2]))
        large = cv2.copyMakeBorder(large, border, border, border, border, cv2.BORDER_REPLICATE)
        windows = self._close_up.detect(large)[:2]
        meshes = self._read_all(large, windows, CONFIDENCE)[:1]
        if len(meshes) and abs(roll_of(meshes[0])) >= LEANING:
            meshes = self._upright(large, meshes[0])[None].copy()
        # Enlarging maps the centre of pixel p to factor * (p + 1/2) - 1/2.
        meshes[:, :, :2] = (meshes[:, :, :2] - border + 0.5) / factor - 0.5
        meshes[:, :, 2] /= factor
        return meshes

    def _padded(self, image: np.ndarray, pad: float) -> np.ndarray:
        border = round(pad * max(image.shape[:2]))
        wide = cv2.copyMakeBorder(image, border, border, border, border, cv2.BORDER_REPLICATE)
        return self._in_photo(wide, border) - np.array([border, border, 0], np.float32)

    def _turned(self, image: np.ndarray) -> np.ndarray:
        """Faces on their side or upside down (a phone's photo without EXIF)."""
        for turns, rotation in QUARTER_TURNS.items():
            meshes = self._in_photo(cv2.rotate(image, rotation))  # a tenth of the time of `np.rot90`
            if len(meshes):
                return _turned_back(meshes, turns, *image.shape[:2])
        return _no_mesh()

    def _upright(self, image: np.ndarray, mesh: np.ndarray) -> np.ndarray:
        """A tilted mesh, computed again in a window rotated with the face."""
        for _ in range(UPRIGHT_PASSES):
            again = self._in_window(image, around_mesh(mesh))
            mesh = mesh if again is None else again
        return mesh

    def _is_steady(self, image: np.ndarray, mesh: np.ndarray) -> bool:
        """Whether the mesh stays in place when its window is rotated; a wrong one rotates with it."""
        window = around_mesh(mesh)
        again = self._in_window(image, replace(window, roll=window.roll + LEANING))
        return again is not None and float(np.abs(again - mesh).mean()) < STEADY * window.side

    def _in_window(self, image: np.ndarray, window: Window) -> np.ndarray | None:
        """The mesh in a window that is known to contain a face; None if the network finds none."""
        return self._mesh.read(image, window, MESH_CONFIDENCE)

    def _on_trust(self, image: np.ndarray) -> np.ndarray:
        """Unverified meshes of the short-range detector's detections, upright only: rotated ones fit too much else."""
        fits = (self._mesh.fit(image, window) for window in self._near.detect(image)[:NEAR_FACES])
        return _believed(fits, CONFIDENCE)

    def _read_all(self, image: np.ndarray, windows: list[Window], confidence: float) -> np.ndarray:
        """The meshes in windows for which the network's confidence is at least `confidence`."""
        return _believed((self._right_way_up(image, window) for window in windows), confidence)

    def _right_way_up(
        self, image: np.ndarray, window: Window, least: float = -math.inf, turns: tuple[int, ...] = (180, 90, -90)
    ) -> tuple[np.ndarray, float]:
        """The mesh in a window, or in the rotated window for which the network is most confident, and its score.

        Detectors take some faces on their side or upside down for upright ones, and the network fits a
        mesh to them with less confidence. Windows with a score below `least` are not rotated.
        """
        mesh, score = self._mesh.fit(image, window)
        if not least <= score < SURE:
            return mesh, score
        turned = (self._mesh.fit(image, replace(window, roll=window.roll + turn)) for turn in turns)
        other, better = max(turned, key=lambda fit: fit[1])
        convincing = better >= SURE or (better >= TURNED and better >= score + TURNED_MARGIN)
        return (other, better) if convincing and better > score else (mesh, score)

    def _on_tiles(self, image: np.ndarray, border: int) -> list[Window]:
        """Windows around the full-range detector's detections in the whole picture and in tiles of a large one."""
        windows = _detected(self._far, image, tiles(image.shape[1], image.shape[0], border))
        return [windows[k] for k in keep_distinct([window.face for window in windows])]


class MeshReader:
    """The two networks for a stream of frames: face detection, and the mesh in a window.

    Stateless, so several streams may share it. Close it.
    """

    def __init__(self) -> None:
        self._detector = FaceDetector(face_models.FULL_RANGE, FAR_CONFIDENCE)
        self._mesh = MeshNetwork()

    def look(self, image: np.ndarray) -> list[Window]:
        """A window around every face that the full-range detector finds in ``uint8 (H, W, 3)``, RGB, largest first."""
        _check(image)
        return sorted(self._detector.detect(np.ascontiguousarray(image)), key=lambda window: -window.side)

    def read(self, image: np.ndarray, window: Window, known: bool) -> np.ndarray | None:
        """The mesh in a window, ``(468, 3)`` float32 pixels, or None if it contains no face.

        Parameters
        ----------
        image : ndarray
            ``uint8 (H, W, 3)``, RGB.
        window : Window
        known : bool
            Whether a face was there a moment ago; a turned or blurred one is then accepted with less confidence.
        """
        mesh, score = self.fit(image, window)
        return mesh if score >= logit(CONFIDENCE if known else MESH_CONFIDENCE) else None

    def fit(self, image: np.ndarray, window: Window) -> tuple[np.ndarray, float]:
        """The mesh in a window, whatever it shows, and the network's confidence in log odds."""
        _check(image)
        return self._mesh.fit(image, window)

    def close(self) -> None:
        """Free the detector. Closing twice is harmless."""
        self._detector.close()


def _detected(detector: FaceDetector, image: np.ndarray, parts: Iterable[tuple[int, int, int, int]]) -> list[Window]:
    """Windows around all detections in parts of a picture, as far as these show anything."""
    found: list[Window] = []
    for left, top, right, bottom in parts:
        part = image[top:bottom, left:right]
        if has_texture(part):
            found += detector.detect(np.ascontiguousarray(part), (left, top))
    return found


def _is_close_up(image: np.ndarray, mesh: np.ndarray, score: float) -> bool:
    """Whether a mesh is certainly a face, upright, and fills much of the picture."""
    fills = np.ptp(mesh[:, :2], axis=0).max() >= CLOSE_UP * max(image.shape[:2])
    return bool(fills) and score >= SURE and abs(roll_of(mesh)) < LEANING


def _believed(fits: Iterable[tuple[np.ndarray, float]], confidence: float) -> np.ndarray:
    """The meshes for which the network's confidence is at least `confidence`."""
    return _there(mesh for mesh, score in fits if score >= logit(confidence))


def _is_portrait(image: np.ndarray, boxes: np.ndarray) -> bool:
    """Whether a picture is small and one face fills much of it."""
    height, width = image.shape[:2]
    largest = max((box[3] - box[1] for box in boxes), default=0)
    return max(height, width) <= PORTRAIT and largest >= PORTRAIT_FACE * min(height, width)


def _agreeing(meshes: np.ndarray, windows: list[Window]) -> tuple[np.ndarray, list[bool]]:
    """Meshes whose roll agrees with all windows on the same face, and whether there is such a window."""
    kept, seen = [], []
    for i, box in enumerate(boxes_of(meshes)):
        same = [window for window in windows if overlap(window.face, box) >= SAME_FACE]
        roll = roll_of(meshes[i])
        if all(math.cos(math.radians(window.roll - roll)) > 0.5 for window in same):
            kept.append(i)
            seen.append(bool(same))
    return meshes[kept], seen


def _alike(mesh: np.ndarray, other: np.ndarray) -> bool:
    """Whether two searches of one picture found the same face."""
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
    """Order of faces: the largest first, and those of nearly the same size in reading order."""
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
