"""Argument types shared by commands and recipes."""

from __future__ import annotations

import argparse
from pathlib import Path


def whole(text: str) -> int:
    """An argparse type: a positive integer."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return int(text)


def number_up_to(text: str, most: float, expected: str) -> float:
    """A number from 0 to `most`, for an argparse type.

    Raises
    ------
    ArgumentTypeError
        The text is not `expected`, which says what is.
    """
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not {expected}")
    return value


def named_path(text: str) -> Path:
    """An argparse type: a path. An empty one, as of an unset variable, would be the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)
