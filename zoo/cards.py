"""Model cards: identity, training and results of a model, and their storage as `card.json`."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

from features.align import AlignSpec
from features.phrase import Phrase
from zoo.card_fields import (
    STRICT,
    ConditionName,
    Count,
    Digest,
    FactorName,
    FileName,
    Fingerprint,
    Interval,
    MixName,
    Name,
    NonNegative,
    Proportion,
    Seed,
    Settings,
    Text,
    read_json,
)
from zoo.filenames import write_whole
from zoo.labels import EIGHT, LABEL_SETS, LabelSet
from zoo.unicode_names import is_printable

CARD = "card.json"
NETWORK = "model.tflite"
MAX_LABELS = 100
Family = Literal["classical", "deep"]


# Limits that are on every card.
LIMITS = (
    Phrase(
        "limit.data",
        "It was trained on FER2013: pictures found by searching the web for emotion words, then checked by people. "
        "Asked afresh, people choose the same label only about 65 % of the time.",
    ),
    Phrase(
        "limit.emotion",
        "It names the label that a picture looks most like. It cannot know how anyone feels: expression is not emotion "
        "(Barrett et al. 2019, doi:10.1177/1529100619832930).",
    ),
    Phrase(
        "limit.age",
        "Results by age, gender and ethnicity come from 102 people at most (see Factors). Where no difference was "
        "detected, there may still be one.",
    ),
    Phrase("limit.judge", "Not to be used to judge pupils, staff, candidates or anyone else."),
)


class CardError(ValueError):
    """A card, or a file it names, is missing, invalid or has a wrong hash."""


@dataclass(frozen=True)
class Figures:
    """One line of results, as ``python -m zoo evaluate`` measured it.

    `mix` is the assumed frequency of the labels (`zoo.models.label_mix`). Accuracy is the fraction of correct
    answers; the interval is a 95 % bootstrap over pictures.
    Data for charts may be missing (``()``) on older cards.

    Parameters
    ----------
    reliability, reliability_before : tuple of (float, float, int)
        For each non-empty bin of confidence: mean confidence, accuracy, pictures;
        after and before calibration.
    coverage : tuple of float
        Accuracy on the most confident 5, 10, ... 100 % of the pictures.
    distinct : tuple of int
        Pictures of each label, near-duplicates counted once.
    """

    __pydantic_config__ = STRICT

    data: Name
    split: Name
    labels: Name
    n: Count
    accuracy: Proportion
    interval: Interval
    balanced_accuracy: Proportion
    macro_f1: Proportion
    nll: NonNegative
    brier: NonNegative
    ece: Proportion
    recall: tuple[Proportion, ...] = ()
    precision: tuple[Proportion, ...] = ()
    counts: tuple[Count, ...] = ()
    confusion: tuple[tuple[Count, ...], ...] = ()
    reliability: tuple[tuple[Proportion, Proportion, Count], ...] = ()
    reliability_before: tuple[tuple[Proportion, Proportion, Count], ...] = ()
    coverage: tuple[Proportion, ...] = ()
    distinct: tuple[Count, ...] = ()
    mix: MixName = "fer2013"

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What was measured; unique within a card."""
        return self.data, self.split, self.labels, self.mix

    @property
    def f1(self) -> tuple[float, ...]:
        """F1 of each label: the harmonic mean of its precision and recall."""
        pairs = zip(self.precision, self.recall, strict=True)
        return tuple(round(2 * p * r / (p + r), 4) if p + r else 0.0 for p, r in pairs)


@dataclass(frozen=True)
class Slice:
    """Accuracy of a model on pictures that are similar in one measured property.

    Parameters
    ----------
    factor : str
        A key of `zoo.evaluation.conditions.FACTORS`.
    low, high : float
        Range ``low <= x < high`` in the factor's unit; `high` may be infinite (None in JSON).
    interval : (float, float)
        95 %, as in `Figures`.
    """

    __pydantic_config__ = STRICT

    factor: FactorName
    low: float
    high: float | None
    n: Count
    accuracy: Proportion
    interval: Interval


@dataclass(frozen=True)
class GroupSlice:
    """Accuracy of a model on one group's pictures of one label, also relative to their resting faces.

    Parameters
    ----------
    column, group, label : str
        The property people are grouped by, the group, and the label of its pictures.
    n, people : int
        Pictures and people.
    interval, resting_interval : (float, float)
        95 %, clustered by person.
    p_value : float
        Permutation test against all others in the column; a large p-value does not mean "equal".
    called : dict
        Wrong label to number of pictures with this answer.
    resting : float, optional
        Accuracy relative to the resting face; None for resting faces if nobody has two of them.
    resting_p_value : float, optional
        McNemar's test of the same pictures, relative to the resting face and as is.
    """

    __pydantic_config__ = STRICT

    column: Name
    group: Name
    label: Name
    n: Count
    people: Count
    accuracy: Proportion
    interval: Interval
    p_value: Proportion
    called: dict[Name, Count]
    resting: Proportion | None = None
    resting_interval: Interval | None = None
    resting_p_value: Proportion | None = None


