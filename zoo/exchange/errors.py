"""The exception for imported models."""

from __future__ import annotations


class ModelFileError(ValueError):
    """The file is not a usable model. The message says why, and what to do."""
