"""Names that people give: classes, labels, projects, folders. One form for each, wherever it enters."""

from __future__ import annotations

import codecs
import re
import unicodedata

JOINERS = "\u200c\u200d"  # zero-width non-joiner and joiner: inside a word they belong to its spelling
# Shape nothing, and come along from file names and text files: soft hyphen, marks of direction, byte order mark.
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u061c\u200e\u200f\u2060\ufeff"))
_LONE = re.compile(rf"(?:^|(?<=[\s{JOINERS}]))[{JOINERS}]+|[{JOINERS}]+(?=\s|$)")


def composed(text: str) -> str:
    """Composed letters (NFC) without invisible marks; spaces as they are."""
    return unicodedata.normalize("NFC", text.translate(_INVISIBLE))


def tidy(text: str) -> str:
    """A name in one form: composed (NFC), single spaces, no invisible marks around or between words.

    macOS decomposes accents in file names (``e`` and U+0301), so that a name from a folder would not equal the same
    name from a keyboard. Marks of text direction and byte order marks come along from file names and text files; they
    shape nothing. A joiner inside a word stays: Persian and Hindi words are spelt with it.
    """
    text = unicodedata.normalize("NFC", text)
    text = "".join(letter for letter in text if letter in JOINERS or unicodedata.category(letter) != "Cf")
    return " ".join(_LONE.sub("", " ".join(text.split())).split())


def is_printable(text: str) -> bool:
    """Whether all of a name can be shown: no control characters, no overrides of direction; joiners are allowed."""
    return all(letter.isprintable() or letter in JOINERS for letter in text)


def same(text: str) -> str:
    """What two names have in common that nobody can tell apart: case, accents' form and joiners do not count."""
    folded = composed(tidy(text).casefold())
    return "".join(letter for letter in folded if letter not in JOINERS)


def decoded(content: bytes) -> str:
    """A text file's content: UTF-8, or UTF-16 with a byte order mark; `UnicodeDecodeError` if it is neither."""
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if utf16 else "utf-8-sig")
