"""Reads two of Netpbm's formats that Pillow does not: PAM (``P7``), and PFM in colour (``PF``)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from features.phrase import Phrase

STARTS = (b"P7", b"PF")
_PFM = re.compile(rb"PF\s+(\d{1,6})\s+(\d{1,6})\s+(-?\d{1,9}(?:\.\d{0,9})?(?:[eE][+-]?\d{1,2})?)\s")
_LINE = re.compile(rb"[ \t]*(?:#.*|(WIDTH|HEIGHT|DEPTH|MAXVAL|TUPLTYPE|ENDHDR)\b[ \t]*(.*?)[ \t\r]*|)\n")
_MOST_LINES = 1000
_MOST_DEPTH = 4


class NetpbmError(ValueError):
    """A header that is wrong, or too few pixels."""


@dataclass(frozen=True)
class Header:
    """What the header of a PAM or PFM says.

    Parameters
    ----------
    width, height : int
        Pixels.
    depth : int
        Numbers per pixel, 1 to 4.
    white : int
        Largest number of a PAM; 0 for floats.
    kind : str
        NumPy's type of a number.
    at : int
        Position of the first pixel.
    """

    width: int
    height: int
    depth: int
    white: int
    kind: str
    at: int


def header(data: bytes) -> Header:
    """The header of a PAM or of a PFM in colour.

    Raises
    ------
    NetpbmError
    """
    return _pam(data) if data.startswith(b"P7") else _pfm(data)


def pixels(data: bytes, head: Header) -> np.ndarray:
    """The numbers of a picture, ``(H, W, depth)``: uint8 scaled to 0 to 255, or float32 as stored.

    Raises
    ------
    NetpbmError

    References
    ----------
    https://netpbm.sourceforge.net/doc/pam.html and pfm.html. Rows of a PFM go from the bottom to the top.
    """
    count = head.width * head.height * head.depth
    if len(data) - head.at < count * np.dtype(head.kind).itemsize:
        raise NetpbmError(Phrase("picture.no_end", "its end is missing"))
    shape = head.height, head.width, head.depth
    values = np.frombuffer(data, head.kind, count, head.at).reshape(shape)
    if not head.white:
        return values[::-1].astype(np.float32)
    levels = np.minimum(np.arange(256 if head.kind == "u1" else 65_536), head.white)
    return np.rint(levels * (255 / head.white)).astype(np.uint8)[values]


def _pfm(data: bytes) -> Header:
    found = _PFM.match(data)
    if found is None:
        raise NetpbmError("the header of a PFM is wrong")
    return Header(int(found[1]), int(found[2]), 3, 0, "<f4" if found[3].startswith(b"-") else ">f4", found.end())


def _pam(data: bytes) -> Header:
    told: dict[bytes, bytes] = {}
    at = data.find(b"\n") + 1
    for _ in range(_MOST_LINES if at else 0):
        line = _LINE.match(data, at)
        if line is None:
            break
        at = line.end()
        if line[1] == b"ENDHDR":
            return _of_pam(told, at)
        if line[1]:
            told[line[1]] = line[2]
    raise NetpbmError("the header of a PAM is wrong")


def _of_pam(told: dict[bytes, bytes], at: int) -> Header:
    names = (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL")
    texts = [told.get(name, b"") for name in names]
    if not all(text.isdigit() and len(text) <= 6 for text in texts):
        raise NetpbmError("the header of a PAM lacks a number")
    width, height, depth, white = map(int, texts)
    if not 1 <= depth <= _MOST_DEPTH or not 1 <= white <= 65_535 or not width * height:
        raise NetpbmError(f"a PAM of {width} x {height} pixels, depth {depth} and MAXVAL {white}")
    return Header(width, height, depth, white, "u1" if white < 256 else ">u2", at)
