"""Reads numbers and words out of a layer's settings, each within bounds: what comes may be anything."""

from __future__ import annotations

from collections.abc import Sequence

from zoo.exchange.errors import ModelFileError

MAX_SIDE = 2048  # of pictures, kernels, strides
MAX_WIDTH = 32_768  # channels of a layer; a kernel machine has one for each face that it learned from


def record(value: object, what: str) -> dict:
    """A JSON object, or `ModelFileError`."""
    if not isinstance(value, dict):
        raise ModelFileError(f"{what} should be a JSON object, but is {short(value)}. Export the model again.")
    return value


def rows(value: object, what: str) -> list:
    """A JSON list, or `ModelFileError`."""
    if not isinstance(value, list):
        raise ModelFileError(f"{what} should be a list, but is {short(value)}. Export the model again.")
    return value


def text(value: object, what: str, longest: int = 200) -> str:
    """A name without control characters, or `ModelFileError`."""
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise ModelFileError(f"{what} should be a name of 1 to {longest} letters, but is {short(value)}.")
    return value


def whole(config: dict, key: str, low: int = 1, high: int = MAX_WIDTH, default: int | None = None) -> int:
    """A whole number from `low` to `high`."""
    value = config.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ModelFileError(f"{key} is {short(value)}; expected a whole number from {low} to {high}.")
    return value


def number(config: dict, key: str, low: float, high: float, default: float) -> float:
    """A number from `low` to `high`."""
    value = config.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise ModelFileError(f"{key} is {short(value)}; expected a number from {low} to {high}.")
    return float(value)


def pair(config: dict, key: str, default: Sequence[int] = (1, 1), low: int = 1, high: int = 64) -> tuple[int, int]:
    """Two whole numbers, down and right; one number counts for both."""
    value = config.get(key)
    value = list(default) if value is None else value
    value = [value, value] if isinstance(value, int) else value
    if not isinstance(value, list) or len(value) != 2:
        raise ModelFileError(f"{key} is {short(value)}; expected two whole numbers.")
    return tuple(whole({key: side}, key, low, high) for side in value)


def choice(config: dict, key: str, known: Sequence, default: object) -> object:
    """One of a few values."""
    value = config.get(key, default)
    if not any(value is one or (type(value) is type(one) and value == one) for one in known):
        raise ModelFileError(f"{key} is {short(value)}; expected one of {', '.join(map(str, known))}.")
    return value


def plain(config: dict, **allowed: object) -> None:
    """Refuse settings that change what a layer does and are not understood here."""
    for key, value in allowed.items():
        if config.get(key, value) not in (value, None):
            raise ModelFileError(f"{key}={short(config[key])} is not supported; only {value} is.")


def short(value: object) -> str:
    """What came, in at most forty letters."""
    shown = repr(value) if isinstance(value, (str, int, float, bool, type(None))) else type(value).__name__
    return shown if len(shown) <= 40 else f"{shown[:37]}…"
