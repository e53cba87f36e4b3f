"""Phrases as HTML: elements have their sentence's key, so that a page's script can translate them."""

from __future__ import annotations

import json
import re
from html import escape

from features.phrase import Phrase, arguments

NUMBER_AND_UNIT = re.compile(r"(?<=\d) (?=%|(?:ms|s|MB|Mo)\b)")


def keyed(phrase: str, of: str = "") -> str:
    """The attributes with a phrase's key; empty for plain text.

    Parameters
    ----------
    phrase : str
    of : str
        Name of the attribute that contains the phrase; empty for the element's text.
    """
    if not isinstance(phrase, Phrase):
        return ""
    name = f"data-i18n-{of}" if of else "data-i18n"
    values = json.dumps(arguments(phrase), ensure_ascii=False, separators=(",", ":")) if phrase.values else ""
    return f' {name}="{escape(phrase.key)}"' + (f' {name}-args="{escape(values)}"' if values else "")


def unbroken(phrase: str) -> str:
    """A sentence as the page shows it: no line break between a number and its unit. `languages.js` does the same."""
    return NUMBER_AND_UNIT.sub("\u00a0", phrase) if isinstance(phrase, Phrase) else phrase


def say(phrase: str, tag: str = "span", attributes: str = "") -> str:
    """An element with a phrase as its text. Plain text that would be in a bare ``span`` has no element."""
    if not isinstance(phrase, Phrase) and tag == "span" and not attributes:
        return escape(phrase)
    return f"<{tag}{f' {attributes}' if attributes else ''}{keyed(phrase)}>{escape(unbroken(phrase))}</{tag}>"


def attribute(name: str, phrase: str) -> str:
    """An attribute with a phrase: ``title="…" data-i18n-title="key"``."""
    return f'{name}="{escape(phrase)}"{keyed(phrase, name)}'


def stressed(phrase: Phrase, place: int = 0) -> str:
    """A phrase whose value at `place` is in an ``<em>`` of its own; a name in it is kept from translation programs."""
    value = phrase.values[place]
    kept = "" if isinstance(value, Phrase) else ' translate="no"'
    before, after = (escape(NUMBER_AND_UNIT.sub("\u00a0", part)) for part in _around(phrase, place))
    return f'<span data-i18n-em="{place}"{keyed(phrase)}>{before}<em{kept}>{escape(str(value))}</em>{after}</span>'


def _around(phrase: Phrase, place: int) -> tuple[str, str]:
    """The sentence before and after a value, which may stand in it more than once under another name."""
    mark = "\0"
    values = [mark if i == place else value for i, value in enumerate(phrase.values)]
    before, _, after = phrase.template.format(*values).partition(mark)
    return before, after
