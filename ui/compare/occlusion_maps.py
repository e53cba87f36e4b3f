"""Occlusion maps: for every model, the crop with the effect of hiding each patch, side by side."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

import numpy as np

from features import draw, occluders
from features.phrase import Phrase, number
from ui import text
from ui.components import data_uri
from ui.languages import phrase
from zoo.cards import Card
from zoo.classifier import Classifier
from zoo.inference.compare import Comparison
from zoo.inference.occlusion import OcclusionMap, occlusion_map
from zoo.labels import named
from zoo.models.label_mix import LabelMix, Mixed
from zoo.reports.markup import say

SECONDS = 6.0  # that a visitor waits for one face at most
FULL = math.log(4)  # odds four times as long are shown in full colour, and longer ones where there are such
SIDE = 170


def panel(
    comparison: Comparison, i: int, cards: Mapping[str, Card], models: Mapping[str, Classifier], ends: float
) -> str:
    """The occlusion maps of face `i` as HTML, one picture per model.

    Parameters
    ----------
    comparison : Comparison
    i : int
    cards, models : mapping
        By model name.
    ends : float
        Deadline on the clock of `time.monotonic`: a model that would miss it is named instead of run.
    """
    face, mix = comparison.aligned[i], LabelMix(comparison.mix, cards)
    held = {
        name: occlusion_map(Mixed(models[name], mix), face, prediction.labels)
        for name, prediction in comparison.predictions.items()
        if time.monotonic() + _seconds(comparison, name) <= ends
    }
    full = max([FULL, *(float(np.abs(one.change).max()) for one in held.values())])  # one scale for all, side by side
    figures = [_figure(face.images[0], one, text.title(cards[name]), full) for name, one in held.items()]
    notes = [text.HOLD["legend"]] if held else []
    left = [name for name in comparison.predictions if name not in held]
    notes += [phrase("hold.slow", text.title(cards[name])) for name in left]
    sentences = "".join(say(note, "p") for note in notes)
    return (
        f'<section class="fo-hold" tabindex="-1">{say(text.HOLD["title"], "h3")}'
        f'<div class="fo-held">{"".join(figures)}</div>{sentences}</section>'
    )


def _seconds(comparison: Comparison, name: str) -> float:
    """Estimated seconds for a model's map of one face, from the time it has just taken."""
    return occluders.COUNT**2 * comparison.milliseconds[name] / 1000 / len(comparison.faces)


def _figure(crop: np.ndarray, one: OcclusionMap, title: str, full: float) -> str:
    shown = data_uri.img(draw.pull(crop, one.change, full, SIDE), phrase("hold.alt", title))
    change = say(number("{0:.2f}\u00a0→\u00a0{1:.2f}", one.share, one.least))
    part = Phrase(f"part.{one.part}", one.part)
    most = say(phrase("hold.most", part)) if f"{one.least:.2f}" < f"{one.share:.2f}" else ""
    label = say(named(one.label, one.labels), "em", text.as_typed(one.labels).strip())
    return f"<figure>{shown}<figcaption>{say(title, 'b')}<span>{label} {change}</span>{most}</figcaption></figure>"