@dataclass(frozen=True)
class PeopleResult:
    """Results on pictures whose people are known.

    Parameters
    ----------
    data : str
        Name of the set.
    margin : float
        Margin added to *neutral* in answers relative to a resting face.
    margins : tuple of (float, float)
        Margins, and the mean recall over the labels with each.
    groups : tuple of GroupSlice
    """

    __pydantic_config__ = STRICT

    data: Name
    margin: NonNegative
    margins: tuple[tuple[NonNegative, Proportion], ...]
    groups: tuple[GroupSlice, ...] = ()


@dataclass(frozen=True)
class Condition:
    """Accuracy of a model on pictures with one corruption.

    Parameters
    ----------
    kind : str
        A key of `zoo.evaluation.conditions.CORRUPTIONS` or `PARTS`.
    level : float
        Severity in the corruption's unit.
    found : float
        Fraction of pictures in which a mesh was still found.
    """

    __pydantic_config__ = STRICT

    kind: ConditionName
    level: float
    accuracy: Proportion
    interval: Interval
    found: Proportion


@dataclass(frozen=True)
class Robustness:
    """Results on the same pictures under several corruptions, each with its own face detection and alignment.

    The first condition is without corruption.
    """

    __pydantic_config__ = STRICT

    data: Name
    split: Name
    labels: Name
    n: Count
    seed: Seed
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Training:
    """How a model was trained, in enough detail to repeat it.

    `ended`: why a run stopped before its last epoch; empty if it did not.
    """

    __pydantic_config__ = STRICT

    command: Text
    data: Text
    seed: Seed
    minutes: NonNegative
    date: Text
    versions: dict[Text, Text]
    selected_on: Text = "PublicTest"
    ended: Text = ""


@dataclass(frozen=True)
class Card:
    """All information about a model.

    Parameters
    ----------
    name, title, summary : str
    family : str
        ``"classical"`` or ``"deep"``.
    loader : str
        A key of `zoo.models.registry.LOADERS`.
    labels : LabelSet
    align : AlignSpec
    fingerprint : str
        Fingerprint of the preprocessing in training; must be that of `align`.
    files : dict
        File name to SHA-256.
    settings : dict
        Parameters for the loader, besides the files.
    threshold : float
        Below this confidence the page says "not sure".
    label_counts : tuple of int
        Training pictures of each label; empty if unknown.
    threshold_equal : float, optional
        The threshold for answers that assume equally common labels.
    people : PeopleResult, optional
        Results relative to resting faces and by group.
    """

    __pydantic_config__ = STRICT

    name: Name
    title: Name
    summary: Text
    family: Family
    loader: Name
    labels: LabelSet
    align: AlignSpec
    fingerprint: Fingerprint
    files: dict[FileName, Digest]
    settings: Settings
    threshold: Proportion
    training: Training
    figures: tuple[Figures, ...] = ()
    slices: tuple[Slice, ...] = ()
    robustness: Robustness | None = None
    size_bytes: Count = 0
    milliseconds: NonNegative = 0.0
    licence: Text = "MIT"
    limits: tuple[Text, ...] = field(default=())
    label_counts: tuple[Count, ...] = ()
    threshold_equal: Proportion | None = None
    people: PeopleResult | None = None

    def figure(
        self, data: str = "FER2013", split: str = "PrivateTest", labels: str = "7", mix: str = "fer2013"
    ) -> Figures | None:
        """The line of results for a data set, split, label set and mix, or None if not measured."""
        wanted = (data, split, labels, mix)
        return next((f for f in self.figures if f.key == wanted), None)

    def own_figure(self) -> Figures | None:
        """The line for FER2013's PrivateTest in 7 labels, or in the model's own labels if it knows fewer."""
        return self.figure() or self.figure(labels=self.labels.name)

    def labels_of(self, line: Figures) -> LabelSet:
        """The label set of a line, in the order of its rows."""
        known = {**LABEL_SETS, EIGHT.name: EIGHT}
        return self.labels if self.labels.name == line.labels else known[line.labels]

    def with_figures(self, new: list[Figures]) -> Card:
        """The card with these lines, which replace older ones of the same data, split, labels and mix."""
        keys = {f.key for f in new}
        kept = [f for f in self.figures if f.key not in keys]
        return replace(self, figures=tuple(sorted([*kept, *new], key=lambda f: f.key)))


def read_card(folder: Path) -> Card:
    """The card of a checkpoint folder.

    Raises
    ------
    CardError
        No card, invalid JSON, a missing, unknown or invalid entry, a name that is not the
        folder's, or a fingerprint that is not the spec's.
    """
    path = folder / CARD
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise CardError(f"{folder} has no {CARD}; a checkpoint without its card is not loaded.") from None
    except OSError as error:
        raise CardError(f"{path} cannot be read: {error}") from error
    try:
        card = read_json(Card, content)
        card = replace(card, labels=_shipped(card.labels))
        _check(card, folder)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CardError(f"{path} cannot be read: {error}") from error
    except ValueError as error:
        raise CardError(f"{path} is not a model card: {error}. Fetch it again, or train the model again.") from error
    if card.fingerprint != card.align.fingerprint:
        raise CardError(
            f"{path}: trained with preprocessing {card.fingerprint}, but this code does {card.align.fingerprint}; "
            "train the model again or take the code it was trained with."
        )
    return card


