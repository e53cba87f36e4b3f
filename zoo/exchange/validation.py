"""Validates untrusted JSON: the settings of layers and other files in an uploaded zip.

`what`, or `key`, names the value in messages.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from features.phrase import Phrase
from zoo.exchange.errors import ModelFileError
from zoo.filenames import quoted
from zoo.safe_zip import Limits, SafeZip, UnpackError
from zoo.unicode_names import is_printable

MODEL_ZIP = Limits(size=64 * 2**20, unpacked=192 * 2**20, members=200, depth=8, ratio=200)
MAX_JSON = 4 * 2**20
T = TypeVar("T")
MAX_DEPTH = 60  # of nested entries in JSON

MAX_SIDE = 2048  # of pictures, kernels, strides
MAX_WIDTH = 32_768  # channels of a layer; a kernel machine has one per training face


def record(value: object, what: str) -> dict:
    """A JSON object, or `ModelFileError`."""
    if not isinstance(value, dict):
        raise ModelFileError(f"{what} should be a JSON object, but is {quoted(value)}. Export the model again.")
    return value


def rows(value: object, what: str) -> list:
    """A JSON list, or `ModelFileError`."""
    if not isinstance(value, list):
        raise ModelFileError(f"{what} should be a list, but is {quoted(value)}. Export the model again.")
    return value


def text(value: object, what: str, longest: int = 200) -> str:
    """A name of 1 to `longest` characters without control characters, or `ModelFileError`."""
    if not isinstance(value, str) or not 0 < len(value) <= longest or not is_printable(value):
        raise ModelFileError(f"{what} should be a name of 1 to {longest} letters, but is {quoted(value)}.")
    return value


def whole(config: dict, key: str, low: int = 1, high: int = MAX_WIDTH, default: int | None = None) -> int:
    """An integer from `low` to `high`, or `ModelFileError`."""
    value = config.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ModelFileError(f"{key} is {quoted(value)}; expected a whole number from {low} to {high}.")
    return value


def number(config: dict, key: str, low: float, high: float, default: float) -> float:
    """A number from `low` to `high`, or `ModelFileError`."""
    value = config.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise ModelFileError(f"{key} is {quoted(value)}; expected a number from {low} to {high}.")
    return float(value)


def pair(config: dict, key: str, default: Sequence[int] = (1, 1), low: int = 1, high: int = 64) -> tuple[int, int]:
    """Two integers, vertical and horizontal, or one for both; each from `low` to `high`, or `ModelFileError`."""
    value = config.get(key)
    value = list(default) if value is None else value
    value = [value, value] if isinstance(value, int) else value
    if not isinstance(value, list) or len(value) != 2:
        raise ModelFileError(f"{key} is {quoted(value)}; expected two whole numbers.")
    down, right = (whole({key: side}, key, low, high) for side in value)
    return down, right


def choice(config: dict, key: str, known: Sequence[T], default: T) -> T:
    """One of the known values, or `ModelFileError`."""
    value = config.get(key, default)
    for one in known:
        if value is one or (type(value) is type(one) and value == one):
            return one
    raise ModelFileError(f"{key} is {quoted(value)}; expected one of {', '.join(map(str, known))}.")


def plain(config: dict, **allowed: object) -> None:
    """Raise `ModelFileError` unless each named setting is missing, None or the only supported value."""
    for key, value in allowed.items():
        if config.get(key, value) not in (value, None):
            raise ModelFileError(f"{key}={quoted(config[key])} is not supported; only {value} is.")


@contextmanager
def model_zip(data: bytes) -> Iterator[SafeZip]:
    """A zip with a model, open within a ``with`` statement, where `UnpackError` becomes `ModelFileError`."""
    try:
        with SafeZip(data, MODEL_ZIP) as archive:
            yield archive
    except UnpackError as error:
        raise ModelFileError(str(error)) from error


def read_json(archive: SafeZip, name: str) -> object:
    """Parse a JSON file in a zip; see `parse_json`."""
    return parse_json(archive.read(name, MAX_JSON), name)


def parse_json(content: bytes, name: str) -> object:
    """JSON of at most `MAX_JSON` bytes and `MAX_DEPTH` levels, without NaN; `ModelFileError` otherwise."""
    if len(content) > MAX_JSON:
        raise ModelFileError(f"{quoted(name)} has {len(content):,} bytes; at most {MAX_JSON:,} are read.")
    try:
        value = json.loads(content.decode("utf-8-sig"), parse_constant=_no_constant)
    except RecursionError:
        raise ModelFileError(f"{quoted(name)} nests its entries too deep.") from None
    except ValueError as error:
        raise ModelFileError(
            Phrase("import.json", "{0} is not valid JSON ({1}). Export it again.", quoted(name), quoted(str(error)))
        ) from error
    _check_depth(value, name)
    return value


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not a number")


def _check_depth(value: object, name: str) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner for outer in level if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]  # fmt: skip
        if not level:
            return
    raise ModelFileError(f"{quoted(name)} nests its entries more than {MAX_DEPTH} deep.")
