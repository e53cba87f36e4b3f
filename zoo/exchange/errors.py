"""The one exception of this room."""

from __future__ import annotations


class ModelFileError(ValueError):
    """A file that came is no model that can be used here. The message says why and what to do."""
