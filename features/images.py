"""Reads pictures from bytes, paths and arrays as RGB ``uint8 (H, W, 3)``. All pictures enter here."""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
from PIL import EpsImagePlugin, Image, ImageFile, ImageOps, TiffImagePlugin, UnidentifiedImageError

from features import file_kinds, image_pixels, netpbm
from features.image_files import (
    ORIENTATION,
    UPRIGHT,
    Jpeg,
    Metered,
    Tiff,
    UnreadError,
    check_header,
    orientation,
    plain_png,
    read_jpeg,
    without_exif,
)
from features.phrase import Phrase

# Pillow has more than forty readers, one of which passes the file to Ghostscript, which executes it. Only
# these formats are opened. JPEG includes MPO, PNG includes APNG, and PPM is the whole Netpbm family.
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM")
# For libraries that open pictures by themselves: Pillow's documented switch for Ghostscript.
EpsImagePlugin.gs_binary = False

MAX_BYTES = 20 * 2**20
MAX_PIXELS = 64_000_000
MAX_LENGTH = 16_384  # pixels of the longer side
MAX_SIDE = 2048
# libwebp and libavif hold several copies of a picture while they decode.
_MAX_PIXELS_OF = {"WEBP": 24_000_000, "AVIF": 32_000_000}
_MAX_DECODING = 286 * 2**20  # bytes that a decoder may hold: the picture, and a strip or its coefficients
_MAX_SLOW = 4_000_000  # samples; Pillow decodes these in Python
_SLOW = frozenset(["ppm", "ppm_plain", "bmp_rle"])
_MAX_SCANS, _MAX_SCANNED = 100, 1_500_000_000  # a JPEG of a few kilobytes can have thousands of scans
_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}  # per pixel in Pillow; 4 in other modes

SUFFIXES = file_kinds.PICTURE_SUFFIXES
KINDS = "JPEG, PNG, WebP, AVIF, GIF, BMP, TIFF, PNM"

# Why it is not read: see "HEIC" in SECURITY.md.
_HEIC = Phrase(
    "teach.heic",
    "This is a HEIC picture, a format this app cannot read. On an iPhone, choose Settings, Camera, Formats, "
    "Most Compatible, or share the photo as JPEG.",
)
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_JPEG_START = b"\xff\xd8\xff"
_UNSUPPORTED = re.compile(r"unsupported|unknown (?:compression|pixel)|.* not (?:yet )?supported", re.IGNORECASE)
_FILLING = bytes((37 * i * i + 11 * i + 5) % 255 for i in range(64))  # any bytes without a marker

_Result = TypeVar("_Result")
Source = str | os.PathLike | bytes | np.ndarray | Jpeg


class ImageError(ValueError):
    """The input cannot be read as a picture. The message says why, and what to do."""


def load(source: Source, max_side: int = MAX_SIDE) -> np.ndarray:
    """Read one picture as RGB, upright.

    Parameters
    ----------
    source
        A path, the bytes of an image file in one of `FORMATS`, or an array: ``uint8`` or
        ``uint16`` in its full range, or floats in 0..1; shaped
        ``(H, W)``, ``(H, W, 1)``, ``(H, W, 3)`` or ``(H, W, 4)``. Or what `jpeg_header` has read.
    max_side : int
        Larger pictures are shrunk to this length of the longer side, in pixels.

    Returns
    -------
    ndarray
        ``uint8 (H, W, 3)``, RGB. Transparent pixels are blended with white; of an animation, the
        first frame.

    Raises
    ------
    ImageError
        Not an image, truncated, empty, or larger than `MAX_BYTES`, `MAX_PIXELS` or
        `MAX_LENGTH` (for some formats less). Sizes are checked before any pixel is decoded.

    Notes
    -----
    No picture within the limits takes more than 400 MB of additional memory or 5 s of a processor:
    ``python -m tests.fuzz.bombs`` measures the worst of every format.
    """
    if isinstance(source, np.ndarray):
        try:
            return _load_array(source, max_side)
        except UnreadError as error:
            raise ImageError(str(error)) from error
    if isinstance(source, Jpeg):
        return _guarded(lambda: _decode_jpeg(source, max_side))
    return _guarded(lambda: _decode(_read(source), max_side))


