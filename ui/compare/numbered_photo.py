"""A picture with a numbered box over every face."""

from __future__ import annotations

import numpy as np

from features.faces import Faces
from ui.components import data_uri
from ui.languages import phrase
from zoo.reports.markup import attribute


def numbered_photo(image: np.ndarray, faces: Faces, alt: str, side: int, linked: bool = True) -> str:
    """The picture as HTML, no side longer than `side`; `linked`: each box leads to its face's card."""
    shown = data_uri.img(data_uri.shrink(image, side), alt)
    boxes = "".join(_box(faces, i, linked) for i in range(len(faces)))
    return f'<div class="fo-mat"><div class="fo-frame">{shown}{boxes}</div></div>'


def _box(faces: Faces, i: int, linked: bool) -> str:
    """A box over the photo; lines stay crisp at any size."""
    size = np.array(faces.image_size * 2)
    left, top, right, bottom = (100 * faces.boxes[i] / size).clip(0, 100)
    place = f"left:{left:.2f}%;top:{top:.2f}%;width:{right - left:.2f}%;height:{bottom - top:.2f}%"
    if not linked:
        return f'<span class="fo-box" style="{place}" aria-hidden="true"><span>{i + 1}</span></span>'
    return (
        f'<a class="fo-box" href="#fo-face-{i + 1}" style="{place}" '
        f"{attribute('aria-label', phrase('face.go', i + 1))}><span>{i + 1}</span></a>"
    )
