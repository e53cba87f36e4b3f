"""Scores models on a FER2013 file or on a tree of photos: the figures on the cards come from here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path

import numpy as np
from tqdm import tqdm

from features import images
from features.align import AlignedFaces, AlignSpec, align
from features.images import ImageError
from features.mesh import FaceMesher
from zoo import filenames
from zoo.cards import Figures, Robustness, Slice
from zoo.classifier import Classifier
from zoo.datasets.aligned import (
    FERPLUS_VOTES,
    SPLITS,
    AlignedSet,
    DataError,
    Folder,
    concatenate,
    is_standard_fer2013,
    load_fer2013,
    read_ferplus,
    read_folder,
)
from zoo.datasets.duplicates import groups_of, load_duplicates
from zoo.evaluation.metrics import Paired, Scored, figures, interval, paired, right_of_surest
from zoo.evaluation.paired import Recall, Together
from zoo.evaluation.slices import measured, slices
from zoo.inference.compare import common_spec
from zoo.labels import EIGHT, SEVEN, LabelSet
from zoo.prediction import Prediction

FER2013 = "FER2013"
WITHOUT_DUPLICATES = "FER2013 without near-duplicates"
FERPLUS = "FER+ majority"
PHOTOS = "photos"
SHARES = (0.2, 0.4, 0.6, 0.8, 1.0)
BATCH = 128
NO_FACE = -1


@dataclass(frozen=True, eq=False)
class View:
    """One way to score the same faces.

    Parameters
    ----------
    data : str
        What the card calls it.
    rows : ndarray
        ``(n,)`` int: which face belongs to each picture, `NO_FACE` where none was found.
    targets : ndarray
        ``(n,)`` int, positions in `labels`.
    labels : LabelSet
        What the pictures are labelled with.
    """

    data: str
    rows: np.ndarray
    targets: np.ndarray
    labels: LabelSet = SEVEN

    def within(self, labels: LabelSet) -> View:
        """Only the pictures whose label is in a smaller set."""
        place = np.array([labels.labels.index(name) if name in labels.labels else -1 for name in self.labels])
        targets = place[self.targets]
        return View(self.data, self.rows[targets >= 0], targets[targets >= 0], labels)


@dataclass(frozen=True, eq=False)
class TestSet:
    """Faces, what they are labelled with, and the ways to score them.

    Parameters
    ----------
    split : str
    faces : AlignedFaces
        ``m`` crops.
    groups : ndarray
        ``(m,)`` int: near-duplicates share a number.
    views : tuple of View
    notes : tuple of str
        Sentences a reader of the figures should know.
    failed : tuple of str
        Sentences on pictures that could not be read; they are in no figure.
    no_face : tuple of str
        Files in which no face was found.
    found : ndarray, optional
        ``(m,)`` bool: whether a crop shows a face that the mesh found; all when not given.
    """

    __test__ = False  # not a test, whatever pytest makes of its name

    split: str
    faces: AlignedFaces
    groups: np.ndarray
    views: tuple[View, ...]
    notes: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    no_face: tuple[str, ...] = ()
    found: np.ndarray | None = None


@dataclass(frozen=True)
class Pair:
    """Two models on the same pictures."""

    first: str
    second: str
    data: str
    labels: str
    result: Paired
    by_label: tuple[Recall, ...]
    together: Together


@dataclass(frozen=True)
class Coverage:
    """How often a model is right when it answers only where it is surest.

    Parameters
    ----------
    accuracy : tuple of float
        Share right among the surest 20, 40, 60, 80 and 100 % (`SHARES`).
    """

    model: str
    data: str
    labels: str
    accuracy: tuple[float, ...]


@dataclass(frozen=True)
class Evaluation:
    """What came out: model name to its lines of figures; on the first view, pairs of models, coverage and slices.

    `robustness` is measured apart, by `zoo.evaluation.corruptions.stress`.
    """

    figures: dict[str, tuple[Figures, ...]]
    pairs: tuple[Pair, ...]
    coverage: tuple[Coverage, ...]
    notes: tuple[str, ...]
    failed: tuple[str, ...]
    slices: dict[str, tuple[Slice, ...]] = field(default_factory=dict)
    no_face: tuple[str, ...] = ()
    robustness: dict[str, Robustness] = field(default_factory=dict)


def evaluate(models: Sequence[Classifier], test: TestSet, label_sets: Sequence[LabelSet]) -> Evaluation:
    """Score models on the same faces.

    Parameters
    ----------
    models : sequence of Classifier
        All of one `AlignSpec`.
    test : TestSet
        Cut to that spec.
    label_sets : sequence of LabelSet
        Answers are scored in each that both the model and the data know; pictures with other
        labels are left out.
    """
    common_spec(models)
    predictions = {model.name: predict(model, test.faces) for model in models}
    before = {model.name: predict_uncalibrated(model, test.faces) for model in models}
    lines = {name: tuple(_lines(predictions[name], before[name], test, label_sets)) for name in predictions}
    pairs, coverage = _pairs(predictions, test, label_sets), _coverage(predictions, test, label_sets)
    sliced = _slices(predictions, test, label_sets)
    return Evaluation(lines, tuple(pairs), tuple(coverage), test.notes, test.failed, sliced, test.no_face)


def predict(model: Classifier, faces: AlignedFaces) -> Prediction:
    """A model's answers on many faces, batch by batch, with a progress bar."""
    return _in_batches(model.predict_proba, faces, model)


