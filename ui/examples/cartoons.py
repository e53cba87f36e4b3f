"""Drawn faces of several invented people, so that a lesson needs no picture of a pupil.

``python -m ui.examples.cartoons`` draws the files in `ui/pictures` again. The shading lets the mesh network, which was
trained on photos, find these faces; a test counts in how many it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from ui.examples.portraits import Example, write

SIDE, FINER = 480, 2  # pixels; drawn larger and made smaller, for smooth edges
Point = Sequence[float]  # x and y
Points = Sequence[Point] | np.ndarray
Colour = tuple[int, int, int]  # RGB


@dataclass(frozen=True)
class Look:
    """How a face is drawn. Lengths are parts of the face's half width.

    Parameters
    ----------
    corners : float
        How far the mouth's corners are above its middle.
    opening, wide : float
        Height of the open mouth, and half the width of the mouth.
    brow, slant : float
        How far the brows are raised; how far their inner ends are above the outer ones.
    lids : float
        How far the eyes are open; 1 is usual.
    """

    corners: float = 0.0
    opening: float = 0.0
    wide: float = 0.34
    brow: float = 0.0
    slant: float = 0.0
    lids: float = 1.0


@dataclass(frozen=True)
class Person:
    """The features of an invented person.

    Parameters
    ----------
    skin, hair : tuple of int
        RGB.
    width : float
        Of the face, as a part of its height.
    lines : float
        Depth of wrinkles; 0 for none.
    eyes : float
        Size of the eyes; 1 for adults.
    long : bool
        Whether the hair reaches the shoulders.
    """

    skin: tuple[int, int, int]
    hair: tuple[int, int, int]
    width: float = 0.76
    lines: float = 0.0
    eyes: float = 1.0
    long: bool = False


# Skin tones from light to dark, young people and old ones.
PEOPLE = (
    Person((224, 182, 150), (94, 62, 40), 0.76),
    Person((141, 92, 62), (32, 26, 24), 0.80),
    Person((196, 148, 108), (60, 44, 36), 0.73, long=True),
    Person((238, 202, 178), (196, 196, 194), 0.75, lines=1.0),
    Person((104, 68, 48), (176, 172, 168), 0.78, lines=0.8),
    Person((214, 168, 128), (38, 30, 28), 0.84, eyes=1.12),
)
LOOKS = {
    "drawn-corners-up": Look(0.18, 0.14, 0.46, lids=0.7),
    "drawn-corners-down": Look(-0.10, 0.0, 0.28, 0.0, 0.12, 0.55),
    "drawn-brows-lowered": Look(-0.10, 0.0, 0.34, -0.14, -0.30, 0.7),
    "drawn-mouth-open": Look(0.0, 0.34, 0.22, 0.13, 0.02, 1.35),
    "drawn-nothing-moved": Look(0.01, 0.0, 0.36, -0.03, 0.0, 0.75),
}
# Who has which of the looks in the pictures that are shipped: no two are alike.
SHIPPED = dict(zip(LOOKS, (PEOPLE[5], PEOPLE[0], PEOPLE[1], PEOPLE[4], PEOPLE[2]), strict=True))
DRAWINGS = tuple(Example(name) for name in LOOKS)


def draw(look: Look, person: Person) -> np.ndarray:
    """One drawn face: ``uint8 (SIDE, SIDE, 3)``, RGB."""
    side = SIDE * FINER
    height = 0.36 * side
    centre, size = np.array([side / 2, 0.53 * side]), np.array([person.width * height, height])
    pen = _Pen(np.full((side, side, 3), (206, 214, 222), np.uint8), centre, size[0])
    _head(pen, person, size)
    _lines(pen, person)
    for side_of in (-1, 1):
        _eye(pen, look, person, side_of)
    _nose(pen, person)
    _mouth(pen, look, person)
    soft = cv2.GaussianBlur(pen.image, (0, 0), 1.2 * FINER)
    return cv2.resize(soft, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


@dataclass(frozen=True)
class _Pen:
    """Draws in units of the face's half width, from its centre."""

    image: np.ndarray
    centre: np.ndarray
    unit: float

    def at(self, points: Points) -> np.ndarray:
        """Pixels of points ``(n, 2)``."""
        return np.rint(self.centre + self.unit * np.asarray(points, float)).astype(np.int32)

    def oval(self, place: Point, radii: Point, colour: Colour, turned: float = 0.0) -> None:
        """A filled ellipse."""
        axes = tuple(int(max(1, round(self.unit * r))) for r in radii)
        cv2.ellipse(self.image, tuple(map(int, self.at([place])[0])), axes, turned, 0, 360, colour, -1, cv2.LINE_AA)

    def shape(self, points: Points, colour: Colour) -> None:
        """A filled polygon."""
        cv2.fillPoly(self.image, [self.at(points)], colour, cv2.LINE_AA)

    def line(self, points: Points, colour: Colour, wide: float) -> None:
        """An open line with round ends."""
        thick = max(1, round(self.unit * wide))
        cv2.polylines(self.image, [self.at(points)], False, colour, thick, cv2.LINE_AA)

    def shade(self, place: Point, radii: Point, by: float) -> None:
        """Make a soft oval darker (below 1) or lighter."""
        mask = np.zeros(self.image.shape[:2], np.float32)
        axes = tuple(int(self.unit * r) for r in radii)
        cv2.ellipse(mask, tuple(map(int, self.at([place])[0])), axes, 0, 0, 360, 1.0, -1)
        soft = cv2.GaussianBlur(mask, (0, 0), 0.4 * min(axes))[:, :, None]
        self.image[:] = np.clip(self.image * (1 + (by - 1) * soft), 0, 255).astype(np.uint8)


