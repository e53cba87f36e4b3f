"""Tracks the faces of one camera from frame to frame."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Iterator, Sequence

import numpy as np

from features.faces import Faces, boxes_of
from features.mesh import CONFIDENCE, SURE, MeshReader
from features.mesh_network import logit
from features.regions import Window, around_mesh, is_known, keep_distinct, overlap

SMALLEST = 8  # pixels a side of a picture that may show a face
LOOK = 0.5  # seconds between searches for further faces;
RESTED, LATE = 8, 2.0  # streams that share readers also wait for so many frames, or for so many seconds
GAP = 0.25  # seconds between two frames after which a face may have left the window around its last mesh
STILL = 0.08  # of a face's width: with a shared reader, a sure mesh that moved less across such a gap is still right
# Across a jump the network reads a mesh from the half of a face that is still in the window. Where the detector finds
# that face, both disagree: on upright and on tilted faces they differ by less than a tenth of the box's width.
STRAY = 0.15  # distance between the middles of a mesh's box and of the nearest detected face, in widths of the box
TOUCH = 0.1  # overlap from which a mesh and a detected face may be the same face


class Readers:
    """A pool of `MeshReader` that many streams share, each lent to one thread at a time.

    A reader takes about 45 MB and a stream next to nothing, so memory does not grow with the number of viewers.

    Parameters
    ----------
    most : int
        Maximum number of readers; they are created when needed.
    """

    def __init__(self, most: int = 1) -> None:
        self._free: list[MeshReader] = []
        self._most, self._places = most, threading.Semaphore(most)

    @contextlib.contextmanager
    def one(self) -> Iterator[MeshReader]:
        """Lend a reader, waiting if none is free. After an error it is closed, because MediaPipe stays unusable."""
        with self._places:
            reader = self._free.pop() if self._free else MeshReader()
            try:
                yield reader
            except BaseException:
                reader.close()
                raise
            self._free.append(reader)

    def warm(self, image: np.ndarray) -> None:
        """Create all readers and run each once, which allocates its memory.

        Parameters
        ----------
        image : ndarray
            ``uint8 (H, W, 3)``, RGB, with a face.
        """
        with contextlib.ExitStack() as lent:
            for reader in [lent.enter_context(self.one()) for _ in range(self._most)]:
                for window in reader.look(image)[:1]:
                    reader.read(image, window, known=False)
                    reader.read(image, window, known=True)

    def close(self) -> None:
        """Close the readers that are not lent. Later streams create new ones."""
        while self._free:
            self._free.pop().close()


class FaceStream:
    """Meshes of the faces in one stream of frames.

    The mesh of every face is computed in a window around its last one, with one small network per face;
    further faces are searched for from time to time, and at once when one is lost or has moved between two slow
    frames; meshes that the search finds in the wrong place are read again. MediaPipe's own
    tracker searches *every* frame while it tracks fewer faces than its limit, which takes
    three times as long for a single face, and finds near faces only.

    Not thread-safe; close it.

    Parameters
    ----------
    max_faces : int
        At most this many faces are tracked.
    readers : Readers, optional
        Shared with other streams; default: a pool of its own. Streams that share slow each other down, and a search
        takes as long as everything else that a frame needs. So if their frames come slowly, fewer are searched.

    References
    ----------
    Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs",
    CVPR workshops 2019 (tracking by the last mesh). Bazarevsky et al., "BlazeFace", CVPR workshops 2019.
    """

    def __init__(self, max_faces: int = 8, readers: Readers | None = None) -> None:
        self.max_faces = max_faces
        self._readers = readers or Readers()
        self._shared = readers is not None
        self._looked = self._last = -math.inf
        self._rested = 0  # frames since the last search
        self._meshes = np.zeros((0, 468, 3), np.float32)

    def find(self, image: np.ndarray, now: float) -> Faces:
        """Faces of the newest frame, largest first.

        Parameters
        ----------
        image : ndarray
            ``uint8 (H, W, 3)``, RGB.
        now : float
            Seconds, increasing.

        Raises
        ------
        ValueError
            The picture is not ``uint8 (H, W, 3)``.
        """
        if min(image.shape[:2]) < SMALLEST:
            return Faces.empty((image.shape[1], image.shape[0]))
        image = np.ascontiguousarray(image)
        with self._readers.one() as reader:
            followed = self._follow(reader, image)
            meshes = [mesh for mesh, _ in followed]
            if self._wants_look(followed, now):
                self._looked, self._rested = now, 0
                meshes = self._checked(reader, image, meshes)
            self._last = now
        kept = meshes if len(meshes) < 2 else [meshes[k] for k in keep_distinct(boxes_of(np.array(meshes)))]
        self._meshes = np.array(kept, np.float32).reshape(-1, 468, 3)
        return _largest_first(Faces(self._meshes, (image.shape[1], image.shape[0])))

    def _wants_look(self, followed: list[tuple[np.ndarray, float]], now: float) -> bool:
        """Whether the frame is searched for faces, given those that were followed into it."""
        self._rested += 1
        lost = len(followed) < max(1, len(self._meshes))
        hurried = self._shared and self._rested < RESTED
        if lost or now - self._looked >= (LATE if hurried else LOOK):
            return True
        return now - self._last > GAP and not (self._shared and _stand_still(self._meshes, followed))

    def _follow(self, reader: MeshReader, image: np.ndarray) -> list[tuple[np.ndarray, float]]:
        """Meshes of the faces that are still there, and the network's confidence in log odds."""
        fits = (reader.fit(image, around_mesh(mesh)) for mesh in self._meshes)
        return [(mesh, score) for mesh, score in fits if score >= logit(CONFIDENCE)]

    def _checked(self, reader: MeshReader, image: np.ndarray, meshes: list[np.ndarray]) -> list[np.ndarray]:
        """Meshes in the right place, and those of new faces, read twice because the detector's window is inexact."""
        windows = reader.look(image)
        meshes = [mesh for mesh in meshes if not _strayed(mesh, windows)]
        boxes = boxes_of(np.array(meshes, np.float32).reshape(-1, 468, 3))
        unknown = [w for w in windows if not is_known(w.face, boxes)]
        found = (_read_twice(reader, image, window) for window in unknown[: self.max_faces - len(meshes)])
        return meshes + [mesh for mesh in found if mesh is not None]

    def close(self) -> None:
        """Drop the tracked faces. Closing twice is harmless."""
        self._meshes = self._meshes[:0]
        if not self._shared:
            self._readers.close()


