"""Example pictures: one public-domain portrait, and expressions drawn on it through its mesh.

``python -m ui.examples.portraits`` makes the files of `ui/pictures` again. NASA's portrait of Eileen
Collins (`skimage.data.astronaut`) is in the public domain; nobody else's face is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from features import images
from features.mesh import FaceMesher
from features.phrase import Phrase
from features.warp import Mouth, Pull, darken_mouth, express, warp
from ui.languages import phrase

PICTURES = Path(__file__).parents[1] / "pictures"
THUMBNAIL = 128  # pixels of a small copy's longer side: more than twice what the page shows


@dataclass(frozen=True)
class Example:
    """An example picture.

    Parameters
    ----------
    name : str
        Name of the file, without suffix.
    """

    name: str

    @property
    def caption(self) -> Phrase:
        """The caption of the thumbnail: what was drawn, not what is felt."""
        return phrase(self.name)

    @property
    def alt(self) -> Phrase:
        """The alternative text: what was drawn, not what is felt."""
        return phrase(f"{self.name}.alt")

    @property
    def path(self) -> Path:
        """The JPEG file."""
        return PICTURES / f"{self.name}.jpg"

    @property
    def small(self) -> Path:
        """The thumbnail, a WebP file: the face of a drawn expression, otherwise the whole picture."""
        return PICTURES / "small" / f"{self.name}.webp"


EXAMPLES = tuple(
    Example(name)
    for name in (
        "photo",
        "lips-closed",
        "corners-down",
        "brows-lowered",
        "mouth-open",
        "brows-raised",
        "six-faces",
        "no-face",
    )
)

FACE = (0.22, 0.12, 0.78, 0.68)  # of the portrait: left, top, right, bottom

_INNER_BROWS = (55, 285, 107, 336)
_OUTER_BROWS = (70, 300, 46, 276)
_BROWS = (*_INNER_BROWS, *_OUTER_BROWS, 63, 105, 66, 296, 334, 293, 53, 52, 65, 295, 282, 283)
_UPPER_LIDS = (159, 158, 160, 386, 385, 387)
_LOWER_LIDS = (145, 153, 144, 374, 380, 373)
_CHIN = (152, 148, 377, 176, 400, 175, 199)
_CHEEKS = (205, 425, 50, 280, 187, 411, 207, 427)
_LOOSE_CHEEKS = Pull(_CHEEKS, -0.02, 0.06, 0.12)

DRAWN: dict[str, tuple[tuple[Pull, ...], Mouth]] = {
    "lips-closed": ((_LOOSE_CHEEKS,), Mouth(0.68, 0.0)),
    "corners-down": (
        (
            _LOOSE_CHEEKS,
            Pull(_INNER_BROWS, 0.0, -0.12),
            Pull(_OUTER_BROWS, 0.0, 0.06),
            Pull(_UPPER_LIDS, 0.0, 0.04, 0.04),
        ),
        Mouth(0.64, 0.17, 0.0, 0.09, 0.12),
    ),
    "brows-lowered": (
        (
            _LOOSE_CHEEKS,
            Pull(_INNER_BROWS, -0.07, 0.14, 0.08),
            Pull(_OUTER_BROWS, 0.0, -0.02),
            Pull(_LOWER_LIDS, 0.0, -0.015, 0.03),
        ),
        Mouth(0.60, 0.07, 0.0, 0.05, 0.07),
    ),
    "mouth-open": (
        (
            Pull(_CHEEKS, -0.03, 0.06, 0.12),
            Pull(_BROWS, 0.0, -0.13, 0.07),
            Pull(_UPPER_LIDS, 0.0, -0.055, 0.035),
            Pull(_LOWER_LIDS, 0.0, 0.02, 0.03),
            Pull(_CHIN, 0.0, 0.20, 0.2),
        ),
        Mouth(0.54, 0.04, 0.42, 0.09, 0.11),
    ),
    "brows-raised": (
        (
            Pull(_CHEEKS, 0.0, 0.06, 0.12),
            Pull(_INNER_BROWS, -0.04, -0.15),
            Pull(_UPPER_LIDS, 0.0, -0.06, 0.035),
            Pull(_LOWER_LIDS, 0.0, 0.02, 0.03),
            Pull(_CHIN, 0.0, 0.06, 0.2),
        ),
        Mouth(0.86, 0.12, 0.17, 0.07, 0.08),
    ),
}


def make(folder: Path = PICTURES) -> None:
    """Draw every example and write it as JPEG, with a small copy."""
    import skimage.data

    folder.mkdir(exist_ok=True)
    astronaut = skimage.data.astronaut()
    pictures = {"photo": astronaut} | draw_all(_enlarged(astronaut[:300, 80:380], 1.7))
    pictures["six-faces"] = _montage([_enlarged(astronaut[:300, 80:380], 1.7), *list(pictures.values())[1:]])
    pictures["no-face"] = astronaut[200:, 40:480]
    for example in EXAMPLES:
        write(Image.fromarray(pictures[example.name]), example.name, folder)


def write(picture: Image.Image, name: str, folder: Path = PICTURES) -> None:
    """Save a picture, and a small copy of it for the page, which need not be made at every start then."""
    picture.save(folder / f"{name}.jpg", quality=88, optimize=True)
    shrink(folder / f"{name}.jpg")


def shrink(path: Path) -> None:
    """Write the small copy of a picture beside it."""
    folder = path.parent / "small"
    folder.mkdir(exist_ok=True)
    whole = Image.fromarray(images.load(path))
    picture = close_up(whole) if path.stem in DRAWN else whole
    picture.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.BICUBIC, reducing_gap=2.0)
    picture.save(folder / f"{path.stem}.webp", quality=88, method=6)


def close_up(portrait: Image.Image) -> Image.Image:
    """The portrait's face, for thumbnails, in which its expression would otherwise be too small to see."""
    left, top, right, bottom = FACE
    return portrait.crop(
        (left * portrait.width, top * portrait.height, right * portrait.width, bottom * portrait.height)
    )


def draw_all(portrait: np.ndarray) -> dict[str, np.ndarray]:
    """Every drawn expression on a portrait of one face, by name."""
    with FaceMesher() as mesher:
        mesh = mesher.find(portrait)[0].landmarks[0, :468]
    return {name: _drawn(portrait, mesh, *recipe) for name, recipe in DRAWN.items()}


def _drawn(portrait: np.ndarray, mesh: np.ndarray, pulls: tuple[Pull, ...], mouth: Mouth) -> np.ndarray:
    points = express(mesh, pulls, mouth)
    warped = warp(portrait, mesh[:, :2].astype(np.float64), points)
    # A smile's teeth, stretched, look like no other mouth's: closed and wide open ones are painted over.
    return warped if 0 < mouth.opening < 0.3 else darken_mouth(warped, points)


def _enlarged(image: np.ndarray, factor: float) -> np.ndarray:
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)


def _montage(pictures: list[np.ndarray]) -> np.ndarray:
    small = [cv2.resize(p, (360, 360), interpolation=cv2.INTER_AREA) for p in pictures]
    return np.concatenate([np.concatenate(small[:3], axis=1), np.concatenate(small[3:], axis=1)])


if __name__ == "__main__":
    make()
