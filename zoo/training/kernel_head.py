"""Fits a kernel head: an RBF kernel machine on a network's intermediate features.

The last stages of a network keep the information that helped most with the training pictures. Its intermediate maps
contain more, and a kernel machine on them (RBF, squared loss, as `hog-svm` on its histograms) makes other errors than
the last stages do. Both use one pass of the same network, so the kernel head costs only a product with the support
vectors.

References
----------
Broomhead and Lowe, "Multivariable functional interpolation and adaptive networks", Complex
Systems 2, 1988 (networks of radial basis functions). Wilson et al., "Deep Kernel Learning", AISTATS 2016.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from tqdm import tqdm

from features.align import AlignedFaces
from zoo.datasets.aligned import AlignedSet
from zoo.models.cnn import CnnClassifier
from zoo.models.svm import Kernel
from zoo.training import calibration, svm_fit
from zoo.training.svm_fit import KernelSettings

SETTINGS = KernelSettings(components=160, ridge=0.1, gamma=4.0)
CHUNK = 512


def fit(network: CnnClassifier, training: AlignedSet, settings: KernelSettings) -> Kernel:
    """Fit a machine that computes a score for each label from the network's flattened middle maps.

    Parameters
    ----------
    network : CnnClassifier
        With `mirror` set: only then does mirroring a face permute its middle maps without changing values.
    training : AlignedSet
        Every face becomes a support vector. The 28,709 of FER2013 need 6 GB of memory temporarily.
    settings : KernelSettings
    """
    order = mirror_order(network.middle(training.faces[:1]).shape[1:])
    described = partial(rows, network, training.faces)
    return svm_fit.mirror_blind_machine(described, order, training.targets, settings)


def mirror_order(shape: tuple[int, int, int]) -> np.ndarray:
    """Position of each entry of a mirrored face's flattened maps ``(h, w, c)`` in the face's own: ``(d,)``."""
    return np.arange(np.prod(shape)).reshape(shape)[:, ::-1].ravel()


def rows(network: CnnClassifier, faces: AlignedFaces) -> np.ndarray:
    """Flattened middle maps of many faces, with a progress bar: float32 ``(n, h * w * c)``."""
    starts = tqdm(range(0, len(faces), CHUNK), desc="middle features", unit=f"x{CHUNK}", disable=None)
    return np.concatenate([network.middle(faces[i : i + CHUNK]).reshape(len(faces[i : i + CHUNK]), -1) for i in starts])


def as_logits(machine: Kernel, network: CnnClassifier, public: AlignedSet) -> Kernel:
    """The machine with its scores scaled for addition to the network's logits; the scale is fitted on PublicTest."""
    kernel_logits = np.concatenate([machine(row[None]) for row in rows(network, public.faces)])
    own, second = calibration.sum_weights((network.raw_logits(public.faces), kernel_logits), public.targets)
    part = np.float32(second / own)
    return replace(machine, coefficients=machine.coefficients * part, bias=machine.bias * part)
