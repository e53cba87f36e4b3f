"""Time a patch dragged over a face: covering the crop, and every model's prediction."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import partial

import numpy as np

from features import images
from features.align import AlignedFaces, align
from features.mesh import FaceMesher
from zoo.benchmark.stages import WARM_UP, Timing, one_core, one_thread, portrait, timing
from zoo.classifier import Classifier, common_spec
from zoo.inference.patch import Patch, answers
from zoo.labels import SEVEN
from zoo.models.label_mix import LabelMix
from zoo.stopwatch import Stopwatch


def bench_cover(models: Sequence[Classifier], repeats: int = 100, pinned: bool = False) -> dict[str, Timing]:
    """Time the server's work for one position of the patch, on one face.

    Parameters
    ----------
    models : sequence of Classifier
        All with the same `AlignSpec`.
    repeats : int
        Timed positions, after a few untimed ones.
    pinned : bool
        Run everything on one core (Linux only).

    Returns
    -------
    dict
        ``cover``, each model, and ``total``, in milliseconds.
    """
    picture = images.load(portrait())
    with FaceMesher() as mesher:
        face = align(picture, mesher.find(picture)[0], common_spec(models))
    turns = np.linspace(0, 2 * np.pi, repeats + WARM_UP)
    places = [Patch(0.5 + 0.3 * float(np.cos(turn)), 0.55 + 0.3 * float(np.sin(turn)), 0.3) for turn in turns]
    with one_thread(), one_core() if pinned else contextlib.nullcontext():
        rounds = [_place(place, face, models) for place in places][WARM_UP:]
    return {name: timing(np.array([took[name] for took in rounds])) for name in rounds[0]}


def _place(place: Patch, face: AlignedFaces, models: Sequence[Classifier]) -> dict[str, float]:
    watch = Stopwatch()
    covered = watch.time("cover", lambda: place.on(face))
    for model in models:
        watch.time(model.name, partial(answers, [model], covered, SEVEN, LabelMix()))
    return watch.milliseconds | {"total": sum(watch.milliseconds.values())}
