"""Scores answers relative to a resting face, and by groups of people, on pictures whose people are known.

`people.csv` has a row per picture: ``file,person`` and, if wanted, further columns, whose values are groups::

    file,person,age,gender
    neutral/001.jpg,001,18-24,female
    happy/001.jpg,001,18-24,female

Each neutral picture of a person serves once as the reference for that person's other pictures, and is itself left
out of that comparison. An empty value means "not stated"; such a picture is in no group of that column.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from features import file_kinds
from zoo.card_fields import MixName
from zoo.cards import Figures, GroupSlice
from zoo.datasets.aligned import DataError
from zoo.datasets.tables import told
from zoo.evaluation.intervals import share_interval
from zoo.evaluation.metrics import Paired, Scored, figures, interval, mcnemar, paired
from zoo.evaluation.test_sets import NO_FACE, TestSet
from zoo.filenames import quoted
from zoo.labels import EIGHT, LabelSet
from zoo.models.label_mix import EQUAL
from zoo.models.resting import MARGIN, MARGINS, NEUTRAL, Reference, log_probs
from zoo.prediction import Prediction
from zoo.unicode_names import decoded, is_printable, tidy

FILE, PERSON = "file", "person"
MAX_BYTES, MAX_COLUMNS, MAX_NAME = 64 * 2**20, 50, 100  # names longer than that are not valid on a card
FEWEST = 5  # people; smaller groups are not reported
SHUFFLES = 5000
SAME, RESTING = "the same pictures as is", "resting face"


@dataclass(frozen=True)
class People:
    """Who is in which picture.

    Parameters
    ----------
    persons : dict
        File, relative to the folder of pictures and with ``/``, to person.
    columns : tuple of str
        Names of the columns of groups.
    groups : dict
        File to its value in each column; empty if it was not stated.
    """

    persons: dict[str, str]
    columns: tuple[str, ...]
    groups: dict[str, tuple[str, ...]]


def read_people(path: Path) -> People:
    """Read a `people.csv`.

    Raises
    ------
    DataError
        Naming the file and the first broken row.
    """
    text = _text(path)
    heading = _heading(path, text)
    columns = tuple(name for name in heading if name not in (FILE, PERSON))
    persons: dict[str, str] = {}
    groups: dict[str, tuple[str, ...]] = {}
    for number, row in _rows(path, text, heading):
        file = _file_key(row[FILE])
        if not file or not row[PERSON] or file in persons:
            raise DataError(f"{told(path)}, line {number}: expected a file that is not in a row above, and its person.")
        persons[file], groups[file] = row[PERSON], tuple(row[name] for name in columns)
    return People(persons, columns, groups)


def _text(path: Path) -> str:
    try:
        if file_kinds.is_special(path):
            raise DataError(file_kinds.special_words(path))
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{told(path)} has more than {MAX_BYTES >> 20} MB, too many for a list of people.")
        text = decoded(path.read_bytes())
    except OSError as error:
        raise DataError(f"{told(path)} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise DataError(f"{told(path)} is not a text file in UTF-8 or UTF-16. Save it as CSV UTF-8.")
    return text


def _heading(path: Path, text: str) -> list[str]:
    """Names of the columns; `file` and `person` may be in upper case."""
    first = next(_cells(path, text), [])
    heading = [tidy(name) for name in first]
    heading = [name.casefold() if name.casefold() in (FILE, PERSON) else name for name in heading]
    if not {FILE, PERSON} <= set(heading) or len(set(heading)) < len(heading):
        has = f"the columns {quoted(', '.join(heading))[1:-1]}" if any(heading) else "no heading"
        raise DataError(f"{told(path)} has {has}; expected file, person and, if wanted, different groups.")
    if len(heading) > MAX_COLUMNS:
        raise DataError(f"{told(path)} has {len(heading):,} columns; expected at most {MAX_COLUMNS}.")
    for name in heading:
        _check_name(name, told(path))
    return heading


def _rows(path: Path, text: str, heading: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and values by column of each row that is not blank."""
    for number, cells in enumerate(_cells(path, text), start=1):
        if number == 1 or not any(cell.strip() for cell in cells):  # spreadsheets leave rows of nothing but commas
            continue
        where = f"{told(path)}, line {number}"
        if len(cells) != len(heading):
            raise DataError(f"{where}: {len(cells):,} cells; expected {len(heading)}.")
        row = dict(zip(heading, map(tidy, cells), strict=True))
        for name in heading:
            if name != FILE:
                _check_name(row[name], where)
        yield number, row


def _cells(path: Path, text: str) -> Iterator[list[str]]:
    """The rows, separated by whichever of comma, semicolon and tab is in the heading besides quoted names."""
    first = re.sub('"[^"]*"', "", re.split("[\r\n]", text, maxsplit=1)[0])
    mark = next((mark for mark in ",;\t" if mark in first), ",")
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    except csv.Error as error:
        raise DataError(f"{told(path)} cannot be read as CSV: {error}.") from None


