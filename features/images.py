"""Bytes, paths and arrays in; RGB ``uint8 (H, W, 3)`` out. The only door for pictures."""

from __future__ import annotations

import io
import math
import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import EpsImagePlugin, Image, ImageOps, UnidentifiedImageError

# Pillow has more than forty readers, and one of them hands the file to Ghostscript, which runs it as a program. Only
# these formats are ever opened. JPEG includes MPO, PNG includes APNG, and PPM is the whole Netpbm family.
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM")
# For libraries that open pictures by themselves: Pillow's documented switch for Ghostscript.
EpsImagePlugin.gs_binary = False

MAX_BYTES = 20 * 2**20
MAX_PIXELS = 64_000_000
MAX_SIDE = 2048
_MAX_PIXELS_OF = {"WEBP": 24_000_000}  # libwebp holds four copies of a picture while it decodes

SUFFIXES = frozenset([".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"])
KINDS = "JPEG, PNG, WebP, AVIF, GIF, BMP, TIFF or PNM"

_STRIP = 2**21  # pixels that are converted at a time: what a large picture takes beyond its own pixels
_DEEP = frozenset(["I;16", "I;16B", "I;16L", "I", "F"])  # modes of more than 8 bits
_ORIENTATION = 0x0112

_Result = TypeVar("_Result")
Source = str | os.PathLike | bytes | np.ndarray


class ImageError(ValueError):
    """What came cannot be read as a picture. The message says why and what to do."""


def load(source: Source, max_side: int = MAX_SIDE) -> np.ndarray:
    """Read one picture, turned upright, as RGB.

    Parameters
    ----------
    source
        A path, the bytes of an image file in one of `FORMATS`, or an array: ``uint8`` or
        ``uint16`` in its full range, or floats in 0..1; shaped
        ``(H, W)``, ``(H, W, 1)``, ``(H, W, 3)`` or ``(H, W, 4)``.
    max_side : int
        Larger pictures are shrunk so that no side is longer, in pixels.

    Returns
    -------
    ndarray
        ``uint8 (H, W, 3)``, RGB. Transparent pixels lie on white; of an animation, the
        first frame.

    Raises
    ------
    ImageError
        Not an image, truncated, empty, or larger than `MAX_BYTES` or `MAX_PIXELS` (of WebP,
        less). Sizes are checked before any pixel is decoded.

    Notes
    -----
    The largest pictures take 400 MB at most (a test holds this), progressive JPEGs 650 MB.
    """
    if isinstance(source, np.ndarray):
        return _load_array(source, max_side)
    return _guarded(lambda: _decode(_read(source), max_side))


def check(data: bytes, formats: Sequence[str] = FORMATS) -> tuple[int, int]:
    """Width and height in pixels of an image file that `load` accepts; only its header is read.

    Parameters
    ----------
    data : bytes
    formats : sequence of str
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
        raise ImageError(f"A {type(source).__name__} is no picture; expected a path, bytes or an array.")
    if not data:
        raise ImageError("The file is empty (0 bytes). Choose a JPEG, PNG or WebP picture.")
    _check_bytes(len(data))
    return data


def _read_file(path: Path) -> bytes:
    try:
        _check_bytes(path.stat().st_size)
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)  # pipes and devices do not tell their size
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
            f"The file has {size / 2**20:.1f} MB; at most {MAX_BYTES / 2**20:.0f} MB are read. "
            "Save a smaller copy and try again."
        )


def _guarded(decode: Callable[[], _Result]) -> _Result:
    """What `decode` returns. Whatever a decoder raises becomes an `ImageError`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd files; they are read or refused here
            return decode()
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError(f"This is not a picture that can be read. Use {KINDS}.") from error
    except Image.DecompressionBombError as error:
        raise ImageError(_too_many_pixels("far too many")) from error
    except MemoryError as error:
        raise ImageError("The picture needs more memory than there is. Save a smaller copy.") from error
    except Exception as error:  # decoders raise almost anything on files that break off or lie about themselves
        reason = str(error) or type(error).__name__
        raise ImageError(f"The picture is damaged or cut off ({reason}). Save it again and retry.") from error


def _open(data: bytes, formats: Sequence[str] = FORMATS) -> Image.Image:
    """The picture, not yet decoded, its format and size checked."""
    picture = Image.open(io.BytesIO(data), formats=formats)
    _check_pixels(*picture.size, _MAX_PIXELS_OF.get(picture.format, MAX_PIXELS))
    return picture


