"""Reads untrusted zip files: nothing is written to disk, and nothing large or irregular is unpacked.

Limits are checked before anything is unpacked, and again while unpacking.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import TypeVar

from features.phrase import Phrase
from zoo.filenames import quoted
from zoo.unicode_names import composed, is_printable

MAX_NAME = 200
_ENTRY = b"PK\x01\x02"  # start of every entry of a zip's central directory
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, RuntimeError, OverflowError, struct.error),
    *(IndexError, MemoryError),  # raised by `zipfile` for a truncated name or extra field
)
_DRIVE = re.compile(r"[A-Za-z]:")
_UTF8 = 0x800  # flag of a member whose name is UTF-8
_SYSTEM = {"thumbs.db", "desktop.ini", "__macosx"}  # files of operating systems, besides those that begin with a dot


Z = TypeVar("Z", bound="SafeZip")


class UnpackError(ValueError):
    """A zip or tar is malformed, too large, or not what is read here. The message says why, and what to do."""


@dataclass(frozen=True)
class Limits:
    """Upper limits for reading a zip.

    Parameters
    ----------
    size, unpacked : int
        Bytes of the zip, and of all its members together.
    members, depth : int
        Files and folders in the zip, and folders inside each other.
    ratio : int, optional
        Largest compression ratio of members over 64 KB.
    """

    size: int
    unpacked: int
    members: int
    depth: int
    ratio: int | None = None


class SafeZip:
    """The members of a zip by name; use it in a ``with`` statement if it is large.

    Names are normalised (NFC) and have ``/`` between folders, whatever system wrote them. Files that systems create in
    folders (``__MACOSX``, ``._name``, ``Thumbs.db``) are left out.

    Parameters
    ----------
    data : bytes
    limits : Limits

    Raises
    ------
    UnpackError
        Not a zip, damaged, too large, too many members, a path that leaves the folder, a link, a password, a member
        with an excessive compression ratio.
    """

    def __init__(self, data: bytes, limits: Limits) -> None:
        if len(data) > limits.size:
            raise UnpackError(
                Phrase(
                    "zip.large_n",
                    "The file has {0} MB; at most {1} MB are read. Make it smaller.",
                    len(data) >> 20,
                    limits.size >> 20,
                )
            )
        if data.count(_ENTRY) > 2 * limits.members:  # directories with millions of entries are not even parsed
            raise _too_many(limits)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            infos = self._zip.infolist()
        except _DAMAGED as error:
            raise UnpackError(
                Phrase("teach.no_zip", "This is not a zip file, or it is damaged. Export or save it again, and retry.")
            ) from error
        if len(infos) > limits.members:
            raise _too_many(limits)
        unpacked = sum(info.file_size for info in infos)
        if unpacked > limits.unpacked:
            raise UnpackError(
                Phrase(
                    "zip.unpacked_n",
                    "The zip unpacks to {0} MB; at most {1} MB are read. Make it smaller.",
                    unpacked >> 20,
                    limits.unpacked >> 20,
                )
            )
        self._members = _members(infos, limits)

    def __enter__(self: Z) -> Z:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    @property
    def names(self) -> list[str]:
        """Names of all files, in the zip's order."""
        return list(self._members)

    def find(self, *endings: str) -> str | None:
        """The file with one of these names that is nearest to the top."""
        for ending in endings:
            found = [name for name in self._members if name.rsplit("/", 1)[-1] == ending]
            if found:
                return min(found, key=lambda name: (name.count("/"), name))
        return None

    def beside(self, name: str, other: str) -> str | None:
        """Another file in the folder of a file, if there is one."""
        path = name.rpartition("/")[0]
        wanted = f"{path}/{other}" if path else other
        return wanted if wanted in self._members else None

    def read(self, name: str, most: int) -> bytes:
        """Content of a file; `UnpackError` if it is missing, damaged or larger than `most` bytes."""
        info = self._members.get(name)
        if info is None:
            raise UnpackError(Phrase("zip.lacks", "The zip lacks the file {0}. Export or save it again.", quoted(name)))
        if info.file_size > most:
            raise UnpackError(
                Phrase(
                    "zip.member_n",
                    "{0} in the zip has {1:,} bytes; at most {2:,} are read.",
                    quoted(name),
                    info.file_size,
                    most,
                )
            )
        try:
            with self._zip.open(info) as member:
                content = member.read(info.file_size + 1)  # the size in the central directory may be wrong
        except _DAMAGED as error:
            raise UnpackError(
                Phrase("zip.damaged", "{0} in the zip is damaged. Export or save it again, and retry.", quoted(name))
            ) from error
        if len(content) != info.file_size:
            raise UnpackError(
                Phrase("zip.cut", "{0} in the zip is cut off. Export or save it again, and retry.", quoted(name))
            )
        return content


