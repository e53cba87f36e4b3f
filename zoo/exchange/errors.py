"""The exception for imported models."""

from __future__ import annotations

from features.phrase import Phrase


class ModelFileError(ValueError):
    """The file is not a usable model. The message says why, and what to do.

    Parameters
    ----------
    message : str
        A `Phrase`, or English words about the insides of a file (settings of a layer, shapes of weights), which no
        dictionary has: a page in another language shows them after a sentence of its own.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message if isinstance(message, Phrase) else Phrase("import.detail", "{0}", message))