def check(data: bytes, formats: tuple[str, ...] = FORMATS) -> tuple[int, int]:
    """Width and height in pixels of an image file that `load` accepts; only its header is read.

    Parameters
    ----------
    data : bytes
    formats : tuple of str
        Those of `FORMATS` that are accepted here.

    Raises
    ------
    ImageError
        Not an image in one of the formats, or too large.
    """

    def size() -> tuple[int, int]:
        with _open(_read(data), formats) as picture:
            return picture.size

    return _guarded(size)


def jpeg_header(data: bytes) -> Jpeg:
    """The header of a JPEG, with its size. `load` takes it, so that the size can be judged without reading it twice.

    Raises
    ------
    ImageError
        Not a JPEG, or damaged.
    """
    if not data.startswith(_JPEG_START):
        raise ImageError("its first bytes are not those of a JPEG")
    return _guarded(lambda: read_jpeg(data))


def to_grey(image: np.ndarray) -> np.ndarray:
    """Luma of an RGB picture: ``uint8 (H, W, 3) -> uint8 (H, W)`` (ITU-R BT.601)."""
    import cv2

    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def _read(source: str | os.PathLike | bytes) -> bytes:
    if isinstance(source, (bytes, bytearray, memoryview)):
        data = bytes(source)
    elif isinstance(source, (str, os.PathLike)):
        data = _read_file(Path(source))
    else:
        raise ImageError(f"A {type(source).__name__} is not a picture; expected a path, bytes or an array.")
    if not data:
        raise ImageError(Phrase("picture.empty", "The file is empty (0 bytes). Choose a JPEG, PNG or WebP picture."))
    _check_bytes(len(data))
    return data


def _read_file(path: Path) -> bytes:
    try:
        if file_kinds.is_special(path):
            raise ImageError(file_kinds.special_words(path))
        _check_bytes(path.stat().st_size)
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)  # it may have grown
    except ImageError:
        raise
    except IsADirectoryError as error:
        raise ImageError(f"{path} is a folder, not a picture.") from error
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        reason = getattr(error, "strerror", None) or error
        raise ImageError(f"Cannot read {path}: {reason}.") from error


def _check_bytes(size: int) -> None:
    if size > MAX_BYTES:
        raise ImageError(
            Phrase(
                "picture.large_n",
                "The file has {0:,.1f} MB; at most {1:,.0f} MB are read. Save a smaller copy and try again.",
                size / 2**20,
                MAX_BYTES / 2**20,
            )
        )


