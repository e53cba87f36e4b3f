"""A comparison's answers relative to resting faces, from a second picture or from other faces of the same one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from features.phrase import Phrase
from zoo.cards import Card
from zoo.inference.compare import Comparison
from zoo.models.label_mix import EQUAL, threshold
from zoo.models.resting import Reference
from zoo.prediction import Prediction

NO_FACE = Phrase(
    "rest.no_face",
    "No face was found in the relaxed picture. Use one taken from the front, well lit, and not too small.",
)
NO_CARDS: Mapping[str, Card] = {}
NO_RESTING_FACES = "none"  # instead of pairs: no face has a resting face
PAIR = re.compile(r"\s*(\d{1,3})\s*[=:]\s*(\d{1,3})\s*")


class RestingError(ValueError):
    """The requested resting faces do not exist. The message says which do."""


@dataclass(frozen=True, eq=False)
class Rested:
    """Answers relative to resting faces.

    Parameters
    ----------
    predictions : dict
        Model name to its predictions, in the labels of the comparison. Rows are its faces; those without a resting
        face are unchanged.
    references : tuple of (int or None)
        For each face, the position of its resting face; None where it has none.
    rest : Comparison
        Of the picture with the resting faces.
    file : str
        Name of that picture; empty if it is the same one.
    thresholds : mapping
        Model name to its "not sure" threshold for equally frequent labels, which relative answers assume.
    """

    predictions: dict[str, Prediction]
    references: tuple[int | None, ...]
    rest: Comparison
    file: str = ""
    thresholds: Mapping[str, float] = field(default_factory=dict)

    def changed(self, comparison: Comparison, i: int) -> dict[str, tuple[str, str]]:
        """Models whose label for face `i` changes relative to the resting face: the label as is, and relative."""
        both = ((name, one.names[i], self.predictions[name].names[i]) for name, one in comparison.predictions.items())
        return {name: (before, after) for name, before, after in both if before != after}


def relative_to(
    comparison: Comparison,
    rest: Comparison,
    references: Mapping[int, int],
    file: str = "",
    cards: Mapping[str, Card] = NO_CARDS,
) -> Rested:
    """The answers of a comparison relative to the resting faces of another one by the same models.

    Parameters
    ----------
    comparison, rest : Comparison
    references : mapping
        Position of a face to the position of its resting face, as `by_place` and `by_numbers` give it.
    file : str
        Name of the picture with the resting faces.
    cards : mapping
        Model name to its card, for the thresholds.
    """
    predictions = {}
    for name, answer in comparison.predictions.items():
        answers, looks = comparison.original[name], rest.original[name]
        rows = answer.probs.copy()
        for face, at in references.items():
            applied = Reference.of(looks[at]).applied(answers[face])
            rows[face] = applied.onto(answer.labels).probs[0]
        predictions[name] = Prediction(rows, answer.labels, answer.unknown)
    found = tuple(references.get(i) for i in range(len(comparison.faces)))
    return Rested(predictions, found, rest, file, {name: threshold(card, EQUAL) for name, card in cards.items()})


def by_place(comparison: Comparison, rest: Comparison) -> dict[int, int]:
    """Which resting face belongs to which face, by their order from left to right.

    A single resting face belongs to the largest face. People are not recognised; for other assignments, use
    `by_numbers`.

    Raises
    ------
    RestingError
        The picture has no face.
    """
    if not len(rest.faces):
        raise RestingError(NO_FACE)
    if not len(comparison.faces):
        return {}
    if len(rest.faces) == 1:
        return {0: 0}
    pairs = zip(_left_to_right(comparison), _left_to_right(rest), strict=False)
    return {int(face): int(at) for face, at in pairs}


def _left_to_right(comparison: Comparison) -> np.ndarray:
    return np.argsort(comparison.faces.boxes[:, [0, 2]].mean(axis=1), kind="stable")


def by_numbers(text: str, faces: int, rest: int) -> dict[int, int]:
    """Which resting face belongs to which face, as text such as ``"1=2, 2=1"``, counting from 1.

    Parameters
    ----------
    text : str
    faces, rest : int
        How many faces the picture has, and how many resting faces there are.

    Raises
    ------
    RestingError
        The text is not a list of pairs, or a number is out of range.
    """
    references: dict[int, int] = {}
    for part in text.split(","):
        pair = PAIR.fullmatch(part)
        if pair is None:
            raise RestingError(f"{part.strip()[:40]!r} is not a pair such as 1=2: face 1 has resting face 2")
        face, at = (int(number) for number in pair.groups())
        if not 1 <= face <= faces or not 1 <= at <= rest:
            raise RestingError(f"{face}={at}: there are {faces} faces and {rest} resting faces")
        references[face - 1] = at - 1
    return references


def choose(comparison: Comparison, rest: Comparison, text: str = "") -> dict[int, int]:
    """The assignment in `text`: pairs as in `by_numbers`, ``"none"``, or by position if it is empty.

    Raises
    ------
    RestingError
        Invalid text, a face that is its own reference, or no resting face to assign by position.
    """
    if not text.strip():
        return by_place(comparison, rest)
    if text.strip() == NO_RESTING_FACES:
        return {}
    found = by_numbers(text, len(comparison.faces), len(rest.faces))
    if comparison is rest and (own := next((i for i, at in found.items() if i == at), None)) is not None:
        raise RestingError(f"{own + 1}={own + 1}: a face cannot be its own resting face")
    return found
