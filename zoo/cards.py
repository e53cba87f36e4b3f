"""Model cards: what a model is, how it was made, how good it is. `card.json` and back."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from features.align import AlignSpec
from zoo.labels import EIGHT, LABEL_SETS, LabelSet

CARD = "card.json"


class CardError(ValueError):
    """A card, or a file it names, is missing, broken or not what the card says."""


@dataclass(frozen=True)
class Figures:
    """One line of results, as ``python -m zoo evaluate`` measured it.

    Accuracy is the share of right answers; the interval is a 95 % bootstrap over pictures.
    What is drawn rather than read may be missing (``()``) on older cards.

    Parameters
    ----------
    reliability, reliability_before : tuple of (float, float, int)
        Of each bin of confidence that holds a picture: mean confidence, share right, pictures;
        calibrated, and as the machine said it before calibration.
    coverage : tuple of float
        Share right among the surest 5, 10, ... 100 % of the pictures.
    """

    data: str
    split: str
    labels: str
    n: int
    accuracy: float
    interval: tuple[float, float]
    balanced_accuracy: float
    macro_f1: float
    nll: float
    brier: float
    ece: float
    recall: tuple[float, ...] = ()
    precision: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    reliability: tuple[tuple[float, float, int], ...] = ()
    reliability_before: tuple[tuple[float, float, int], ...] = ()
    coverage: tuple[float, ...] = ()

    @property
    def f1(self) -> tuple[float, ...]:
        """F1 of each label: the harmonic mean of its precision and recall."""
        pairs = zip(self.precision, self.recall, strict=True)
        return tuple(round(2 * p * r / (p + r), 4) if p + r else 0.0 for p, r in pairs)


@dataclass(frozen=True)
class Slice:
    """How often a model is right on pictures alike in one thing that can be measured.

    Parameters
    ----------
    factor : str
        A key of `zoo.evaluation.conditions.FACTORS`.
    low, high : float
        From here to below there, in the factor's unit; `high` may be infinite (None in JSON).
    interval : (float, float)
        95 %, as in `Figures`.
    """

    factor: str
    low: float
    high: float | None
    n: int
    accuracy: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Condition:
    """How often a model is right on pictures made worse in one way.

    Parameters
    ----------
    kind : str
        A key of `zoo.evaluation.conditions.HARMS` or `PARTS`.
    level : float
        How much, in the kind's unit.
    found : float
        Share of pictures in which the mesh still found the face.
    """

    kind: str
    level: float
    accuracy: float
    interval: tuple[float, float]
    found: float


@dataclass(frozen=True)
class Robustness:
    """The same pictures made worse in many ways, each taken the whole way again: face found, aligned, judged.

    The first condition is the pictures as they are.
    """

    data: str
    split: str
    labels: str
    n: int
    seed: int
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Training:
    """How a model came to be: enough to make it again.

    `ended` says why a run stopped before its last epoch; empty if it did not.
    """

    command: str
    data: str
    seed: int
    minutes: float
    date: str
    versions: dict[str, str]
    selected_on: str = "PublicTest"
    ended: str = ""


@dataclass(frozen=True)
class Card:
    """Everything known of a model.

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
        Of the preprocessing the model was trained with; must be `align`'s.
    files : dict
        File name to SHA-256.
    settings : dict
        What the loader needs besides the files.
    threshold : float
        Below this confidence the page says "not sure".
    """

    name: str
    title: str
    summary: str
    family: str
    loader: str
    labels: LabelSet
    align: AlignSpec
    fingerprint: str
    files: dict[str, str]
    settings: dict
    threshold: float
    training: Training
    figures: tuple[Figures, ...] = ()
    slices: tuple[Slice, ...] = ()
    robustness: Robustness | None = None
    size_bytes: int = 0
    milliseconds: float = 0.0
    licence: str = "MIT"
    limits: tuple[str, ...] = field(default=())

    def figure(self, data: str = "FER2013", split: str = "PrivateTest", labels: str = "7") -> Figures | None:
        """The line of results for a data set, split and label set, or None if not measured."""
        wanted = (data, split, labels)
        return next((f for f in self.figures if (f.data, f.split, f.labels) == wanted), None)

    def own_figure(self) -> Figures | None:
        """FER2013's PrivateTest in 7 labels or, of a model that knows fewer, in those it knows."""
        return self.figure() or self.figure(labels=self.labels.name)

    def labels_of(self, line: Figures) -> LabelSet:
        """The labels a line was scored in, in the order of its rows."""
        known = {**LABEL_SETS, EIGHT.name: EIGHT}
        return self.labels if self.labels.name == line.labels else known[line.labels]

    def with_figures(self, new: list[Figures]) -> Card:
        """The card with these lines, in place of older ones of the same data, split and labels."""
        keys = {(f.data, f.split, f.labels) for f in new}
        kept = [f for f in self.figures if (f.data, f.split, f.labels) not in keys]
        return replace(self, figures=tuple(sorted([*kept, *new], key=lambda f: (f.data, f.split, f.labels))))