def _check_name(name: str, where: str) -> None:
    """Raise `DataError` unless the name of a person, a column or a group can be shown and kept on a card."""
    if len(name) > MAX_NAME or not is_printable(name):
        raise DataError(f"{where}: {quoted(name)} should be at most {MAX_NAME} letters, digits and signs.")


def _file_key(name: str) -> str:
    return os.path.normpath(name.replace("\\", "/")).replace(os.sep, "/") if name else ""


@dataclass(frozen=True, eq=False)
class Known:
    """The pictures of a test set whose people are known.

    Parameters
    ----------
    data : str
        Name of the set.
    faces, targets : ndarray
        ``(n,)`` int: each picture's face in the test set, and its label in `EIGHT`.
    persons : ndarray
        ``(n,)`` int.
    groups : dict
        Column to ``(n,)`` str.
    """

    data: str
    faces: np.ndarray
    targets: np.ndarray
    persons: np.ndarray
    groups: dict[str, np.ndarray]

    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Every picture with every neutral picture of the same person but itself: positions ``(m,)`` of both."""
        neutral = self.targets == EIGHT.index(NEUTRAL)
        same = self.persons[:, None] == self.persons[None]
        np.fill_diagonal(same, False)
        pictures, references = np.nonzero(same & neutral[None])
        return pictures, references


def known(test: TestSet, people: People) -> tuple[Known, str]:
    """The pictures in which a face was found and whose person is known, and a sentence about the others.

    Raises
    ------
    DataError
        No picture is in the list of people, or the set has no files.
    """
    if test.rows is None or test.targets is None:
        raise DataError("a list of people needs a folder of pictures; this set has no files.")
    where = {tidy(file): i for i, file in enumerate(test.files)}
    rows = np.array([where[file] for file in people.persons if file in where], int)
    if not len(rows):
        example = next(iter(test.files), "none")
        raise DataError(
            f"none of the {len(people.persons)} files in the list of people is among the pictures; they are named "
            f"relative to the folder, such as {example}"
        )
    found = rows[test.rows[rows] != NO_FACE]
    files = [tidy(test.files[i]) for i in found]
    persons = np.unique([people.persons[file] for file in files], return_inverse=True)[1]
    groups = {
        name: np.array([people.groups[file][at] for file in files], str) for at, name in enumerate(people.columns)
    }
    name = test.views[0].data.rpartition(",")[0]
    note = (
        f"People: {len(set(persons.tolist()))} in {len(found)} pictures with a face; {len(rows) - len(found)} pictures "
        f"without a face, {len(test.files) - len(rows)} of nobody in the list."
    )
    return Known(name, test.rows[found], test.targets[found], persons, groups), note


def clustered(test: TestSet, pictures: Known) -> TestSet:
    """The test set with all pictures of a person in one cluster, for its intervals."""
    groups = test.groups + len(test.faces)
    groups[pictures.faces] = pictures.persons
    return replace(test, groups=groups)


@dataclass(frozen=True, eq=False)
class Relative:
    """Results of one model relative to resting faces.

    Parameters
    ----------
    lines : tuple of Figures
        For each label set: the pictures as they are, then relative to the resting face.
    gains : tuple of Paired
        For each label set: difference in accuracy relative to the resting face.
    margins : tuple of (float, float)
        Margins for neutral, and the mean recall over the labels with each.
    groups : tuple of GroupSlice
        In the first label set.
    """

    lines: tuple[Figures, ...]
    gains: tuple[Paired, ...]
    margins: tuple[tuple[float, float], ...]
    groups: tuple[GroupSlice, ...]


@dataclass(frozen=True, eq=False)
class Answers:
    """One model's answers for all faces of a test set: unchanged, and for the requested label mix."""

    original: Prediction
    mixed: Prediction
    mix: MixName


def relative(answers: Answers, pictures: Known, label_sets: Sequence[LabelSet]) -> Relative | None:
    """Evaluate one model relative to resting faces; None without a common label set or a second picture of anyone."""
    sets = [labels for labels in label_sets if set(labels) <= set(answers.original.labels)]
    pairs = pictures.pairs()
    if not sets or not len(pairs[0]):
        return None
    lines, gains = [], []
    for labels in sets:
        plain, rested = (_scored(answers, pictures, pairs, labels, margin) for margin in (None, MARGIN))
        if len(plain.targets):
            named = (
                figures(plain, f"{pictures.data}, {SAME}", "photos"),
                figures(rested, f"{pictures.data}, {RESTING}", "photos"),
            )
            lines += [replace(named[0], mix=answers.mix), replace(named[1], mix=EQUAL)]
            gains.append(paired(rested.right, plain.right, plain.groups))
    tried = [(margin, _mean_recall(_scored(answers, pictures, pairs, sets[0], margin))) for margin in MARGINS]
    return Relative(tuple(lines), tuple(gains), tuple(tried), tuple(_slices(answers, pictures, sets[0])))


