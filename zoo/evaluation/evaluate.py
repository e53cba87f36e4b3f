"""Evaluates models on a FER2013 file or on folders of photos. The figures on the cards are computed here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np
from tqdm import tqdm

from features.align import AlignedFaces
from zoo.card_fields import MixName
from zoo.cards import Figures, Robustness, Slice
from zoo.classifier import Classifier, common_spec
from zoo.evaluation.intervals import rounded
from zoo.evaluation.metrics import Paired, Scored, figures, interval, paired, right_of_surest
from zoo.evaluation.paired import Recall, Together
from zoo.evaluation.people import Answers, Known, People, Relative, clustered, known, relative
from zoo.evaluation.slices import measured, slices
from zoo.evaluation.test_sets import NO_FACE, TestSet, View
from zoo.labels import EIGHT, LabelSet
from zoo.models.label_mix import FER2013, LabelMix
from zoo.prediction import Prediction

SHARES = (0.2, 0.4, 0.6, 0.8, 1.0)
BATCH = 128
AS_LEARNED = LabelMix()


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
    mix: MixName = FER2013


@dataclass(frozen=True)
class Coverage:
    """Accuracy of a model on its most confident answers.

    Parameters
    ----------
    accuracy : tuple of float
        Accuracy on the most confident 20, 40, 60, 80 and 100 % (`SHARES`).
    """

    model: str
    data: str
    labels: str
    accuracy: tuple[float, ...]


@dataclass(frozen=True)
class Evaluation:
    """Results: model name to its lines of figures; for the first view, pairs of models, coverage and slices.

    `robustness` is measured separately, by `zoo.evaluation.corruptions.stress`.
    """

    figures: dict[str, tuple[Figures, ...]]
    pairs: tuple[Pair, ...]
    coverage: tuple[Coverage, ...]
    notes: tuple[str, ...]
    failed: tuple[str, ...]
    slices: dict[str, tuple[Slice, ...]] = field(default_factory=dict)
    no_face: tuple[str, ...] = ()
    robustness: dict[str, Robustness] = field(default_factory=dict)
    people: dict[str, Relative] = field(default_factory=dict)


def evaluate(
    models: Sequence[Classifier],
    test: TestSet,
    label_sets: Sequence[LabelSet],
    mix: LabelMix = AS_LEARNED,
    people: People | None = None,
) -> Evaluation:
    """Evaluate models on the same faces.

    Parameters
    ----------
    models : sequence of Classifier
        All of one `AlignSpec`.
    test : TestSet
        Aligned with that spec.
    label_sets : sequence of LabelSet
        Answers are evaluated in each set that model and data both know; pictures with other
        labels are left out.
    mix : LabelMix
        Assumed label frequencies.
    people : People, optional
        Who is in which picture: intervals are then clustered by person, and answers relative to resting faces and
        results by group are given, too.
    """
    common_spec(models)
    pictures, note = known(test, people) if people else (None, "")
    test = clustered(test, pictures) if pictures else test
    original = {model.name: predict(model, test.faces) for model in models}
    predictions = {name: mix.applied(name, answer) for name, answer in original.items()}
    raw = {model.name: predict_uncalibrated(model, test.faces) for model in models}
    before = {name: None if answer is None else mix.applied(name, answer) for name, answer in raw.items()}
    found = {name: tuple(_lines(predictions[name], before[name], test, label_sets)) for name in predictions}
    lines = {name: tuple(replace(line, mix=mix.name) for line in each) for name, each in found.items()}
    pairs = tuple(replace(pair, mix=mix.name) for pair in _pairs(predictions, test, label_sets))
    coverage = _coverage(predictions, test, label_sets)
    sliced = _slices(predictions, test, label_sets)
    result = Evaluation(lines, pairs, tuple(coverage), test.notes, test.failed, sliced, test.no_face)
    if pictures is None:
        return result
    answers = {name: Answers(original[name], predictions[name], mix.name) for name in original}
    return _with_people(result, answers, pictures, label_sets, note)


def _with_people(
    result: Evaluation, answers: dict[str, Answers], pictures: Known, label_sets: Sequence[LabelSet], note: str
) -> Evaluation:
    """The result with the evaluation relative to resting faces added."""
    found = {name: relative(one, pictures, label_sets) for name, one in answers.items()}
    compared = {name: one for name, one in found.items() if one is not None}
    more = {name: one.lines for name, one in compared.items()}
    lines = {name: (*each, *more.get(name, ())) for name, each in result.figures.items()}
    return replace(result, figures=lines, people=compared, notes=(*result.notes, note))


def predict(model: Classifier, faces: AlignedFaces) -> Prediction:
    """A model's answers for many faces, in batches, with a progress bar."""
    return _in_batches(model.predict_proba, faces, model)


def predict_uncalibrated(model: Classifier, faces: AlignedFaces) -> Prediction | None:
    """The same before calibration; None for a model without calibration."""
    if not hasattr(model, "uncalibrated"):
        return None
    return _in_batches(model.uncalibrated, faces, model, ", uncalibrated")


def _in_batches(answer: Callable, faces: AlignedFaces, model: Classifier, note: str = "") -> Prediction:
    starts = range(0, len(faces), BATCH)
    bar = tqdm(starts, desc=model.name + note, unit=f"x{BATCH}", disable=None)
    parts = [answer(faces[start : start + BATCH]).probs for start in bar]
    return Prediction(np.concatenate([np.zeros((0, len(model.labels)), np.float32), *parts]), model.labels)


def score(prediction: Prediction, view: View, groups: np.ndarray) -> Scored:
    """Combine a model's answers for all faces with the targets of one view, in the view's labels."""
    answered = view.rows != NO_FACE
    probs = np.full((len(view.rows), len(view.labels)), 1 / len(view.labels), np.float32)
    probs[answered] = prediction.to(view.labels).probs[view.rows[answered]]
    # A picture without a face is a group of its own.
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
    """Views with the label sets for their evaluation: eight labels for FER+, the requested ones for all others."""
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
    """The same comparison for the pictures of each label."""
    for label in range(k):
        rows = np.flatnonzero(first.targets == label)
        if not len(rows):
            yield Recall(0.0, 0.0, 0.0, 1.0)
            continue
        result = paired(first.right[rows], second.right[rows], first.groups[rows])
        yield Recall(round(result.difference, 4), *rounded(result.interval), result.p_value)


def _together(first: Scored, second: Scored) -> Together:
    """The average of both models' probabilities, compared with the better model alone."""
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
    """Slices in the first requested label set that a model knows, for pictures with a mesh."""
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
