"""Finds near-duplicates, mainly in FER2013: one PrivateTest picture in eleven has a copy in Training."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from zoo.datasets.aligned import DAMAGED_CACHE, cache_folder, check_cache, file_key
from zoo.datasets.fer2013 import SPLITS, Fer2013, read_fer2013

SAME = 0.98  # correlation above which two pictures show the same photograph, slightly differently cropped or compressed
BLOCK = 2048


@dataclass(frozen=True, eq=False)
class Duplicates:
    """Near-duplicates among the pictures of one split.

    Parameters
    ----------
    seen : ndarray
        ``(n,)`` bool: whether a near-duplicate is in a split for training or model selection.
    groups : ndarray
        ``(n,)`` int: pictures of this split that are near-duplicates of each other share a number.
    """

    seen: np.ndarray
    groups: np.ndarray


def load_duplicates(path: Path, split: str) -> Duplicates:
    """The near-duplicates of one split of a FER2013 file, from the cache if possible."""
    store = cache_folder() / "duplicates" / f"fer2013-{file_key(path)}-{split}.npz"
    with suppress(*DAMAGED_CACHE), store.open("rb") as file, np.load(file, allow_pickle=False) as kept:
        return Duplicates(kept["seen"], kept["groups"])
    check_cache(store)
    found = find_duplicates(read_fer2013(path), split)
    np.savez(store, seen=found.seen, groups=found.groups)
    return found


def find_duplicates(data: Fer2013, split: str) -> Duplicates:
    """Compare every picture of a split with those of earlier splits and of its own.

    PrivateTest is compared with Training and PublicTest, and PublicTest with Training: models
    are fitted on the former and selected on the latter. Byte-identical pictures are copies even
    if they are blank, for which the correlation is not defined.
    """
    here = data.pixels[data.splits == split]
    earlier = data.pixels[np.isin(data.splits, SPLITS[: SPLITS.index(split)])]
    seen = np.zeros(len(here), bool)
    seen[_copies(here, earlier)[0]] = True
    return Duplicates(seen, groups_of(here))


def groups_of(pictures: np.ndarray) -> np.ndarray:
    """One number per picture, the same for near-duplicates: ``uint8 (n, H, W) -> (n,)`` int."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    pairs = _copies(pictures, pictures)
    graph = coo_matrix((np.ones(len(pairs[0])), pairs), shape=(len(pictures), len(pictures)))
    return connected_components(graph, directed=False)[1]


def near_any(pictures: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which pictures are near-duplicates of one of the others: ``uint8 (n, H, W), (m, H, W) -> (n,)`` bool."""
    if not len(pictures) or not len(others):
        return np.zeros(len(pictures), bool)
    return (_standardised(pictures) @ _standardised(others).T > SAME).any(axis=1)


def near_copies(pictures: np.ndarray) -> np.ndarray:
    """Which pictures are near-duplicates of an earlier one: ``uint8 (n, H, W) -> (n,)`` bool. For a few hundred."""
    if not len(pictures):
        return np.zeros(0, bool)
    rows = _standardised(pictures)
    return (np.tril(rows @ rows.T, k=-1) > SAME).any(axis=1)


def near_pairs(pictures: np.ndarray) -> np.ndarray:
    """Positions of pictures that are near-duplicates of each other, ``(m, 2)`` int. For a thousand at a time."""
    if not len(pictures):
        return np.zeros((0, 2), int)
    rows = _standardised(pictures)
    return np.argwhere(np.triu(rows @ rows.T, k=1) > SAME)


def _copies(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions of all pairs of copies between two stacks ``(n, H, W)`` uint8."""
    wanted = _standardised(first)
    identical: dict[bytes, list[int]] = {picture.tobytes(): [] for picture in first}
    for row, picture in enumerate(first):
        identical[picture.tobytes()].append(row)
    pairs = [(row, at) for at, picture in enumerate(second) for row in identical.get(picture.tobytes(), ())]
    blocks = [np.array(pairs, int).reshape(-1, 2)]
    for start in tqdm(range(0, len(second), BLOCK), desc="near-duplicates", unit=f"x{BLOCK}", disable=None):
        correlation = wanted @ _standardised(second[start : start + BLOCK]).T
        blocks.append(np.argwhere(correlation > SAME) + [0, start])
    rows, columns = np.concatenate(blocks).T
    return rows, columns


def _standardised(pictures: np.ndarray) -> np.ndarray:
    """Rows of mean 0 and length 1, so that their products are correlations; blank ones are 0."""
    flat = pictures.reshape(len(pictures), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