def _too_many(limits: Limits) -> UnpackError:
    return UnpackError(
        Phrase("zip.files_n", "The zip holds more than {0:,} files, the limit. Leave some out.", limits.members)
    )


def _members(infos: list[zipfile.ZipInfo], limits: Limits) -> dict[str, zipfile.ZipInfo]:
    kept: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = member_path(_name(info), limits)
        if name.endswith("/") or left_by_a_system(name):
            continue
        _check_content(info, name, limits)
        if name in kept:
            raise UnpackError(Phrase("zip.twice", "The zip has two files {0}. Remove one of them.", quoted(name)))
        kept[name] = info
    if not kept:
        raise UnpackError(Phrase("zip.empty", "The zip is empty."))
    return kept


def _name(info: zipfile.ZipInfo) -> str:
    """A member's name, correctly decoded.

    macOS and some Linux tools write UTF-8 without its flag; `zipfile` then decodes it as code page 437.
    """
    name = info.orig_filename
    if "\0" not in name and info.filename != name.replace("\\", "/") and info.filename != name:
        return info.filename  # from the Unicode extra field, which newer Pythons read
    if not info.flag_bits & _UTF8:
        try:
            return name.encode("cp437").decode("utf-8")
        except UnicodeError:
            return name
    return name


def member_path(name: str, limits: Limits, kind: str = "zip") -> str:
    """A member's name with ``/`` between folders and normalised (NFC); folders end in ``/``.

    Parameters
    ----------
    name : str
    limits : Limits
    kind : str
        What the archive is called in errors.

    Raises
    ------
    UnpackError
        The name leads out of the archive, is empty, too long, too deep or not printable.
    """
    path = composed(name.replace("\\", "/"))
    folder = path.endswith("/")
    parts = path.rstrip("/").split("/")
    while len(parts) > 1 and parts[0] == ".":
        del parts[0]
    if not name or parts == [""]:
        raise UnpackError(Phrase("zip.nameless", "The {0} holds a file without a name. Make the {0} again.", kind))
    if path.startswith("/") or ".." in parts or _DRIVE.match(parts[0]):
        raise UnpackError(
            Phrase(
                "zip.elsewhere",
                "The {0} holds a file named {1}, which leads elsewhere. It is not opened.",
                kind,
                quoted(name),
            )
        )
    if len(parts) > limits.depth:
        raise UnpackError(
            Phrase(
                "zip.deep_n",
                "The {0} holds a file named {1}, which is more than {2} folders deep. Move it further up.",
                kind,
                quoted(name),
                limits.depth,
            )
        )
    if len(path) > MAX_NAME or "" in parts or "\0" in path or not is_printable(path):
        raise UnpackError(
            Phrase("zip.name", "The {0} holds a file named {1}, which is not allowed. Rename it.", kind, quoted(name))
        )
    return "/".join(parts) + ("/" if folder else "")


def left_by_a_system(name: str) -> bool:
    """Whether a member is one of the files that operating systems leave in folders, or hidden."""
    return any(part.startswith(".") or part.lower() in _SYSTEM for part in name.split("/"))


def _check_content(info: zipfile.ZipInfo, name: str, limits: Limits) -> None:
    if stat.S_ISLNK(info.external_attr >> 16):
        raise UnpackError(
            Phrase("zip.link", "{0} in the zip is a link to another file; links are not followed.", quoted(name))
        )
    if info.flag_bits & 0x41:
        raise UnpackError(
            Phrase("zip.locked", "{0} in the zip is locked with a password. Make the zip without one.", quoted(name))
        )
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnpackError(
            Phrase("zip.packed", "{0} in the zip is packed in an unusual way. Make an ordinary zip.", quoted(name))
        )
    if limits.ratio and info.file_size > max(2**16, limits.ratio * info.compress_size):
        raise UnpackError(
            Phrase(
                "zip.bomb_n",
                "{0} in the zip unpacks to {1:,} bytes: far too much for its size.",
                quoted(name),
                info.file_size,
            )
        )
