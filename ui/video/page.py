"""The results for a clip as HTML: agreement, every face over time, the largest disagreements, downloads."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping

from features.phrase import Phrase, number
from ui import text as wording
from ui.components import data_uri
from ui.languages import phrase
from zoo.cards import Card
from zoo.inference import timeline_rest
from zoo.inference.timeline import Timeline, write_csv
from zoo.inference.timeline_rest import RestedTimeline
from zoo.inference.video import KeyFrame, ReferenceFrame, VideoResult, record
from zoo.labels import colours, named
from zoo.reports import timeline_charts
from zoo.reports.markup import say

MOST_FACES = 8
WAITING = (
    f'<div class="fo-empty">{say(wording.VIDEO["waiting"], "p")}<ol>'
    + "".join(
        f"<li><span>{n}</span>{say(title, 'b')}{say(text)}</li>"
        for n, (title, text) in enumerate(wording.VIDEO_STEPS, 1)
    )
    + "</ol></div>"
)


def page(result: VideoResult, cards: Mapping[str, Card], file: str) -> str:
    """All results as HTML.

    Parameters
    ----------
    result : VideoResult
    cards : mapping
        Model name to its card, for titles and thresholds.
    file : str
        The clip's file name, for the downloads.
    """
    note = say(result.note, "p", 'class="fo-notice"') if result.note else ""
    return f'<div class="fo-results fv-results">{note}{_head(result, cards, file)}{_body(result, cards)}</div>'


def summary(result: VideoResult) -> Phrase:
    """One line: how many faces, and how often the models agree."""
    agreement = result.timeline.agreement if len(result.timelines) == 1 else None
    return wording.followed(len(result.timeline.faces), agreement)


def _head(result: VideoResult, cards: Mapping[str, Card], file: str) -> str:
    facts = wording.clip_facts(result.seconds, result.frames, len(result.timeline.moments))
    return (
        f'<section class="fo-card fv-head">{say(summary(result), "p", "class=fo-summary")}'
        f"{_downloads(result, cards, file)}{say(facts, 'p', 'class=fv-facts')}</section>"
    )


def _body(result: VideoResult, cards: Mapping[str, Card]) -> str:
    if not len(result.timeline):
        hints = "".join(say(hint, "li") for hint in wording.NO_FACE_HINTS)
        return f'<div class="fo-card fo-none">{say(wording.NO_FACE_HELP, "h2")}<ul>{hints}</ul></div>'
    pairs = zip(result.timelines, result.rested or [None] * len(result.timelines), strict=True)
    return "".join(_over_time(one, rest, result, cards) for one, rest in pairs) + _moments(result, cards)


def _over_time(timeline: Timeline, rest: RestedTimeline | None, result: VideoResult, cards: Mapping[str, Card]) -> str:
    titles = {name: wording.title(cards[name]) for name in timeline.models}
    faces = timeline.faces
    parts = "".join(
        _face(timeline.of(n), n, titles, result.seconds, _resting(rest, n, titles, result))
        for n in sorted(faces[:MOST_FACES])
    )
    hidden = wording.more_faces(len(faces) - MOST_FACES)
    more = say(hidden, "p", 'class="fv-hint"') if hidden else ""
    hint = f'<p class="fv-hint">{say(wording.VIDEO["areas"])} {say(wording.VIDEO["seek"])}</p>'
    return (
        f'<section class="fo-card">{say(wording.VIDEO["over_time"], "h2")}{hint}'
        f"{timeline_charts.key(timeline.labels)}{parts}{more}</section>"
    )


def _answer_list(face: Timeline, titles: Mapping[str, str], css: str = "fv-said") -> str:
    items = "".join(
        f"<li{wording.as_typed(face.labels)}><b>{say(titles[name])}:</b> "
        f"{say(wording.mostly(face.shares(j), face.labels))}</li>"
        for j, name in enumerate(face.models)
    )
    return f'<ul class="{css}">{items}</ul>'


def _resting(rest: RestedTimeline | None, number: int, titles: Mapping[str, str], result: VideoResult) -> str:
    """One face relative to its resting face: the reference frames, the models' predictions, and both over time."""
    if rest is None:
        return ""
    if number not in rest.moments:
        return say(phrase("video.no_rest"), "p", 'class="fv-hint"')
    face = rest.timeline.of(number)
    crops = "".join(_reference(one) for one in result.references if one.number == number)
    return (
        f'<section class="fv-rest">{say(phrase("rest.relative"), "h4")}{_answer_list(face, titles, "fv-rest-said")}'
        f'{say(phrase("video.rest_frames"), "p", "class=fv-hint")}<div class="fv-references">{crops}</div>'
        f"<details>{say(phrase('video.rest_chart'), 'summary')}"
        f"{timeline_charts.face_over_time(face, titles, result.seconds)}</details></section>"
    )


