"""Serves support vector machines, linear and kernel, from plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from features.align import AlignedFaces, AlignSpec
from features.descriptors import Joined
from zoo.classifier import check_spec
from zoo.labels import LabelSet
from zoo.models.byte_product import ByteProduct, Steps, Table, byte_product, float_rows
from zoo.prediction import Prediction


@dataclass(frozen=True, eq=False)
class Linear:
    """``scores = x @ weights + bias``: weights ``(d, k)``, bias ``(k,)``."""

    weights: np.ndarray
    bias: np.ndarray

    def __post_init__(self) -> None:
        d, k = _table("weights", self.weights)
        check_arrays({"weights": self.weights, "bias": self.bias}, {"weights": (d, k), "bias": (k,)})

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return x @ self.weights + self.bias


def check_arrays(arrays: Mapping[str, Table], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise `ValueError` unless every array has its shape and holds only finite numbers.

    NumPy would broadcast a bias with one element over all labels without an error.
    """
    for name, shape in shapes.items():
        array = arrays[name]
        if np.shape(array) != shape:
            raise ValueError(f"{name} has shape {np.shape(array)}; expected {shape}")
        if not np.isfinite(array.step if isinstance(array, Steps) else array).all():
            raise ValueError(f"{name} holds values that are not finite numbers")


def _table(name: str, array: Table) -> tuple[int, int]:
    """Rows and columns of a matrix."""
    shape = np.shape(array)
    if len(shape) != 2 or not all(shape):
        raise ValueError(f"{name} has shape {shape}; expected a table with rows and columns")
    return shape


@dataclass(frozen=True, eq=False)
class Kernel:
    """An RBF machine after a projection, with all pairwise machines summed into one column per label.

    The score of a label is the sum of its margins against every other. That is linear in the
    kernel, so the 21 machines of one-against-one become one product with `coefficients`.

    Parameters
    ----------
    mean : ndarray
        ``(d,)``.
    components : ndarray or Steps
        ``(d, r)``: ``z = (x - mean) @ components``.
    vectors : ndarray or Steps
        ``(m, r)`` support vectors.
    coefficients, bias : ndarray
        ``(m, k)`` and ``(k,)``.
    gamma : float
    even : int, optional
        Mirroring keeps the first `even` directions of `z` and negates the others. If given,
        the kernel averages over a face and its mirror image and cannot tell left from right.

    References
    ----------
    Decoste and Schölkopf, "Training Invariant Support Vector Machines", Machine Learning 46, 2002.
    """

    mean: np.ndarray
    components: Table
    vectors: Table
    coefficients: np.ndarray
    bias: np.ndarray
    gamma: float
    even: int | None = None

    def __post_init__(self) -> None:
        d, r = _table("components", self.components)
        m, k = _table("coefficients", self.coefficients)
        shapes = {"mean": (d,), "components": (d, r), "vectors": (m, r), "coefficients": (m, k), "bias": (k,)}
        check_arrays(vars(self), shapes)
        if not 0 < self.gamma < np.inf or not (self.even is None or 0 <= self.even <= r):
            raise ValueError(f"gamma is {self.gamma} and even {self.even}; expected above 0, and None or 0 to {r}")

    def __call__(self, x: np.ndarray) -> np.ndarray:
        kernels = [self._kernel(self._projected(row[None])[0]) for row in x]
        return np.stack(kernels) @ self.coefficients + self.bias

    def _projected(self, x: np.ndarray) -> np.ndarray:
        """``(1, d) -> (1, r)``."""
        centred = x - self.mean
        return self._projection(centred) if self._projection else centred @ self._directions

    def _kernel(self, z: np.ndarray) -> np.ndarray:
        """``exp(-gamma |z - v|²)`` for every vector, over both ways if a mirror counts: ``(r,) -> (m,)``."""
        near = self._products(z) if self._byte_vectors is None else self._byte_vectors(self._both_ways(z))
        near -= self._squares + self.gamma * (z @ z)
        np.exp(near, out=near)
        return near[0] if len(near) == 1 else np.multiply(near[0] + near[1], np.float32(0.5), out=near[0])

    def _both_ways(self, z: np.ndarray) -> np.ndarray:
        """What is compared with the vectors, with its mirror image if that counts: ``(r,) -> (1 or 2, r)``."""
        if self.even is None:
            return z[None]
        both = np.array([z, z])
        both[1, self.even :] *= -1
        return both

    def _products(self, z: np.ndarray) -> np.ndarray:
        """``2 gamma _both_ways(z) @ vectors.T`` in float32; matrix times vector: BLAS is slower at thin matrices."""
        z = z * np.float32(2 * self.gamma)
        if self.even is None:
            return (self._columns @ z)[None]
        kept, turned = (self._columns[:, part] @ z[part] for part in (slice(self.even), slice(self.even, None)))
        return np.stack([kept + turned, kept - turned])

    @cached_property
    def _projection(self) -> ByteProduct | None:
        return byte_product(self.components.T)

    @cached_property
    def _byte_vectors(self) -> ByteProduct | None:
        return byte_product(self.vectors, 1 if self.even is None else 2, 2 * self.gamma)

    @cached_property
    def _directions(self) -> np.ndarray:
        return np.asarray(self.components)

    @cached_property
    def _columns(self) -> np.ndarray:
        """Vectors column by column: kept and turned directions lie each in one piece, and BLAS reads them in a row."""
        return np.asfortranarray(self.vectors)

    @cached_property
    def _squares(self) -> np.ndarray:
        squares = [np.einsum("ij,ij->i", part, part) for part in float_rows(self.vectors)]
        return np.float32(self.gamma) * np.concatenate(squares)


