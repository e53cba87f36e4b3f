"""Predictions for faces over time as compact arrays, and their export as CSV and JSON.

The CSV has one row per face, analysed frame and model::

    time,face,left,top,right,bottom,agree,model,label,probability,sure,angry,disgust,...
    0.000,1,176.3,63.0,277.1,185.2,True,hog-svm,happy,0.973,True,0.001,0.000,...

A frame without a face has one row with face 0 and no other values, so that every frame is listed. Lengths
are in pixels of the analysed frames: upright, with sides of at most `features.clips.MAX_SIDE`.
"""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

import numpy as np

from zoo.filenames import cell
from zoo.inference.live_stream import LiveFace, LiveFrame
from zoo.labels import LabelSet


@dataclass(frozen=True, eq=False)
class Timeline:
    """One row per face and analysed frame; n rows, m models, k labels.

    Parameters
    ----------
    models : tuple of str
    labels : LabelSet
    moments : ndarray
        ``(t,)`` float32, times of all analysed frames in seconds, increasing.
    times : ndarray
        ``(n,)`` float32, time of each row in seconds.
    numbers : ndarray
        ``(n,)`` int32, number of each row's face.
    boxes : ndarray
        ``(n, 4)`` float32: left, top, right, bottom in pixels.
    probs : ndarray
        ``(n, m, k)`` float32.
    shown : ndarray
        ``(n, m)`` uint8, index of the label shown; with smoothing, not always the most probable one.
    neutral : ndarray
        ``(n,)`` float32: how neutral the face looks to all models of the clip, see `zoo.models.resting.neutrality`.

    Raises
    ------
    ValueError
        An array has the wrong shape.
    """

    models: tuple[str, ...]
    labels: LabelSet
    moments: np.ndarray
    times: np.ndarray
    numbers: np.ndarray
    boxes: np.ndarray
    probs: np.ndarray
    shown: np.ndarray
    neutral: np.ndarray

    def __post_init__(self) -> None:
        n, m, k = len(self.times), len(self.models), len(self.labels)
        expected = {"numbers": (n,), "boxes": (n, 4), "probs": (n, m, k), "shown": (n, m), "neutral": (n,)}
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} has shape {getattr(self, name).shape}; expected {shape}")

    def __len__(self) -> int:
        return len(self.times)

    @property
    def agree(self) -> np.ndarray:
        """``(n,)`` bool: whether all models showed the same label."""
        return (self.shown == self.shown[:, :1]).all(axis=1)

    @property
    def agreement(self) -> float | None:
        """Fraction of rows on which all models showed the same label; None without a face or with a single model."""
        return float(self.agree.mean()) if len(self) and len(self.models) > 1 else None

    @property
    def faces(self) -> list[int]:
        """Numbers of the faces, most frequent first."""
        numbers, counts = np.unique(self.numbers, return_counts=True)
        return numbers[np.lexsort((numbers, -counts))].tolist()

    def of(self, number: int) -> Timeline:
        """The rows of one face."""
        rows = self.numbers == number
        columns = (self.times, self.numbers, self.boxes, self.probs, self.shown, self.neutral)
        kept = (column[rows] for column in columns)
        return Timeline(self.models, self.labels, self.moments, *kept)

    def shares(self, model: int) -> dict[str, float]:
        """Fraction of rows on which a model showed each label; labels never shown are omitted."""
        counts = np.bincount(self.shown[:, model], minlength=len(self.labels)) / max(1, len(self))
        named = zip(self.labels, counts.tolist(), strict=True)
        return dict(sorted(((label, share) for label, share in named if share), key=lambda pair: -pair[1]))


class Recorder:
    """Collects a `Timeline`: a few hundred bytes per face and frame.

    Parameters
    ----------
    models : sequence of str
    labels : LabelSet
    """

    def __init__(self, models: Sequence[str], labels: LabelSet) -> None:
        self.models, self.labels = tuple(models), labels
        self._moments, self._times, self._boxes, self._probs, self._neutral = (array("f") for _ in range(5))
        self._numbers, self._shown = array("i"), array("B")

    def add(self, seen: LiveFrame, time: float) -> None:
        """Add one analysed frame with the recorder's labels and models."""
        self._moments.append(time)
        for face in seen.faces:
            self._times.append(time)
            self._numbers.append(face.number)
            self._boxes.extend(face.box.tolist())
            self._neutral.append(face.neutral)
            for name in self.models:
                self._probs.extend(face.answers[name].tolist())
                self._shown.append(self.labels.index(face.shown[name]))

    def timeline(self) -> Timeline:
        """Everything added so far."""
        m, k = len(self.models), len(self.labels)
        return Timeline(
            self.models,
            self.labels,
            np.array(self._moments, np.float32),
            np.array(self._times, np.float32),
            np.array(self._numbers, np.int32),
            np.array(self._boxes, np.float32).reshape(-1, 4),
            np.array(self._probs, np.float32).reshape(-1, m, k),
            np.array(self._shown, np.uint8).reshape(-1, m),
            np.array(self._neutral, np.float32),
        )


