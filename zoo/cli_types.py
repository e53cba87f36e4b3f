"""Argument types shared by commands and recipes."""

from __future__ import annotations

import argparse
from pathlib import Path


def whole(text: str) -> int:
    """An argparse type: a positive integer."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return int(text)


def named_path(text: str) -> Path:
    """An argparse type: a path. An empty one, as of an unset variable, would be the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)
