"""Features of samples, computed once per sample and kept for the session."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from features.align import AlignedFaces
from features.descriptors import Hog, Joined
from features.faces import Index
from zoo.models.cnn import CnnClassifier
from zoo.training.augmentation import Augmentation, augment

TRUNK = "cnn-ferplus"  # provides the features for taught heads: a single network, which every export format supports
DESCRIPTOR = Joined((Hog(cell=8, centred=True),), (1.0,))
# Never mirrored: the mirror image of a left wink is a right wink.
COPIES = Augmentation(degrees=8, zoom=0.08, shift=0.04, gamma=1.4, contrast=0.2, erase=0.0, mirror=0.0)


class Stopped(RuntimeError):
    """The task was cancelled."""


@dataclass(frozen=True)
class Progress:
    """Callbacks of a long task: one takes its progress, the other says whether to stop.

    Parameters
    ----------
    told : callable
        Called with the progress, 0 to 1.
    stop : callable
        Returns True to stop the task.
    """

    told: Callable[[float], None] = lambda share: None
    stop: Callable[[], bool] = lambda: False

    def at(self, share: float) -> None:
        """Report progress, 0 to 1; raise `Stopped` if the task is to stop."""
        if self.stop():
            raise Stopped("stopped")
        self.told(share)

    def part(self, start: float, end: float) -> Progress:
        """Callbacks for a step that covers the progress from `start` to `end`."""
        return Progress(lambda share: self.told(start + share * (end - start)), self.stop)


NO_PROGRESS = Progress()


@dataclass(frozen=True, eq=False)
class Described:
    """Features of samples for the two models.

    Parameters
    ----------
    hog : ndarray
        ``(n, d)`` float32, for the SVM.
    embedding : ndarray
        ``(n, e)`` float32, for the dense layers.
    """

    hog: np.ndarray
    embedding: np.ndarray

    def __len__(self) -> int:
        return len(self.hog)

    def __getitem__(self, rows: Index) -> Described:
        """The selected rows."""
        return Described(self.hog[rows], self.embedding[rows])

    def plus(self, others: Described) -> Described:
        """These followed by the others."""
        return Described(np.concatenate([self.hog, others.hog]), np.concatenate([self.embedding, others.embedding]))


class FeatureCache:
    """Descriptors and embeddings of one session's crops, keyed by the crops' pixels. Not thread-safe.

    Parameters
    ----------
    trunk : CnnClassifier
        The network that computes the embedding.
    """

    def __init__(self, trunk: CnnClassifier) -> None:
        self.trunk = trunk
        self._kept: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def describe(self, faces: AlignedFaces, copy: bool = False, progress: Progress = NO_PROGRESS) -> Described:
        """Features of every face, or of one augmented copy of each; computed for new faces only.

        Raises
        ------
        Stopped
        """
        rows = []
        for i in range(len(faces)):
            progress.at(i / len(faces))
            rows.append(self._one(faces[i], copy))
        if not rows:
            return Described(np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32))
        return Described(*(np.stack(part) for part in zip(*rows, strict=True)))

    def _one(self, face: AlignedFaces, copy: bool) -> tuple[np.ndarray, np.ndarray]:
        key = _key(face.images, copy)
        if key not in self._kept:
            face = replace(face, images=_copied(face.images, key)) if copy else face
            face = replace(face, spec=self.trunk.align)
            self._kept[key] = DESCRIPTOR(face)[0], self.trunk.embedding(face)[0]
        return self._kept[key]

    def keep_only(self, faces: AlignedFaces, own: Described, copies: Described | None) -> None:
        """Drop all other faces; features of these become views of the given arrays, so that they are stored once."""
        kinds = [(False, own)] + ([(True, copies)] if copies else [])
        self._kept = {
            _key(image[None], copy): (known.hog[i], known.embedding[i])
            for copy, known in kinds
            for i, image in enumerate(faces.images)
        }


def _key(images: np.ndarray, copy: bool) -> bytes:
    return hashlib.blake2b(images.tobytes(), digest_size=16).digest() + bytes([copy])


def _copied(images: np.ndarray, key: bytes) -> np.ndarray:
    """An augmented copy, always the same for the same crop."""
    rng = np.random.default_rng(int.from_bytes(key[:8], "little"))
    return augment(images, images.shape[1], COPIES, rng)
