"""What each answer hangs on: every model's crop under what covering its places changes, side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape

import numpy as np

from features import draw
from ui import embed, wording
from zoo.cards import Card
from zoo.classifier import Classifier
from zoo.compare import Comparison
from zoo.occlusion import Hold, hold

MOST = 4  # faces of a picture: each asks every model some eighty times
SLOW = 50.0  # milliseconds a face; eighty times that is all that a visitor should wait for
FULL = math.log(4)  # odds four times as long are shown in full colour, and longer ones where there are such
SIDE = 170


def panel(comparison: Comparison, i: int, cards: Mapping[str, Card], models: Mapping[str, Classifier]) -> str:
    """Of face `i`, a picture a model; nothing for faces beyond the first `MOST`.

    Parameters
    ----------
    comparison : Comparison
    i : int
    cards, models : mapping
        By model name.
    """
    if i >= MOST:
        return ""
    face = comparison.aligned[i]
    quick = [name for name in comparison.predictions if _is_quick(comparison, name)]
    held = {name: hold(models[name], face, comparison.predictions[name].labels) for name in quick}
    figures = "".join(_figure(face.images[0], one, cards[name], comparison, name) for name, one in held.items())
    notes = [wording.HOLD["legend"]] if held else []
    notes += [
        wording.HOLD["slow"].format(escape(cards[name].title)) for name in comparison.predictions if name not in held
    ]
    notes += [wording.HOLD["few"].format(MOST)] if len(comparison.faces) > MOST and i == MOST - 1 else []
    said = "".join(f"<p>{note}</p>" for note in notes)
    return (
        f'<section class="fo-details fo-hold"><h3>{wording.HOLD["title"]}</h3>'
        f'<div class="fo-held">{figures}</div>{said}</section>'
    )


def _is_quick(comparison: Comparison, name: str) -> bool:
    """Whether a model may be asked some eighty times more: one brought from elsewhere can take long, and so can all."""
    return comparison.milliseconds[name] <= SLOW * len(comparison.faces)


def _figure(crop: np.ndarray, one: Hold, card: Card, comparison: Comparison, name: str) -> str:
    change = one.change
    shown = draw.pull(crop, change, max(FULL, float(np.abs(change).max())), SIDE)
    kept = wording.as_typed(comparison.predictions[name].labels)
    return (
        f"<figure>{embed.img(shown, wording.HOLD['alt'].format(card.title))}<figcaption><b>{escape(card.title)}</b>"
        f"<span><em{kept}>{escape(one.label)}</em> {one.share:.2f}\u00a0→\u00a0{one.least:.2f}</span>"
        f"<span>{wording.HOLD['most'].format(one.part)}</span></figcaption></figure>"
    )
