"""Reads the rows of a data set's CSV file in any encoding and compression.

Files are recognised by their content, not by their names: plain, ``.gz``, ``.xz``, ``.bz2``, ``.zip``, ``.tar`` and
nested ones, as Kaggle provides them. Everything is streamed: no line, table or archive can
exhaust the memory.
"""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from features import file_kinds
from zoo.datasets.aligned import DataError
from zoo.filenames import quoted

MAX_LINE = 2**17  # characters; a row of FER2013 has 9,000
MAX_TEXT = 2**30  # characters of one table; FER2013 has 300 million
MAX_COLUMNS = 1000
MAX_DEPTH = 4  # of nested archives
MAX_MEMBERS = 100_000
_DAMAGED = (
    *(EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError, struct.error, csv.Error),
    *(ValueError, OverflowError, IndexError, KeyError, TypeError, NotImplementedError, RuntimeError),
)
_OPENERS: dict[bytes, Callable[[BinaryIO], Any]] = {b"\x1f\x8b": gzip.open, b"\xfd7zXZ": lzma.open, b"BZh": bz2.open}
_PACKED = (".zip", ".tar", ".gz", ".tgz", ".xz", ".bz2")


Row = dict[str, str | None]


def read_table(path: Path, needed: Sequence[str], where_from: str) -> Generator[tuple[int, Row]]:
    """Line number and values by column of each row; blank lines are skipped.

    Columns may be in any order, in upper or lower case, with spaces around their names. Further ones are passed on.

    Parameters
    ----------
    path : Path
    needed : sequence of str
        Required columns. In an archive, the first table that has them is read.
    where_from : str
        A sentence that says where to get the file, for the error if it does not exist.

    Raises
    ------
    DataError
        In one sentence of at most 300 characters.
    """
    if file_kinds.is_special(path):
        raise DataError(file_kinds.special_words(path))
    if not path.is_file():
        raise DataError(
            f"{told(path)} {'is a folder, not a table' if path.is_dir() else 'does not exist'}. {where_from}"
        )
    with _typed(path), path.open("rb") as file:
        seen: list[list[str]] = []
        spelt = {name.casefold(): name for name in needed}
        for stream in _streams(file, 0):
            with closing(_rows(path, stream)) as rows:
                names = (name.strip() for name in next(rows, (1, []))[1])
                columns = [spelt.get(name.casefold(), name) for name in names]
                if len(columns) > MAX_COLUMNS:  # each row would make a table of them
                    raise DataError(f"{told(path)} has {len(columns):,} columns; expected at most {MAX_COLUMNS:,}.")
                if set(needed) <= set(columns):
                    yield from ((number, _named(columns, values)) for number, values in rows)
                    return
                seen.append(columns)
        raise DataError(_no_table(path, seen, needed))


def told(path: Path) -> str:
    """A path, shortened to 100 characters."""
    text = str(path)
    return text if len(text) <= 100 else f"…{text[-99:]}"


@contextmanager
def _typed(path: Path) -> Iterator[None]:
    """Turn any exception of a decoder into a `DataError`."""
    try:
        yield
    except DataError:
        raise
    except MemoryError:
        raise DataError(f"{told(path)} needs more memory than there is; it is damaged or not a data set.") from None
    except _DAMAGED as error:
        reason = " ".join(str(error).split())[:80] or type(error).__name__
        raise DataError(f"{told(path)} is damaged or is not what its name says ({reason}).") from error


# --- Archives --------------------------------------------------------------------------------


def _streams(stream: io.BufferedReader, depth: int) -> Iterator[io.BufferedReader]:
    """Every file in a stream that may be a table, unpacked, in order."""
    head = stream.peek(512)
    opener = next((opener for magic, opener in _OPENERS.items() if head.startswith(magic)), None)
    packed = opener is not None or head.startswith(b"PK\x03\x04") or head[257:262] == b"ustar"
    if packed and depth >= MAX_DEPTH:
        raise DataError("The file holds archives inside archives inside archives; unpack it first.")
    if opener is not None:
        with opener(stream) as inner:
            yield from _streams(io.BufferedReader(inner), depth + 1)
    elif head.startswith(b"PK\x03\x04"):
        yield from _zip_streams(stream, depth + 1)
    elif head[257:262] == b"ustar":
        yield from _tar_streams(stream, depth + 1)
    else:
        yield stream


