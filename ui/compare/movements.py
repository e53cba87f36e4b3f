"""A face's movements in words, and a prediction as a sum of movements."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from features.faces import Faces
from features.movements import network, spoken
from features.phrase import Phrase, joined, number
from ui import text
from ui.languages import phrase
from zoo.cards import Card
from zoo.classifier import Classifier
from zoo.inference.compare import Comparison
from zoo.inference.rested import Rested
from zoo.inference.terms import Terms, reads_movements, terms
from zoo.labels import known
from zoo.reports.markup import say

MOST_FACES = 8  # of a picture that are read: a face takes about 8 ms
SEEN = 0.1  # from here on a movement is named in the heading
NAMED = 3
TERMS = 6  # written out; the others are one term


def fold(
    comparison: Comparison, i: int, cards: Mapping[str, Card], models: Mapping[str, Classifier], rested: Rested | None
) -> str:
    """The movements of face `i` as HTML; empty for faces beyond the first `MOST_FACES`.

    Parameters
    ----------
    comparison : Comparison
    i : int
    cards, models : mapping
        By model name.
    rested : Rested, optional
        If this face has a resting face, its movements are relative to it.
    """
    if i >= MOST_FACES:
        return ""
    rest = rested.references[i] if rested else None
    moved = _read(comparison.image, comparison.faces, i)
    if rested and rest is not None:
        still = _read(rested.rest.image, rested.rest.faces, rest)
        moved = {word: value - still[word] for word, value in moved.items()}
    order = sorted(moved, key=lambda word: -abs(moved[word]))
    form = "{0:.2f}" if rest is None else "{0:+.2f}"
    rows = "".join(_row(word, moved[word], form) for word in order)
    note = phrase("moves.note") if rest is None else phrase("moves.note_rest")
    sums = "".join(
        _sum(terms(model, comparison.aligned[i], answer[i]), text.title(cards[name]))
        for name, answer in comparison.predictions.items()
        if reads_movements(model := models[name])
    )
    return (
        f'<details class="fo-details fo-moves">{say(_heading(moved, order, form), "summary")}'
        f'<ul class="fo-moved">{rows}</ul>{say(note, "p")}{sums}</details>'
    )


def _read(image: np.ndarray, faces: Faces, i: int) -> dict[str, float]:
    return spoken(network().read(image, faces.landmarks[i]))


def _heading(moved: Mapping[str, float], order: list[str], form: str) -> Phrase:
    seen = [word for word in order if abs(moved[word]) >= SEEN][:NAMED]
    if not seen:
        return phrase("moves.none")
    return phrase(
        "moves.title", joined([phrase("moves.one", _named(word), number(form, moved[word])) for word in seen])
    )


def _moved(word: str, value: float, form: str) -> Phrase:
    return phrase("moves.one", _named(word), number(form, value))


def _named(word: str) -> Phrase:
    return phrase(f"move.{word}")


def _row(word: str, value: float, form: str) -> str:
    fill = f'<i style="width:{100 * min(abs(value), 1):.0f}%"{" class=fo-less" if value < 0 else ""}></i>'
    track = f'<span class="fo-track" aria-hidden="true">{fill}</span>'
    return f"<li>{say(_named(word))}{track}{say(number(form, value), 'span', 'class=fo-share')}</li>"


def _sum(one: Terms, title: str) -> str:
    """``base + movement × weight + … = score``, one line per term."""
    rest = one.others + sum(term for _, _, term in one.parts[TERMS:])
    lines = [(phrase("moves.base"), one.base)]
    lines += [
        (phrase("moves.one", _named(word), number("{0:.2f}", value)), term) for word, value, term in one.parts[:TERMS]
    ]
    lines += [(phrase("moves.others"), rest), (phrase("moves.score"), one.score)]
    rows = "".join(
        f"<tr>{say(what, 'th', 'scope=row')}{say(number('{0:+.2f}', value), 'td')}</tr>" for what, value in lines
    )
    head = say(phrase("moves.sum", title, known(one.label)), "caption")
    return f'<table class="fo-sum">{head}<tbody>{rows}</tbody></table>{say(phrase("moves.sum_note"), "p")}'