def predict_uncalibrated(model: Classifier, faces: AlignedFaces) -> Prediction | None:
    """The same before calibration; None for a model that knows no such thing."""
    if not hasattr(model, "uncalibrated"):
        return None
    return _in_batches(model.uncalibrated, faces, model, ", uncalibrated")


def _in_batches(answer: Callable, faces: AlignedFaces, model: Classifier, note: str = "") -> Prediction:
    starts = range(0, len(faces), BATCH)
    bar = tqdm(starts, desc=model.name + note, unit=f"x{BATCH}", disable=None)
    parts = [answer(faces[start : start + BATCH]).probs for start in bar]
    return Prediction(np.concatenate([np.zeros((0, len(model.labels)), np.float32), *parts]), model.labels)


def score(prediction: Prediction, view: View, groups: np.ndarray) -> Scored:
    """Lay a model's answers on all faces beside the targets of one view, in the view's labels."""
    answered = view.rows != NO_FACE
    probs = np.full((len(view.rows), len(view.labels)), 1 / len(view.labels), np.float32)
    probs[answered] = prediction.to(view.labels).probs[view.rows[answered]]
    # A picture without a face is nobody's copy: it gets a group of its own.
    own = np.where(answered, 0, groups.max(initial=0) + 1 + np.arange(len(view.rows)))
    own[answered] = groups[view.rows[answered]]
    return Scored(Prediction(probs, view.labels), view.targets, answered, own)


def _known(labels: LabelSet, *others: LabelSet) -> bool:
    return all(set(labels) <= set(other) for other in others)


def _lines(
    prediction: Prediction, before: Prediction | None, test: TestSet, label_sets: Sequence[LabelSet]
) -> Iterable[Figures]:
    for view, labels in _cases(test.views, label_sets):
        if _known(labels, prediction.labels):
            pictures = view.within(labels)
            raw = score(before, pictures, test.groups) if before is not None else None
            yield figures(score(prediction, pictures, test.groups), view.data, test.split, raw)


def _cases(views: Iterable[View], label_sets: Sequence[LabelSet]) -> Iterable[tuple[View, LabelSet]]:
    """Views with the label sets they are scored in: FER+ has its own eight, all others those asked for."""
    for view in views:
        for labels in [view.labels] if view.labels == EIGHT else label_sets:
            if _known(labels, view.labels) and len(view.within(labels).rows):
                yield view, labels


def _pairs(predictions: dict[str, Prediction], test: TestSet, label_sets: Sequence[LabelSet]) -> Iterable[Pair]:
    for view, labels in _cases(test.views[:1], label_sets):
        able = [name for name, prediction in predictions.items() if _known(labels, prediction.labels)]
        scored = {name: score(predictions[name], view.within(labels), test.groups) for name in able}
        for first, second in combinations(able, 2):
            both = scored[first], scored[second]
            result = paired(both[0].right, both[1].right, both[0].groups)
            by_label = tuple(_by_label(*both, len(labels)))
            yield Pair(first, second, view.data, labels.name, result, by_label, _together(*both))


def _by_label(first: Scored, second: Scored, k: int) -> Iterable[Recall]:
    """The same on the pictures of each label alone."""
    for label in range(k):
        rows = np.flatnonzero(first.targets == label)
        if not len(rows):
            yield Recall(0.0, 0.0, 0.0, 1.0)
            continue
        result = paired(first.right[rows], second.right[rows], first.groups[rows])
        yield Recall(*(round(value, 4) for value in (result.difference, *result.interval)), result.p_value)


