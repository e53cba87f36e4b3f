"""Damaged pictures of about forty kinds, always the same ones: each is read, or refused with the one error.

    python -m tests.fuzz.images --count 11000

prints what came of them: foreign exceptions, crashes, hangs over 5 s and the most additional memory. It ends with
status 1 if any of it is more than promised. The pictures are decoded in a process of their own, which may die.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator

import numpy as np
from PIL import Image

from features import images
from tests.fuzz import harness
from tests.fuzz.bombs import raw_bmp

KINDS = "pictures"


def seeds() -> dict[str, bytes]:
    """One small picture of every kind, by name."""
    return dict(sorted((name, data) for name, data in _seeds() if data))


def _seeds() -> Iterator[tuple[str, bytes]]:
    Image.init()
    for kind in sorted(Image.SAVE):
        yield kind, _written(kind)
    for name, (kind, mode, how) in _VARIANTS.items():
        yield name, _written(kind, mode, **how)
    for name, kind in (("APNG", "PNG"), ("GIF animated", "GIF"), ("WEBP animated", "WEBP"), ("TIFF pages", "TIFF")):
        yield name, _written(kind, save_all=True, append_images=[_picture("RGB").rotate(90), _picture("RGB")])
    yield "BMP RLE", raw_bmp(48, 32, 8, 1, b"\x30\x07\0\0" * 32)
    yield "PPM ASCII", b"P3 8 8 255\n" + b"200 30 7 " * 64
    yield "PPM up to 100", b"P6 8 8 100\n" + bytes(range(96)) * 2
    yield "PAM", b"P7\nWIDTH 8\nHEIGHT 8\nDEPTH 4\nMAXVAL 255\nENDHDR\n" + bytes(range(256))
    yield "PFM in colour", b"PF\n8 8\n-1.0\n" + np.linspace(0, 1, 192, dtype="<f4").tobytes()
    yield "PFM", b"Pf\n8 8\n-1.0\n" + np.linspace(0, 1, 64, dtype="<f4").tobytes()


_VARIANTS: dict[str, tuple[str, str, dict]] = {
    "JPEG progressive": ("JPEG", "RGB", {"progressive": True}),
    "JPEG CMYK": ("JPEG", "CMYK", {}),
    "JPEG EXIF": ("JPEG", "RGB", {"exif": b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"}),
    "PNG palette": ("PNG", "P", {"transparency": 0}),
    "PNG 16 bits": ("PNG", "I;16", {}),
    "PNG grey+alpha": ("PNG", "LA", {}),
    "WEBP lossless": ("WEBP", "RGBA", {"lossless": True}),
    "AVIF RGBA": ("AVIF", "RGBA", {"speed": 10}),
    "TIFF LZW": ("TIFF", "RGB", {"compression": "tiff_lzw"}),
    "TIFF deflate": ("TIFF", "RGBA", {"compression": "tiff_adobe_deflate"}),
    "TIFF JPEG": ("TIFF", "RGB", {"compression": "jpeg"}),
    "TIFF group 4": ("TIFF", "1", {"compression": "group4"}),
    "TIFF float": ("TIFF", "F", {}),
    "TIFF YCbCr": ("TIFF", "YCbCr", {}),
    "TIFF big": ("TIFF", "RGB", {"big_tiff": True}),
    "JPEG2000 lossless": ("JPEG2000", "RGB", {"irreversible": False}),
}


def _picture(mode: str) -> Image.Image:
    """Colours and edges: something for every decoder to do."""
    y, x = np.mgrid[:32, :48]
    rgb = np.stack([x * 5, y * 7, (x ^ y) * 4], axis=2).astype(np.uint8)
    picture = Image.fromarray(rgb)
    return Image.fromarray((x * 1000).astype(np.uint16)) if mode == "I;16" else picture.convert(mode)


def _written(kind: str, mode: str = "RGB", **how) -> bytes:
    """The picture in a format, in the first mode that the format can hold; nothing where it cannot be written."""
    for one in (mode, "L", "P", "1") if mode == "RGB" else (mode,):
        stored = io.BytesIO()
        try:
            _picture(one).save(stored, kind, **how)
            return stored.getvalue()
        except (OSError, ValueError, KeyError, AttributeError, RuntimeError):
            continue
    return b""


def read(data: bytes) -> bool:
    """Load a picture; whether it is RGB and not too large."""
    image = images.load(data)
    return image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and max(image.shape) <= images.MAX_SIDE


if __name__ == "__main__":
    sys.exit(harness.main("images", 11_000))
