"""Reads the FER+ votes: ten people's answers for each picture of FER2013."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import numpy as np

from zoo.datasets.aligned import DataError
from zoo.datasets.tables import read_table, short, told
from zoo.labels import EIGHT

FERPLUS_VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
IMAGE_NAME = "Image name"
MAX_ROWS = 200_000
GET_IT = "Get fer2013new.csv from the FER+ repository."


def read_ferplus(path: str | os.PathLike) -> np.ndarray:
    """The ten taggers' votes on each FER2013 row: ``(35887, 10)`` int, columns `FERPLUS_VOTES`.

    Rows without an image name hold no usable face; theirs are all zero. Votes may be written as whole numbers or as
    floats (``4.0``), in UTF-8 or UTF-16, plain or packed (see `zoo.datasets.tables`).

    Raises
    ------
    DataError
        Naming the file and the first broken row.

    References
    ----------
    Barsoum et al., "Training deep networks for facial expression recognition with
    crowd-sourced label distribution", ICMI 2016.
    """
    path = Path(path)
    votes: list[list[int]] = []
    with closing(read_table(path, (IMAGE_NAME, *FERPLUS_VOTES), GET_IT)) as rows:
        for number, row in rows:
            if len(votes) == MAX_ROWS:
                raise DataError(f"{told(path)} has more than {MAX_ROWS:,} rows; FER+ has 35,887.")
            given = [_votes(path, number, name, row[name]) for name in FERPLUS_VOTES]
            votes.append(given if (row[IMAGE_NAME] or "").strip() else [0] * len(FERPLUS_VOTES))
    return np.array(votes, int).reshape(-1, len(FERPLUS_VOTES))


def _votes(path: Path, number: int, name: str, text: str | None) -> int:
    """How many taggers chose one answer; an empty cell is none."""
    digits = (text or "").strip().removesuffix(".0") or "0"
    if digits.isascii() and digits.isdecimal() and len(digits) <= 3:
        return int(digits)
    raise DataError(f"{told(path)}, line {number}: {name} is {short(text or '')}; expected a number of votes.")


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
