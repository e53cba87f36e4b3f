"""Reads the FER+ votes: ten people's answers for each picture of FER2013."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np

from zoo.datasets.aligned import DataError
from zoo.labels import EIGHT

FERPLUS_VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")


# --- FER+ ----------------------------------------------------------------------------------


def read_ferplus(path: str | os.PathLike) -> np.ndarray:
    """The ten taggers' votes on each FER2013 row: ``(35887, 10)`` int, columns `FERPLUS_VOTES`.

    Rows without an image name hold no usable face; theirs are all zero.

    References
    ----------
    Barsoum et al., "Training deep networks for facial expression recognition with
    crowd-sourced label distribution", ICMI 2016.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path} does not exist. Get fer2013new.csv from the FER+ repository.")
    with path.open(newline="") as text:
        rows = csv.DictReader(text)
        if rows.fieldnames is None or not set(FERPLUS_VOTES) <= set(rows.fieldnames):
            raise DataError(f"{path} has the columns {rows.fieldnames}; expected {', '.join(FERPLUS_VOTES)}.")
        votes = [[int(row[name] or 0) * bool(row["Image name"]) for name in FERPLUS_VOTES] for row in rows]
    return np.array(votes)


def ferplus_majority(votes: np.ndarray) -> np.ndarray:
    """The label most FER+ taggers gave: ``(n, 10) -> (n,)`` int in `EIGHT`, -1 where there is none.

    Single votes are noise and dropped; a label needs more than half of the rest; pictures
    that most call "unknown" or "no face" have none.

    References
    ----------
    Barsoum et al., "Training deep networks for facial expression recognition with
    crowd-sourced label distribution", ICMI 2016, section 3.
    """
    spelt = {"anger": "angry", "happiness": "happy", "sadness": "sad"}
    place = np.array([EIGHT.index(spelt.get(name, name)) for name in FERPLUS_VOTES[:8]] + [-1, -1])
    kept = np.where(votes > 1, votes, 0)
    clear = 2 * kept.max(axis=1) > kept.sum(axis=1)
    return np.where(clear, place[kept.argmax(axis=1)], -1)


_VOTED = {"anger": "angry", "happiness": "happy", "sadness": "sad"}
FERPLUS_ORDER = [EIGHT.index(_VOTED.get(name, name)) for name in FERPLUS_VOTES[:8]]


def vote_shares(votes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """FER+ votes as targets: ``(n, 10) -> (n, 8)`` shares in the order of `EIGHT`, and weights ``(n,)``.

    A picture counts as much as taggers saw one of the eight in it; "unknown" and "no face" do not.
    """
    known = votes[:, :8].astype(np.float32)
    shares = np.zeros_like(known)
    shares[:, FERPLUS_ORDER] = known / np.maximum(known.sum(axis=1, keepdims=True), 1)
    return shares, (known.sum(axis=1) / np.maximum(votes.sum(axis=1), 1)).astype(np.float32)
