"""Conditions that affect recognition: factors by which pictures are sliced, and corruptions.

Names, units and levels only, for charts and cards. `zoo.evaluation.slices` and `zoo.evaluation.corruptions` measure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from features.phrase import Phrase, number
from zoo.card_fields import FactorName
from zoo.cards import Condition, Slice


@dataclass(frozen=True)
class Factor:
    """A measured property of a face, its unit, and the edges of its slices."""

    title: str
    unit: str
    edges: tuple[float, ...]


# Edges near the 10th, 50th and 90th percentile of FER2013's faces.
FACTORS: dict[FactorName, Factor] = {
    "yaw": Factor(Phrase("chart.yaw", "Turned to the side"), "°", (0, 5, 15, 25, math.inf)),
    "brightness": Factor(
        Phrase("chart.brightness", "Brightness of the face, 0 to 255"), "", (0, 95, 125, 155, 185, math.inf)
    ),
    "sharpness": Factor(Phrase("chart.sharpness", "Sharpness, 0 to 1"), "", (0, 0.32, 0.38, 0.44, math.inf)),
    "size": Factor(Phrase("chart.size", "Size of the face"), " px", (0, 35, 42, 48, math.inf)),
}


def range_words(part: Slice) -> Phrase:
    """The range of a slice: ``"5 to 15°"``."""
    unit = FACTORS[part.factor].unit
    low, high = (_with_unit(end, unit) for end in (part.low, part.high or 0))
    if part.high is None:
        return Phrase("chart.from_n", "from {0}", low)
    return (
        Phrase("chart.below_n", "below {0}", high)
        if part.low == 0
        else Phrase("chart.to_n", "{0} to {1}", _with_unit(part.low, ""), high)
    )


def _with_unit(value: float, unit: str) -> Phrase:
    return number(f"{{0}}{unit}", int(value) if value == int(value) else value)


@dataclass(frozen=True)
class Corruption:
    """A corruption: its name, its unit, and levels from mild to severe."""

    title: str
    unit: str
    levels: tuple[float, ...]


CORRUPTIONS = {
    "blur": Corruption(
        Phrase("chart.blur", "Blur"), Phrase("chart.unit.blur", "σ, pixels of 48"), (0.5, 1.0, 1.5, 2.0)
    ),
    "dark": Corruption(Phrase("chart.darker", "Darker"), "gamma", (1.5, 2.0, 3.0, 4.0)),
    "bright": Corruption(Phrase("chart.brighter", "Brighter"), "1 / gamma", (1.5, 2.0, 3.0, 4.0)),
    "rotation": Corruption(
        Phrase("chart.leaning", "Head tilted"), Phrase("chart.unit.degrees", "degrees"), (15, 30, 45, 60)
    ),
    "downscaling": Corruption(
        Phrase("chart.pixels", "Fewer pixels"), Phrase("chart.unit.side", "pixels per side"), (36, 24, 18, 12)
    ),
    "jpeg": Corruption("JPEG", Phrase("chart.unit.quality", "quality"), (50, 25, 10, 5)),
    "noise": Corruption(Phrase("chart.noise", "Noise"), Phrase("chart.unit.levels", "σ, grey levels"), (5, 10, 20, 40)),
}
AS_IT_IS = "as it is"
AS_THEY_ARE = Phrase("chart.as_is", "As they are")
PARTS = {
    "eyes": Phrase("chart.eyes", "Eyes covered"),
    "mouth": Phrase("trial.mouth", "Mouth covered"),
    "mirror": Phrase("chart.mirrored", "Mirrored"),
}


def corruption_words(condition: Condition) -> Phrase:
    """``"Blur, 1.5 (σ, pixels of 48)"``."""
    if condition.kind in CORRUPTIONS:
        corruption = CORRUPTIONS[condition.kind]
        level = int(condition.level) if condition.level == int(condition.level) else condition.level
        return Phrase("{0}, {1} ({2})", "{0}, {1} ({2})", corruption.title, level, corruption.unit)
    return PARTS.get(condition.kind, AS_THEY_ARE)
