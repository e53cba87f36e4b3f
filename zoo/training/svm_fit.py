"""Fits support vector machines on descriptors of aligned crops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from sklearn.decomposition import PCA
from sklearn.svm import SVC, LinearSVC
from tqdm import tqdm

from features.align import AlignedFaces
from features.descriptors import Joined
from zoo.models.svm import Kernel, Linear, rbf
from zoo.training.cholesky import solve_positive

CHUNK = 512
# Faces used for the principal components: sufficient, and half the memory of all.
PCA_SAMPLE = 12_000


def describe(descriptor: Joined, faces: AlignedFaces) -> np.ndarray:
    """Descriptors of many faces, with a progress bar: float32 ``(n, d)``."""
    starts = tqdm(range(0, len(faces), CHUNK), desc="describing", unit=f"x{CHUNK}")
    return np.concatenate([descriptor(faces[start : start + CHUNK]) for start in starts])


def fit_linear(x: np.ndarray, targets: np.ndarray, c: float, seed: int) -> Linear:
    """One-against-rest linear SVMs on descriptors, as in textbooks."""
    machine = LinearSVC(C=c, random_state=seed, max_iter=5000).fit(x, targets)
    return Linear(machine.coef_.T.astype(np.float32), machine.intercept_.astype(np.float32))


@dataclass(frozen=True)
class KernelSettings:
    """Hyperparameters of an RBF machine.

    Parameters
    ----------
    components : int
        Principal components of the descriptor that are kept.
    c : float
        Penalty for misclassification, with hinge loss.
    ridge : float
        Ridge (L2) regularisation strength, with squared loss; added to the kernel's diagonal.
    gamma : float
        Width of the kernel, as a multiple of 1 / total variance of the projected data.
    seed : int
    """

    components: int = 320
    c: float = 5.0
    ridge: float = 0.3
    gamma: float = 1.5
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Projection:
    """Principal components of descriptors, each even or odd under mirroring.

    Parameters
    ----------
    mean : ndarray
        ``(d,)`` float32.
    components : ndarray
        ``(d, r)`` float32.
    even : int
        A mirror keeps the first `even` directions and turns the others about.
    """

    mean: np.ndarray
    components: np.ndarray
    even: int

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """``(n, d) -> (n, r)``."""
        return (x - self.mean) @ self.components


def project(x: np.ndarray, order: np.ndarray, settings: KernelSettings) -> Projection:
    """Principal directions of descriptors and of their mirror images.

    Faces and mirrored faces together are symmetric, so each principal component is
    even or odd under mirroring. Rounding errors of the symmetry are removed.

    Parameters
    ----------
    x : ndarray
        ``(n, d)`` float32.
    order : ndarray
        ``(d,)``: ``x[:, order]`` are the mirrored faces' descriptors.
    """
    rows = np.random.default_rng(settings.seed).permutation(len(x))[:PCA_SAMPLE]
    pca = PCA(settings.components, svd_solver="randomized", random_state=settings.seed, iterated_power=3)
    pca.fit(np.concatenate([x[rows], x[rows][:, order]]))
    mirrored = pca.components_[:, order]
    signs = np.sign((pca.components_ * mirrored).sum(axis=1))
    components = pca.components_ + signs[:, None] * mirrored
    components /= np.linalg.norm(components, axis=1, keepdims=True)
    even_first = np.argsort(-signs, kind="stable")
    mean = (pca.mean_ + pca.mean_[order]) / 2
    mean = mean.astype(np.float16).astype(np.float32)
    return Projection(mean, stepped(components[even_first].T), int((signs > 0).sum()))


def stepped(values: np.ndarray) -> np.ndarray:
    """Values rounded as in a checkpoint, to one byte each: float32 multiples of one step, see `steps_of`.

    One step for all components is best: the error is the same in each, which hardly affects distances.

    References
    ----------
    Cover and Thomas, "Elements of Information Theory", 1991, section 13.3 (parallel Gaussian sources).
    """
    step = np.float32(np.abs(values).max() / 127)
    return np.ascontiguousarray(np.round(values / step), np.float32) * step


def steps_of(values: np.ndarray) -> tuple[np.ndarray, np.float32]:
    """Values of `stepped` as int8, and the step: their product is exactly the same float32 values."""
    step = np.float32(np.abs(values).max()) / np.float32(127)
    return np.round(values / step).astype(np.int8), step


def fit_kernel(z: np.ndarray, even: int, targets: np.ndarray, settings: KernelSettings) -> Fitted:
    """All pairwise machines on projected descriptors, summed into one column of coefficients per label.

    Each pair's kernel matrix is one matrix product, which is many times as fast as
    libsvm's own computation, with the same result.

    Parameters
    ----------
    z : ndarray
        ``(n, r)`` float32.
    even : int
        A mirror keeps the first `even` columns of `z` and turns the others about.
    targets : ndarray
        ``(n,)`` int, 0 to k - 1.

    References
    ----------
    Chang and Lin, "LIBSVM", ACM TIST 2(3), 2011. Hsu and Lin, "A comparison of methods for
    multiclass support vector machines", IEEE TNN 13(2), 2002 (one-against-one).
    """
    if targets.ndim > 1:
        raise ValueError(f"targets have shape {targets.shape}; the hinge loss takes one label for each face")
    gamma = settings.gamma / float(z.var(axis=0).sum())
    coefficients, bias = one_against_one(lambda rows: _gram(z[rows], even, gamma), targets, settings.c, bar=True)
    used = np.abs(coefficients).max(axis=1) > 0
    return Fitted(z[used], coefficients[used].astype(np.float32), bias.astype(np.float32), gamma)


def one_against_one(
    gram: Callable[[np.ndarray], np.ndarray], targets: np.ndarray, c: float, bar: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """One machine per pair of labels, all summed into one column of dual coefficients per label.

    Parameters
    ----------
    gram : callable
        Rows ``(m,)`` int to the kernel matrix of these samples ``(m, m)`` float64.
    targets : ndarray
        ``(n,)`` int, 0 to k - 1, each present.
    c : float
        Penalty for misclassification.
    bar : bool
        Whether to show a progress bar.

    Returns
    -------
    coefficients : ndarray
        ``(n, k)``; the score of a label is the sum of its k - 1 margins.
    bias : ndarray
        ``(k,)``.
    """
    k = int(targets.max()) + 1
    coefficients, bias = np.zeros((len(targets), k)), np.zeros(k)
    for first, second in tqdm(list(combinations(range(k), 2)), desc="fitting pairs", disable=not bar):
        rows = np.flatnonzero((targets == first) | (targets == second))
        machine = SVC(C=c, kernel="precomputed", cache_size=1000).fit(gram(rows), targets[rows])
        support, dual = rows[machine.support_], machine.dual_coef_[0]
        for label, sign in ((second, 1.0), (first, -1.0)):
            coefficients[support, label] += sign * dual
            bias[label] += sign * machine.intercept_[0]
    return coefficients, bias


def fit_least_squares(z: np.ndarray, even: int, targets: np.ndarray, settings: KernelSettings) -> Fitted:
    """One-against-rest machines with squared instead of hinge loss: every face becomes a support vector.

    One Cholesky factorisation serves all labels. It needs 4 n² bytes: 3.3 GB for the 28,709 pictures of
    FER2013. With noisy labels, nearly every face is a support vector of the hinge loss too, and the
    squared loss is affected less by single wrong labels.

    Parameters and returns are those of `fit_kernel`; `targets` may also be soft, ``(n, k)`` float with rows that
    sum to 1. The solution is linear in them.

    References
    ----------
    Suykens and Vandewalle, "Least squares support vector machine classifiers", Neural Processing
    Letters 9, 1999. Rifkin and Klautau, "In defense of one-vs-all classification", JMLR 5, 2004.
    """
    wanted = targets if targets.ndim > 1 else np.eye(int(targets.max()) + 1, dtype=np.float32)[targets]
    share = wanted.mean(axis=0)
    gamma = settings.gamma / float(z.var(axis=0).sum())
    gram = np.empty((len(z), len(z)), np.float32)
    for start in tqdm(range(0, len(z), CHUNK), desc="comparing faces"):
        gram[start : start + CHUNK] = _mirror_averaged(z[start : start + CHUNK], z, even, gamma)
    gram[np.diag_indices(len(z))] += np.float32(settings.ridge)
    return Fitted(z, solve_positive(gram, wanted - share), share, gamma)


def _mirror_averaged(a: np.ndarray, b: np.ndarray, even: int, gamma: float) -> np.ndarray:
    """Kernel between faces, averaged over a face and its mirror image: ``(n, r), (m, r) -> (n, m)``."""
    mirrored = a.copy()
    mirrored[:, even:] *= -1
    return (rbf(a, b, gamma) + rbf(mirrored, b, gamma)) / 2


@dataclass(frozen=True, eq=False)
class Fitted:
    """Support vectors ``(m, r)``, their coefficients ``(m, k)``, the bias ``(k,)``, and gamma."""

    vectors: np.ndarray
    coefficients: np.ndarray
    bias: np.ndarray
    gamma: float


def _gram(z: np.ndarray, even: int, gamma: float) -> np.ndarray:
    """The mirror-averaged kernel matrix of faces, ``(n, n)`` float64 for libsvm.

    It is positive definite because ``k(Mx, My) = k(x, y)``.
    """
    return _mirror_averaged(z, z, even, gamma).astype(np.float64)


def kernel_machine(projection: Projection, fitted: Fitted) -> Kernel:
    """Projection and machine combined."""
    parts = fitted.vectors, fitted.coefficients, fitted.bias, fitted.gamma
    return Kernel(projection.mean, projection.components, *parts, projection.even)


def mirror_blind_machine(
    described: Callable[[], np.ndarray],
    order: np.ndarray,
    targets: np.ndarray,
    settings: KernelSettings,
    fit: Callable[..., Fitted] = fit_least_squares,
) -> Kernel:
    """Fit a projection and a machine with the precision of checkpoints; answers are invariant to mirroring.

    Parameters
    ----------
    described : callable
        Computes the descriptors, ``(n, d)`` float32: as large as the kernel, so no other reference may be kept.
    order : ndarray
        As for `project`.
    targets : ndarray
        ``(n,)`` int, 0 to k - 1; for `fit_least_squares` also ``(n, k)`` float, rows that sum to 1.
    settings : KernelSettings
    fit : callable
        `fit_least_squares` or `fit_kernel`.
    """
    x = described()
    projection = project(x, order, settings)
    z = stepped(projection(x))
    del x
    return kernel_machine(projection, fit(z, projection.even, targets, settings))


def kernel_arrays(machine: Kernel) -> dict[str, np.ndarray]:
    """A machine's arrays for a checkpoint; `gamma` and `even` are on the card."""
    return {
        "mean": machine.mean.astype(np.float16),
        **_bytes("components", np.asarray(machine.components)),
        **_bytes("vectors", np.asarray(machine.vectors)),
        "coefficients": machine.coefficients,
        "bias": machine.bias,
    }


def _bytes(name: str, values: np.ndarray) -> dict[str, np.ndarray]:
    whole, step = steps_of(values)
    return {name: whole, f"{name}_step": np.array(step)}
