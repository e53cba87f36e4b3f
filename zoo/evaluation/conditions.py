"""What makes a face hard to read, in words: what pictures are sorted by, and how they are made worse.

Only names, units and levels, for charts and cards; `zoo.evaluation.slices` and `zoo.evaluation.corruptions` measure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from zoo.cards import Condition, Slice


@dataclass(frozen=True)
class Factor:
    """What is measured of a face, in which unit, and where it is cut."""

    title: str
    unit: str
    edges: tuple[float, ...]


# Cut near the 10th, 50th and 90th percentile of FER2013's faces.
FACTORS = {
    "yaw": Factor("Turned to the side", "°", (0, 5, 15, 25, math.inf)),
    "brightness": Factor("Brightness of the face, 0 to 255", "", (0, 95, 125, 155, 185, math.inf)),
    "sharpness": Factor("Sharpness, 0 to 1", "", (0, 0.32, 0.38, 0.44, math.inf)),
    "size": Factor("Size of the face", " px", (0, 35, 42, 48, math.inf)),
}


def range_words(part: Slice) -> str:
    """The range of a slice: ``"5 to 15°"``."""
    unit = FACTORS[part.factor].unit
    if part.high is None:
        return f"from {part.low:g}{unit}"
    return f"below {part.high:g}{unit}" if part.low == 0 else f"{part.low:g} to {part.high:g}{unit}"


@dataclass(frozen=True)
class Harm:
    """One way to make a picture worse: its name, its unit, and levels from mild to severe."""

    title: str
    unit: str
    levels: tuple[float, ...]


HARMS = {
    "blur": Harm("Blur", "σ, pixels of 48", (0.5, 1.0, 1.5, 2.0)),
    "dark": Harm("Darker", "gamma", (1.5, 2.0, 3.0, 4.0)),
    "bright": Harm("Brighter", "1 / gamma", (1.5, 2.0, 3.0, 4.0)),
    "rotation": Harm("Head leaning", "degrees", (15, 30, 45, 60)),
    "downscaling": Harm("Fewer pixels", "pixels a side", (36, 24, 18, 12)),
    "jpeg": Harm("JPEG", "quality", (50, 25, 10, 5)),
    "noise": Harm("Noise", "σ, grey levels", (5, 10, 20, 40)),
}
AS_IT_IS = "as it is"
PARTS = {"eyes": "Eyes covered", "mouth": "Mouth covered", "mirror": "Mirrored"}


def harm_words(condition: Condition) -> str:
    """``"Blur, 1.5 (σ, pixels of 48)"``."""
    if condition.kind in HARMS:
        harm = HARMS[condition.kind]
        return f"{harm.title}, {condition.level:g} ({harm.unit})"
    return PARTS.get(condition.kind, "As they are")