def frame_at(timelines: Sequence[Timeline], moment: int, size: tuple[int, int]) -> LiveFrame:
    """The predictions for an analysed frame, for drawing them.

    Parameters
    ----------
    timelines : sequence of Timeline
        Of the same faces and moments, one per label set; the first has the requested labels.
    moment : int
        Position among `Timeline.moments`.
    size : (int, int)
        Width and height of the frame.
    """
    first = timelines[0]
    rows = np.flatnonzero(first.times == first.moments[moment]).tolist()
    own = {name: one.labels for one in timelines for name in one.models if one.labels != first.labels}
    return LiveFrame(size, first.labels, tuple(_live_face(timelines, i) for i in rows), 0.0, {}, own)


def _live_face(timelines: Sequence[Timeline], i: int) -> LiveFace:
    answers = {name: one.probs[i, j] for one in timelines for j, name in enumerate(one.models)}
    shown = {name: one.labels.labels[one.shown[i, j]] for one in timelines for j, name in enumerate(one.models)}
    first = timelines[0]
    return LiveFace(int(first.numbers[i]), first.boxes[i], None, answers, shown, 1.0, False)


COLUMNS = ("time", "face", "left", "top", "right", "bottom", "agree", "model", "label", "probability", "sure")


def rows(timeline: Timeline, thresholds: Mapping[str, float]) -> Iterator[list[object]]:
    """Yield the table's rows one at a time, in the order of `COLUMNS` and the labels.

    Parameters
    ----------
    timeline : Timeline
    thresholds : mapping
        Model name to the probability below which its answer counts as not sure.
    """
    empty = [""] * (len(COLUMNS) - 2 + len(timeline.labels))
    starts = np.searchsorted(timeline.times, timeline.moments, "left")
    ends = np.searchsorted(timeline.times, timeline.moments, "right")
    agree = timeline.agree
    for moment, start, end in zip(timeline.moments.tolist(), starts, ends, strict=True):
        if start == end:
            yield [round(moment, 3), 0, *empty]
        for i in range(start, end):
            head = [round(moment, 3), int(timeline.numbers[i]), *timeline.boxes[i].round(1).tolist(), bool(agree[i])]
            for j, name in enumerate(timeline.models):
                yield [*head, *_answer(timeline, i, j, thresholds[name])]


def _answer(timeline: Timeline, i: int, j: int, threshold: float) -> list[object]:
    probs = [round(p, 3) for p in timeline.probs[i, j].tolist()]
    shown = int(timeline.shown[i, j])
    sure = bool(timeline.probs[i, j, shown] >= threshold)
    return [timeline.models[j], timeline.labels.labels[shown], probs[shown], sure, *probs]


def write_csv(timeline: Timeline, thresholds: Mapping[str, float], stream: TextIO) -> None:
    """Write the whole table with a header; text that a spreadsheet would run as a formula is escaped."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(map(cell, (*COLUMNS, *timeline.labels)))
    writer.writerows(map(cell, row) for row in rows(timeline, thresholds))


def as_json(timeline: Timeline) -> dict[str, object]:
    """A timeline as JSON data, grouped by face, with one list per quantity instead of one object per frame."""
    rate = timeline.agreement
    return {
        "labels": list(timeline.labels),
        "models": list(timeline.models),
        "analysed": len(timeline.moments),
        "agreement": None if rate is None else round(rate, 4),
        "faces": [_face(timeline.of(number), number) for number in sorted(timeline.faces)],
    }


def _face(face: Timeline, number: int) -> dict[str, object]:
    rate = face.agreement
    return {
        "number": number,
        "agreement": None if rate is None else round(rate, 4),
        "times": _rounded(face.times, 3),
        "boxes": [_rounded(box, 1) for box in face.boxes],
        "answers": {name: _answers(face, j) for j, name in enumerate(face.models)},
    }


def _answers(face: Timeline, j: int) -> dict[str, object]:
    return {
        "shown": [face.labels.labels[i] for i in face.shown[:, j]],
        "probabilities": {label: _rounded(face.probs[:, j, i], 3) for i, label in enumerate(face.labels)},
    }


def _rounded(values: np.ndarray, digits: int) -> list[float]:
    return [round(value, digits) for value in values.tolist()]
