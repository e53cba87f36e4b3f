"""`Prediction`: the answer of a classifier for some faces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.faces import Index
from zoo.labels import LabelSet


@dataclass(frozen=True, eq=False)
class Prediction:
    """Probabilities of labels, one row per face.

    Parameters
    ----------
    probs : ndarray
        ``(n, k)`` float32, rows sum to 1.
    labels : LabelSet
        The k labels in order.
    unknown : tuple of str
        Labels of the set that the model was not trained on; their probability is 0.
    """

    probs: np.ndarray
    labels: LabelSet
    unknown: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        probs = np.asarray(self.probs, np.float32)
        if probs.ndim != 2 or probs.shape[1] != len(self.labels):
            raise ValueError(
                f"probs have shape {probs.shape}; expected (n, {len(self.labels)}) for {self.labels.labels}"
            )
        with np.errstate(invalid="ignore"):
            sums = probs.sum(axis=1)  # NaN or infinite where a number is, and NaN fails every comparison
        if not (probs.min(initial=0) >= 0 and sums.min(initial=1) >= 1 - 1e-3 and sums.max(initial=1) <= 1 + 1e-3):
            raise ValueError("every row of probs must be numbers from 0 to 1 that sum to 1")
        object.__setattr__(self, "probs", probs)

    @classmethod
    def empty(cls, labels: LabelSet) -> Prediction:
        """A prediction for no face."""
        return cls(np.zeros((0, len(labels)), np.float32), labels)

    def __len__(self) -> int:
        return len(self.probs)

    def __getitem__(self, index: Index) -> Prediction:
        """The rows of the selected faces, as `Prediction`; an integer gives one row."""
        return Prediction(np.atleast_2d(self.probs[index]), self.labels, self.unknown)

    @property
    def best(self) -> np.ndarray:
        """``(n,)`` int: position of the most probable label."""
        return self.probs.argmax(axis=1)

    @property
    def names(self) -> list[str]:
        """The most probable label of each face."""
        return [self.labels.labels[i] for i in self.best]

    @property
    def confidence(self) -> np.ndarray:
        """``(n,)`` float32: probability of the most probable label."""
        return self.probs.max(axis=1, initial=0)

    def to(self, labels: LabelSet) -> Prediction:
        """The same faces in a smaller set: other labels are dropped, the rest renormalised.

        That is Bayes' rule, given that the label is one of these. A row without probability on
        any of them becomes uniform.
        """
        if labels == self.labels:
            return self
        kept = self.probs[:, labels.positions(self.labels)].astype(np.float64)
        total = kept.sum(axis=1, keepdims=True)
        even = np.full_like(kept, 1 / len(labels))
        return Prediction(np.where(total > 1e-9, kept / np.maximum(total, 1e-9), even), labels)

    def onto(self, labels: LabelSet) -> Prediction:
        """As `to`, for a set that may contain labels that the model does not know: those become `unknown`.

        Raises
        ------
        UnknownLabelsError
            The model knows none of them.
        """
        known = tuple(name for name in labels if name in self.labels.labels)
        if len(known) == len(labels):
            return self.to(labels)
        if not known:
            self.labels.index(labels.labels[0])  # raises UnknownLabelsError, which names both sets
        narrow = self.to(LabelSet(f"{labels.name}, known", known))
        probs = np.zeros((len(self), len(labels)), np.float32)
        probs[:, [labels.index(name) for name in known]] = narrow.probs
        return Prediction(probs, labels, tuple(name for name in labels if name not in known))