def _zip_streams(stream: BinaryIO, depth: int) -> Iterator[io.BufferedReader]:
    with zipfile.ZipFile(stream) as archive:
        members = [info for info in archive.infolist()[:MAX_MEMBERS] if _rank(info.filename) is not None]
        for info in sorted(members, key=lambda info: (_rank(info.filename), info.filename)):
            with archive.open(info) as inner:
                yield from _streams(io.BufferedReader(cast(io.RawIOBase, inner)), depth)


def _tar_streams(stream: BinaryIO, depth: int) -> Iterator[io.BufferedReader]:
    """Members in the order of the tar, which is streamed."""
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            inner = archive.extractfile(member) if member.isfile() and _rank(member.name) is not None else None
            if inner is not None:
                yield from _streams(io.BufferedReader(_Forward(inner)), depth)


class _Forward(io.RawIOBase):
    """A file in a streamed tar; older Pythons raise an error when it is asked whether it is seekable."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self._source.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)


def _rank(name: str) -> int | None:
    """Sort key: tables before archives; None for system files such as macOS', and for all others."""
    parts = name.replace("\\", "/").split("/")
    if any(part.startswith(".") or part == "__MACOSX" for part in parts):
        return None
    last = parts[-1].lower()
    return 0 if last.endswith(".csv") else 1 if last.endswith(_PACKED) else None


# --- Text ------------------------------------------------------------------------------------


def _rows(path: Path, stream: io.BufferedReader) -> Generator[tuple[int, list[str]]]:
    """Line number and values of each row that is not blank, the header first."""
    text = io.TextIOWrapper(stream, encoding=_encoding(stream.peek(4)), newline="")
    try:
        first = _heading(path, text)
        delimiter = next((mark for mark in (",", ";", "\t") if mark in first), ",")
        reader = csv.reader(_lines(path, first, text), delimiter=delimiter)
        yield from ((reader.line_num, values) for values in reader if any(value.strip() for value in values))
    finally:
        text.detach()  # the stream is closed by its owner


def _heading(path: Path, text: io.TextIOBase) -> str:
    with suppress(UnicodeError):
        first = text.readline(MAX_LINE)
        if "\0" not in first and len(first) < MAX_LINE:
            return first
    raise DataError(f"{told(path)} is not a CSV file, nor a .gz, .xz, .bz2, .zip or .tar with one in it.") from None


def _lines(path: Path, first: str, text: io.TextIOBase) -> Iterator[str]:
    line, number, total = first, 1, 0
    while line:
        total += len(line)
        if len(line) == MAX_LINE or total > MAX_TEXT:
            raise DataError(f"{told(path)}, line {number}: the line or the file is far too long for a data set.")
        yield line
        line, number = text.readline(MAX_LINE), number + 1


def _encoding(head: bytes) -> str:
    """UTF-8 with or without a byte order mark, or UTF-16 with or without one."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head[1:2] == b"\0":
        return "utf-16-le"
    return "utf-16-be" if head[:1] == b"\0" else "utf-8-sig"


def _named(columns: Sequence[str], values: Sequence[str]) -> Row:
    """Values by column; None if the row is too short."""
    return {name: values[i] if i < len(values) else None for i, name in enumerate(columns)}


def _no_table(path: Path, seen: Sequence[Sequence[str]], needed: Sequence[str]) -> str:
    expected = f"expected {', '.join(needed)}"
    if not seen:
        return f"{told(path)} holds no .csv file; {expected} as its columns. Unpack pictures, and give their folder."
    if len(seen) > 1:
        return f"{told(path)} holds {len(seen)} tables, none with the right columns; {expected}."
    if not seen[0]:
        return f"{told(path)} is empty; {expected} as its columns."
    columns = quoted(", ".join(seen[0]))[1:-1]
    return f"{told(path)} has the columns {columns}; {expected}."