def _scored(
    answers: Answers, pictures: Known, pairs: tuple[np.ndarray, np.ndarray], labels: LabelSet, margin: float | None
) -> Scored:
    """The pairs' pictures with labels in the set, scored relative to rest, or as they are if `margin` is None."""
    place = np.array([labels.labels.index(name) if name in labels.labels else -1 for name in EIGHT])
    kept = place[pictures.targets[pairs[0]]] >= 0
    rows, references = (one[kept] for one in pairs)
    faces = pictures.faces[rows]
    if margin is None:
        answer = answers.mixed[faces]
    else:
        rest = answers.original[pictures.faces[references]]
        answer = Reference(log_probs(rest), rest.labels).applied(answers.original[faces], margin)
    return Scored(answer.to(labels), place[pictures.targets[rows]], np.ones(len(rows), bool), pictures.persons[rows])


def _mean_recall(scored: Scored) -> float:
    present = np.unique(scored.targets)
    return round(float(np.mean([scored.right[scored.targets == label].mean() for label in present])), 4)


# --- By group --------------------------------------------------------------------------------


def _slices(answers: Answers, pictures: Known, labels: LabelSet) -> Iterator[GroupSlice]:
    alone = np.arange(len(pictures.faces))
    plain = _scored(answers, pictures, (alone, alone), labels, None)
    place = np.array([name in labels.labels for name in EIGHT])
    kept = alone[place[pictures.targets]]
    pairs = pictures.pairs()
    both = [_scored(answers, pictures, pairs, labels, margin) for margin in (None, MARGIN)]
    of_pair = pairs[0][place[pictures.targets[pairs[0]]]]
    for column, values in pictures.groups.items():
        for value in sorted(set(values.tolist()) - {""}):
            for label in np.unique(plain.targets):
                of_label = (values[kept] != "") & (plain.targets == label)
                rows = np.flatnonzero(of_label & (values[kept] == value))
                others = np.flatnonzero(of_label & (values[kept] != value))
                if len(set(plain.groups[rows].tolist())) >= FEWEST:
                    paired_rows = np.flatnonzero((values[of_pair] == value) & (both[0].targets == label))
                    name = column, value, labels.labels[label]
                    yield _slice(name, plain, (rows, others), both, paired_rows)


def _slice(
    name: tuple[str, str, str],
    plain: Scored,
    rows: tuple[np.ndarray, np.ndarray],
    both: Sequence[Scored],
    paired_rows: np.ndarray,
) -> GroupSlice:
    own, others = rows
    right, labels = plain.right, plain.prediction.labels
    wrong = plain.best[own][~right[own]]
    called = {labels.labels[i]: int(n) for i, n in zip(*np.unique(wrong, return_counts=True), strict=True) if i >= 0}
    rest = [one.right[paired_rows] for one in both] if len(paired_rows) else None
    return GroupSlice(
        *name,
        n=len(own),
        people=len(set(plain.groups[own].tolist())),
        accuracy=round(float(right[own].mean()), 4),
        interval=_interval(right[own], plain.groups[own]),
        p_value=round(_shuffled(right, plain.groups, own, others), 4),
        called=called,
        resting=round(float(rest[1].mean()), 4) if rest else None,
        resting_interval=_interval(rest[1], both[1].groups[paired_rows]) if rest else None,
        resting_p_value=round(mcnemar(rest[1], rest[0], both[1].groups[paired_rows]), 4) if rest else None,
    )


def _interval(right: np.ndarray, persons: np.ndarray) -> tuple[float, float]:
    """95 % interval: a bootstrap over persons, at least as wide as Wilson's with one picture per person.

    A bootstrap over answers that are all right would have no width.
    """
    low, high = interval(right, persons)
    people = len(set(persons.tolist()))
    ends = share_interval(float(right.mean()) * people, people)
    return round(min(low, ends[0]), 4), round(max(high, ends[1]), 4)


def _shuffled(right: np.ndarray, persons: np.ndarray, own: np.ndarray, others: np.ndarray) -> float:
    """P-value that a group has the same accuracy as all others: permutation test over people.

    References
    ----------
    Good, "Permutation, Parametric and Bootstrap Tests of Hypotheses", 3rd ed., 2005.
    """
    if not len(others):
        return 1.0
    of, member = np.unique(persons[np.concatenate([own, others])], return_inverse=True)
    values = right[np.concatenate([own, others])].astype(np.float64)
    sums, sizes = np.bincount(member, weights=values), np.bincount(member)
    count = len(set(persons[own].tolist()))
    order = np.argsort(np.random.default_rng(0).random((SHUFFLES, len(of))), axis=1)
    first, rest = order[:, :count], order[:, count:]
    dealt = sums[first].sum(axis=1) / sizes[first].sum(axis=1) - sums[rest].sum(axis=1) / sizes[rest].sum(axis=1)
    seen = abs(values[: len(own)].mean() - values[len(own) :].mean())
    return float((1 + (np.abs(dealt) >= seen - 1e-12).sum()) / (1 + SHUFFLES))