def rbf(a: np.ndarray, b: np.ndarray, gamma: float) -> np.ndarray:
    """``exp(-gamma |a - b|²)``: ``(n, r), (m, r) -> (n, m)``. Works in place, because kernels are large."""
    products = a @ b.T
    products *= -2
    products += (a * a).sum(axis=1)[:, None]
    products += (b * b).sum(axis=1)
    np.maximum(products, 0, out=products)
    products *= -gamma
    return np.exp(products, out=products)


_BY_LABEL = ("bias", "scale", "shift")


class SvmClassifier:
    """A descriptor, a machine, and vector scaling that turns its scores into probabilities.

    Parameters
    ----------
    name : str
    labels : LabelSet
    align : AlignSpec
    descriptor : Joined, or any callable from `AlignedFaces` to ``(n, d)``
    machine : Linear or Kernel
    scale, shift : ndarray
        ``(k,)`` each: ``softmax(scores * scale + shift)``.

    References
    ----------
    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017 (vector scaling).
    """

    def __init__(
        self,
        name: str,
        labels: LabelSet,
        align: AlignSpec,
        descriptor: Joined | Callable[[AlignedFaces], np.ndarray],
        machine: Linear | Kernel,
        scaling: tuple[np.ndarray, np.ndarray],
    ) -> None:
        self.name = name
        self.labels = labels
        self.align = align
        self.descriptor = descriptor
        self.machine = machine
        self.scale, self.shift = scaling
        k = (len(labels),)
        check_arrays({"bias": machine.bias, "scale": self.scale, "shift": self.shift}, dict.fromkeys(_BY_LABEL, k))
        if not np.asarray(self.scale).all():
            raise ValueError("scale holds a zero; every label's scores must count")

    def predict_proba(self, faces: AlignedFaces) -> Prediction:
        """Probabilities of every face."""
        return Prediction(softmax(self.logits(faces)), self.labels)

    def uncalibrated(self, faces: AlignedFaces) -> Prediction:
        """The same before calibration; to show what calibration does, not to be served."""
        return Prediction(softmax((self.logits(faces) - self.shift) / self.scale), self.labels)

    def logits(self, faces: AlignedFaces) -> np.ndarray:
        """Scaled scores: ``(n, k)`` float32."""
        check_spec(self, faces)
        if not len(faces):
            return np.zeros((0, len(self.labels)), np.float32)
        # One at a time: BLAS sums a batch in another order than its rows.
        rows = [self.machine(self.descriptor(faces[i])) for i in range(len(faces))]
        return np.concatenate(rows) * self.scale + self.shift


def softmax(logits: np.ndarray) -> np.ndarray:
    """Softmax along the last axis: ``(..., k) -> (..., k)``, sums of 1.

    The same numbers as `scipy.special.softmax`, which takes ten times as long for one face.
    """
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
