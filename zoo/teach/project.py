"""A project: classes defined by a user, and the aligned samples collected for them.

Everything is immutable; each step returns a new project and leaves the old one unchanged. Every step on a class
raises `ProjectError` if there is no class at the given position.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from features.align import AlignedFaces, AlignSpec
from features.phrase import Phrase
from zoo.datasets.duplicates import near_copies
from zoo.labels import LabelSet, label_set, own_labels
from zoo.teach.samples import Samples
from zoo.unicode_names import is_printable, same, tidy

MAX_CLASSES = 30
MAX_NAME = 40
MAX_SAMPLES = 1000
MEMORY_MB = 64  # upper limit of a session with MAX_SAMPLES, features included; a test measures it
LEAST_SAMPLES = 3  # with fewer, a class cannot be both trained on and evaluated
UNBALANCED = 2.0  # ratio of the largest to the smallest class from which a warning is shown


class ProjectError(ValueError):
    """A step that is not possible in this project. The message says what to do instead."""


class ClassError(ProjectError):
    """A class that cannot be made: its name is not allowed, or there are too many."""


@dataclass(frozen=True)
class TaughtClass:
    """A class: its name, and whether it takes part in training."""

    name: str
    enabled: bool = True


@dataclass(frozen=True, eq=False)
class Project:
    """Classes and samples of one session.

    Parameters
    ----------
    classes : tuple of TaughtClass
    samples : Samples
    targets : ndarray
        ``(n,)`` int: position of each sample's class in `classes`.
    bursts : ndarray
        ``(n,)`` int: samples of one recording share a number.
    ids : ndarray
        ``(n,)`` int: each sample's number, never reused in this project.
    made : int
        How many numbers have been used so far.
    most : int
        Maximum number of samples.
    """

    classes: tuple[TaughtClass, ...]
    samples: Samples
    targets: np.ndarray
    bursts: np.ndarray
    ids: np.ndarray
    made: int = 0
    most: int = MAX_SAMPLES

    @property
    def faces(self) -> AlignedFaces:
        """The aligned crops of all samples."""
        return self.samples.faces

    @property
    def spec(self) -> AlignSpec:
        """The alignment of all samples."""
        return self.faces.spec

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def counts(self) -> np.ndarray:
        """``(k,)`` int: samples of each class."""
        return np.bincount(self.targets, minlength=len(self.classes))

    @property
    def taught(self) -> np.ndarray:
        """Positions of the classes that take part in training: enabled ones with enough samples."""
        enabled = np.array([one.enabled for one in self.classes], bool)
        return np.flatnonzero(enabled & (self.counts >= LEAST_SAMPLES))

    @property
    def labels(self) -> LabelSet:
        """The classes that take part in training, in their order; `ProjectError` with fewer than two."""
        if len(self.taught) < 2:
            raise too_few(len(self.taught))
        return own_labels(self.classes[at].name for at in self.taught)

    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Positions of the samples that take part in training, and their targets in `labels`: ``(m,), (m,)``."""
        place = np.full(len(self.classes), -1)
        place[self.taught] = np.arange(len(self.taught))
        kept = np.flatnonzero(place[self.targets] >= 0) if len(self) else np.zeros(0, int)
        return kept, place[self.targets[kept]]


def too_few(taught: int) -> ProjectError:
    """The error that there are too few classes."""
    return ProjectError(
        Phrase("teach.why_n", "Add at least {0} samples to two classes. Ready: {1} of 2.", LEAST_SAMPLES, taught)
    )


def start(with_labels: str = "", spec: AlignSpec | None = None) -> Project:
    """A project without samples, with the classes of a label set (``"6"`` or ``"7"``) or without classes."""
    names = label_set(with_labels).labels if with_labels else ()
    none = np.zeros(0, int)
    return Project(tuple(map(TaughtClass, names)), Samples.empty(spec or AlignSpec()), none, none, none)


# ---- classes


def checked_name(text: str, others: tuple[TaughtClass, ...] = ()) -> str:
    """A class's name, normalised; `ClassError` unless it is short, printable and unique."""
    name = tidy(str(text)[: 40 * MAX_NAME])
    if not name:
        raise ClassError(Phrase("teach.nameless", "A class needs a name. Type at least one letter."))
    if len(name) > MAX_NAME:
        raise ClassError(
            Phrase("teach.long_n", "The name has {0} characters; the limit is {1}. Shorten it.", len(name), MAX_NAME)
        )
    if not is_printable(name):
        raise ClassError(
            Phrase("teach.signs", "The name contains characters that cannot be shown. Use letters, digits and spaces.")
        )
    if same(name) in {same(other.name) for other in others}:
        raise ClassError(Phrase("teach.taken_own", "There is already a class called “{0}”. Choose another name.", name))
    return name


def add_class(project: Project, name: str = "") -> Project:
    """Append a class; its default name is ``Class 1``, ``Class 2``, ... `ProjectError` if it is not possible."""
    if len(project.classes) >= MAX_CLASSES:
        raise ProjectError(
            Phrase("teach.classes_n", "A project can have at most {0} classes. Delete one first.", MAX_CLASSES)
        )
    name = checked_name(name or _next_name(project), project.classes)
    return replace(project, classes=(*project.classes, TaughtClass(name)))


def _next_name(project: Project) -> str:
    taken = {same(one.name) for one in project.classes}
    return next(f"Class {n}" for n in range(len(taken) + 1, 2 * MAX_CLASSES + 2) if f"class {n}" not in taken)


