"""Probability bars as HTML: each label has a fixed place and colour, with its probability as text beside it."""

from __future__ import annotations

from features.phrase import joined, number
from ui import text
from ui.languages import phrase
from zoo.labels import colours, named
from zoo.prediction import Prediction
from zoo.reports.markup import attribute, say


def bars(prediction: Prediction, face: int) -> str:
    """One face's probabilities as a list of bars, in the label set's order.

    Parameters
    ----------
    prediction : Prediction
    face : int
        The face's row in the prediction.

    Returns
    -------
    str
        HTML. All text is escaped.
    """
    best = int(prediction.best[face])
    inks, pairs = colours(prediction.labels), enumerate(_pairs(prediction, face))
    kept = f'class="fo-label"{text.as_typed(prediction.labels)}'
    names = {label: say(named(label, prediction.labels), "span", kept) for label in prediction.labels}
    known = [(i, label, None if label in prediction.unknown else p) for i, (label, p) in pairs]
    rows = [_bar(names[label], p, inks[label], i == best) for i, label, p in known]
    return f'<ul class="fo-bars">{"".join(rows)}</ul>'


def stack(prediction: Prediction, face: int) -> str:
    """One face's probabilities as one stacked bar in HTML, which screen readers read as one sentence."""
    pairs = _pairs(prediction, face)
    words = joined([phrase("share", named(label, prediction.labels), number("{0:.2f}", p)) for label, p in pairs])
    inks = colours(prediction.labels)
    pieces = [f'<i style="width:{100 * p:.1f}%;background:{inks[label]}"></i>' for label, p in pairs]
    kept = text.as_typed(prediction.labels)
    return f'<div class="fo-stack" role="img" {attribute("aria-label", words)}{kept}>{"".join(pieces)}</div>'


def _pairs(prediction: Prediction, face: int) -> list[tuple[str, float]]:
    return list(zip(prediction.labels.labels, prediction.probs[face].tolist(), strict=True))


def _bar(name: str, p: float | None, ink: str, best: bool) -> str:
    """One bar as HTML; `p` is None if the model does not know the label."""
    if p is None:
        cannot = say(text.CANNOT_ANSWER, "span", 'class="fo-cannot"')
        return f'<li class="fo-bar fo-unknown">{name}{cannot}</li>'
    fill = f'<i style="width:{100 * p:.1f}%;background:{ink}"></i>'
    share = say(number("{0:.2f}", p), "span", 'class="fo-share"')
    return (
        f'<li class="fo-bar{" fo-best" if best else ""}">{name}'
        f'<span class="fo-track" aria-hidden="true">{fill}</span>{share}</li>'
    )
