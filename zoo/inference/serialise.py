"""A `Comparison` as JSON and as CSV rows: one format for the page's downloads, the API and ``predict``.

One picture as JSON::

    {"file": "astronaut.jpg", "width": 512, "height": 512,
     "labels": ["angry", "disgust", ...], "models": ["hog-svm", "cnn"], "mix": "equal",
     "faces_found": 1, "faces": [
       {"number": 1,
        "box": {"left": 176.3, "top": 63.0, "right": 277.1, "bottom": 185.2},
        "pose": {"yaw": -8.1, "pitch": 3.0, "roll": 9.9},
        "quality": {"notes": ["Dark: turn to a lamp or a window."],
                    "measures": {"size": 104.1, "brightness": 51.2, "sharpness": 0.62, "outside": 0.0}},
        "agree": true,
        "answers": {
          "hog-svm": {"label": "happy", "probability": 0.97, "sure": true,
                      "probabilities": {"angry": 0.001, "disgust": 0.0, ...}},
          "cnn": {...}}}],
     "milliseconds": {"mesh": 3.6, "align": 0.2, "hog-svm": 6.1, "cnn": 1.9}}

`label` is what the face *looks most like*; `sure` says whether its probability reaches the model's threshold for the
label mix. A label that a model never learned has probability 0. Lengths are in pixels of the picture, x to the right
and y down; angles are in degrees; milliseconds are for the whole picture; the measures of quality are those of
`features.quality.Quality`. If the picture has no face, `faces` is empty; `faces_found` exceeds the length of `faces` if
fewer faces were requested than were found.

With a resting picture, there is also ``"rest": {"file": "calm.jpg", "faces": 1}`` next to `mix`, and each face has
``"resting": {"face": 1, "answers": {...}}`` with the answers relative to that resting face (null if it has none). In
these answers all labels are assumed to be equally frequent, and *neutral* means "no clear change". In the table, they
are the columns `rest`, `resting_face`, `resting_label`, `resting_probability` and `resting_sure`.

`rows` turns a record into table rows, one per face and model, and `to_csv` writes these as text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np

from features import quality
from zoo.filenames import cell, readable
from zoo.inference.compare import Comparison
from zoo.inference.rested import Rested
from zoo.models.resting import sure
from zoo.prediction import Prediction


class Answer(TypedDict):
    """One model's prediction for one face."""

    label: str
    probability: float
    sure: bool
    probabilities: dict[str, float]


class Quality(TypedDict):
    """Advice for the user, and the measurements it is based on."""

    notes: list[str]
    measures: dict[str, float]


class Resting(TypedDict):
    """Answers relative to a resting face, and its number."""

    face: int
    answers: dict[str, Answer]


class Face(TypedDict, total=False):
    """One face and every model's prediction; `resting` only if a resting picture was given."""

    number: int
    box: dict[str, float]
    pose: dict[str, float]
    quality: Quality
    agree: bool
    answers: dict[str, Answer]
    resting: Resting | None


class RestingPicture(TypedDict):
    """Source of the resting faces; if `file` is empty, they are other faces in the same picture."""

    file: str
    faces: int


class Record(TypedDict, total=False):
    """One picture; `rest` only if a resting picture was given."""

    file: str
    width: int
    height: int
    labels: list[str]
    models: list[str]
    faces_found: int
    mix: str
    rest: RestingPicture
    faces: list[Face]
    milliseconds: dict[str, float]


MEASURES = ("size", "brightness", "sharpness", "outside")


def record(
    comparison: Comparison, thresholds: Mapping[str, float], file: str = "", rested: Rested | None = None
) -> Record:
    """A comparison as JSON data.

    Parameters
    ----------
    comparison : Comparison
    thresholds : mapping
        Model name to the confidence below which its answer is "not sure" (`Card.threshold`).
    file : str
        Name of the picture.
    rested : Rested, optional
        The comparison's answers relative to resting faces.
    """
    width, height = comparison.faces.image_size
    labels = dict.fromkeys(label for prediction in comparison.predictions.values() for label in prediction.labels)
    measured = quality.measure(comparison.image, comparison.faces)
    return {
        "file": readable(file),
        "width": int(width),
        "height": int(height),
        "labels": list(labels),
        "models": list(comparison.predictions),
        "faces_found": len(comparison.faces) + comparison.faces.left_out,
        "mix": comparison.mix,
        **({"rest": {"file": readable(rested.file), "faces": len(rested.rest.faces)}} if rested else {}),
        "faces": [
            _face(comparison, thresholds, found, i) | _resting(rested, thresholds, i)
            for i, found in enumerate(_qualities(measured))
        ],
        "milliseconds": {name: _round(value, 2) for name, value in comparison.milliseconds.items()},
    }