def _shipped(labels: LabelSet) -> LabelSet:
    """The shipped label set if it is equal."""
    return next((known for known in (*LABEL_SETS.values(), EIGHT) if known == labels), labels)


def _check(card: Card, folder: Path) -> None:
    """Raise `ValueError` on entries that contradict each other."""
    known = {Path(os.path.abspath(folder)).name, folder.resolve().name}  # a link may have either name
    if card.name not in known:
        raise ValueError(f"its name is {card.name}, but its folder is {' or '.join(sorted(known))}")
    if len(card.labels) > MAX_LABELS or not all(map(_is_name, (card.labels.name, *card.labels))):
        raise ValueError(f"its labels are not 1 to {MAX_LABELS} names of 1 to 100 printable characters")
    if card.label_counts and (len(card.label_counts) != len(card.labels) or min(card.label_counts) < 1):
        raise ValueError(f"its label_counts {card.label_counts} are not a number above 0 for each label")
    if card.robustness is not None and not card.robustness.conditions:
        raise ValueError("its robustness has no condition")
    for line in card.figures:
        _check_line(line, _size_of(card, line))


def _is_name(text: str) -> bool:
    return bool(text.strip()) and len(text) <= 100 and is_printable(text)


def _size_of(card: Card, line: Figures) -> int:
    try:
        return len(card.labels_of(line))
    except KeyError:
        raise ValueError(f"a line of its figures has the labels {line.labels!r}, which are not known") from None


def _check_line(line: Figures, k: int) -> None:
    """Raise `ValueError` unless rows have k entries or none, and counts are consistent."""
    by_label = {"recall": line.recall, "precision": line.precision, "counts": line.counts}
    for name, row in by_label.items():
        if len(row) not in (0, k):
            raise ValueError(f"{name} of its figures has {len(row)} entries for {k} labels")
    if len({len(row) for row in by_label.values()}) > 1:
        raise ValueError("recall, precision and counts of its figures have different lengths")
    if line.distinct and (
        len(line.distinct) != len(line.counts)
        or any(few > n for few, n in zip(line.distinct, line.counts, strict=True))
    ):
        raise ValueError("distinct of its figures has more pictures of a label than counts")
    if line.counts and sum(line.counts) != line.n:
        raise ValueError(f"counts of its figures add up to {sum(line.counts)}, but n is {line.n}")
    if line.confusion and (len(line.confusion) != k or any(len(row) != k for row in line.confusion)):
        raise ValueError(f"confusion of its figures is not a {k} x {k} table")
    if line.confusion and any(sum(row) > n for row, n in zip(line.confusion, line.counts or (0,) * k, strict=True)):
        raise ValueError("confusion of its figures has more pictures of a label than counts")


def write_card(folder: Path, card: Card) -> None:
    """Write `card.json`, readable and stable under version control."""
    data = asdict(card)
    data["labels"] = {"name": card.labels.name, "labels": list(card.labels.labels)}
    write_whole(folder / CARD, readable_json(data))


def readable_json(data: object) -> str:
    """JSON with one entry per line, except for rows of numbers, which are on one line each."""
    text = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
    # JSON strings contain no line breaks, so only lists can match.
    return re.sub(r"\[\n([^\[\]{}\"]*)\n\s*\]", lambda row: f"[{' '.join(row[1].split())}]", text)


def sha256(path: Path) -> str:
    """SHA-256 of a file as hex digits."""
    digest = hashlib.sha256()
    with path.open("rb") as data:
        while block := data.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def checked(folder: Path, card: Card, name: str) -> Path:
    """The path of one of a card's files, after its hash is verified.

    Raises
    ------
    CardError
        The file is not on the card, missing, or has another hash.
    """
    if name not in card.files:
        raise CardError(f"{folder / CARD} names no file {name}; it has {', '.join(card.files)}")
    path, shared = folder / name, shared_network(folder.parent, card)
    if shared and shared.name == name and not path.is_file():
        path = shared
    if not path.is_file():
        raise CardError(f"{path} is missing; fetch the checkpoint again (with Git LFS, if the repository uses it).")
    if (actual := sha256(path)) != card.files[name]:
        whose = f"the card of {card.name}" if path == shared else "its card"
        raise CardError(
            f"{path} has SHA-256 {actual[:12]}…, {whose} says {card.files[name][:12]}…. "
            + (
                f"It is not the network that {card.name} was built on; train {card.name} again."
                if path == shared
                else "It was changed or cut off; fetch it again, or run `git lfs pull`."
            )
        )
    return path


def shared_network(root: Path, card: Card) -> Path | None:
    """The path of the network that a model takes from another one's folder; None for models with their own."""
    owner = str(card.settings.get("network", ""))
    return root / owner / NETWORK if owner and Path(owner).name == owner != ".." else None