def rename(project: Project, target: int, name: str) -> Project:
    """Rename a class; `ClassError` if the name is not allowed."""
    check_class(project, target)
    others = project.classes[:target] + project.classes[target + 1 :]
    return _with_class(project, target, replace(project.classes[target], name=checked_name(name, others)))


def enable(project: Project, target: int, enabled: bool) -> Project:
    """Include a class in training or exclude it; its samples are kept."""
    check_class(project, target)
    return _with_class(project, target, replace(project.classes[target], enabled=bool(enabled)))


def _with_class(project: Project, target: int, one: TaughtClass) -> Project:
    return replace(project, classes=(*project.classes[:target], one, *project.classes[target + 1 :]))


def reorder(project: Project, target: int, to: int) -> Project:
    """Move a class to another position."""
    check_class(project, target)
    order = [at for at in range(len(project.classes)) if at != target]
    order.insert(min(max(to, 0), len(order)), target)
    place = np.argsort(order)
    return replace(project, classes=tuple(project.classes[at] for at in order), targets=place[project.targets])


def delete_class(project: Project, target: int) -> Project:
    """Remove a class and its samples."""
    check_class(project, target)
    left = _kept(project, project.targets != target)
    classes = project.classes[:target] + project.classes[target + 1 :]
    return replace(left, classes=classes, targets=left.targets - (left.targets > target))


def check_class(project: Project, target: int) -> None:
    """Raise `ProjectError` unless there is a class at this position."""
    if not 0 <= target < len(project.classes):
        raise ProjectError(
            Phrase("teach.no_class_n", "There is no class {0}; the project has {1}.", target + 1, len(project.classes))
        )


# ---- samples


def add_samples(project: Project, target: int, samples: Samples, burst: int) -> Project:
    """Add samples of one recording to a class; `ProjectError`, and none is added, if they do not all fit."""
    check_class(project, target)
    check_room(project, len(samples))
    n = len(samples)
    return replace(
        project,
        samples=project.samples.plus(samples),
        targets=np.concatenate([project.targets, np.full(n, target)]),
        bursts=np.concatenate([project.bursts, np.full(n, burst)]),
        ids=np.concatenate([project.ids, project.made + np.arange(n)]),
        made=project.made + n,
    )


def check_room(project: Project, more: int) -> None:
    """Raise `ProjectError` unless this many samples can be added."""
    most = min(project.most, MAX_SAMPLES)
    if more > most - len(project):
        megabytes = -(-MEMORY_MB * most // MAX_SAMPLES)
        raise ProjectError(
            Phrase(
                "teach.full_n",
                "A session holds at most {0} samples ({1} MB); {2} are there and {3} "
                "more do not fit. Delete some first; none of them was dropped.",
                most,
                megabytes,
                len(project),
                more,
            )
        )


def next_burst(project: Project) -> int:
    """An unused burst number."""
    return int(project.bursts.max(initial=-1)) + 1


def delete_samples(project: Project, ids: np.ndarray | list[int]) -> Project:
    """Remove the samples with these numbers; unknown numbers are ignored."""
    return _kept(project, ~np.isin(project.ids, ids))


def clear_class(project: Project, target: int) -> Project:
    """Remove the samples of a class."""
    check_class(project, target)
    return _kept(project, project.targets != target)


def clear(project: Project) -> Project:
    """Remove all samples."""
    return _kept(project, np.zeros(len(project), bool))


@dataclass(frozen=True, eq=False)
class Deletion:
    """What a deletion removed: enough to restore it, without storing any sample twice.

    Parameters
    ----------
    classes : tuple of TaughtClass
        All classes before the deletion.
    targets : ndarray
        ``(m,)`` int: each remaining sample's position in `classes`.
    taken : Project
        The removed samples.
    """

    classes: tuple[TaughtClass, ...]
    targets: np.ndarray
    taken: Project

    @classmethod
    def between(cls, before: Project, after: Project) -> Deletion:
        """What was removed from `before` to get `after`."""
        stayed = np.isin(before.ids, after.ids)
        return cls(before.classes, before.targets[stayed], _kept(before, ~stayed))

    def restored(self, project: Project) -> Project:
        """The project before the deletion; `project` is the one after it."""
        taken = self.taken
        ids = np.concatenate([project.ids, taken.ids])
        whole = replace(
            project,
            classes=self.classes,
            samples=project.samples.plus(taken.samples),
            targets=np.concatenate([self.targets, taken.targets]),
            bursts=np.concatenate([project.bursts, taken.bursts]),
            ids=ids,
        )
        return _kept(whole, np.argsort(ids))


def _kept(project: Project, keep: np.ndarray) -> Project:
    return replace(
        project,
        samples=project.samples[keep],
        targets=project.targets[keep],
        bursts=project.bursts[keep],
        ids=project.ids[keep],
    )


# ---- warnings


def balance_warning(project: Project) -> str:
    """A sentence if the classes are unbalanced; empty otherwise."""
    counts = {project.classes[at].name: int(project.counts[at]) for at in project.taught}
    if len(counts) < 2:
        return ""
    most, least = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
    if counts[most] < UNBALANCED * counts[least]:
        return ""
    return Phrase(
        "teach.balance_own",
        "“{0}” has {1} samples and “{2}” {3}: when in doubt, a model may learn "
        "to pick the larger class. Collect about the same number for each.",
        most,
        counts[most],
        least,
        counts[least],
    )


def near_duplicates(project: Project) -> np.ndarray:
    """``(n,)`` bool: which samples are near-duplicates of an earlier one of their class."""
    flags = np.zeros(len(project), bool)
    for target in range(len(project.classes)):
        rows = np.flatnonzero(project.targets == target)
        flags[rows] = near_copies(project.faces.images[rows])
    return flags
