"""Follows the faces of one camera: one face at the price of one, several when there are several."""

from __future__ import annotations

import math

import numpy as np

from features.faces import Faces
from features.mesh import FaceCounter, FaceMesher

LOOK = 0.5  # seconds between looks for further faces
ALONE = 2.0  # seconds with at most one face until the others are given up


class FaceStream:
    """Meshes of the faces in one stream of frames.

    MediaPipe's tracker looks for further faces in *every* frame as long as it follows fewer than
    it may, which triples the time for the usual single face. So it follows one face until a look
    now and then shows more.

    Not thread-safe; close it.

    Parameters
    ----------
    max_faces : int
        At most this many faces are followed.
    """

    def __init__(self, max_faces: int = 8) -> None:
        self.max_faces = max_faces
        self._counter = FaceCounter() if max_faces > 1 else None
        self._looked = self._together = -math.inf
        self._mesher = FaceMesher(tracking=True, max_faces=1)

    def find(self, image: np.ndarray, now: float) -> Faces:
        """Faces of the newest frame, largest first; `now` in seconds, growing."""
        several = self._several(image, now)
        if several != (self._mesher.max_faces > 1):
            self._mesher.close()
            self._mesher = FaceMesher(tracking=True, max_faces=self.max_faces if several else 1)
        faces = self._mesher.find(image)
        if len(faces) > 1:
            self._together = now
        return faces

    def _several(self, image: np.ndarray, now: float) -> bool:
        """Whether there are several faces, or were until a moment ago."""
        if self._mesher.max_faces == 1 and self._counter and now - self._looked >= LOOK:
            self._looked = now
            if self._counter.count(image) > 1:
                self._together = now
        return now - self._together < ALONE

    def close(self) -> None:
        """Free MediaPipe's graphs. Closing twice is harmless."""
        self._mesher.close()
        if self._counter:
            self._counter.close()
