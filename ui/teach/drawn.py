"""A project of drawn faces: the Teach tab without a camera and without a picture of anyone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from features.align import AlignSpec
from features.faces import Faces
from ui.examples.drawn_samples import EACH, EXPRESSIONS, ROW, sheet
from zoo.teach.feature_cache import NO_PROGRESS, Progress
from zoo.teach.project import Project, ProjectError, add_class, add_samples, start
from zoo.teach.samples import cut


def drawn_project(
    find: Callable[[np.ndarray], Faces], names: Sequence[str], spec: AlignSpec, progress: Progress = NO_PROGRESS
) -> Project:
    """A project with one class per expression, filled with the faces found in its drawings.

    Parameters
    ----------
    find : callable
        Finds the faces in a picture ``uint8 (H, W, 3)``.
    names : sequence of str
        Names of the classes, one per expression.
    spec : AlignSpec
    progress : Progress

    Returns
    -------
    Project
        The drawings of one person share a burst.

    Raises
    ------
    ProjectError
        The number of names is wrong, or a name is not allowed.
    Stopped
    """
    if len(names) != len(EXPRESSIONS):
        raise ProjectError(f"There are {len(names)} names; drawn faces have {len(EXPRESSIONS)} classes.")
    project = start(spec=spec)
    for target, (name, expression) in enumerate(zip(names, EXPRESSIONS, strict=True)):
        project = add_class(project, name)
        for k, picture in enumerate(sheet(expression)[:EACH]):
            progress.at((target * EACH + k) / (len(EXPRESSIONS) * EACH))
            faces = find(picture)
            if len(faces):
                project = add_samples(project, target, cut(picture, faces[0], spec), burst=k // ROW)
    return project


def drawing(number: int) -> np.ndarray:
    """A drawing that `drawn_project` does not use: ``uint8 (side, side, 3)``. Numbers cycle through the expressions."""
    unseen = sheet(EXPRESSIONS[number % len(EXPRESSIONS)])[EACH:]
    return unseen[number // len(EXPRESSIONS) % len(unseen)]
