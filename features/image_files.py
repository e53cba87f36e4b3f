"""Reads the headers of image files before a decoder does: the parts that decoders trust too much.

Decoders allocate whatever a header asks for. Pillow also reads every EXIF and TIFF tag, and
many tags may point to the same bytes: a PNG of 1 MB took 8.6 GB that way. So sizes are summed here
first, and the orientation is the only metadata that is used.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from features.phrase import Phrase

ORIENTATION = 0x0112
UPRIGHT = 1  # its value for a picture that is stored as it is seen
_EXIF_HEAD = b"Exif\0\0"
_XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
_IN_XMP = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')


class HeaderError(ValueError):
    """A header that must not reach a decoder. The message says what is wrong with it."""


class UnreadError(ValueError):
    """A file that is not damaged, but of a kind that is not read. The message is a sentence that says what to do."""


# --- TIFF and EXIF -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Tag:
    """One entry of a directory: position, number and type of its values."""

    code: str
    count: int
    at: int

    @property
    def size(self) -> int:
        """Total bytes of the values."""
        return self.count * struct.calcsize(f"={self.code}")


_CODES = dict(enumerate("BsHL", 1)) | {5: "Q", 6: "b", 7: "s", 8: "h", 9: "l", 10: "q", 11: "f", 12: "d", 13: "L"}
_CODES |= {16: "Q", 17: "q", 18: "Q"}
_WHOLE = frozenset("BHLQ")
_MOST_ENTRIES = 10_000


class Directory:
    """The first directory of a TIFF file or of EXIF data.

    Parameters
    ----------
    data : bytes
        Starting with ``II`` or ``MM``.

    Raises
    ------
    HeaderError
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._order = {b"II": "<", b"MM": ">"}.get(data[:2], "")
        if not self._order or len(data) < 16:
            raise HeaderError("no directory of tags")
        self.tags = dict(self._read())

    def _read(self) -> Iterator[tuple[int, Tag]]:
        wide = self._unpack("H", 2)[0] == 43  # BigTIFF
        start = self._unpack("Q", 8)[0] if wide else self._unpack("L", 4)[0]
        head, entry, inline = ("Q", "HHQ", 8) if wide else ("H", "HHL", 4)
        (count,) = self._unpack(head, start)
        if count > _MOST_ENTRIES:
            raise HeaderError(f"{count:,} tags")
        step = struct.calcsize(f"={entry}") + inline
        start += struct.calcsize(f"={head}")
        for at in range(start, start + count * step, step):
            number, kind, values = self._unpack(entry, at)
            place = at + step - inline
            tag = Tag(_CODES.get(kind, "B"), values, place)
            if tag.size > inline:
                tag = Tag(tag.code, values, self._unpack("Q" if wide else "L", place)[0])
            yield number, tag

    def _unpack(self, code: str, at: int) -> tuple:
        try:
            return struct.unpack_from(self._order + code, self._data, at)
        except struct.error:
            raise HeaderError("a directory that breaks off") from None

    def whole(self, number: int, default: int = 0) -> int:
        """The largest of a tag's first values, as a whole number."""
        tag = self.tags.get(number)
        if tag is None or tag.code not in _WHOLE or not tag.count:
            return default
        return max(self._unpack(f"{min(tag.count, 16)}{tag.code}", tag.at))


def orientation(exif: bytes, xmp: bytes = b"") -> int:
    """EXIF orientation of a picture, 1 to 8; `UPRIGHT` if it is missing or invalid."""
    while exif.startswith(_EXIF_HEAD):
        exif = exif[len(_EXIF_HEAD) :]
    try:
        told = Directory(exif).whole(ORIENTATION)
    except HeaderError:
        told = 0
    found = _IN_XMP.search(xmp) if not told else None
    told = int(found[1]) if found else told
    return told if 1 <= told <= 8 else UPRIGHT


_YCBCR = 6


