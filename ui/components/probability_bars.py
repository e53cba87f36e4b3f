"""Bars of probabilities as HTML: every label in its place and its colour, its number in words beside it."""

from __future__ import annotations

from html import escape

from ui import text
from zoo.labels import colours
from zoo.prediction import Prediction


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
    inks, pairs = colours(prediction.labels), enumerate(_pairs(prediction, face))
    kept = text.as_typed(prediction.labels)
    names = {label: f'<span class="fo-label"{kept}>{escape(label)}</span>' for label in prediction.labels}
    known = [(i, label, None if label in prediction.unknown else p) for i, (label, p) in pairs]
    rows = [_bar(names[label], p, inks[label], i == best) for i, label, p in known]
    return f'<ul class="fo-bars">{"".join(rows)}</ul>'


def stack(prediction: Prediction, face: int) -> str:
    """The same probabilities as one bar cut in pieces, read out as one sentence."""
    pairs = _pairs(prediction, face)
    words = ", ".join(f"{label} {p:.2f}" for label, p in pairs)
    inks = colours(prediction.labels)
    pieces = [f'<i style="width:{100 * p:.1f}%;background:{inks[label]}"></i>' for label, p in pairs]
    kept = text.as_typed(prediction.labels)
    return f'<div class="fo-stack" role="img" aria-label="{escape(words)}"{kept}>{"".join(pieces)}</div>'


def _pairs(prediction: Prediction, face: int) -> list[tuple[str, float]]:
    return list(zip(prediction.labels.labels, prediction.probs[face].tolist(), strict=True))


def _bar(name: str, p: float | None, ink: str, best: bool) -> str:
    """None: the model does not know this label."""
    if p is None:
        return f'<li class="fo-bar fo-unknown">{name}<span class="fo-cannot">{text.CANNOT_ANSWER}</span></li>'
    fill = f'<i style="width:{100 * p:.1f}%;background:{ink}"></i>'
    return (
        f'<li class="fo-bar{" fo-best" if best else ""}">{name}'
        f'<span class="fo-track" aria-hidden="true">{fill}</span><span class="fo-share">{p:.2f}</span></li>'
    )
