"""Bars of probabilities as HTML: every label in its place and its colour, its number in words beside it."""

from __future__ import annotations

from html import escape

from zoo.prediction import Prediction

# After Okabe and Ito, "Color Universal Design", 2008: told apart with any colour vision.
COLOURS = {
    "angry": "#d55e00",
    "disgust": "#009e73",
    "fear": "#cc79a7",
    "happy": "#e69f00",
    "sad": "#0072b2",
    "surprise": "#56b4e9",
    "neutral": "#8a8f98",
    "contempt": "#8f6b3f",
}
OTHER = "#6b7280"


def colour(label: str) -> str:
    """The colour of a label, the same everywhere; grey for labels nobody gave one."""
    return COLOURS.get(label, OTHER)


def bars(prediction: Prediction, face: int) -> str:
    """A list of one face's probabilities, in the label set's order.

    Parameters
    ----------
    prediction : Prediction
    face : int
        The row.

    Returns
    -------
    str
        HTML. All text is escaped.
    """
    best = int(prediction.best[face])
    rows = [_bar(label, float(p), i == best) for i, (label, p) in enumerate(_pairs(prediction, face))]
    return f'<ul class="fo-bars">{"".join(rows)}</ul>'


def stack(prediction: Prediction, face: int) -> str:
    """The same probabilities as one bar cut in pieces, read out as one sentence."""
    pairs = _pairs(prediction, face)
    words = ", ".join(f"{label} {p:.2f}" for label, p in pairs)
    pieces = [f'<i style="width:{100 * p:.1f}%;background:{colour(label)}"></i>' for label, p in pairs]
    return f'<div class="fo-stack" role="img" aria-label="{escape(words)}">{"".join(pieces)}</div>'


def _pairs(prediction: Prediction, face: int) -> list[tuple[str, float]]:
    return list(zip(prediction.labels.labels, prediction.probs[face].tolist(), strict=True))


def _bar(label: str, p: float, best: bool) -> str:
    fill = f'<i style="width:{100 * p:.1f}%;background:{colour(label)}"></i>'
    return (
        f'<li class="fo-bar{" fo-best" if best else ""}"><span class="fo-label">{escape(label)}</span>'
        f'<span class="fo-track" aria-hidden="true">{fill}</span><span class="fo-share">{p:.2f}</span></li>'
    )
