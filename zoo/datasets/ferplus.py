"""Reads the FER+ votes: ten people's answers for each picture of FER2013."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import numpy as np

from zoo.datasets.aligned import AlignedSet, DataError
from zoo.datasets.tables import read_table, told
from zoo.filenames import quoted
from zoo.labels import EIGHT, SEVEN

FERPLUS_VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
IMAGE_NAME = "Image name"
MAX_ROWS = 200_000
GET_IT = "Get fer2013new.csv from the FER+ repository."


def read_ferplus(path: str | os.PathLike) -> np.ndarray:
    """The ten taggers' votes on each FER2013 row: ``(35887, 10)`` int, columns `FERPLUS_VOTES`.

    Rows without an image name have no usable face and zero votes. Votes may be written as integers or as
    floats (``4.0``), in UTF-8 or UTF-16, plain or packed (see `zoo.datasets.tables`).

    Raises
    ------
    DataError
        Names the file and the first invalid row.

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
    """The number of taggers who chose one answer; 0 for an empty cell."""
    digits = (text or "").strip().removesuffix(".0") or "0"
    if digits.isascii() and digits.isdecimal() and len(digits) <= 3:
        return int(digits)
    raise DataError(f"{told(path)}, line {number}: {name} is {quoted(text or '')}; expected a number of votes.")


def votes_for(data: AlignedSet, votes: Path | None) -> np.ndarray:
    """The votes ``(n, 10)`` on each of FER2013's pictures; all zero without a file.

    Raises
    ------
    DataError
        The file has another number of rows than the data.
    """
    counts = read_ferplus(votes) if votes else np.zeros((len(data), len(FERPLUS_VOTES)), int)
    if len(counts) != len(data):
        raise DataError(f"{votes} has {len(counts)} rows, the data {len(data)}; they must be of the same pictures.")
    return counts


def ferplus_majority(votes: np.ndarray) -> np.ndarray:
    """The majority label of the FER+ taggers: ``(n, 10) -> (n,)`` int in `EIGHT`, -1 if there is none.

    Single votes are dropped as noise; a label needs more than half of the remaining votes; pictures
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
    """FER+ votes as soft targets: ``(n, 10) -> (n, 8)`` in the order of `EIGHT`, and weights ``(n,)``.

    The weight is the fraction of votes for one of the eight labels, as opposed to "unknown" and "no face".
    """
    known = votes[:, :8].astype(np.float32)
    shares = np.zeros_like(known)
    shares[:, FERPLUS_ORDER] = known / np.maximum(known.sum(axis=1, keepdims=True), 1)
    return shares, (known.sum(axis=1) / np.maximum(votes.sum(axis=1), 1)).astype(np.float32)


def shares_of_seven(votes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """FER+ votes as soft targets in FER2013's labels: shares of the votes for one of the seven.

    Parameters
    ----------
    votes : ndarray
        ``(n, 10)``, see `read_ferplus`.
    labels : ndarray
        ``(n, 7)`` float32: what a picture gets for which nobody chose one of the seven, such as its one-hot label.

    Returns
    -------
    ndarray
        ``(n, 7)`` float32 in the order of `SEVEN`; rows sum to 1.
    """
    seven = vote_shares(votes)[0][:, : len(SEVEN)]  # `EIGHT` is `SEVEN` and contempt
    chosen = seven.sum(axis=1, keepdims=True)
    return np.where(chosen > 0, seven / np.where(chosen > 0, chosen, 1), labels).astype(np.float32)
