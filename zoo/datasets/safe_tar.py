"""Reads untrusted tar archives, plain or packed with gzip, bzip2 or xz: nothing is written to disk."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, cast

from zoo.filenames import quoted
from zoo.safe_zip import Limits, UnpackError, left_by_a_system, member_path

_DAMAGED = (
    *(tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, OverflowError, IndexError),
    *(KeyError, RuntimeError, MemoryError),  # raised by `tarfile` for inconsistent headers
)
_OPENERS: dict[bytes, Callable[[BinaryIO], Any]] = {b"\x1f\x8b": gzip.open, b"\xfd7zXZ": lzma.open, b"BZh": bz2.open}
_MAGIC = slice(257, 262)
_HEAD = 512
_BLOCK = 2**20


class SafeTar:
    """The members of a tar by name, in memory.

    Names are treated as in `zoo.safe_zip.SafeZip`.

    Parameters
    ----------
    file : binary file
        At its beginning.
    limits : Limits
        The tar itself may have `size` bytes, packed and unpacked: all of it is kept in memory.

    Raises
    ------
    UnpackError
        Not a tar, damaged, too large, too many members, a path that leaves the folder, a link, a device.
    """

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._data = _unpacked(file, limits.size)
        self._members: dict[str, tuple[int, int]] = {}
        for member in _members(self._data, limits.members):
            name = member_path(member.name, limits, "tar")
            if member.isdir() or left_by_a_system(name):
                continue
            _check(member, name, len(self._data))
            if name in self._members:
                raise UnpackError(f"The tar has two files {quoted(name)}. Remove one of them.")
            self._members[name] = member.offset_data, member.size
        if not self._members:
            raise UnpackError("The tar is empty.")

    @property
    def names(self) -> list[str]:
        """Names of all files, in the tar's order."""
        return list(self._members)

    def read(self, name: str, most: int) -> bytes:
        """Content of a file; `UnpackError` if it is missing or larger than `most` bytes."""
        if name not in self._members:
            raise UnpackError(f"The tar lacks the file {quoted(name)}. Export or save it again.")
        start, size = self._members[name]
        if size > most:
            raise UnpackError(f"{quoted(name)} in the tar has {size:,} bytes; at most {most:,} are read.")
        return self._data[start : start + size]


def is_tar(file: BinaryIO) -> bool:
    """Whether a file is a tar, possibly packed; it is rewound."""
    head = file.read(6)
    file.seek(0)
    try:
        return _opened(file, head).read(_HEAD)[_MAGIC] == b"ustar"
    except _DAMAGED:
        return False
    finally:
        file.seek(0)


def names_in(file: BinaryIO, most: int) -> Iterator[str]:
    """Names of the members, unchecked, as they come; no content is kept, and at most `most` bytes are unpacked.

    Raises
    ------
    UnpackError
    """
    head = file.read(6)
    file.seek(0)
    try:
        with tarfile.open(fileobj=cast(BinaryIO, _Counted(_opened(file, head), most)), mode="r|") as archive:
            names = (member.name.removeprefix("./") for member in archive)
            yield from (name for name in names if not left_by_a_system(name))
    except _DAMAGED as error:
        raise _damaged(error) from error


def _opened(file: BinaryIO, head: bytes) -> BinaryIO:
    opener = next((opener for magic, opener in _OPENERS.items() if head.startswith(magic)), None)
    return opener(file) if opener else file


class _Counted:
    """A stream of which at most `most` bytes are read."""

    def __init__(self, stream: BinaryIO, most: int) -> None:
        self._stream = stream
        self._left = most

    def read(self, size: int) -> bytes:
        self._left -= size
        return self._stream.read(size) if self._left >= 0 else b""


def _unpacked(file: BinaryIO, most: int) -> bytes:
    head = file.read(6)
    file.seek(0)
    try:
        stream, data = _opened(file, head), bytearray()
        while len(data) <= most and (block := stream.read(_BLOCK)):
            data += block
    except _DAMAGED as error:
        raise _damaged(error) from error
    if len(data) > most:
        raise UnpackError(f"The tar unpacks to more than {most >> 20} MB, the limit. Make it smaller.")
    return bytes(data)


def _members(data: bytes, most: int) -> Iterator[tarfile.TarInfo]:
    """Every member; some versions of `tarfile` go round in circles if a size is negative."""
    at, count = -1, 0
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            if getattr(archive, "firstmember", True) is None:  # Python 3.10 raises an error if it is asked for more
                return
            while member := archive.next():
                count += 1
                if count > most:
                    raise UnpackError(f"The tar holds more than {most:,} files, the limit. Leave some out.")
                if member.offset <= at or member.size < 0:
                    raise tarfile.ReadError("a size that leads back")
                at = member.offset
                yield member
    except UnpackError:
        raise
    except _DAMAGED as error:
        raise _damaged(error) from error


def _damaged(error: BaseException) -> UnpackError:
    reason = " ".join(str(error).split())[:80] or type(error).__name__
    return UnpackError(f"This is not a tar, or it is damaged or cut off ({reason}). Save it again, and retry.")


def _check(member: tarfile.TarInfo, name: str, end: int) -> None:
    if member.issym() or member.islnk():
        raise UnpackError(f"{quoted(name)} in the tar is a link to another file; links are not followed.")
    if not member.isreg():
        raise UnpackError(f"{quoted(name)} in the tar is a device or a pipe, not a file. Make the tar without it.")
    if member.issparse():
        raise UnpackError(f"{quoted(name)} in the tar is packed in an unusual way. Make an ordinary tar.")
    if member.offset_data + member.size > end:
        raise UnpackError(f"{quoted(name)} in the tar is cut off. Save the tar again, and retry.")
