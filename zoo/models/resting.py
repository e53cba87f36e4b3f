"""Answers relative to a resting face: the change in expression rather than the face's usual appearance.

Some faces look sad, angry or surprised at rest, and a model says so. Compared with one or more pictures of the same
person at rest, only the change counts::

    log p'(label) = log p(label | face) - mean over references of log p(label | reference) + m [label is neutral]

up to a constant. The frequency of the labels among the training pictures cancels, so all labels are equally likely.
With a linear last layer this is the answer for the embedding, moved so that this person's rest is the origin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoo.labels import LabelSet
from zoo.prediction import Prediction

FLOOR = 1e-3  # calibrated on thousands of pictures, a model cannot tell smaller probabilities apart
NEUTRAL = "neutral"
# One margin for all models: of 0, 0.25, 0.5, 0.75 and 1 the largest that costs less than 2 points of the London set's
# smiles, averaged over the models. `python -m zoo evaluate NAME ... --data london --people london/people.csv` prints
# the figures for every margin. Not chosen blindly: earlier results for a posed set outside this project, which favour
# 0.5 to 0.75, were known.
MARGIN = 0.5
FRAMES = 5  # of a clip or a camera, the most neutral ones, when nobody says when a face rests
MARGINS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, eq=False)
class Reference:
    """One model's predictions for a face at rest.

    Parameters
    ----------
    log_probs : ndarray
        ``(k,)`` mean log-probabilities.
    labels : LabelSet
        All k labels of the model, whatever labels are asked for.
    count : int
        Number of pictures that were averaged.
    """

    log_probs: np.ndarray
    labels: LabelSet
    count: int = 1

    @classmethod
    def of(cls, pictures: Prediction) -> Reference:
        """The mean over one or more pictures of the same person at rest.

        Raises
        ------
        ValueError
            There is no picture.
        """
        if not len(pictures):
            raise ValueError("a resting reference needs one or more pictures, got none")
        return cls(log_probs(pictures).mean(axis=0), pictures.labels, len(pictures))

    def applied(self, answer: Prediction, margin: float = MARGIN) -> Prediction:
        """The answers relative to this reference.

        Parameters
        ----------
        answer : Prediction
            Calibrated, in the reference's labels.
        margin : float
            Added to the log-probability of *neutral*: a change smaller than this is none. Label sets without
            *neutral* have no margin.

        Raises
        ------
        ValueError
            The answers have other labels than the reference.
        """
        if answer.labels != self.labels:
            raise ValueError(
                f"the answers are in {answer.labels.labels}, the resting reference in {self.labels.labels}"
            )
        change = log_probs(answer) - self.log_probs
        if NEUTRAL in self.labels.labels:
            change[:, self.labels.index(NEUTRAL)] += margin
        powers = np.exp(change - change.max(axis=1, keepdims=True, initial=-np.inf))
        return Prediction(powers / powers.sum(axis=1, keepdims=True), self.labels, answer.unknown)


def sure(relative: Prediction, threshold: float) -> np.ndarray:
    """Which relative answers are shown without "not sure": ``(n,)`` bool.

    *Neutral* means "no clear change" here and needs no minimum confidence: for the reference itself, all other labels
    are equally likely and *neutral* is only slightly more likely.
    """
    neutral = np.array([name == NEUTRAL for name in relative.names], bool)
    return neutral | (relative.confidence >= threshold)


def log_probs(answer: Prediction) -> np.ndarray:
    """``(n, k)`` float64, no smaller than ``log(FLOOR)``."""
    return np.log(answer.probs.astype(np.float64).clip(FLOOR))


def neutrality(answers: Sequence[Prediction]) -> np.ndarray:
    """How neutral faces look to several models at once.

    Parameters
    ----------
    answers : sequence of Prediction
        Of the same n faces, one per model; models that do not know *neutral* are ignored.

    Returns
    -------
    ndarray
        ``(n,)`` mean log-probabilities of *neutral*; NaN if no model knows it.
    """
    known = [a.probs[:, a.labels.index(NEUTRAL)] for a in answers if NEUTRAL in a.labels.labels]
    if not known:
        return np.full(len(answers[0]) if answers else 0, np.nan)
    return np.log(np.stack(known).astype(np.float64).clip(FLOOR)).mean(axis=0)


def most_neutral(looks: np.ndarray, count: int) -> np.ndarray:
    """The rows that look most neutral, best first.

    Parameters
    ----------
    looks : ndarray
        ``(n,)``, see `neutrality`.
    count : int
        How many rows to return at most.

    Returns
    -------
    ndarray
        ``(<= count,)`` int; empty if no model knows *neutral*.
    """
    if np.isnan(looks).any():
        return np.zeros(0, int)
    return np.argsort(-looks, kind="stable")[:count]
