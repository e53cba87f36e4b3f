"""Samples that can be learned: crops of noise around a pattern for each class, a few to a burst."""

from __future__ import annotations

import numpy as np
import pytest

import zoo
from features.align import AlignedFaces, AlignSpec
from features.faces import MESH_POINTS
from zoo.teach.feature_cache import TRUNK, FeatureCache
from zoo.teach.project import Project, add_class, add_samples, next_burst, start
from zoo.teach.samples import Photo, Samples


def crops(kind: int, n: int, seed: int) -> np.ndarray:
    """``uint8 (n, 72, 72)``: stripes whose direction is the class's, each picture a little other."""
    rng = np.random.default_rng(1000 * kind + seed)
    y, x = np.mgrid[:72, :72]
    angle = np.pi * kind / 4
    place = x * np.cos(angle) + y * np.sin(angle)
    waves = np.sin(place / 4 + rng.uniform(0, 6, (n, 1, 1))) * 60 + 128
    return np.clip(waves + rng.normal(0, 25, (n, 72, 72)), 0, 255).astype(np.uint8)


def samples(kind: int, n: int, seed: int = 0) -> Samples:
    spec = AlignSpec()
    marks = np.random.default_rng(seed).uniform(10, 60, (n, MESH_POINTS, 3)).astype(np.float32)
    to_crop = np.tile(np.array([[0.5, 0, 3], [0, 0.5, 4]], np.float32), (n, 1, 1))
    faces = AlignedFaces(crops(kind, n, seed), marks, to_crop, spec)
    photo = Photo(b"\xff\xd8\xff", (0.2, 0.2, 0.8, 0.9))
    return Samples(faces, crops(kind, n, seed + 50), (photo,) * n)


@pytest.fixture(scope="session")
def make_samples():
    """``make(kind, n, seed=0) -> Samples``."""
    return samples


@pytest.fixture(scope="session")
def make_project():
    """``make(names, bursts=3, each=4) -> Project`` with so many samples a burst and bursts a class."""

    def make(names: str = "smile frown wink", bursts: int = 3, each: int = 4) -> Project:
        project = start()
        for kind, name in enumerate(names.split()):
            project = add_class(project, name)
            for burst in range(bursts):
                project = add_samples(project, kind, samples(kind, each, burst), next_burst(project))
        return project

    return make


@pytest.fixture(scope="session")
def trunk():
    return zoo.load(TRUNK)


@pytest.fixture(scope="session")
def cache(trunk):
    """Shared by all tests: what it keeps is right for every project."""
    return FeatureCache(trunk)