def _tone(colour: Colour, by: float) -> Colour:
    red, green, blue = (int(min(255, by * part)) for part in colour)
    return red, green, blue


def _head(pen: _Pen, person: Person, size: np.ndarray) -> None:
    tall = size[1] / size[0]
    skin, hair = person.skin, person.hair
    pen.shape([(-0.42, 0.7), (0.42, 0.7), (0.5, 1.9), (-0.5, 1.9)], _tone(skin, 0.8))
    pen.oval((0, 2.1), (1.7, 0.75), (86, 110, 132))
    pen.oval((0, -0.22), (1.14, tall * 1.02), hair)
    if person.long:
        pen.shape([(-1.13, -0.3), (-0.75, -0.3), (-0.72, 1.75), (-1.2, 1.7)], hair)
        pen.shape([(1.13, -0.3), (0.75, -0.3), (0.72, 1.75), (1.2, 1.7)], hair)
    for side in (-1, 1):
        pen.oval((side * 0.99, 0.02), (0.12, 0.25), _tone(skin, 0.86))
    pen.oval((0, 0), (1, tall), skin)
    pen.shape([(-0.98, -0.42), (-0.8, -1.2), (0, -1.45), (0.8, -1.2), (0.98, -0.42), (0.5, -0.86), (-0.4, -0.9)], hair)
    pen.shade((0, 0.95), (0.6, 0.3), 0.9)
    for side in (-1, 1):
        pen.shade((side * 0.8, 0.2), (0.14, 0.5), 0.86)
        pen.shade((side * 0.5, 0.34), (0.24, 0.2), 1.07)
        pen.shade((side * 0.4, -0.2), (0.3, 0.2), 0.88)


def _lines(pen: _Pen, person: Person) -> None:
    """Draw wrinkles: on the forehead, beside the eyes, from the nose to the mouth."""
    if not person.lines:
        return
    ink, x = _tone(person.skin, 1 - 0.22 * person.lines), np.linspace(-0.42, 0.42, 15)
    for at, y in enumerate((-0.78, -0.68)):
        pen.line(np.stack([x * (1 - 0.15 * at), y - 0.03 * np.cos(3.5 * x)], 1), ink, 0.014)
    for side in (-1, 1):
        for rise in (-0.05, 0.0, 0.05):
            pen.line([(side * 0.69, -0.13 + rise), (side * 0.79, -0.13 + 2.2 * rise)], ink, 0.012)
        pen.line([(side * 0.22, 0.42), (side * 0.33, 0.55), (side * 0.4, 0.7)], ink, 0.016)