class Tiff:
    """The first directory of a TIFF, checked before Pillow reads it.

    Parameters
    ----------
    data : bytes

    Raises
    ------
    HeaderError
        Tags that cover more bytes than the file has, or more strips or tiles than any writer makes.
    UnreadError
        A compression whose decoder allocates as much memory as the file asks for.
    """

    # None, CCITT, LZW, JPEG, deflate, PackBits. LZMA, zstd, WebP, LERC and the old JPEG allocate further memory.
    COMPRESSIONS = frozenset([1, 2, 3, 4, 5, 7, 8, 32773, 32946])
    PACKINGS = {6: "the old JPEG", 34887: "LERC", 34925: "LZMA", 50000: "zstd", 50001: "WebP"}
    MOST_VALUES = 200_000

    def __init__(self, data: bytes) -> None:
        found = Directory(data)
        tags = found.tags.values()
        if sum(tag.size for tag in tags) > len(data) + 4096:
            raise HeaderError("tags that are larger than the file")
        if any(tag.count > self.MOST_VALUES and tag.code not in "Bs" for tag in tags):
            raise HeaderError("tags with too many values")
        self.packing = found.whole(259, 1)
        if self.packing not in self.COMPRESSIONS:
            packing = self.PACKINGS.get(self.packing, f"number {self.packing}")
            raise UnreadError(
                Phrase(
                    "picture.packing", "TIFFs compressed with {0} are not read. Save it with LZW or deflate.", packing
                )
            )
        self.turned = found.whole(ORIENTATION, 1) != 1
        self.width, self.height = found.whole(256), found.whole(257)
        self.samples, self._format = max(1, found.whole(277, 1)), found.whole(339, 1)
        self._colours, self._planes = found.whole(262), found.whole(284, 1)
        self.whole = bool(self.width and self.height and 262 in found.tags and {273, 324} & set(found.tags))
        self.bits = max(1, found.whole(258, 1))
        self._bits = self.bits * self.samples
        self._tile = found.whole(322), found.whole(323)
        self._rows = min(found.whole(278, self.height) or self.height, self.height)

    @property
    def buffer(self) -> int:
        """Bytes that libtiff holds of one strip or tile in addition to the picture; 0 if it does not read the file."""
        if self.packing == 1 and not self.by_libtiff:
            return 0
        wide, high = self._tile if all(self._tile) else (self.width, self._rows)
        jpeg = 2 * self._bits if self.packing == 7 else 0  # coefficients
        colours = 32 if self._colours == _YCBCR and self.packing != 7 else 0  # converted as a whole
        return wide * high * (self._bits + jpeg + colours) // 8

    @property
    def by_libtiff(self) -> bool:
        """Whether an uncompressed file is of a kind that Pillow's own reader gets wrong, and libtiff does not."""
        return self.packing == 1 and (self._colours == _YCBCR or (self._planes == 2 and self.bits == 16))

    @property
    def inverted(self) -> bool:
        """Whether 0 is white."""
        return self._colours == 0

    @property
    def words(self) -> str:
        """What kind of TIFF this is, for a sentence that says that it is not read."""
        numbers = {2: "signed ", 3: "floating-point "}.get(self._format, "")
        return f"TIFFs with {self.samples} {numbers}number{'s' * (self.samples > 1)} of {self.bits} bits a pixel"


class Metered(io.BytesIO):
    """A file from which at most `most` bytes are read in total, repeated reads included."""

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__(data)
        self._left = most

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self._left -= len(data)
        if self._left < 0:
            raise OSError("its tags are larger than the file")
        return data


# --- AVIF ----------------------------------------------------------------------------------------


def without_exif(data: bytes) -> bytes:
    """An AVIF with its EXIF item renamed: Pillow would read all of it before the size of anything is known.

    The orientation in it is not needed, because AVIF has its own properties for that.
    """
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big") or len(data) - at
        size = int.from_bytes(data[at + 8 : at + 16], "big") if size == 1 else size
        end = at + max(size, 8)
        if data[at + 4 : at + 8] == b"meta":
            return data[:at] + data[at:end].replace(b"Exif", b"free") + data[end:]
        at = end
    return data


# --- PNG -----------------------------------------------------------------------------------------


_USED = frozenset([b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"CgBI"])
_PNG_XMP = b"XML:com.adobe.xmp\0"


def plain_png(data: bytes) -> bytes:
    """A PNG without the chunks that are not used: profiles, texts, times, further frames of an animation.

    A profile of more than 1 MB or a text with a wrong checksum ends Pillow's reading; other programs pass them over.
    """
    kept, at = [data[:8]], 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if _is_used(data[at + 4 : at + 8], data[at:end]):
            kept.append(data[at:end])
        at = end
    return b"".join([*kept, data[at:]])


def _is_used(name: bytes, chunk: bytes) -> bool:
    """Whether a PNG's chunk is part of its first picture or says which way up it is, intact."""
    told = name == b"eXIf" or (name == b"iTXt" and chunk[8:].startswith(_PNG_XMP))
    return name in _USED or (told and zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:], "big"))


# --- PNG, GIF and PNM: Pillow goes through their headers in Python, so long ones take long -----------------


_MOST_PARTS = 20_000
_MOST_HEADER = 2**20
_PNM_TOKEN = re.compile(rb"(?:\s|#[^\r\n]*)+[^\s#]{0,20}")


def check_header(data: bytes) -> None:
    """Reject a PNG, GIF or PNM with an excessively long header, made to keep a reader busy.

    Raises
    ------
    HeaderError
    """
    if data.startswith(b"\x89PNG"):
        _check_chunks(data)
    elif data.startswith(b"GIF8"):
        _check_extensions(data)
    elif re.match(rb"P[1-7Ffy]\s", data):
        at = 2
        for _ in range(2 if data[1:2] in b"14" else 3):  # the numbers before the pixels
            if at < len(data):
                number = _PNM_TOKEN.match(data, at)
                if number is None:
                    raise HeaderError("a number of more than 20 characters in the header")
                at = number.end()
            if at > _MOST_HEADER:
                raise HeaderError("a header of more than 1 MB")


