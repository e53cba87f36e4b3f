"""Time a training run in Teach, with and without cached features."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import skimage.data
from threadpoolctl import threadpool_limits

from features.align import AlignSpec
from features.mesh import FaceMesher
from features.warp import Mouth, darken_mouth, express, warp
from zoo.models import registry
from zoo.teach.feature_cache import COPIES, TRUNK, FeatureCache
from zoo.teach.fit import Settings
from zoo.teach.project import Project, add_class, add_samples, next_burst, start
from zoo.teach.samples import Samples, cut
from zoo.teach.training import teach
from zoo.training.augmentation import augment


def bench_teach(classes: int, each: int) -> dict[str, float]:
    """Seconds to train both models on `classes` classes with `each` samples per class, on one thread.

    ``first`` computes all features; ``again`` trains with another seed on cached features.
    """
    project, cache = taught_project(classes, each), FeatureCache(registry.load_network(TRUNK))
    with threadpool_limits(1):
        return {name: teach(project, Settings(seed=seed), cache).seconds for name, seed in (("first", 0), ("again", 1))}


def taught_project(classes: int, each: int) -> Project:
    """A project of mouth shapes drawn on a public-domain portrait, in bursts of ten augmented copies."""
    portrait = skimage.data.astronaut()[:300, 80:380]
    with FaceMesher() as mesher:
        mesh = mesher.find(portrait)[0].landmarks[0]
        project = start()
        for kind in range(classes):
            points = express(mesh, mouth=Mouth(0.5 + 0.07 * kind, 0.05 * (kind % 3), 0.06 * kind))
            drawn = darken_mouth(warp(portrait, mesh[:, :2].astype(np.float64), points), points)
            seen = cut(drawn, mesher.find(drawn)[0], AlignSpec())
            project = _copies(add_class(project, f"mouth {kind + 1}"), kind, seen, each)
    return project


def _copies(project: Project, kind: int, seen: Samples, each: int) -> Project:
    rng = np.random.default_rng(kind)
    for first in range(0, each, 10):
        n = min(10, each - first)
        images = augment(seen.faces.images.repeat(n, axis=0), seen.faces.spec.size, COPIES, rng)
        many = seen[np.zeros(n, int)]
        many = replace(many, faces=replace(many.faces, images=images))
        project = add_samples(project, kind, many, next_burst(project))
    return project
