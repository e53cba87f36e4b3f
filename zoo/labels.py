"""Label sets: the only place that defines an order of labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from features.phrase import Phrase
from zoo.filenames import shortened
from zoo.unicode_names import tidy

OWN = "own"  # name of user-defined sets
ELSEWHERE = "elsewhere"  # name of sets of imported models


class UnknownLabelsError(ValueError):
    """The label set or label is not defined."""


@dataclass(frozen=True)
class LabelSet:
    """A name and its labels in order.

    Parameters
    ----------
    name : str
    labels : tuple of str
        Unique, in the order of a model's outputs.
    """

    name: str
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.labels or len(set(self.labels)) != len(self.labels):
            raise UnknownLabelsError(f"label set {self.name!r} needs one or more different labels, got {self.labels}")

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[str]:
        return iter(self.labels)

    def index(self, label: str) -> int:
        """Position of a label; `UnknownLabelsError` lists the labels of the set."""
        if label not in self.labels:
            raise UnknownLabelsError(f"no label {label!r} in {self.name!r}; it has {', '.join(self.labels)}")
        return self.labels.index(label)

    @property
    def made_up(self) -> bool:
        """Whether these are user-defined classes."""
        return self.name in (OWN, ELSEWHERE)

    def answering(self, asked: LabelSet) -> LabelSet:
        """The label set of answers when another set is asked for: user-defined classes keep their own."""
        return self if self.made_up else asked

    def positions(self, source: LabelSet) -> np.ndarray:
        """Position of each of these labels in `source`: ``(k,)`` int. All must be in it."""
        return np.array([source.index(label) for label in self.labels])


SEVEN = LabelSet("7", ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"))
SIX = LabelSet("6", SEVEN.labels[:6])
FIVE = LabelSet("5", ("angry", "happy", "sad", "surprise", "neutral"))
EIGHT = LabelSet("8", (*SEVEN.labels, "contempt"))
LABEL_SETS = {labels.name: labels for labels in (SEVEN, SIX, FIVE)}


def own_labels(labels: Iterable[str], name: str = OWN) -> LabelSet:
    """A user-defined label set; the shipped one if its labels and their order are the same."""
    labels = tuple(labels)
    return next((known for known in (*LABEL_SETS.values(), EIGHT) if known.labels == labels), LabelSet(name, labels))


def named(label: str, labels: LabelSet) -> str:
    """A label as a page shows it: shipped ones in the page's language, user-defined ones as typed."""
    return label if labels.made_up else Phrase(f"label.{label}", label)


def known(label: str) -> Phrase:
    """A shipped label as a page shows it."""
    return Phrase(f"label.{label}", label)


DESCRIPTIONS = {
    "7": Phrase("labels.7", "7: Ekman's six and neutral"),
    "6": Phrase("labels.6", "6: Ekman's six, no neutral"),
    "5": Phrase("labels.5", "5: without disgust and fear"),
}

# After Okabe and Ito, "Color Universal Design", 2008: distinguishable with any colour vision.
COLOURS = {
    "angry": "#d55e00",
    "disgust": "#009e73",
    "fear": "#cc79a7",
    "happy": "#e69f00",
    "sad": "#0072b2",
    "surprise": "#56b4e9",
    "neutral": "#8a8f98",
    "contempt": "#8f6b3f",
}
OTHER = "#6b7280"


_CYCLE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8f6b3f", "#8a8f98")


def colour(label: str) -> str:
    """The colour of a label, the same everywhere; grey for labels without one."""
    return COLOURS.get(label, OTHER)


def colours(labels: Iterable[str]) -> dict[str, str]:
    """A colour for each of these labels: its own, or the next free one for user-defined labels."""
    return {label: COLOURS.get(label, _CYCLE[at % len(_CYCLE)]) for at, label in enumerate(labels)}


def label_set(name: str) -> LabelSet:
    """The shipped label set of this name: ``"7"``, ``"6"`` (Ekman's) or ``"5"``.

    Raises
    ------
    UnknownLabelsError
        Lists the available sets.
    """
    try:
        return LABEL_SETS[str(name)]
    except KeyError:
        raise UnknownLabelsError(f"no label set {shortened(name)!r}; choose one of {', '.join(LABEL_SETS)}") from None


# Spellings in folder names of data sets: FER2013 trees, FER+, JAFFE, KDEF, CK+, RAF-DB, AffectNet.
# Numbers are FER2013's; AffectNet and RAF-DB number differently, so readers of a folder report how names were read.
_SPELLINGS = {
    "angry": "anger angry an ang mad",
    "disgust": "disgust disgusted di dis",
    "fear": "fear fearful af afraid fe fea scared",
    "happy": "happy happiness ha hap joy joyful smile smiling",
    "sad": "sad sadness sa",
    "surprise": "surprise surprised su sur",
    "neutral": "neutral ne neu calm",
    "contempt": "contempt contemptuous co con",
}
_BY_SPELLING = {word: label for label, words in _SPELLINGS.items() for word in words.split()}


def label_from_spelling(text: str, known: LabelSet = SEVEN) -> str | None:
    """The label for a folder's name, or None: ``"Anger"``, ``"AN"``, ``"0"``, ``"3_happy"``."""
    word = tidy(text).lower()
    tail = word.lstrip("0123456789_-. ")
    if word.isdigit() and int(word) < len(SEVEN):
        return SEVEN.labels[int(word)]
    label = _BY_SPELLING.get(word) or _BY_SPELLING.get(tail)
    return label if label in known.labels else None