def _reference(one: ReferenceFrame) -> str:
    when = number("{0:.2f}", one.time)  # some are neighbours
    picture = data_uri.img(data_uri.shrink(one.image, 96), phrase("video.alt_n", one.number, when))
    return f"<figure>{picture}{say(number('{0:.2f} s', one.time), 'figcaption')}</figure>"


def _face(face: Timeline, number: int, titles: Mapping[str, str], seconds: float, resting: str) -> str:
    agreed = wording.agreed(face.agreement)
    return (
        f'<article class="fv-face"><header><h3><span class="fo-number">{number}</span> {say(wording.face(number))}</h3>'
        f"{say(agreed, 'span', 'class=fo-often')}</header>{_answer_list(face, titles)}"
        f"{timeline_charts.face_over_time(face, titles, seconds)}{resting}</article>"
    )


def _moments(result: VideoResult, cards: Mapping[str, Card]) -> str:
    if all(len(alike.models) < 2 for alike in result.timelines):
        return ""
    head = f'<section class="fo-card">{say(wording.VIDEO["moments"], "h2")}'
    if not result.key_frames:
        return f"{head}{say(wording.VIDEO['no_moments'], 'p', 'class=fv-hint')}</section>"
    figures = "".join(_moment(one, cards) for one in result.key_frames)
    return (
        f"{head}{say(wording.VIDEO['moments_hint'], 'p', 'class=fv-hint')}"
        f'<div class="fv-moments">{figures}</div></section>'
    )


def _moment(one: KeyFrame, cards: Mapping[str, Card]) -> str:
    tones = colours(one.labels)
    picture = data_uri.img(one.image, phrase("video.alt_n", one.number, number("{0:.1f}", one.time)))
    kept = wording.as_typed(one.labels).strip()
    answers = "".join(
        f"<li><i style='background:{tones[label]}'></i>{say(wording.title(cards[name]))}: "
        f"{say(named(label, one.labels), 'b', kept)} {say(number('{0:.2f}', share))}</li>"
        for name, (label, share) in one.shown.items()
    )
    when = say(phrase("video.at_n", number("{0:.1f}", one.time), one.number))
    go = f'<button type="button" data-time="{one.time:.3f}">{picture}</button>'
    return f"<figure>{go}<figcaption>{when}<ul>{answers}</ul></figcaption></figure>"


def _downloads(result: VideoResult, cards: Mapping[str, Card], file: str) -> str:
    as_json = json.dumps(record(result, file), separators=(",", ":"))
    links = data_uri.download(as_json, "face-off-video.json", "application/json", "JSON")
    for at, timeline in enumerate(result.timelines):
        name = f"face-off-video{f'-{at + 1}' if at else ''}.csv"
        rest = result.rested[at] if result.rested else None
        links += data_uri.download(_table(timeline, rest, cards), name, "text/csv", f"CSV {at + 1}" if at else "CSV")
    return f'<p class="fo-downloads">{links}</p>'


def _table(timeline: Timeline, rest: RestedTimeline | None, cards: Mapping[str, Card]) -> str:
    table, thresholds = io.StringIO(), {name: cards[name].threshold for name in timeline.models}
    if rest:
        timeline_rest.write_csv(timeline, rest, thresholds, table)
    else:
        write_csv(timeline, thresholds, table)
    return table.getvalue()