def _guarded(decode: Callable[[], _Result]) -> _Result:
    """The result of `decode`. Any exception of a decoder becomes an `ImageError`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns about unusual files; here they are read or rejected
            return decode()
    except ImageError:
        raise
    except UnreadError as error:
        raise ImageError(str(error)) from error
    except UnidentifiedImageError as error:
        raise ImageError(
            Phrase("teach.no_picture", "This is not a picture that can be read. Use {0}.", KINDS)
        ) from error
    except Image.DecompressionBombError as error:
        raise ImageError(_too_many_pixels(f"> {MAX_PIXELS:,}")) from error
    except MemoryError as error:
        raise ImageError(
            Phrase("picture.memory", "The picture needs more memory than is available. Save a smaller copy.")
        ) from error
    except Exception as error:  # decoders raise almost anything for truncated or inconsistent files
        reason = str(error) or type(error).__name__
        if _UNSUPPORTED.match(reason):
            raise ImageError(
                Phrase(
                    "picture.unread", "This kind of picture is not read ({0}). Save it as PNG and try again.", reason
                )
            ) from error
        raise ImageError(
            Phrase("picture.damaged", "The picture is damaged or cut off ({0}). Save it again and retry.", reason)
        ) from error


def _open(data: bytes, formats: tuple[str, ...] = FORMATS) -> Image.Image:
    """The picture, not yet decoded, with its format and size checked."""
    if data.startswith(_JPEG_START):
        return _open_jpeg(read_jpeg(data), formats)
    if data[:4] in _TIFF_STARTS:
        return _open_tiff(data, formats)
    if data.startswith(netpbm.STARTS) and "PPM" in formats:
        return _open_netpbm(data)
    kind = file_kinds.kind(data[: file_kinds.HEAD])
    if kind == "HEIC":
        raise ImageError(_HEIC)
    if kind and kind not in FORMATS:
        raise ImageError(
            Phrase(
                "teach.other_kind",
                "This file ({0}) is not a picture that can be read. Use {1}.",
                kind,
                KINDS,
            )
        )
    check_header(data)
    reduced = {"AVIF": without_exif, "PNG": plain_png}.get(kind, bytes)
    try:
        picture = Image.open(io.BytesIO(reduced(data)), formats=formats)
    except UnidentifiedImageError:
        if kind in formats:
            raise OSError(f"the header of a {kind} file, and no picture after it") from None
        raise
    _check_picture(picture)
    return picture


def _open_netpbm(data: bytes) -> Image.Image:
    head = netpbm.header(data)
    _check_pixels(head.width, head.height)
    values = netpbm.pixels(data, head)
    if values.dtype != np.uint8:
        finite = values[np.isfinite(values)]
        black, white = image_pixels.levels("F", (float(finite.min(initial=0)), float(finite.max(initial=0))))
        values = image_pixels.scaled(values, black, white)
    return Image.fromarray(values[:, :, 0] if head.depth == 1 else values)


def _open_jpeg(jpeg: Jpeg, formats: tuple[str, ...] = FORMATS) -> Image.Image:
    _check_pixels(jpeg.width, jpeg.height)
    if jpeg.scans > _MAX_SCANS or jpeg.scans * jpeg.width * jpeg.height > _MAX_SCANNED:
        raise ImageError(
            Phrase(
                "picture.scans_n",
                "The JPEG has {0:,} scans, too many for its size. Save it again as a baseline JPEG.",
                jpeg.scans,
            )
        )
    _check_decoding(jpeg.coefficients)
    only = ("JPEG",) if "JPEG" in formats else formats  # the others need not be tried
    picture = Image.open(io.BytesIO(jpeg.data), formats=only)
    picture.info |= {"exif": jpeg.exif, "xmp": jpeg.xmp}
    return picture


def _open_tiff(data: bytes, formats: tuple[str, ...]) -> Image.Image:
    tiff = Tiff(data)
    _check_decoding(tiff.buffer)
    try:
        picture = Image.open(Metered(data, 4 * len(data) + 2**20), formats=formats)
    except UnidentifiedImageError:
        if "TIFF" in formats and tiff.whole:
            raise UnreadError(
                Phrase("picture.tiff", "{0} are not read. Save it as PNG, or as a TIFF of 8-bit RGB.", tiff.words)
            ) from None
        raise
    _check_picture(picture, tiff.buffer, 2 if tiff.turned else 1)
    if isinstance(picture, TiffImagePlugin.TiffImageFile) and tiff.by_libtiff:
        raw = f"{picture.mode};16N" if tiff.bits == 16 else "RGBX"
        size = (tiff.width, tiff.height)
        picture.tile = [ImageFile._Tile("libtiff", (0, 0, *size), 0, (raw, "raw", False, picture.tag_v2.offset))]
        picture.use_load_libtiff = True
    picture.info |= {"inverted": tiff.inverted}
    picture.info.pop("exif", None)  # Pillow rotates TIFFs itself
    return picture


def _check_picture(picture: Image.Image, more: int = 0, copies: int = 1) -> None:
    """Reject pictures that need too much memory: `copies` of the picture and `more` bytes."""
    pixels = picture.width * picture.height
    _check_pixels(*picture.size, _MAX_PIXELS_OF.get(picture.format or "", MAX_PIXELS))
    _check_decoding(more + copies * pixels * _BYTES.get(picture.mode, 4))
    tile = picture.tile if isinstance(picture, ImageFile.ImageFile) else []
    slow = bool(tile) and tile[0][0] in _SLOW
    if slow and pixels * len(picture.getbands()) > _MAX_SLOW:
        raise ImageError(
            Phrase(
                "picture.rare_n",
                "This rare kind of BMP or PNM is read up to {0:,} samples only. Save it as PNG.",
                _MAX_SLOW,
            )
        )


def _check_decoding(size: int) -> None:
    if size > _MAX_DECODING:
        raise ImageError(
            Phrase(
                "picture.decoding_n",
                "Decoding the picture would take {0:,.0f} MB of memory; at most {1:,.0f} MB are used. "
                "Save a smaller copy, or as a baseline JPEG.",
                size / 2**20,
                _MAX_DECODING / 2**20,
            )
        )


def _decode(data: bytes, max_side: int) -> np.ndarray:
    if data.startswith(_JPEG_START):
        return _decode_jpeg(read_jpeg(data), max_side)
    return _pixels(_open(data), data, max_side)


def _decode_jpeg(jpeg: Jpeg, max_side: int) -> np.ndarray:
    if jpeg.whole:
        return _pixels(_open_jpeg(jpeg), jpeg.data, max_side)
    # Without the end marker, a complete picture cannot be told from a truncated one: libjpeg fills up
    # what is missing. But the bytes that follow matter only where something is missing.
    ended = jpeg.ended(), jpeg.ended(_FILLING)
    first, second = (_pixels(_open_jpeg(one), one.data, max_side) for one in ended)
    if not np.array_equal(first, second):
        raise OSError(Phrase("picture.no_end", "its end is missing"))
    return first


def _pixels(opened: Image.Image, data: bytes, max_side: int) -> np.ndarray:
    with opened as picture:
        deep = _bits(picture, data) == 16
        picture.draft("RGB", (max_side, max_side))  # JPEG only: decodes at 1/2, 1/4, 1/8
        picture.load()
        rows = lambda a, b: picture if (a, b) == (0, picture.height) else picture.crop((0, a, picture.width, b))
        if picture.mode in image_pixels.DEEP:
            black, white = image_pixels.levels(picture.mode, image_pixels.extremes(picture.size, rows))
            if picture.info.get("inverted"):  # by Pillow with 8 bits only
                black, white = white, black
            shown = lambda top, end: image_pixels.eight_bit(np.asarray(rows(top, end)), black, white)
        else:
            _check_upper_bits(picture, deep)
            shown = lambda top, end: image_pixels.to_rgb(rows(top, end))
        small = image_pixels.in_strips(picture.size, max_side, shown)
        turned = orientation(*map(_bytes, map(picture.info.get, ("exif", "xmp"))))
    return small if turned == UPRIGHT else _turned(small, turned)


def _turned(image: np.ndarray, turned: int) -> np.ndarray:
    """A picture upright that is stored with this orientation, 1 to 8."""
    picture = Image.fromarray(image)
    picture.getexif()[ORIENTATION] = turned
    return np.array(ImageOps.exif_transpose(picture))


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def _check_pixels(width: int, height: int, most: int = MAX_PIXELS) -> None:
    if width * height > most:
        raise ImageError(_too_many_pixels(f"{width} x {height}", most))
    if max(width, height) > MAX_LENGTH:
        raise ImageError(
            Phrase(
                "picture.long_n",
                "The picture is {0} x {1} pixels; no side may be longer than {2:,}. Save a smaller copy.",
                width,
                height,
                MAX_LENGTH,
            )
        )


def _too_many_pixels(size: str, most: int = MAX_PIXELS) -> Phrase:
    return Phrase(
        "picture.pixels_n",
        "The picture has {0} pixels; pictures of this kind may have at most {1:,}. Save a smaller copy.",
        size,
        most,
    )


def _bits(picture: Image.Image, data: bytes) -> int:
    """Bits per sample of a PNG or TIFF file; 8 for other formats."""
    if picture.format == "PNG":
        return data[24]
    return Tiff(data).bits if picture.format == "TIFF" else 8


def _check_upper_bits(picture: Image.Image, deep: bool) -> None:
    """Reject 16-bit colours that hardly use their upper 8 bits, which are all that Pillow keeps."""
    if not deep:
        return
    colours = [picture.getchannel(band) for band in picture.getbands() if band != "A"]
    if max(cast(tuple[int, int], colour.getextrema())[1] for colour in colours) < 16:
        raise ImageError(
            Phrase(
                "picture.low_bits",
                "The picture's 16-bit colours use the lowest bits only, which is an unusual range. "
                "Save it with 8 bits, or scale it to 0 to 65535.",
            )
        )


def _load_array(array: np.ndarray, max_side: int) -> np.ndarray:
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or array.size == 0:
        raise ImageError(f"An array of shape {array.shape} is not a picture; expected (H, W), (H, W, 3) or (H, W, 4).")
    size = array.shape[1], array.shape[0]
    _check_pixels(*size)
    return image_pixels.in_strips(
        size, max_side, lambda top, end: Image.fromarray(image_pixels.rgb_rows(array[top:end]))
    )
