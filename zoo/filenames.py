"""Makes names and messages safe for every kind of output, and writes files: whether one can be, and whole."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import tempfile
from pathlib import Path

from features import file_kinds
from zoo.unicode_names import JOINERS, is_printable

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
LONGEST = 60  # characters of a value that a message repeats
_INNER = re.compile(r"(?<=[;\t\r\n])(?=[=+\-@＝＋－＠])")
# Errors of a folder in which no further file can be made, or of a file that cannot be replaced by another.
_NOT_BESIDE = (errno.EACCES, errno.EPERM, errno.EBUSY, errno.EROFS)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def readable(name: str) -> str:
    """A file name, or a message that contains one, as valid Unicode.

    A byte that is not UTF-8 becomes an escape such as ``\\xf6``. Python keeps such bytes as lone
    surrogates, which neither Parquet nor a strict JSON parser accepts.
    """
    try:
        raw = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # surrogates, which Windows allows in names
        raw = name.encode("utf-8", "backslashreplace")
    return raw.decode("utf-8", "backslashreplace")


def printable(text: str) -> str:
    """Text for a terminal: `readable`, and characters that would control the terminal as escapes (``\\x1b``).

    File names, and the words in other people's files, may hold any.
    """
    plain = lambda letter: letter.isprintable() or letter in f"\n\t{JOINERS}"
    return "".join(letter if plain(letter) else ascii(letter)[1:-1] for letter in readable(text))


def one_line(text: object) -> str:
    """`printable`, with line breaks and tabs as escapes, too: a file's name may hold what looks like a message."""
    return printable(str(text)).replace("\n", "\\n").replace("\t", "\\t")


def shortened(value: object, longest: int = LONGEST) -> str:
    """A value as text for a message about it, on one line: it may be long, and come from anyone."""
    words = str(value)
    shown = words[: longest + 1]
    shown = shown if is_printable(shown) else repr(shown)[1:-1]
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def quoted(value: object, longest: int = LONGEST) -> str:
    """The same as Python writes the value, text in quotation marks; of lists and objects only the type."""
    if not isinstance(value, (str, int, float, bool, type(None))):
        return f"a {type(value).__name__}"
    words = repr(value[:longest] if isinstance(value, str) else value)
    if len(words) <= longest:
        return words
    return f"{words[: longest - 2]}…{words[0] if isinstance(value, str) else ''}"


def reason(error: Exception) -> str:
    """Why a file failed: the error's message, or its type if there is none."""
    return readable(str(error) or type(error).__name__)


def cell(value: object) -> object:
    """A value as a CSV cell that spreadsheets do not run as a formula; numbers are unchanged.

    References
    ----------
    OWASP, "CSV Injection": a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break gets an
    apostrophe before it; so does what follows a semicolon, tab or line break within it, because where the comma
    separates decimals, spreadsheets begin a new cell there, quotation marks or not.
    """
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        return value
    safe = _INNER.sub("'", value)
    return f"'{safe}" if safe.startswith(_FORMULA) else safe


class NotWritableError(OSError):
    """The place is not writable. The message names it."""


def check_file(path: Path) -> None:
    """Raise unless a file can be written there; an existing one is not changed.

    Parameters
    ----------
    path : Path

    Raises
    ------
    NotWritableError
    """
    try:
        if file_kinds.is_special(path):
            raise OSError(0, "it is a pipe or a device")
        if path.exists():
            path.open("ab").close()
        else:
            tempfile.TemporaryFile(dir=path.absolute().parent).close()
    except OSError as error:
        raise NotWritableError(f"Cannot write {path} ({error.strerror}). Choose another place.") from None


def check_folder(path: Path) -> None:
    """Create a folder if necessary, and raise unless files can be written in it.

    Parameters
    ----------
    path : Path

    Raises
    ------
    NotWritableError
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path).close()
    except OSError as error:
        raise NotWritableError(f"Cannot write in the folder {path} ({error.strerror}). Choose another one.") from None


def write_whole(path: Path, text: str, errors: str = "strict") -> None:
    """Write a text file in UTF-8, whole or not at all: if the disk is full, an older file stays as it was.

    Line ends are written as they are. An older file's permissions stay, and a link stays a link.

    Parameters
    ----------
    path : Path
    text : str
    errors : str
        What to do with letters that UTF-8 cannot hold, as in `open`.

    Raises
    ------
    OSError
    """
    target = Path(os.path.realpath(path))
    beside = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        beside.write_text(text, encoding="utf-8", errors=errors, newline="")
        if target.exists():
            shutil.copymode(target, beside)
        os.replace(beside, target)
    except OSError as error:
        if error.errno not in _NOT_BESIDE:
            error.filename = str(path)
            raise
        target.write_text(text, encoding="utf-8", errors=errors, newline="")
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
