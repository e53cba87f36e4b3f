"""A comparison as HTML: the numbered photo, then a card for every face."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from features import quality
from features.faces import Faces
from features.phrase import Phrase, joined, number
from ui import text as wording
from ui.compare import cover, movements, pipeline_stages, resting_panel
from ui.compare.crop_and_answers import crop_and_answers
from ui.compare.numbered_photo import numbered_photo
from ui.components import data_uri, probability_bars
from ui.languages import phrase
from zoo.cards import Card
from zoo.classifier import Classifier
from zoo.inference import serialise
from zoo.inference.compare import Comparison
from zoo.inference.rested import Rested
from zoo.reports.markup import attribute, say

PHOTO_SIDE = 1100
WAITING = (
    f'<div class="fo-empty">{say(wording.WAITING, "p")}<ol>'
    + "".join(
        f"<li><span>{n}</span>{say(title, 'b')}{say(text)}</li>" for n, (title, text) in enumerate(wording.STEPS, 1)
    )
    + "</ol></div>"
)


@dataclass(frozen=True, eq=False)
class Extras:
    """What is shown besides the answers.

    Parameters
    ----------
    file : str
        The picture's name, for the downloads.
    rested : Rested, optional
        The answers relative to resting faces.
    note : str
        Why there are no resting faces, if they were asked for.
    pictures : str
        Identifies the two pictures; the page sends it back with a choice of resting faces.
    kept : bool
        Whether the result may be kept as a picture: not in a lesson, where no face leaves the page.
    """

    file: str = ""
    rested: Rested | None = None
    note: str = ""
    pictures: str = ""
    kept: bool = True


NO_EXTRAS = Extras()


def page(
    comparison: Comparison,
    cards: Mapping[str, Card],
    models: Mapping[str, Classifier],
    extras: Extras = NO_EXTRAS,
) -> str:
    """The whole answer as HTML.

    Parameters
    ----------
    comparison : Comparison
    cards : mapping
        Model name to its card, for titles and thresholds.
    models : mapping
        Model name to model, for the intermediate results.
    extras : Extras
    """
    note = say(extras.note, "p", 'class="fo-rest-note" role="status"') if extras.note else ""
    second = resting_panel.second_photo(comparison, extras.rested) if extras.rested else ""
    body = f"{_photo(comparison, cards, extras)}{note}{second}{_body(comparison, cards, models, extras)}"
    marks = f'data-answer="{secrets.token_hex(4)}" {resting_panel.marked(extras.pictures)}'
    return f'<div class="fo-results" {marks}>{body}</div>'


def sorry(sentence: str) -> str:
    """The reason why there is no answer, as HTML in its place."""
    content = say(wording.NO_ANSWER, "h2") + say(sentence, "p")
    return f'<div class="fo-results"><div class="fo-card fo-sorry">{content}</div></div>'


def summary(comparison: Comparison, rested: Rested | None = None) -> Phrase:
    """One line: how many faces, whether the models agree, and what resting faces change."""
    models = len(comparison.predictions) if comparison.alike else 1
    found = wording.found(len(comparison.faces), int(comparison.agree.sum()), models)
    changed = resting_panel.summary(comparison, rested)
    return joined([found, changed], " ") if changed else found


def _photo(comparison: Comparison, cards: Mapping[str, Card], extras: Extras) -> str:
    shown = numbered_photo(comparison.image, comparison.faces, phrase("alt.picture"), PHOTO_SIDE)
    return f'<figure class="fo-photo">{shown}{_caption(comparison, cards, extras)}</figure>'


def _caption(comparison: Comparison, cards: Mapping[str, Card], extras: Extras) -> str:
    times = comparison.milliseconds
    steps = [phrase("ms_find", number("{0:.1f}", times["mesh"])), phrase("ms_align", number("{0:.1f}", times["align"]))]
    steps += [
        Phrase("{0} {1:.1f} ms", "{0} {1:.1f} ms", wording.title(cards[name]), times[name])
        for name in comparison.predictions
    ]
    items = "".join(say(step, "li") for step in steps)
    return (
        f"<figcaption>{say(summary(comparison, extras.rested), 'p', 'class=fo-summary')}{_left_out(comparison.faces)}"
        f"{_downloads(comparison, cards, extras)}"
        f'<ul class="fo-times" {attribute("aria-label", phrase("times"))}>{items}</ul></figcaption>'
    )


def _left_out(faces: Faces) -> str:
    """A note if not all faces are shown; otherwise empty."""
    words = wording.faces_shown(len(faces), len(faces) + faces.left_out)
    return say(words, "p", 'class="fo-left-out"') if faces.left_out else ""


def _body(comparison: Comparison, cards: Mapping[str, Card], models: Mapping[str, Classifier], extras: Extras) -> str:
    if not len(comparison.faces):
        hints = "".join(say(hint, "li") for hint in wording.NO_FACE_HINTS)
        return f'<div class="fo-card fo-none">{say(wording.NO_FACE_HELP, "h2")}<ul>{hints}</ul></div>'
    notes = quality.notes(comparison.image, comparison.faces)
    faces = range(len(comparison.faces))
    strips = [_strip(i, pipeline_stages.strip(comparison, i, cards, models)) for i in faces]
    asked = [_ask(i, extras.kept) + resting_panel.panel(comparison, extras.rested, i, cards) for i in faces]
    by_hand = [cover.fold(comparison, i, cards) for i in faces]
    moved = [movements.fold(comparison, i, cards, models, extras.rested) for i in faces]
    strips = [by_hand[i] + moved[i] + asked[i] + strips[i] for i in faces]
    return "".join(_face(comparison, i, cards, notes[i], strips[i]) for i in faces)


def _ask(i: int, kept: bool) -> str:
    """The button for the occlusion maps of face `i`, which `mattered` replaces, and the one for its result card."""
    card = f'<button type="button" data-keep="{i + 1}">{say(phrase("keep.card"))}</button>' if kept else ""
    return (
        f'<div class="fo-details fo-ask-row">{card}<div class="fo-ask"><button type="button" data-mattered="{i + 1}">'
        f"{say(wording.HOLD['ask'])}</button> {say(wording.HOLD['ask_hint'], 'small')}</div></div>"
    )


def mattered(panel: str, number: int, answer: str) -> str:
    """The occlusion maps for face `number` of the answer whose `data-answer` is this."""
    return f'<div data-face="{number}" data-for="{escape(answer)}">{panel}</div>'


def _strip(i: int, stage_by_stage: str) -> str:
    """The four stages, open for the first face."""
    opened = " open" if i == 0 else ""
    return f'<details class="fo-details"{opened}>{say(phrase("how"), "summary")}{stage_by_stage}</details>'


def _face(comparison: Comparison, i: int, cards: Mapping[str, Card], notes: Sequence[str], below: str) -> str:
    crop, alt = comparison.aligned.images[i], phrase("alt.aligned", i + 1)
    answers = "".join(_answer(comparison, i, cards[name]) for name in comparison.predictions)
    return (
        f'<section class="fo-card" id="fo-face-{i + 1}" {attribute("aria-label", wording.face(i + 1))}>'
        f'<header class="fo-facehead"><h2><span class="fo-number">{i + 1}</span> {say(wording.face(i + 1))}</h2>'
        f"{_badge(comparison, i, cards)}</header>"
        f"{crop_and_answers(crop, alt, phrase('saw'), answers, _notes(notes))}{below}</section>"
    )


def _badge(comparison: Comparison, i: int, cards: Mapping[str, Card]) -> str:
    if len(comparison.predictions) < 2 or not comparison.alike:
        return ""
    agree = bool(comparison.agree[i])
    sure = all(p.confidence[i] >= cards[name].threshold for name, p in comparison.predictions.items())
    kind = ("agree" if sure else "unsure") if agree else "disagree"
    sign = {"agree": "=", "unsure": "≈", "disagree": "≠"}[kind]
    words = wording.verdict(agree, sure)
    return f'<span class="fo-badge fo-{kind}"><span aria-hidden="true">{sign}</span> {say(words)}</span>'


def _answer(comparison: Comparison, i: int, card: Card) -> str:
    prediction = comparison.predictions[card.name]
    unsure = " fo-notsure" if prediction.confidence[i] < card.threshold else ""
    return (
        f'<article class="fo-answer{unsure}"><h3>{say(wording.title(card))} '
        f"{say(wording.family(card), 'small')}</h3>"
        f'<p class="fo-says">{wording.looks_like(prediction, i, card.threshold)}</p>'
        f"{probability_bars.bars(prediction, i)}</article>"
    )


def _notes(notes: Sequence[str]) -> str:
    if not notes:
        return say(phrase("fine"), "p", 'class="fo-note fo-fine"')
    return f'<ul class="fo-note">{"".join(say(note, "li") for note in notes)}</ul>'


def _downloads(comparison: Comparison, cards: Mapping[str, Card], extras: Extras) -> str:
    record = serialise.record(comparison, thresholds(comparison, cards), extras.file, extras.rested)
    as_json = data_uri.download(
        json.dumps(record, indent=1, ensure_ascii=False), "face-off.json", "application/json", "JSON"
    )
    as_csv = data_uri.download(serialise.to_csv(serialise.rows(record)), "face-off.csv", "text/csv", "CSV")
    picture = f'<button type="button" class="fo-download" data-keep="picture">{say(phrase("keep.picture"))}</button>'
    return f'<p class="fo-downloads">{picture if extras.kept and len(comparison.faces) else ""}{as_json}{as_csv}</p>'


def thresholds(comparison: Comparison, cards: Mapping[str, Card]) -> dict[str, float]:
    """Model name to the confidence below which it is "not sure"."""
    return {name: cards[name].threshold for name in comparison.predictions}
