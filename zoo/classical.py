"""Trains support vector machines on descriptors of aligned crops."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from multiprocessing import get_context

import numpy as np
from sklearn.decomposition import PCA
from sklearn.svm import SVC, LinearSVC
from tqdm import tqdm

from features.align import AlignedFaces
from features.descriptors import Joined
from zoo.svm import Kernel, Linear, rbf

CHUNK = 512


def describe(descriptor: Joined, faces: AlignedFaces, workers: int | None = None) -> np.ndarray:
    """Descriptors of many faces, in parallel, with a progress bar: float32 ``(n, d)``."""
    chunks = [faces[start : start + CHUNK] for start in range(0, len(faces), CHUNK)]
    with ProcessPoolExecutor(workers or os.cpu_count(), mp_context=get_context("spawn")) as pool:
        parts = list(tqdm(pool.map(descriptor, chunks), total=len(chunks), desc="describing", unit=f"x{CHUNK}"))
    return np.concatenate(parts)


def fit_linear(x: np.ndarray, targets: np.ndarray, c: float, seed: int) -> Linear:
    """One-against-rest linear machines on raw descriptors: the textbook's way."""
    machine = LinearSVC(C=c, random_state=seed, max_iter=5000).fit(x, targets)
    return Linear(machine.coef_.T.astype(np.float32), machine.intercept_.astype(np.float32))


@dataclass(frozen=True)
class KernelSettings:
    """What an RBF machine is fitted with.

    Parameters
    ----------
    components : int
        Directions kept of the descriptor (PCA).
    c : float
        Price of a mistake.
    gamma : float
        Width of the kernel, as a multiple of 1 / total variance of the projected data.
    seed : int
    """

    components: int = 320
    c: float = 5.0
    gamma: float = 1.5
    seed: int = 0


def project(x: np.ndarray, settings: KernelSettings) -> tuple[np.ndarray, np.ndarray]:
    """Mean ``(d,)`` and leading directions ``(d, r)`` of descriptors, float32."""
    pca = PCA(settings.components, svd_solver="randomized", random_state=settings.seed, iterated_power=3).fit(x)
    return pca.mean_.astype(np.float32), np.ascontiguousarray(pca.components_.T, np.float32)


def fit_kernel(z: np.ndarray, targets: np.ndarray, labels: int, settings: KernelSettings) -> tuple:
    """All pairwise RBF machines on projected descriptors, summed into one row of coefficients a label.

    Each pair's kernel matrix is one BLAS product, which makes this many times faster than
    letting libsvm compute it entry by entry, and the answer is the same.

    Parameters
    ----------
    z : ndarray
        ``(n, r)`` float32.
    targets : ndarray
        ``(n,)`` int below `labels`.

    Returns
    -------
    vectors, coefficients, bias : ndarray
        ``(m, r)``, ``(m, labels)`` and ``(labels,)`` float32.
    gamma : float

    References
    ----------
    Chang and Lin, "LIBSVM", ACM TIST 2(3), 2011. Hsu and Lin, "A comparison of methods for
    multiclass support vector machines", IEEE TNN 13(2), 2002 (one-against-one).
    """
    gamma = settings.gamma / float(z.var(axis=0).sum())
    coefficients = np.zeros((len(z), labels))
    bias = np.zeros(labels)
    for first, second in tqdm(list(combinations(range(labels), 2)), desc="fitting pairs"):
        rows = np.flatnonzero((targets == first) | (targets == second))
        gram = rbf(z[rows], z[rows], gamma).astype(np.float64)
        machine = SVC(C=settings.c, kernel="precomputed", cache_size=1000).fit(gram, targets[rows])
        support, dual = rows[machine.support_], machine.dual_coef_[0]
        for label, sign in ((second, 1.0), (first, -1.0)):
            coefficients[support, label] += sign * dual
            bias[label] += sign * machine.intercept_[0]
    used = np.abs(coefficients).max(axis=1) > 0
    return z[used], coefficients[used].astype(np.float32), bias.astype(np.float32), gamma


def kernel_machine(projection: tuple, fitted: tuple) -> Kernel:
    """What `project` and `fit_kernel` returned, as one machine."""
    (mean, components), (vectors, coefficients, bias, gamma) = projection, fitted
    return Kernel(mean, components, vectors, coefficients, bias, gamma)
