"""Opens a zip that anybody may have made: nothing is written to disk, and nothing may be large or odd.

Limits are looked at before anything is unpacked; what is unpacked is counted while it comes.
"""

from __future__ import annotations

import io
import json
import stat
import struct
import zipfile
import zlib

from zoo.exchange.errors import ModelFileError
from zoo.exchange.validation import short

MAX_BYTES = 64 * 2**20  # of a zip
MAX_TOTAL = 192 * 2**20  # unpacked
MAX_MEMBERS = 200
MAX_RATIO = 200
MAX_JSON = 4 * 2**20
MAX_DEPTH = 60
_ENTRY = b"PK\x01\x02"  # every line of a zip's table of contents begins with this
_DAMAGED = (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, RuntimeError, OverflowError, struct.error)
_HIDDEN = ("__MACOSX/", ".DS_Store", "Thumbs.db")


class Archive:
    """The members of a zip, by name.

    Parameters
    ----------
    data : bytes

    Raises
    ------
    ModelFileError
        No zip, too large, too many members, a path that leaves the folder, a link, a password,
        a member that would unpack to far more than it is.
    """

    def __init__(self, data: bytes) -> None:
        if len(data) > MAX_BYTES:
            raise ModelFileError(f"The file has {len(data) / 2**20:.0f} MB; at most {MAX_BYTES >> 20} MB are read.")
        if not data.startswith(b"PK"):
            raise ModelFileError("This is no zip file. Choose the zip that Teachable Machine or this app exported.")
        if data.count(_ENTRY) > 2 * MAX_MEMBERS:
            raise ModelFileError(f"The zip has too many files; at most {MAX_MEMBERS} are read.")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            infos = self._zip.infolist()
        except _DAMAGED as error:
            raise ModelFileError(f"The zip is damaged ({short(str(error))}). Export or download it again.") from error
        self._infos = _checked(infos)

    @property
    def names(self) -> list[str]:
        """Of every file."""
        return list(self._infos)

    def find(self, *endings: str) -> str | None:
        """The file whose last part of the path is one of these, the one nearest to the top."""
        for ending in endings:
            found = [name for name in self._infos if name.rsplit("/", 1)[-1] == ending]
            if found:
                return min(found, key=lambda name: (name.count("/"), name))
        return None

    def beside(self, name: str, other: str) -> str | None:
        """Another file in the folder of a file, if there is one."""
        path = name.rpartition("/")[0]
        wanted = f"{path}/{other}" if path else other
        return wanted if wanted in self._infos else None

    def read(self, name: str, limit: int = MAX_TOTAL) -> bytes:
        """A file's content."""
        info = self._infos[name]
        if info.file_size > limit:
            raise ModelFileError(f"{short(name)} has {info.file_size:,} bytes; at most {limit:,} are read.")
        try:
            with self._zip.open(info) as member:
                content = member.read(info.file_size + 1)
        except _DAMAGED as error:
            raise ModelFileError(f"{short(name)} in the zip is damaged. Export or download it again.") from error
        if len(content) != info.file_size:
            raise ModelFileError(f"{short(name)} in the zip is cut off. Export or download it again.")
        return content

    def json(self, name: str) -> object:
        """A file's content as JSON."""
        return parse_json(self.read(name, MAX_JSON), name)


def _checked(infos: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    if len(infos) > MAX_MEMBERS:
        raise ModelFileError(f"The zip has {len(infos)} files; at most {MAX_MEMBERS} are read.")
    if sum(info.file_size for info in infos) > MAX_TOTAL:
        raise ModelFileError(f"The zip would unpack to more than {MAX_TOTAL >> 20} MB.")
    kept: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        _check_member(info)
        if info.is_dir() or any(part in info.filename for part in _HIDDEN):
            continue
        if info.filename in kept:
            raise ModelFileError(f"The zip has two files {short(info.filename)}.")
        kept[info.filename] = info
    if not kept:
        raise ModelFileError("The zip is empty.")
    return kept


def _check_member(info: zipfile.ZipInfo) -> None:
    name, shown = info.filename, short(info.filename)
    parts = name.rstrip("/").split("/")
    escapes = name.startswith("/") or ".." in parts or "\\" in name or ":" in name
    if escapes or len(name) > 200 or not name.isprintable() or "" in parts or len(parts) > 8:
        raise ModelFileError(f"The zip has a file with the path {shown}, which is not taken.")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise ModelFileError(f"{shown} in the zip is a link to another file; links are not followed.")
    if info.flag_bits & 0x41:
        raise ModelFileError(f"{shown} in the zip has a password. Make the zip without one.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ModelFileError(f"{shown} in the zip is packed in an unusual way. Make an ordinary zip.")
    if info.file_size > MAX_RATIO * max(info.compress_size, 1) and info.file_size > 2**16:
        raise ModelFileError(f"{shown} in the zip would unpack to {info.file_size:,} bytes: far too much for its size.")


def parse_json(content: bytes, name: str) -> object:
    """JSON of at most `MAX_JSON` bytes and `MAX_DEPTH` levels, without NaN; `ModelFileError` otherwise."""
    if len(content) > MAX_JSON:
        raise ModelFileError(f"{short(name)} has {len(content):,} bytes; at most {MAX_JSON:,} are read.")
    try:
        value = json.loads(content.decode("utf-8-sig"), parse_constant=_no_constant)
    except RecursionError:
        raise ModelFileError(f"{short(name)} nests its entries too deep.") from None
    except ValueError as error:
        raise ModelFileError(f"{short(name)} is no JSON ({short(str(error))}). Export it again.") from error
    _check_depth(value, name)
    return value


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no number")


def _check_depth(value: object, name: str) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner for outer in level if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]  # fmt: skip
        if not level:
            return
    raise ModelFileError(f"{short(name)} nests its entries more than {MAX_DEPTH} deep.")