def _stand_still(before: np.ndarray, followed: Sequence[tuple[np.ndarray, float]]) -> bool:
    """Whether every mesh is sure, where it was, and as large."""
    boxes, last = boxes_of(np.array([mesh for mesh, _ in followed])), boxes_of(before)
    moved = np.abs(boxes - last).max(axis=1) / np.maximum(last[:, 2] - last[:, 0], 1e-6)
    return bool((moved <= STILL).all()) and all(score >= SURE for _, score in followed)


def _strayed(mesh: np.ndarray, windows: Sequence[Window]) -> bool:
    """Whether a mesh touches detected faces, but is in the place of none of them."""
    box = boxes_of(mesh[None])[0]
    near = [window.face for window in windows if overlap(box, window.face) > TOUCH]
    width = max(float(box[2] - box[0]), 1e-6)
    return bool(near) and min(float(np.linalg.norm(_middle(box) - _middle(face))) for face in near) > STRAY * width


def _middle(box: np.ndarray) -> np.ndarray:
    return (box[:2] + box[2:]) / 2


def _read_twice(reader: MeshReader, image: np.ndarray, window: Window) -> np.ndarray | None:
    rough = reader.read(image, window, known=False)
    return None if rough is None else reader.read(image, around_mesh(rough), known=True)


def _largest_first(faces: Faces) -> Faces:
    if len(faces) < 2:
        return faces
    widths, heights = (faces.boxes[:, 2:] - faces.boxes[:, :2]).T
    return faces[np.argsort(-widths * heights, kind="stable")]
