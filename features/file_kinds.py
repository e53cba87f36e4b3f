"""Recognises pictures and clips by their first bytes, whatever their names."""

from __future__ import annotations

import re
import stat
from pathlib import Path

HEAD = 512  # bytes that are read
# Read by `features.images`, in Pillow's names.
READ = frozenset(["JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM"])
CLIPS = frozenset(["GIF", "MP4", "Matroska", "AVI"])
_SUFFIXES = (
    ".avif",
    ".bmp",
    ".gif",
    ".heic",
    ".heif",
    ".hif",
    ".j2k",
    ".jfif",
    ".jp2",
    ".jpe",
    ".jpeg",
    ".jpg",
    ".jxl",
    *(".pam", ".pbm", ".pfm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"),
)
PICTURE_SUFFIXES = frozenset(_SUFFIXES)
CLIP_SUFFIXES = frozenset([".avi", ".gif", ".m4v", ".mkv", ".mov", ".mp4", ".webm"])

_STARTS: tuple[tuple[str, re.Pattern[bytes]], ...] = tuple(
    (name, re.compile(pattern, re.DOTALL))
    for name, pattern in (
        ("JPEG", rb"\xff\xd8\xff"),
        ("PNG", rb"\x89PNG\r\n\x1a\n"),
        ("WEBP", rb"RIFF....WEBP"),
        ("GIF", rb"GIF8[79]a"),
        ("BMP", rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0"),
        ("camera raw", rb"II\*\0.{4}CR|FUJIFILMCCD-RAW|IIR[OS]|MMOR|IIU\0|FOVb"),
        ("TIFF", rb"II\*\0|MM\0\*|II\+\0|MM\0\+"),
        ("PPM", rb"P[1-6Ff]\s+[#\d]|P7\s*\n\s*(#|WIDTH|HEIGHT|DEPTH|MAXVAL|TUPLTYPE)"),
        ("JPEG 2000", rb"\0\0\0\x0cjP  \r\n|\xff\x4f\xff\x51"),
        ("JPEG XL", rb"\xff\x0a|\0\0\0\x0cJXL \r\n"),
        ("Photoshop", rb"8BPS"),
        ("EPS", rb"%!PS|\xc5\xd0\xd3\xc6"),
        ("PDF", rb"%PDF-"),
        ("SVG", rb"\s*(<\?xml.*)?<svg"),
        ("icon", rb"\0\0[\x01\x02]\0[\x01-\x40]\0"),
        ("OpenEXR", rb"v/1\x01"),
        ("Matroska", rb"\x1a\x45\xdf\xa3"),
        ("AVI", rb"RIFF....AVI "),
        ("MP4", rb"....(moov|mdat|wide|free|skip|pnot)"),
        ("MPEG", rb"\0\0\x01[\xb3\xba]"),
        ("MPEG transport stream", rb"\x47.{187}\x47.{187}\x47|.{4}\x47.{191}\x47"),
        ("Flash video", rb"FLV\x01"),
        ("Windows Media", rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
        ("RealMedia", rb"\.RMF"),
        ("Ogg video", rb"OggS.*(\x80theora|OVP80\x01|BBCD\0)"),
        ("audio", rb"OggS|ID3|\xff[\xfa\xfb\xf2\xf3]|RIFF....WAVE|fLaC"),
    )
)
_BRANDS = (
    ("AVIF", (b"avif", b"avis")),
    ("HEIC", (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs")),
    ("camera raw", (b"crx ",)),
    ("sound", (b"M4A ", b"M4B ", b"M4P ")),
)
UNREAD_PICTURES = frozenset(
    ["HEIC", "JPEG 2000", "JPEG XL", "Photoshop", "EPS", "SVG", "icon", "OpenEXR", "camera raw"]
)
UNREAD_CLIPS = frozenset(["MPEG", "MPEG transport stream", "Flash video", "Windows Media", "RealMedia", "Ogg video"])


def kind(head: bytes) -> str:
    """The name of a file's format, by its first `HEAD` bytes; empty if it is unknown."""
    if head[4:8] == b"ftyp":
        return _kind_of_brands(head)
    return next((name for name, start in _STARTS if start.match(head)), "")


def _kind_of_brands(head: bytes) -> str:
    """The format of an ISO base media file, by its major brand or, if that is generic, by the compatible ones."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end, 4))]
    for brand in brands:
        for name, known in _BRANDS:
            if brand in known:
                return name
        if brand not in (b"mif1", b"msf1", b"miaf"):
            return "MP4"
    return "HEIC"


def of_file(path: Path) -> str:
    """`kind` of a file; empty if it cannot be opened."""
    try:
        if not path.is_file():  # a pipe would be waited for
            return ""
        with path.open("rb") as file:
            return kind(file.read(HEAD))
    except OSError:
        return ""


def is_special(path: Path) -> bool:
    """Whether a path is a pipe, a socket or a device: opening one may wait for ever, and reading one never end."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # told where the path is opened
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def special_words(path: Path) -> str:
    """A sentence about such a path."""
    return f"{path} is a pipe or a device, not a file. Save its output to a file and give the path of that file."


def is_picture(path: Path) -> bool:
    """Whether a file is a picture, readable or not."""
    return names_picture(of_file(path), path.name)


def names_picture(found: str, name: str) -> bool:
    """Whether a `kind` is a picture's or, if it is unknown, whether the file's name is."""
    return found in READ or found in UNREAD_PICTURES or (not found and name.lower().endswith(_SUFFIXES))


def is_clip(path: Path) -> bool:
    """Whether a file is a clip, readable or not, by its content or, if that is unknown, by its name."""
    found = of_file(path)
    return found in CLIPS or found in UNREAD_CLIPS or (not found and path.suffix.lower() in CLIP_SUFFIXES)
