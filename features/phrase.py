"""Sentences with a key, so that a page can show them in another language.

A `Phrase` is an English sentence wherever it is used as text: on a terminal, in a log, in a JSON answer. A page
reads its key and arguments, and replaces it with the sentence that its language has for this key.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real


class Phrase(str):
    """An English sentence with its key.

    Parameters
    ----------
    key : str
        Key in the dictionaries (``"lesson.count"``). A key with placeholders (``"{0:.1f} ms"``) is its own template in
        every language: numbers that need the language's decimal separator only.
    english : str
        The template, with placeholders such as ``{0}`` and ``{1:.2f}``, as in `str.format`.
    *values
        Numbers, other phrases, or names. Names are the same in every language.
    """

    __slots__ = ("key", "template", "values")
    key: str
    template: str
    values: tuple[object, ...]

    def __new__(cls, key: str, english: str, *values: object) -> Phrase:
        self = super().__new__(cls, english.format(*values) if values else english)
        self.key, self.template, self.values = key, english, values
        return self

    def __str__(self) -> Phrase:  # so that str(error) keeps the sentence's key
        return self

    def __getnewargs__(self) -> tuple:
        return (self.key, self.template, *self.values)

    def as_json(self) -> dict:
        """Key, arguments, and the English sentence, for a script."""
        return {"key": self.key, "args": arguments(self), "text": str.__str__(self)}


def number(template: str, *values: float) -> Phrase:
    """Numbers whose form differs between languages in the decimal separator only: ``number("{0:.1f} ms", 3.2)``."""
    return Phrase(template, template, *values)


def joined(parts: Sequence[str], between: str = ", ") -> Phrase:
    """Phrases or names, joined with a separator."""
    template = between.join(f"{{{i}}}" for i in range(len(parts)))
    return Phrase(template, template, *parts)


def arguments(phrase: Phrase) -> list:
    """The arguments as JSON: numbers as numbers, names as strings, phrases as objects."""
    return [_argument(value) for value in phrase.values]


def _argument(value: object) -> object:
    if isinstance(value, Phrase):
        return {"key": value.key, "args": arguments(value)}
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else str(value)
