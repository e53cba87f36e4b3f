"""Normalises the names that people give to classes, labels, projects and folders."""

from __future__ import annotations

import codecs
import re
import unicodedata

JOINERS = "\u200c\u200d"  # zero-width non-joiner and joiner: part of the spelling inside a word
# Invisible characters from file names and text files: soft hyphen, directional marks, byte order mark.
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u061c\u200e\u200f\u2060\ufeff"))
_LONE = re.compile(rf"(?:^|(?<=[\s{JOINERS}]))[{JOINERS}]+|[{JOINERS}]+(?=\s|$)")


def composed(text: str) -> str:
    """Composed characters (NFC) without invisible ones; spaces are unchanged."""
    return unicodedata.normalize("NFC", text.translate(_INVISIBLE))


def tidy(text: str) -> str:
    """A name in normal form: composed (NFC), single spaces, no invisible characters around or between words.

    macOS decomposes accents in file names (``e`` and U+0301), so that a name from a folder would not equal the same
    name from a keyboard. Directional marks and byte order marks come from file names and text files; they
    have no effect. A joiner inside a word is kept: Persian and Hindi words are spelt with it.
    """
    text = unicodedata.normalize("NFC", text)
    text = "".join(letter for letter in text if letter in JOINERS or unicodedata.category(letter) != "Cf")
    return " ".join(_LONE.sub("", " ".join(text.split())).split())


def is_printable(text: str) -> bool:
    """Whether a name is printable: no control characters or directional overrides; joiners are allowed."""
    return all(letter.isprintable() or letter in JOINERS for letter in text)


def same(text: str) -> str:
    """Key for comparing names, in which case, the form of accents and joiners do not count."""
    folded = composed(tidy(text).casefold())
    return "".join(letter for letter in folded if letter not in JOINERS)


def decoded(content: bytes) -> str:
    """A text file's content: UTF-8, or UTF-16 with a byte order mark; `UnicodeDecodeError` if it is neither."""
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if utf16 else "utf-8-sig")
