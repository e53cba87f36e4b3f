"""Follows the faces of one camera from frame to frame."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Iterator

import numpy as np

from features.faces import Faces, boxes_of
from features.mesh import MeshReader
from features.regions import Window, around_mesh, is_known, keep_distinct

SMALLEST = 8  # pixels a side of a picture that may show a face
LOOK = 0.5  # seconds between looks for further faces


class Readers:
    """A few `MeshReader` that many streams share, each lent to one thread at a time.

    A reader takes some 45 MB and a stream next to nothing: so many viewers cost as much memory as few.

    Parameters
    ----------
    most : int
        Readers, made when they are first wanted.
    """

    def __init__(self, most: int = 1) -> None:
        self._free: list[MeshReader] = []
        self._most, self._places = most, threading.Semaphore(most)

    @contextlib.contextmanager
    def one(self) -> Iterator[MeshReader]:
        """Lend a reader, waiting for one. After an error it is closed, because MediaPipe answers nothing more."""
        with self._places:
            reader = self._free.pop() if self._free else MeshReader()
            try:
                yield reader
            except BaseException:
                reader.close()
                raise
            self._free.append(reader)

    def warm(self, image: np.ndarray) -> None:
        """Make all of them and let each read a face: the first reading takes its memory.

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
        """Free those that are not lent. Later streams make new ones."""
        while self._free:
            self._free.pop().close()


class FaceStream:
    """Meshes of the faces in one stream of frames.

    Every face is read in a window around its last mesh, which costs one small network a face;
    further faces are looked for now and then, and at once when one was lost. MediaPipe's own
    tracker looks in *every* frame for as long as it follows fewer faces than it may, which costs
    three times as much for the usual single face, and sees near faces only.

    Not thread-safe; close it.

    Parameters
    ----------
    max_faces : int
        At most this many faces are followed.
    readers : Readers, optional
        Shared with other streams; without, it has its own.

    References
    ----------
    Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs",
    CVPR workshops 2019 (tracking by the last mesh). Bazarevsky et al., "BlazeFace", CVPR workshops 2019.
    """

    def __init__(self, max_faces: int = 8, readers: Readers | None = None) -> None:
        self.max_faces = max_faces
        self._readers = readers or Readers()
        self._shared = readers is not None
        self._looked = -math.inf
        self._meshes = np.zeros((0, 468, 3), np.float32)

    def find(self, image: np.ndarray, now: float) -> Faces:
        """Faces of the newest frame, largest first.

        Parameters
        ----------
        image : ndarray
            ``uint8 (H, W, 3)``, RGB.
        now : float
            Seconds, growing.

        Raises
        ------
        ValueError
            The picture is not ``uint8 (H, W, 3)``.
        """
        if min(image.shape[:2]) < SMALLEST:
            return Faces.empty((image.shape[1], image.shape[0]))
        image = np.ascontiguousarray(image)
        with self._readers.one() as reader:
            meshes = self._follow(reader, image)
            if len(meshes) < max(1, len(self._meshes)) or now - self._looked >= LOOK:
                self._looked = now
                meshes += self._further(reader, image, meshes)
        kept = [meshes[k] for k in keep_distinct(boxes_of(np.array(meshes)))] if meshes else []
        self._meshes = np.array(kept, np.float32).reshape(-1, 468, 3)
        return _largest_first(Faces(self._meshes, (image.shape[1], image.shape[0])))

    def _follow(self, reader: MeshReader, image: np.ndarray) -> list[np.ndarray]:
        """Those that are still there."""
        read = (reader.read(image, around_mesh(mesh), known=True) for mesh in self._meshes)
        return [mesh for mesh in read if mesh is not None]

    def _further(self, reader: MeshReader, image: np.ndarray, meshes: list[np.ndarray]) -> list[np.ndarray]:
        """Those that came. The detector's window is rough, so each is read twice."""
        boxes = boxes_of(np.array(meshes, np.float32).reshape(-1, 468, 3))
        unknown = [w for w in reader.look(image) if not is_known(w.face, boxes)]
        found = (_read_twice(reader, image, window) for window in unknown[: self.max_faces - len(meshes)])
        return [mesh for mesh in found if mesh is not None]

    def close(self) -> None:
        """Forget the faces. Closing twice is harmless."""
        self._meshes = self._meshes[:0]
        if not self._shared:
            self._readers.close()


def _read_twice(reader: MeshReader, image: np.ndarray, window: Window) -> np.ndarray | None:
    rough = reader.read(image, window, known=False)
    return None if rough is None else reader.read(image, around_mesh(rough), known=True)


def _largest_first(faces: Faces) -> Faces:
    widths, heights = (faces.boxes[:, 2:] - faces.boxes[:, :2]).T
    return faces[np.argsort(-widths * heights, kind="stable")]