def _together(first: Scored, second: Scored) -> Together:
    """The two with their probabilities averaged, beside the better one alone."""
    averaged = replace(first, prediction=replace(first.prediction, probs=(first.probs + second.probs) / 2))
    better = max(first, second, key=lambda scored: scored.right.sum())
    result = paired(averaged.right, better.right, first.groups)
    ends = interval(averaged.right, first.groups)
    shares = [(first.right & second.right), (first.right & ~second.right), (second.right & ~first.right)]
    measured = (averaged.right.mean(), *ends, result.difference, result.p_value, *(share.mean() for share in shares))
    return Together(*(float(value) for value in measured))


def _coverage(predictions: dict[str, Prediction], test: TestSet, label_sets: Sequence[LabelSet]) -> Iterable[Coverage]:
    for view, labels in _cases(test.views[:1], label_sets):
        for name, prediction in predictions.items():
            if _known(labels, prediction.labels):
                scored = score(prediction, view.within(labels), test.groups)
                surest = right_of_surest(scored.prediction.confidence, scored.right, np.array(SHARES))
                yield Coverage(name, view.data, labels.name, surest)


def _slices(
    predictions: dict[str, Prediction], test: TestSet, label_sets: Sequence[LabelSet]
) -> dict[str, tuple[Slice, ...]]:
    """In the first label set asked for that a model knows; pictures without a mesh have nothing to be measured by."""
    cases, factors = list(_cases(test.views[:1], label_sets)), measured(test.faces)
    found = np.ones(len(test.faces), bool) if test.found is None else test.found
    made = {}
    for name, prediction in predictions.items():
        for view, labels in [case for case in cases if _known(case[1], prediction.labels)][:1]:
            pictures = view.within(labels)
            seen = (pictures.rows != NO_FACE) & found[pictures.rows]
            rows = {factor: np.where(seen, values[pictures.rows], np.nan) for factor, values in factors.items()}
            made[name] = tuple(slices(score(prediction, pictures, test.groups), rows))
    return made


# --- FER2013 ---------------------------------------------------------------------------------


def fer2013_test(path: Path, spec: AlignSpec, split: str, votes: Path | None = None) -> TestSet:
    """One split of a FER2013 file: as everyone scores it, without near-duplicates, and against FER+.

    Parameters
    ----------
    path : Path
        Kaggle's CSV, possibly compressed.
    spec : AlignSpec
    split : str
        PublicTest or PrivateTest.
    votes : Path, optional
        FER+'s ``fer2013new.csv`` for the same rows.

    Raises
    ------
    DataError
    """
    if split not in SPLITS:
        raise DataError(f"There is no split {split!r}; choose one of {', '.join(SPLITS)}.")
    data = load_fer2013(path, spec)
    test, duplicates = data.split(split), load_duplicates(path, split)
    rows = np.arange(len(test))
    views = [View(FER2013, rows, test.targets)]
    if not duplicates.seen.all():
        fresh = np.flatnonzero(~duplicates.seen)
        views.append(View(WITHOUT_DUPLICATES, fresh, test.targets[fresh]))
    if votes is not None:
        views.append(_ferplus_view(votes, data, split))
    notes = _fer2013_notes(data, test, duplicates.seen)
    return TestSet(split, test.faces, duplicates.groups, tuple(views), notes, found=test.found)


def _fer2013_notes(data: AlignedSet, test: AlignedSet, seen: np.ndarray) -> tuple[str, ...]:
    missed = int((~test.found).sum())
    notes = [
        f"{len(test)} pictures; the mesh missed {missed} ({missed / len(test):.1%}), of which the middle was used.",
        f"{seen.sum()} ({seen.mean():.1%}) have a near-duplicate in a split models are trained or chosen on.",
    ]
    if not is_standard_fer2013(data):
        notes.append("The class counts are not those of Kaggle's FER2013: do not compare with published figures.")
    return tuple(notes)


def _ferplus_view(votes: Path, data: AlignedSet, split: str) -> View:
    majority = ferplus_majority(read_ferplus(votes))
    if len(majority) != len(data):
        raise DataError(f"{votes} has {len(majority)} rows, the data {len(data)}; they must be of the same pictures.")
    targets = majority[data.splits == split]
    return View(FERPLUS, np.flatnonzero(targets >= 0), targets[targets >= 0], EIGHT)


def ferplus_majority(votes: np.ndarray) -> np.ndarray:
    """The label most FER+ taggers gave: ``(n, 10) -> (n,)`` int in `EIGHT`, -1 where there is none.

    Single votes are noise and dropped; a label needs more than half of the rest; pictures
    that most call "unknown" or "no face" have none.

    References
    ----------
    Barsoum et al., "Training deep networks for facial expression recognition with
    crowd-sourced label distribution", ICMI 2016, section 3.
    """
    spelt = {"anger": "angry", "happiness": "happy", "sadness": "sad"}
    place = np.array([EIGHT.index(spelt.get(name, name)) for name in FERPLUS_VOTES[:8]] + [-1, -1])
    kept = np.where(votes > 1, votes, 0)
    clear = 2 * kept.max(axis=1) > kept.sum(axis=1)
    return np.where(clear, place[kept.argmax(axis=1)], -1)