def read_card(folder: Path) -> Card:
    """The card of a checkpoint folder.

    Raises
    ------
    CardError
        No card, no JSON, a missing, unknown or impossible entry, a name that is not the
        folder's, or a fingerprint that is not the spec's.
    """
    path = folder / CARD
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CardError(f"{folder} has no {CARD}; a checkpoint without its card is not loaded.") from None
    except (OSError, ValueError) as error:
        raise CardError(f"{path} cannot be read: {error}") from error
    try:
        card = _from_json(data)
        _check(card, folder)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CardError(
            f"{path} is not a model card: {_reason(error)}. Fetch it again, or train the model again."
        ) from error
    if card.fingerprint != card.align.fingerprint:
        raise CardError(
            f"{path}: trained with preprocessing {card.fingerprint}, but this code does {card.align.fingerprint}; "
            "train the model again or take the code it was trained with."
        )
    return card


def _check(card: Card, folder: Path) -> None:
    """Raise on entries that no model can have."""
    known = {Path(os.path.abspath(folder)).name, folder.resolve().name}  # a link may have the one or the other
    if card.name not in known:
        raise ValueError(f"its name is {card.name}, but its folder is {' or '.join(sorted(known))}")
    if not isinstance(card.settings, dict):
        raise TypeError(f"its settings are {card.settings!r}; expected names with values")
    if not 0 <= card.threshold <= 1:
        raise ValueError(f"its threshold is {card.threshold}; expected 0 to 1")
    temperature = card.settings.get("temperature", 1.0)
    if not 0 < temperature < float("inf"):
        raise ValueError(f"its temperature is {temperature}; expected a number above 0")


def _reason(error: Exception) -> str:
    """What is wrong, without the quotes and brackets of Python."""
    return f"it has no entry {error}" if isinstance(error, KeyError) else str(error)


def write_card(folder: Path, card: Card) -> None:
    """Write `card.json`, readable and stable under version control."""
    data = asdict(card)
    data["labels"] = {"name": card.labels.name, "labels": list(card.labels.labels)}
    (folder / CARD).write_text(readable_json(data), encoding="utf-8")


def readable_json(data: object) -> str:
    """JSON with a line an entry, but rows of numbers on one line each."""
    text = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
    # A line break is never inside a JSON string, so only lists can match.
    return re.sub(r"\[\n([^\[\]{}\"]*)\n\s*\]", lambda row: f"[{' '.join(row[1].split())}]", text)


def _from_json(data: dict) -> Card:
    data = dict(data)
    labels = LabelSet(data["labels"]["name"], tuple(data["labels"]["labels"]))
    data["labels"] = next((known for known in (*LABEL_SETS.values(), EIGHT) if known == labels), labels)
    data["align"] = AlignSpec(**data["align"])
    data["training"] = Training(**data["training"])
    data["figures"] = tuple(_frozen_as(Figures, line) for line in data.get("figures", ()))
    data["slices"] = tuple(_frozen_as(Slice, line) for line in data.get("slices", ()))
    if data.get("robustness"):
        data["robustness"] = _robustness(data["robustness"])
    data["limits"] = tuple(data.get("limits", ()))
    return Card(**data)


def _robustness(data: dict) -> Robustness:
    return Robustness(**{**data, "conditions": tuple(_frozen_as(Condition, one) for one in data["conditions"])})


def _frozen_as(kind: type, line: dict):
    return kind(**{key: _frozen(value) for key, value in line.items()})


def _frozen(value: object) -> object:
    """Lists as tuples, however deep."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def sha256(path: Path) -> str:
    """Hex digest of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as data:
        while block := data.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def checked(folder: Path, card: Card, name: str) -> Path:
    """The path of one of a card's files, once its hash is right.

    Raises
    ------
    CardError
        The file is not in the card, missing, or has another hash.
    """
    path = folder / name
    if name not in card.files:
        raise CardError(f"{folder / CARD} names no file {name}; it has {', '.join(card.files)}")
    if not path.is_file():
        raise CardError(f"{path} is missing; fetch the checkpoint again (with Git LFS, if the repository uses it).")
    if (actual := sha256(path)) != card.files[name]:
        raise CardError(
            f"{path} has SHA-256 {actual[:12]}…, its card says {card.files[name][:12]}…. It was changed or cut off; "
            "fetch it again, or run `git lfs pull`."
        )
    return path
