"""Predictions relative to resting faces: the assignment of resting faces, the predictions, and what changes."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from features.phrase import Phrase
from ui import text
from ui.compare.crop_and_answers import crop_and_answers
from ui.compare.numbered_photo import numbered_photo
from ui.components import probability_bars
from ui.languages import phrase
from zoo.cards import Card
from zoo.inference.compare import Comparison
from zoo.inference.rested import Rested
from zoo.labels import named
from zoo.models.resting import sure
from zoo.reports.markup import attribute, say

SIDE = 480


def second_photo(comparison: Comparison, rested: Rested) -> str:
    """The picture with the resting faces, numbered; empty if they are faces of the first picture."""
    if rested.rest is comparison:
        return ""
    shown = numbered_photo(rested.rest.image, rested.rest.faces, phrase("rest.picture"), SIDE, linked=False)
    caption = say(phrase("rest.picture"), "p")
    return f'<figure class="fo-photo fo-relaxed">{shown}<figcaption>{caption}</figcaption></figure>'


def panel(comparison: Comparison, rested: Rested | None, i: int, cards: Mapping[str, Card]) -> str:
    """For face `i`: the choice of its resting face and, if it has one, every model's prediction relative to it."""
    looks = rested.rest if rested else comparison
    at = rested.references[i] if rested else None
    choice = _choice(len(comparison.faces), i, at, len(looks.faces), looks is comparison)
    if rested is None or at is None:
        return f'<section class="fo-details fo-resting">{choice}</section>' if choice else ""
    name = phrase("rest.face_n", at + 1)
    answers = "".join(_answer(rested, i, cards[model]) for model in rested.predictions)
    return (
        f'<section class="fo-details fo-resting"><header class="fo-facehead">{say(phrase("rest.relative"), "h3")}'
        f"{choice}</header>{crop_and_answers(looks.aligned.images[at], name, name, answers)}"
        f"{_changes(comparison, rested, i, cards)}"
        f"{say(phrase('rest.note'), 'p', 'class=fo-rest-note')}"
        f"{say(phrase('rest.as_is'), 'p', 'class=fo-rest-note')}</section>"
    )


def summary(comparison: Comparison, rested: Rested | None) -> Phrase | str:
    """How many answers change relative to the resting faces; empty without resting faces."""
    if rested is None or not any(at is not None for at in rested.references):
        return ""
    read = [i for i, at in enumerate(rested.references) if at is not None]
    changed = sum(len(rested.changed(comparison, i)) for i in read)
    return phrase("rest.changed_n", changed, len(read) * len(rested.predictions))


def _choice(faces: int, i: int, at: int | None, resting: int, same: bool) -> str:
    """The choice of the resting face for face `i`; empty if there is no choice."""
    offered = [k for k in range(resting) if not (same and k == i)]
    if not offered or (not same and faces == resting == 1):
        return ""
    options = say(phrase("rest.nobody"), "option", 'value=""')
    for k in offered:
        chosen = " selected" if k == at else ""
        options += say(phrase("face" if same else "rest.face_n", k + 1), "option", f'value="{k + 1}"{chosen}')
    name = phrase("rest.whose", i + 1)
    every = say(phrase("rest.for_all"), "button", f'type="button" data-for="{i + 1}"') if faces > 1 else ""
    return (
        f'<p class="fo-rest-choice"><label>{say(phrase("rest.choose"))} '
        f'<select data-face="{i + 1}" {attribute("aria-label", name)}>{options}</select></label>{every}</p>'
    )


def _answer(rested: Rested, i: int, card: Card) -> str:
    prediction = rested.predictions[card.name]
    limit = rested.thresholds.get(card.name, card.threshold)
    clear = bool(sure(prediction[i], limit)[0])
    sentence = text.looks_like(prediction, i, 0.0 if clear else limit)
    return (
        f'<article class="fo-answer{"" if clear else " fo-notsure"}">{say(text.title(card), "h4")}'
        f'<p class="fo-says">{sentence}</p>{probability_bars.bars(prediction, i)}</article>'
    )


def _changes(comparison: Comparison, rested: Rested, i: int, cards: Mapping[str, Card]) -> str:
    changed = rested.changed(comparison, i)
    if not changed:
        return say(phrase("rest.same"), "p", "class=fo-changes")
    items = []
    for name, labels in changed.items():
        kept = rested.predictions[name].labels
        before, after = (say(named(label, kept), "em", text.as_typed(kept).strip()) for label in labels)
        items.append(f"<li><b>{say(text.title(cards[name]))}:</b> {before} → {after}</li>")
    return f'<div class="fo-changes">{say(phrase("rest.changes"), "h4")}<ul>{"".join(items)}</ul></div>'


def marked(pictures: str) -> str:
    """The attribute that tells the page's script which pictures a choice of resting faces belongs to."""
    return f'data-pictures="{escape(pictures)}"'