# --- Photos in class folders -----------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Found:
    """What the street made of a folder's pictures.

    Parameters
    ----------
    faces : AlignedFaces
        One a picture in which a face was found.
    rows : ndarray
        ``(n,)`` int: the face of each picture; `NO_FACE` where there is none.
    readable : ndarray
        ``(n,)`` bool.
    several : int
        Pictures with more than one face.
    failed : tuple of str
        What could not be read, and why.
    """

    faces: AlignedFaces
    rows: np.ndarray
    readable: np.ndarray
    several: int
    failed: tuple[str, ...]


def photo_test(root: Path, spec: AlignSpec) -> TestSet:
    """A tree of class folders, each photo taken the whole way: read, find the largest face, align.

    Scored twice: on photos in which a face was found, and on all, where no face is a wrong answer.
    Pictures of contempt, which only models of eight labels know, are in a third view. Photos of one
    burst, whose crops are near-duplicates, are drawn together in intervals.

    Raises
    ------
    DataError
        An unknown folder, no photo, or none with a face.
    """
    folder = read_folder(root)
    seen = _find_all(folder.paths, spec)
    if not len(seen.faces):
        raise DataError(f"{root}: a face was found in none of {len(folder.paths)} pictures; nothing can be scored.")
    name, groups = root.resolve().name, groups_of(seen.faces.images)
    rows, targets = seen.rows[seen.readable], folder.targets[seen.readable]
    hit = rows != NO_FACE
    views = [View(f"{name}, face found", rows[hit], targets[hit], EIGHT), View(f"{name}, all", rows, targets, EIGHT)]
    sevens = [view.within(SEVEN) for view in views]
    with_contempt = [replace(views[1], data=f"{name}, all, with contempt")] if (targets >= len(SEVEN)).any() else []
    no_face = tuple(
        filenames.readable(str(folder.paths[i])) for i in np.flatnonzero(seen.readable & (seen.rows == NO_FACE))
    )
    notes = tuple(_photo_notes(folder, seen, name, groups))
    return TestSet(PHOTOS, seen.faces, groups, (*sevens, *with_contempt), notes, seen.failed, no_face)


def _photo_notes(folder: Folder, seen: Found, name: str, groups: np.ndarray) -> Iterable[str]:
    """What was read, found and left out, in sentences."""
    missed = folder.targets[seen.readable & (seen.rows == NO_FACE)]
    n, where = int(seen.readable.sum()), ", ".join(_counted(missed))
    head = f"{n} pictures; no face was found in {len(missed)} ({len(missed) / n:.1%})"
    if len(missed):
        yield f"{head}: {where}. They are left out of '{name}, face found' and are wrong answers in '{name}, all'."
    else:
        yield f"{head}."
    if seen.several:
        yield f"More than one face: {seen.several} of {n} pictures; the largest is judged."
    if copies := len(groups) - len(set(groups.tolist())):
        yield f"Near-duplicates of another face: {copies}; intervals count such a group once."
    if folder.read_as:
        yield f"Folders were read as: {', '.join(f'{spelt} = {label}' for spelt, label in folder.read_as.items())}."
    if others := int((folder.targets >= len(SEVEN)).sum()):
        yield f"Contempt: {others} pictures, only in '{name}, all, with contempt', for models of 8 labels."


def _counted(targets: np.ndarray) -> list[str]:
    return [f"{label} {n}" for label, n in zip(EIGHT, np.bincount(targets, minlength=len(EIGHT)), strict=True) if n]


def _find_all(paths: Sequence[Path], spec: AlignSpec) -> Found:
    parts, failed, several = [AlignedFaces.empty(spec)], [], 0
    rows, readable = np.full(len(paths), NO_FACE), np.ones(len(paths), bool)
    with FaceMesher() as mesher:
        for i, path in enumerate(tqdm(paths, desc="finding faces", unit="photo", disable=None)):
            try:
                image = images.load(path)
            except ImageError as error:
                readable[i] = False
                failed.append(filenames.readable(f"{path}: {error}"))
                continue
            faces = mesher.find(image)
            several += len(faces) > 1
            if len(faces):
                rows[i] = len(parts) - 1
                parts.append(align(image, faces[:1], spec))
    return Found(concatenate(parts), rows, readable, several, tuple(failed))