def _check_chunks(data: bytes) -> None:
    at = 8
    for _ in range(_MOST_PARTS):
        if at >= len(data):
            return
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    raise HeaderError(f"more than {_MOST_PARTS:,} chunks")


def _check_extensions(data: bytes) -> None:
    """Comments and other extensions before the first picture of a GIF."""
    at = 13 + (3 << (data[10] & 7) + 1 if len(data) > 10 and data[10] & 0x80 else 0)
    start = at
    while data[at : at + 1] == b"!":
        at += 2
        while at < len(data) and data[at]:
            at += 1 + data[at]
            if at - start > _MOST_HEADER:
                raise HeaderError("comments of more than 1 MB")
        at += 1


# --- JPEG --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Jpeg:
    """A JPEG without its metadata, and the cost of decoding it.

    Parameters
    ----------
    data : bytes
        The first picture of the file, without EXIF, XMP, colour profiles, previews and comments.
    exif, xmp : bytes
        Its metadata; empty if there is none.
    coefficients : int
        Bytes that libjpeg keeps for a picture in several scans; 0 for one scan.
    width, height : int
        Pixels.
    scans : int
    whole : bool
        Whether the end marker is present.
    """

    data: bytes
    exif: bytes
    xmp: bytes
    coefficients: int
    width: int
    height: int
    scans: int
    whole: bool

    def ended(self, filling: bytes = b"") -> Jpeg:
        """The same with an end marker, and before it some bytes in place of what may be missing."""
        made = read_jpeg(self.data.rstrip(b"\xff") + filling + b"\xff\xd9")
        return replace(made, exif=self.exif, xmp=self.xmp)


_SOS, _EOI, _APP0, _EXIF, _ADOBE, _COMMENT = 0xDA, 0xD9, 0xE0, 0xE1, 0xEE, 0xFE
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset([0xC2, 0xC6, 0xCA, 0xCE])
_MARKER = re.compile(rb"\xff([\x02-\xcf\xd9-\xfe])")  # neither a fill byte nor a restart nor a start
_DROPPED = frozenset([*range(0xE0, 0xF0), _COMMENT]) - {_APP0, _ADOBE}


def read_jpeg(data: bytes) -> Jpeg:
    """Parse the markers of a JPEG.

    Raises
    ------
    HeaderError
        No picture in it.
    """
    parts, exif, xmp, frame, several = [b"\xff\xd8"], b"", b"", b"", False
    scans, whole, start = 0, False, len(data)
    for kind, at, body in _segments(data):
        if kind == _SOS:
            several |= not scans and (len(frame) < 6 or not body or body[0] < frame[5])
            start = start if scans else at
            scans += 1
        elif kind == _EOI:
            whole, data = True, data[: at + 2]
            break
        elif scans:
            continue
        elif kind == _EXIF and body.startswith(_EXIF_HEAD):
            exif = exif or body
        elif kind == _EXIF and body.startswith(_XMP_HEAD):
            xmp = xmp or body
        elif kind not in _DROPPED:
            parts.append(data[at : at + 4 + len(body)])
        if kind in _FRAMES and not frame:
            frame, several = body, kind in _PROGRESSIVE
    if not scans:
        raise HeaderError("no picture in it")
    width, height, coefficients = _frame_size(frame)
    content = b"".join([*parts, memoryview(data)[start:]])
    return Jpeg(content, exif, xmp, coefficients if several else 0, width, height, scans, whole)


def _segments(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Kind, position and content of every marker with a content, and of the end marker."""
    at = 2
    for _ in range(_MOST_PARTS):
        found = _MARKER.search(data, at)
        if found is None:
            return
        kind, at = found[1][0], found.start()
        if kind == _EOI:
            yield kind, at, b""
            return
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        yield kind, at, data[at + 4 : at + 2 + max(size, 2)]
        at += 2 + max(size, 2)
    raise HeaderError(f"more than {_MOST_PARTS:,} segments")


def _frame_size(frame: bytes) -> tuple[int, int, int]:
    """Width, height and bytes of coefficients, from a start-of-frame segment."""
    if len(frame) < 6:
        raise HeaderError("no size in it")
    height, width = (int.from_bytes(frame[at : at + 2], "big") for at in (1, 3))
    sampling = [((byte >> 4) or 1, (byte & 15) or 1) for byte in frame[7 : 6 + 3 * frame[5] : 3]]
    most = max((h for h, _ in sampling), default=1) * max((v for _, v in sampling), default=1)
    return width, height, 2 * width * height * sum(h * v for h, v in sampling) // most