def _qualities(measured: quality.Quality) -> list[Quality]:
    columns = {name: getattr(measured, name) for name in MEASURES}
    return [
        {"notes": list(notes), "measures": {name: _round(column[i], 3) for name, column in columns.items()}}
        for i, notes in enumerate(quality.sentences(measured))
    ]


def _face(comparison: Comparison, thresholds: Mapping[str, float], found: Quality, i: int) -> Face:
    faces = comparison.faces
    return {
        "number": i + 1,
        "box": _named(("left", "top", "right", "bottom"), faces.boxes[i]),
        "pose": _named(("yaw", "pitch", "roll"), faces.pose[i]),
        "quality": found,
        "agree": bool(comparison.agree[i]),
        "answers": {
            name: _answer(prediction[i], thresholds[name]) for name, prediction in comparison.predictions.items()
        },
    }


def _resting(rested: Rested | None, thresholds: Mapping[str, float], i: int) -> Face:
    if rested is None:
        return {}
    at = rested.references[i]
    if at is None:
        return {"resting": None}
    limits = {**thresholds, **rested.thresholds}
    answers = {
        name: _answer(one[i], limits[name]) | {"sure": bool(sure(one[i], limits[name])[0])}
        for name, one in rested.predictions.items()
    }
    return {"resting": {"face": at + 1, "answers": answers}}


def _answer(prediction: Prediction, threshold: float) -> Answer:
    probs = prediction.probs[0]
    return {
        "label": prediction.names[0],
        "probability": _round(prediction.confidence[0], 4),
        "sure": bool(prediction.confidence[0] >= threshold),
        "probabilities": {label: _round(p, 4) for label, p in zip(prediction.labels, probs, strict=True)},
    }


def _named(names: tuple[str, ...], values: np.ndarray) -> dict[str, float]:
    return {name: _round(value, 1) for name, value in zip(names, values, strict=True)}


def _round(value: float, digits: int) -> float:
    return round(float(value), digits)


def rows(picture: Record) -> list[dict[str, object]]:
    """A record as table rows: one per face and model, in that order, all with the same keys.

    A picture without a face has one row with face 0 and no other values, so that every picture is listed.
    """
    if not picture["faces"]:
        row = _row(picture["file"], 0, {}, picture["labels"])
        return [row | (dict.fromkeys(RESTING_COLUMNS, "") if "rest" in picture else {})]
    cases = [(face, model) for face in picture["faces"] for model in picture["models"]]
    return [
        _row(picture["file"], face["number"], _columns(face, model), picture["labels"])
        | _resting_columns(picture, face, model)
        for face, model in cases
    ]


def _resting_columns(picture: Record, face: Face, model: str) -> dict[str, object]:
    """The model's answer relative to the resting face; empty values if the face has none."""
    if "rest" not in picture:
        return {}
    found = face.get("resting")
    answer: Mapping[str, object] = found["answers"][model] if found else {}
    values = [answer.get(name, "") for name in ("label", "probability", "sure")]
    return dict(zip(RESTING_COLUMNS, (picture["rest"]["file"], found["face"] if found else "", *values), strict=True))


def to_csv(table: Sequence[Mapping[str, object]], labels: Sequence[str] = ()) -> str:
    """Rows with equal keys as CSV with a header; only the header for these labels if there are no rows.

    Text that a spreadsheet would run as a formula is escaped, see `zoo.filenames.cell`.
    """
    text = io.StringIO()
    names = list(table[0] if table else _row("", 0, {}, list(labels)))
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(cell, names))
    writer.writerows([cell(row[name]) for name in names] for row in table)
    return text.getvalue()


COLUMNS = ("left", "top", "right", "bottom", "yaw", "pitch", "roll", *MEASURES, "notes", "agree")
RESTING_COLUMNS = ("rest", "resting_face", "resting_label", "resting_probability", "resting_sure")
ANSWER_COLUMNS = ("model", "label", "probability", "sure")


def _row(file: str, number: int, values: dict[str, object], labels: list[str]) -> dict[str, object]:
    columns = (*COLUMNS, *ANSWER_COLUMNS, *labels)
    return {"file": file, "face": number, **{name: values.get(name, "") for name in columns}}


def _columns(face: Face, model: str) -> dict[str, object]:
    answer = face["answers"][model]
    return {
        **face["box"],
        **face["pose"],
        **face["quality"]["measures"],
        "notes": "; ".join(face["quality"]["notes"]),
        "agree": face["agree"],
        "model": model,
        **{name: answer[name] for name in ("label", "probability", "sure")},
        **answer["probabilities"],
    }
