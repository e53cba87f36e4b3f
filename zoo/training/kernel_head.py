"""Reads a network a second time: what it sees half way up, weighed against every training face.

A network's last stages keep of a face what most helped them with the training pictures. Its middle
maps still hold the rest, and a kernel machine on them (RBF, squared loss, as `hog-svm` on its
histograms) errs on other faces than the last stages do. Both read one pass of the same network, so
the second reading costs a product with the support vectors and nothing else.

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
    """A machine that gives each label a score from the network's middle maps, laid in a row.

    Parameters
    ----------
    network : CnnClassifier
        Shown both ways: only then does a mirror move its middle maps and change nothing in them.
    training : AlignedSet
        Every face becomes a support vector. For the 28,709 of FER2013 it needs 6 GB of memory for a while.
    settings : KernelSettings
    """
    order = mirror_order(network.middle(training.faces[:1]).shape[1:])
    described = partial(rows, network, training.faces)
    return svm_fit.mirror_blind_machine(described, order, training.targets, settings)


def mirror_order(shape: tuple[int, int, int]) -> np.ndarray:
    """Where each entry of a mirrored face's maps ``(h, w, c)``, laid in a row, stands in the face's own: ``(d,)``."""
    return np.arange(np.prod(shape)).reshape(shape)[:, ::-1].ravel()


def rows(network: CnnClassifier, faces: AlignedFaces) -> np.ndarray:
    """Middle maps of many faces laid in rows, with a progress bar: float32 ``(n, h * w * c)``."""
    starts = tqdm(range(0, len(faces), CHUNK), desc="looking half way", unit=f"x{CHUNK}", disable=None)
    return np.concatenate([network.middle(faces[i : i + CHUNK]).reshape(len(faces[i : i + CHUNK]), -1) for i in starts])


def as_logits(machine: Kernel, network: CnnClassifier, public: AlignedSet) -> Kernel:
    """The machine scaled so that its scores can be added to the network's logits; how much, PublicTest says."""
    said = np.concatenate([machine(row[None]) for row in rows(network, public.faces)])
    own, second = calibration.sum_weights((network.raw_logits(public.faces), said), public.targets)
    part = np.float32(second / own)
    return replace(machine, coefficients=machine.coefficients * part, bias=machine.bias * part)
