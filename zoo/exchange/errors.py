"""The one exception of this room."""

from __future__ import annotations


class ModelFileError(ValueError):
    """An uploaded file is not a usable model. The message says why and what to do."""
