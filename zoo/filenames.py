"""File names as text that every output can hold."""

from __future__ import annotations


def readable(name: str) -> str:
    """A file name, or a message that has one in it, as valid Unicode.

    A byte that is not UTF-8 becomes an escape such as ``\\xf6``. Python keeps such bytes as lone
    surrogates, which neither Parquet nor a strict JSON parser accepts.
    """
    try:
        raw = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # surrogates that Windows allows in names
        raw = name.encode("utf-8", "backslashreplace")
    return raw.decode("utf-8", "backslashreplace")


def reason(error: Exception) -> str:
    """Why a file failed: the error's message or, where it has none, its type."""
    return readable(str(error) or type(error).__name__)
