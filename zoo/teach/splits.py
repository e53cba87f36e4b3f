"""Splits samples into training and held-out ones, at random or by burst."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zoo.datasets.duplicates import near_pairs

HELD = 0.25  # fraction of the samples that is held out
RANDOM, BURST = "random", "burst"


@dataclass(frozen=True, eq=False)
class Split:
    """Positions of training samples and of held-out samples."""

    train: np.ndarray
    held: np.ndarray


def split_at_random(targets: np.ndarray, seed: int) -> Split:
    """Hold out a random quarter of each class, at least one sample.

    Parameters
    ----------
    targets : ndarray
        ``(n,)`` int, at least two samples per class.
    seed : int
    """
    rng = np.random.default_rng(seed)
    held = []
    for target in np.unique(targets):
        rows = rng.permutation(np.flatnonzero(targets == target))
        held.append(rows[: max(1, round(HELD * len(rows)))])
    return _split(targets, np.concatenate(held))


def split_by_burst(targets: np.ndarray, bursts: np.ndarray, seed: int) -> Split | None:
    """Hold out whole bursts of each class, about a quarter of its samples; None if a class has only one burst.

    Parameters
    ----------
    targets, bursts : ndarray
        ``(n,)`` int.
    seed : int
    """
    rng = np.random.default_rng(seed)
    held = []
    for target in np.unique(targets):
        rows = np.flatnonzero(targets == target)
        kinds, sizes = np.unique(bursts[rows], return_counts=True)
        if len(kinds) < 2:
            return None
        held.append(rows[np.isin(bursts[rows], _some_bursts(kinds, sizes, rng))])
    return _split(targets, np.concatenate(held))


def joined_bursts(bursts: np.ndarray, pictures: np.ndarray) -> np.ndarray:
    """Merge bursts that contain near-duplicates of each other, so that no split separates these.

    Parameters
    ----------
    bursts : ndarray
        ``(n,)`` int.
    pictures : ndarray
        ``uint8 (n, H, W)``.

    Returns
    -------
    ndarray
        ``(n,)`` int: the number of each sample's merged burst.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    kinds, numbers = np.unique(bursts, return_inverse=True)
    first, second = numbers[near_pairs(pictures)].T
    graph = coo_matrix((np.ones(len(first)), (first, second)), shape=(len(kinds), len(kinds)))
    return connected_components(graph, directed=False)[1][numbers]


def _some_bursts(kinds: np.ndarray, sizes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Random bursts with up to a quarter of the samples; the smallest one if every burst has more."""
    order = rng.permutation(len(kinds))
    order = np.concatenate([order[sizes[order] <= HELD * sizes.sum()], order[[sizes[order].argmin()]]])
    fit = np.cumsum(sizes[order]) <= HELD * sizes.sum()
    return kinds[order[: max(1, fit[:-1].sum())]]


def _split(targets: np.ndarray, held: np.ndarray) -> Split:
    return Split(np.setdiff1d(np.arange(len(targets)), held), np.sort(held))
