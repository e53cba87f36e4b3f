"""Sentences that know their key, so that a page can show them in another language.

A `Phrase` is the English sentence to everything that reads it as text: a terminal, a log, a JSON answer. A page
finds its key and what was filled in, and replaces the sentence with the one its language has under that key.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real


class Phrase(str):
    """An English sentence with its key.

    Parameters
    ----------
    key : str
        Of the dictionaries (``"lesson.count"``). A key with places in it (``"{0:.1f} ms"``) is its own template in
        every language: numbers that only need the language's decimal sign.
    english : str
        The template: ``{0}``, ``{1:.2f}`` are places for the values, as in `str.format`.
    *values
        Numbers, other phrases, or names. Names stay as they are in every language.
    """

    __slots__ = ("key", "template", "values")
    key: str
    template: str
    values: tuple[object, ...]

    def __new__(cls, key: str, english: str, *values: object) -> Phrase:
        self = super().__new__(cls, english.format(*values) if values else english)
        self.key, self.template, self.values = key, english, values
        return self

    def __str__(self) -> Phrase:  # so that str(error) keeps the key of the sentence the error was raised with
        return self

    def __getnewargs__(self) -> tuple:
        return (self.key, self.template, *self.values)

    def as_json(self) -> dict:
        """Key, arguments, and the English sentence, for a script."""
        return {"key": self.key, "args": arguments(self), "text": str.__str__(self)}


def number(template: str, *values: float) -> Phrase:
    """Numbers in the same form in every language but for the decimal sign: ``number("{0:.1f} ms", 3.2)``."""
    return Phrase(template, template, *values)


def joined(parts: Sequence[str], between: str = ", ") -> Phrase:
    """Phrases or names one after the other."""
    template = between.join(f"{{{i}}}" for i in range(len(parts)))
    return Phrase(template, template, *parts)


def arguments(phrase: Phrase) -> list:
    """What is filled in, as JSON: numbers as numbers, names as texts, phrases as objects."""
    return [_argument(value) for value in phrase.values]


def _argument(value: object) -> object:
    if isinstance(value, Phrase):
        return {"key": value.key, "args": arguments(value)}
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else str(value)