def _eye(pen: _Pen, look: Look, person: Person, side: int) -> None:
    x, y = side * 0.41, -0.14
    tall, wide = 0.105 * look.lids * person.eyes, 0.2 * person.eyes
    turn = np.linspace(0, 2 * np.pi, 60)
    almond = np.stack([x + wide * np.cos(turn), y - tall * np.sin(turn) * (1 - 0.25 * np.cos(turn) ** 2)], 1)
    pen.shape(almond, (246, 244, 240))
    iris = min(0.1, tall)
    pen.oval((x, y), (0.098, iris), (84, 66, 48))
    pen.oval((x, y), (0.046, min(0.046, iris)), (18, 16, 16))
    pen.oval((x + 0.03, y - 0.03), (0.018, 0.018), (255, 255, 255))
    pen.line(almond[:31], _tone(person.hair, 0.6), 0.035)
    pen.line(almond[30:], _tone(person.skin, 0.66), 0.014)
    pen.line(almond[4:27] - (0, 0.075), _tone(person.skin, 0.74), 0.016)
    _brow(pen, look, person, side)


def _brow(pen: _Pen, look: Look, person: Person, side: int) -> None:
    inner, outer = -0.40 - look.brow - look.slant / 2, -0.36 - look.brow + look.slant / 2
    x = np.linspace(0.17, 0.68, 20)
    part = (x - x[0]) / (x[-1] - x[0])
    y = inner + (outer - inner) * part - 0.07 * np.sin(np.pi * np.clip(part * 0.85 + 0.1, 0, 1))
    thick = 0.05 * (1 - 0.75 * part**2)
    upper, lower = np.stack([side * x, y - thick], 1), np.stack([side * x, y + thick], 1)
    pen.shape(np.concatenate([upper, lower[::-1]]), _tone(person.hair, 0.8))


def _nose(pen: _Pen, person: Person) -> None:
    skin = person.skin
    pen.shade((0, 0.1), (0.07, 0.36), 1.1)
    for side in (-1, 1):
        pen.shade((side * 0.13, 0.1), (0.06, 0.32), 0.9)
        pen.oval((side * 0.075, 0.405), (0.042, 0.022), _tone(skin, 0.45))
        wing = np.linspace(-0.6, 1.3, 12)
        pen.line(
            np.stack([side * (0.1 + 0.075 * np.cos(wing)), 0.36 + 0.075 * np.sin(wing)], 1), _tone(skin, 0.66), 0.018
        )
    pen.shade((0, 0.33), (0.1, 0.07), 1.12)
    pen.shade((0, 0.47), (0.12, 0.04), 0.85)


def _mouth(pen: _Pen, look: Look, person: Person) -> None:
    lips, y = _lips(person), 0.74
    x = np.linspace(-look.wide, look.wide, 41)
    round_ = 1 - (x / look.wide) ** 2
    line = y - look.corners * (x / look.wide) ** 2
    bow = 0.055 * round_**0.7 * (1 - 0.35 * np.exp(-((x / 0.05) ** 2)))
    top, bottom = line - look.opening * 0.4 * np.sqrt(round_), line + look.opening * 0.6 * np.sqrt(round_)
    upper = np.stack([x, top - bow], 1)
    pen.shape(np.concatenate([upper, np.stack([x, bottom + 0.085 * np.sqrt(round_)], 1)[::-1]]), lips)
    if look.opening:
        pen.shape(np.concatenate([np.stack([x, top], 1), np.stack([x, bottom], 1)[::-1]]), (58, 24, 26))
        teeth = np.minimum(bottom, top + 0.09 * np.sqrt(round_))
        pen.shape(np.concatenate([np.stack([x, top], 1), np.stack([x, teeth], 1)[::-1]]), (244, 240, 232))
    else:
        pen.line(np.stack([x, line], 1), _tone(lips, 0.5), 0.022)
    pen.shade((0, y + 0.2 + 0.5 * look.opening), (0.2, 0.05), 0.86)


def _lips(person: Person) -> tuple[int, int, int]:
    red, green, blue = person.skin
    return (int(0.82 * red), int(0.55 * green), int(0.58 * blue))


def make() -> None:
    """Draw all faces and write the files."""
    for name, person in SHIPPED.items():
        write(Image.fromarray(draw(LOOKS[name], person)), name)


if __name__ == "__main__":
    make()
