"""A clip's answers relative to each face at rest: in its most neutral frames, or at a given time."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TextIO

import numpy as np

from zoo.cards import Card
from zoo.filenames import cell
from zoo.inference import timeline
from zoo.inference.timeline import Timeline
from zoo.models.label_mix import EQUAL, threshold
from zoo.models.resting import FRAMES, NEUTRAL, Reference, most_neutral
from zoo.prediction import Prediction

AUTO, NONE = "auto", "none"
REACH = 1.0  # frames within this many seconds of the given time are used


@dataclass(frozen=True, eq=False)
class RestedTimeline:
    """A timeline relative to resting faces.

    Parameters
    ----------
    timeline : Timeline
        With relative probabilities; the label shown is the most probable one.
    moments : dict
        Number of a face to the times of its reference frames in seconds; answers for other faces are unchanged.
    thresholds : dict
        Model name to its "not sure" threshold for equally frequent labels, which relative answers assume.
    """

    timeline: Timeline
    moments: dict[int, tuple[float, ...]]
    thresholds: dict[str, float] = field(default_factory=dict)


def rested(plain: Timeline, rest: str | float) -> RestedTimeline | None:
    """Make every face's answers relative to that face at rest.

    The assumed label frequencies cancel out, so both label mixes give the same result.

    Parameters
    ----------
    plain : Timeline
    rest : str or float
        ``"auto"``: the `FRAMES` most neutral frames of each face according to the models, one of which must know
        *neutral*; ``"none"``; or a time in seconds at which every face is at rest.

    Returns
    -------
    RestedTimeline or None
        None for ``"none"``.
    """
    if rest == NONE:
        return None
    probs, moments = plain.probs.astype(np.float64), {}
    for number in plain.faces:
        rows = np.flatnonzero(plain.numbers == number)
        answers = [Prediction(plain.probs[rows, j], plain.labels) for j in range(len(plain.models))]
        at = most_neutral(plain.neutral[rows], FRAMES) if rest == AUTO else _near(plain.times[rows], float(rest))
        if len(at):
            moments[number] = tuple(sorted(round(float(second), 3) for second in plain.times[rows[at]]))
            for j, answer in enumerate(answers):
                probs[rows, j] = Reference.of(answer[at]).applied(answer).probs
    shown = probs.argmax(axis=2).astype(np.uint8)
    return RestedTimeline(replace(plain, probs=probs.astype(np.float32), shown=shown), moments)


def all_rested(
    timelines: Sequence[Timeline], rest: str | float, cards: Mapping[str, Card]
) -> tuple[RestedTimeline, ...]:
    """All timelines of a clip relative to rest; empty for ``"none"``."""
    limits = {name: threshold(card, EQUAL) for name, card in cards.items()}
    return tuple(replace(found, thresholds=limits) for one in timelines if (found := rested(one, rest)))


def _near(times: np.ndarray, moment: float) -> np.ndarray:
    """Positions of the frames nearest to a time: at most `FRAMES`, all within `REACH`."""
    order = np.argsort(np.abs(times - moment), kind="stable")[:FRAMES]
    return order[np.abs(times[order] - moment) <= REACH]


def as_json(found: RestedTimeline, rest: str | float) -> dict[str, object]:
    """The reference frames and each model's relative probabilities, by face."""
    faces = []
    for number, seconds in sorted(found.moments.items()):
        face = found.timeline.of(number)
        answers = {
            name: {label: [round(p, 3) for p in face.probs[:, j, k].tolist()] for k, label in enumerate(face.labels)}
            for j, name in enumerate(face.models)
        }
        faces.append({"number": number, "reference_seconds": list(seconds), "answers": answers})
    return {"reference": rest, "faces": faces}


COLUMNS = ("resting_label", "resting_probability", "resting_sure")


def write_csv(plain: Timeline, found: RestedTimeline, thresholds: Mapping[str, float], stream: TextIO) -> None:
    """The table of `zoo.inference.timeline` with three more columns: the answer relative to the resting face."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(map(cell, (*timeline.COLUMNS, *COLUMNS, *plain.labels)))
    face, label, share, certain = (timeline.COLUMNS.index(n) for n in ("face", "label", "probability", "sure"))
    limits = {**thresholds, **found.thresholds}
    for row, rest in zip(timeline.rows(plain, thresholds), timeline.rows(found.timeline, limits), strict=True):
        known = rest[face] in found.moments
        more = [rest[label], rest[share], rest[certain] or rest[label] == NEUTRAL] if known else [""] * len(COLUMNS)
        at = len(timeline.COLUMNS)
        writer.writerow(map(cell, [*row[:at], *more, *row[at:]]))
