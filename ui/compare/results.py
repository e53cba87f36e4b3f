"""One comparison as a page: the numbered photo, then a card for every face."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence

import numpy as np

from features import quality
from features.faces import Faces
from features.phrase import Phrase, number
from ui import text as wording
from ui.compare import occlusion_maps, pipeline_stages
from ui.components import data_uri, probability_bars
from ui.languages import phrase
from zoo.cards import Card
from zoo.classifier import Classifier
from zoo.inference import serialise
from zoo.inference.compare import Comparison
from zoo.reports.markup import attribute, say

PHOTO_SIDE = 1100
WAITING = (
    f'<div class="fo-empty">{say(wording.WAITING, "p")}<ol>'
    + "".join(
        f"<li><span>{n}</span>{say(title, 'b')}{say(text)}</li>" for n, (title, text) in enumerate(wording.STEPS, 1)
    )
    + "</ol></div>"
)


def page(
    comparison: Comparison,
    cards: Mapping[str, Card],
    models: Mapping[str, Classifier],
    file: str = "",
    covering: bool = False,
) -> str:
    """The whole answer as HTML.

    Parameters
    ----------
    comparison : Comparison
    cards : mapping
        Model name to its card, for titles and thresholds.
    models : mapping
        Name to model, for what each of the compared ones computes on its way.
    file : str
        The picture's name, for the downloads.
    covering : bool
        Whether to show what each answer hangs on, too; see `ui.compare.occlusion_maps`.
    """
    body = _body(comparison, cards, models, covering)
    return f'<div class="fo-results">{_photo(comparison, cards, file)}{body}</div>'


def sorry(sentence: str) -> str:
    """Why there is no answer, in the answer's place."""
    said = say(wording.NO_ANSWER, "h2") + say(sentence, "p")
    return f'<div class="fo-results"><div class="fo-card fo-sorry">{said}</div></div>'


def summary(comparison: Comparison) -> Phrase:
    """One line: how many faces, and whether the models agree."""
    models = len(comparison.predictions) if comparison.alike else 1
    return wording.found(len(comparison.faces), int(comparison.agree.sum()), models)


def _photo(comparison: Comparison, cards: Mapping[str, Card], file: str) -> str:
    shown = data_uri.img(data_uri.shrink(comparison.image, PHOTO_SIDE), phrase("alt.picture"))
    boxes = "".join(_box(comparison.faces, i) for i in range(len(comparison.faces)))
    return (
        f'<figure class="fo-photo"><div class="fo-mat"><div class="fo-frame">{shown}{boxes}</div></div>'
        f"{_caption(comparison, cards, file)}</figure>"
    )


def _box(faces: Faces, i: int) -> str:
    """A numbered box over the photo that leads to the face's card; lines stay crisp at any size."""
    size = np.array(faces.image_size * 2)
    left, top, right, bottom = (100 * faces.boxes[i] / size).clip(0, 100)
    place = f"left:{left:.2f}%;top:{top:.2f}%;width:{right - left:.2f}%;height:{bottom - top:.2f}%"
    return (
        f'<a class="fo-box" href="#fo-face-{i + 1}" style="{place}" '
        f"{attribute('aria-label', phrase('face.go', i + 1))}><span>{i + 1}</span></a>"
    )


def _caption(comparison: Comparison, cards: Mapping[str, Card], file: str) -> str:
    times = comparison.milliseconds
    steps = [phrase("ms_find", number("{0:.1f}", times["mesh"])), phrase("ms_align", number("{0:.1f}", times["align"]))]
    steps += [
        Phrase("{0} {1:.1f} ms", "{0} {1:.1f} ms", wording.title(cards[name]), times[name])
        for name in comparison.predictions
    ]
    items = "".join(say(step, "li") for step in steps)
    return (
        f"<figcaption>{say(summary(comparison), 'p', 'class=fo-summary')}{_left_out(comparison.faces)}"
        f"{_downloads(comparison, cards, file)}"
        f'<ul class="fo-times" {attribute("aria-label", phrase("times"))}>{items}</ul></figcaption>'
    )


def _left_out(faces: Faces) -> str:
    """That there are more faces than shown, if so."""
    words = wording.faces_shown(len(faces), len(faces) + faces.left_out)
    return say(words, "p", 'class="fo-left-out"') if faces.left_out else ""


def _body(comparison: Comparison, cards: Mapping[str, Card], models: Mapping[str, Classifier], covering: bool) -> str:
    if not len(comparison.faces):
        hints = "".join(say(hint, "li") for hint in wording.NO_FACE_HINTS)
        return f'<div class="fo-card fo-none">{say(wording.NO_FACE_HELP, "h2")}<ul>{hints}</ul></div>'
    notes = quality.notes(comparison.image, comparison.faces)
    faces = range(len(comparison.faces))
    strips = [_strip(i, pipeline_stages.strip(comparison, i, cards, models)) for i in faces]
    if covering:
        ends = time.monotonic() + occlusion_maps.SECONDS
        strips = [occlusion_maps.panel(comparison, i, cards, models, ends) + strips[i] for i in faces]
    return "".join(_face(comparison, i, cards, notes[i], strips[i]) for i in faces)


def _strip(i: int, stage_by_stage: str) -> str:
    """The four stages, open for the first face."""
    opened = " open" if i == 0 else ""
    return f'<details class="fo-details"{opened}>{say(phrase("how"), "summary")}{stage_by_stage}</details>'


def _face(comparison: Comparison, i: int, cards: Mapping[str, Card], notes: Sequence[str], below: str) -> str:
    crop = data_uri.img(comparison.aligned.images[i], phrase("alt.aligned", i + 1), "fo-crop", photo=False)
    answers = "".join(_answer(comparison, i, cards[name]) for name in comparison.predictions)
    return (
        f'<section class="fo-card" id="fo-face-{i + 1}" {attribute("aria-label", wording.face(i + 1))}>'
        f'<header class="fo-facehead"><h2><span class="fo-number">{i + 1}</span> {say(wording.face(i + 1))}</h2>'
        f"{_badge(comparison, i, cards)}</header>"
        f'<div class="fo-face"><div class="fo-seen"><figure>{crop}{say(phrase("saw"), "figcaption")}</figure>'
        f"{_notes(notes)}</div>"
        f'<div class="fo-answers">{answers}</div></div>{below}</section>'
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


def _downloads(comparison: Comparison, cards: Mapping[str, Card], file: str) -> str:
    record = serialise.record(comparison, thresholds(comparison, cards), file)
    as_json = data_uri.download(
        json.dumps(record, indent=1, ensure_ascii=False), "face-off.json", "application/json", "JSON"
    )
    as_csv = data_uri.download(serialise.to_csv(serialise.rows(record)), "face-off.csv", "text/csv", "CSV")
    return f'<p class="fo-downloads">{as_json}{as_csv}</p>'


def thresholds(comparison: Comparison, cards: Mapping[str, Card]) -> dict[str, float]:
    """Below which confidence each of the compared models is not sure."""
    return {name: cards[name].threshold for name in comparison.predictions}
