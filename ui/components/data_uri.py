"""Pictures and files embedded in the page as data URIs, so that nothing is served separately or left on disk."""

from __future__ import annotations

import base64
import io
from html import escape

import numpy as np
from PIL import Image

from ui.languages import phrase
from zoo.reports.markup import attribute, say

SMALL, QUALITY = 400, 88


def img(image: np.ndarray, alt: str, css: str = "", photo: bool = True) -> str:
    """An ``<img>`` with its picture embedded: lossless for drawings, lossy for photos.

    WebP takes a third of PNG's bytes and two thirds of JPEG's, but fifteen times JPEG's time, so it is used only for
    small photos and for drawings.

    Parameters
    ----------
    image : ndarray
        ``uint8 (H, W)`` or ``(H, W, 3)``.
    alt : str
        Alternative text.
    css : str
        CSS class names.
    photo : bool
        Whether lossy compression is allowed.
    """
    height, width = image.shape[:2]
    if photo and max(height, width) > SMALL:
        source = _stored(image, "JPEG", quality=86)
    elif photo:
        source = _stored(image, "WebP", quality=QUALITY, method=2)
    else:
        source = _stored(image, "WebP", lossless=True, quality=20, method=1)
    return f'<img class="{css}" src="{source}" {attribute("alt", alt)} width="{width}" height="{height}">'


def shrink(image: np.ndarray, side: int) -> np.ndarray:
    """The picture, shrunk if necessary so that no side is longer than `side` pixels."""
    if max(image.shape[:2]) <= side:
        return image
    picture = Image.fromarray(image)
    picture.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0)
    return np.asarray(picture)


def download(text: str, name: str, media_type: str, words: str) -> str:
    """An HTML link that saves `text` as a file, which the link itself contains.

    Parameters
    ----------
    text : str
        The file's content.
    name : str
        The file's name.
    media_type : str
    words : str
        The link's text.
    """
    return (
        f'<a class="fo-download" download="{escape(name)}" {attribute("aria-label", phrase("download", words))} '
        f'href="{_uri(text.encode("utf-8"), media_type)}"><span aria-hidden="true">↓</span> {say(words)}</a>'
    )


def _stored(image: np.ndarray, kind: str, **how: int) -> str:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind, **how)
    return _uri(buffer.getvalue(), f"image/{kind.lower()}")


def _uri(data: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"