def _decode(data: bytes, max_side: int) -> np.ndarray:
    with _open(data) as picture:
        picture.draft("RGB", (max_side, max_side))  # JPEG only: decodes at 1/2, 1/4, 1/8
        picture.load()
        unit = picture.mode == "F" and picture.getextrema()[1] <= 1
        small = Image.fromarray(
            _in_strips(
                picture.size, max_side, lambda top, end: _to_rgb(picture.crop((0, top, picture.width, end)), unit)
            )
        )
        small.getexif()[_ORIENTATION] = picture.getexif().get(_ORIENTATION, 1)
    return np.array(ImageOps.exif_transpose(small))


def _in_strips(size: tuple[int, int], max_side: int, rows: Callable[[int, int], Image.Image]) -> np.ndarray:
    """A picture of `size` as RGB, its longer side at most `max_side`, from ``rows(top, end)`` as RGB.

    Every pixel is the mean of those it stands for. Whole pictures are never converted: an
    8000 x 8000 palette with transparency took 1.2 GB.
    """
    width, height = size
    scale = max(1.0, max(size) / max_side)
    wide, high = (max(1, round(side / scale)) for side in size)
    step = max(1, int(_STRIP / scale / width))
    parts = []
    for top in range(0, high, step):
        end = min(top + step, high)
        start, stop = top * height / high, end * height / high
        first = math.floor(start)
        strip = rows(first, min(math.ceil(stop), height))
        box = (0, start - first, width, min(stop - first, strip.height))
        parts.append(np.asarray(strip.resize((wide, end - top), Image.Resampling.BOX, box)))
    return np.concatenate(parts)


def _check_pixels(width: int, height: int, most: int = MAX_PIXELS) -> None:
    if width * height > most:
        raise ImageError(_too_many_pixels(f"{width} x {height}", most))


def _too_many_pixels(size: str, most: int = MAX_PIXELS) -> str:
    return f"The picture has {size} pixels; at most {most:,} are read of its kind. Save a smaller copy."


def _to_rgb(picture: Image.Image, unit: bool) -> Image.Image:
    """Any mode as RGB on white; `unit` says that floats go up to 1, as some TIFFs have them, not up to 65535."""
    if picture.mode in _DEEP:
        return Image.fromarray(_eight_bit(np.asarray(picture), unit)).convert("RGB")
    if picture.has_transparency_data:
        rgba = picture.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return picture.convert("RGB")


def _eight_bit(values: np.ndarray, unit: bool) -> np.ndarray:
    values = np.nan_to_num(values.astype(np.float32))
    whole = np.rint(np.clip(values * (65535 if unit else 1), 0, 65535)).astype(np.uint16)
    return (whole >> 8).astype(np.uint8)


def _load_array(array: np.ndarray, max_side: int) -> np.ndarray:
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or array.size == 0:
        raise ImageError(f"An array of shape {array.shape} is no picture; expected (H, W), (H, W, 3) or (H, W, 4).")
    size = array.shape[1], array.shape[0]
    _check_pixels(*size)
    return _in_strips(size, max_side, lambda top, end: Image.fromarray(_rgb_rows(array[top:end])))


def _rgb_rows(array: np.ndarray) -> np.ndarray:
    array = _to_uint8(array)
    if array.shape[2] == 1:
        return np.repeat(array, 3, axis=2)
    return _flatten_alpha(array) if array.shape[2] == 4 else np.ascontiguousarray(array)


def _to_uint8(array: np.ndarray) -> np.ndarray:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.uint16:
        return (array >> 8).astype(np.uint8)
    if array.dtype == bool:
        return array.astype(np.uint8) * 255
    if not np.issubdtype(array.dtype, np.floating):
        raise ImageError(f"An array of {array.dtype} is no picture; expected uint8, uint16 or floats in 0..1.")
    if not np.isfinite(array).all() or array.min() < 0 or array.max() > 1:
        raise ImageError("A float picture must hold numbers from 0 to 1 only; this one has others (or NaN).")
    return np.rint(array * 255).astype(np.uint8)


def _flatten_alpha(rgba: np.ndarray) -> np.ndarray:
    alpha = rgba[:, :, 3:].astype(np.float32) / 255
    return np.rint(rgba[:, :, :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
