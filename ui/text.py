"""Every sentence of the page, by its key in ``languages/en.json``.

Expression is not emotion, and no sentence may claim otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from features.phrase import Phrase, joined, number
from ui.languages import dictionaries, group, phrase
from zoo.cards import Card
from zoo.labels import ELSEWHERE, OWN, LabelSet, named
from zoo.prediction import Prediction
from zoo.reports.markup import say, stressed

BARRETT = "https://doi.org/10.1177/1529100619832930"
KEPT_MINUTES = 10

TABS = {name: phrase(f"tab.{name.lower()}") for name in ("Compare", "Live", "Video", "Teach", "Zoo", "Lesson")}
TAGLINE = phrase("tagline")
PLEASE_NOTE = phrase("please_note")
SKIP_TO_CONTENT = phrase("skip.content")
SKIP_TO_RESULT = phrase("skip.result")
MODELS, LABELS = phrase("models"), phrase("labels")
NOT_EMOTION = phrase("not_emotion")
WHY = phrase("why")
CANNOT_KNOW = phrase("cannot_know")

PRIVACY_LOCAL = phrase("privacy_local", KEPT_MINUTES)
PRIVACY_SERVER = phrase("privacy_server", KEPT_MINUTES)
PRIVACY_SPACE = phrase("privacy_space", KEPT_MINUTES)
PRIVACY_SHARED = phrase("privacy_shared", KEPT_MINUTES)
_HERE = ("localhost", "127.0.0.1", "[::1]")

WARMING = phrase("warming")
WAITING = phrase("waiting")
STEPS = tuple((phrase(f"step{n}"), phrase(f"step{n}.text")) for n in (1, 2, 3))
NO_FACE = phrase("no_face")
NO_FACE_HELP = phrase("no_face_help")
NO_FACE_HINTS = tuple(phrase(f"hint{n}") for n in (1, 2, 3))
NO_ANSWER = phrase("no_answer")
FAILED = phrase("failed")
CHOOSE_MODELS = phrase("choose_models")
GONE = phrase("gone", KEPT_MINUTES)

EVERY_FACE = phrase("every_face")
EVERY_FACE_HINT = phrase("every_face_hint")

HOLD = group("hold")
LIVE = group("live")
LIVE_HELP = tuple((LIVE[name], phrase(f"help{n}")) for n, name in enumerate(("smooth", "rest", "timeline"), 1))

VIDEO_MINUTES, VIDEO_MEGABYTES = 3, 200
VIDEO = group("video") | {
    "limits": phrase("video.limits", VIDEO_MINUTES, VIDEO_MEGABYTES, KEPT_MINUTES),
    "gone": phrase("video.gone", KEPT_MINUTES),
    "stop": LIVE["stop"],
}
VIDEO_STEPS = tuple((VIDEO[f"step{n}"], VIDEO[f"step{n}.text"]) for n in (1, 2, 3))


def title(card: Card) -> str:
    """A model's title, translated unless it is just a name."""
    return _of_card(card, f"model.{card.name}.title", card.title)


def summary(card: Card) -> str:
    """What a model is, in one sentence."""
    return _of_card(card, f"model.{card.name}", card.summary)


def _of_card(card: Card, key: str, english: str) -> str:
    return phrase(key) if key in dictionaries()["en"] and not isinstance(english, Phrase) else english


def family(card: Card) -> Phrase:
    """``"classical"`` or ``"deep"``."""
    return phrase(f"family.{card.family}")


def face(number: int) -> Phrase:
    """A face by its number."""
    return phrase("face", number)


def progress(now: float, whole: float | None, drawing: bool = False) -> Phrase:
    """Progress of a clip in seconds; with `drawing`, of writing the annotated clip."""
    if not whole:
        return number("{0:.0f} s", now)
    return phrase("video.drawn_n" if drawing else "video.now_n", round(now), round(whole))


def followed(faces: int, agreement: float | None) -> Phrase:
    """How many faces a clip has, and how often the models agree on them."""
    if not faces:
        return VIDEO["nobody"]
    if agreement is None:
        return VIDEO["one"] if faces == 1 else phrase("video.some_n", faces)
    share = round(100 * agreement)
    return phrase("video.one_agree_n", share) if faces == 1 else phrase("video.some_agree_n", faces, share)


def clip_facts(seconds: float, frames: int, analysed: int) -> Phrase:
    """Length of a clip, its frames, and how many were analysed."""
    length = number("{0:.1f}", seconds)
    return (
        phrase("video.all_n", length, frames)
        if analysed == frames
        else phrase("video.part_n", length, frames, analysed)
    )


def mostly(shares: dict[str, float], labels: LabelSet) -> Phrase:
    """One model's labels over time as a sentence, the most frequent ones first."""
    parts = [phrase("video.time_n", named(label, labels), round(100 * share)) for label, share in shares.items()]
    return phrase("video.mostly" + _whose(labels), joined(parts[:3]))


def agreed(rate: float | None) -> Phrase | str:
    """How often the models agree on a face."""
    return "" if rate is None else phrase("live.often", round(100 * rate))


def more_faces(count: int) -> Phrase | str:
    """A note that not all faces are shown; empty if they are."""
    return phrase("video.more_n", count) if count > 0 else ""


def privacy(host: str) -> Phrase:
    """The sentence about privacy for a page opened under this host name (``"127.0.0.1:7860"``)."""
    if os.environ.get("SPACE_ID"):
        return PRIVACY_SPACE
    name = host.rsplit(":", 1)[0] if host[-1:].isdigit() and not host.endswith("]") else host
    if name.lower().rstrip(".").endswith(".gradio.live"):
        return PRIVACY_SHARED
    return PRIVACY_LOCAL if name in _HERE else PRIVACY_SERVER


def as_typed(labels: LabelSet) -> str:
    """The attribute that keeps names of user-defined classes untranslated by browsers; empty for shipped labels."""
    return ' translate="no"' if labels.made_up else ""


def _whose(labels: LabelSet) -> str:
    """The suffix of a key for a model's labels: user-defined, imported or shipped."""
    return {OWN: "_own", ELSEWHERE: "_made"}.get(labels.name, "")


def looks_like(prediction: Prediction, face: int, threshold: float) -> str:
    """One model's answer for one face as a sentence in HTML."""
    labels, confidence = prediction.labels, prediction.confidence[face]
    label, share = named(prediction.names[face], labels), say(number("({0:.2f})", confidence))
    if confidence < threshold:
        return f"<b>{say(phrase('not_sure'))}</b> {stressed(phrase('nearest' + _whose(labels), label))} {share}"
    return f"{stressed(phrase('live.says' + _whose(labels), label))} {share}"


def found(faces: int, agreed: int, models: int) -> Phrase:
    """How many faces there are, and on how many the models agree."""
    if not faces:
        return NO_FACE
    if models < 2:
        return phrase("found_1") if faces == 1 else phrase("found_n", faces)
    if faces == 1:
        return phrase("found_1_agree" if agreed else "found_1_disagree")
    return phrase("found_n_agree", faces, agreed, faces)


def faces_shown(shown: int, found: int) -> Phrase:
    """A note that not all faces are shown."""
    return phrase("faces_shown_n", shown, found)


def verdict(agree: bool, sure: bool) -> Phrase:
    """The badge of a face."""
    return phrase(("agree" if sure else "unsure") if agree else "disagree")


def status(ready: bool, broken: Iterable[str]) -> tuple[Phrase, ...]:
    """Sentences about the server: models are still loading, or were left out."""
    return (*(() if ready else (WARMING,)), *((left_out(broken),) if broken else ()))


def left_out(names: Iterable[str]) -> Phrase:
    """Names the models that cannot be served. The reasons, which contain paths, are shown in the terminal only."""
    shown = (name.encode("utf-8", "replace").decode() for name in sorted(names))
    return phrase("zoo.left_out_own", ", ".join(shown))


# A classroom
NO_PAGE = phrase("page.lost")
BUSY = phrase("server.busy")
CAMERA_OFF = phrase("camera_off")
LAW = phrase("law")
CAMERA_ON = phrase("camera_on")
NO_FACES_OUT = phrase("no_faces_out")

LESSON = group("lesson")
_MINUTES = (10, 6, 8, 7, 6, 4, 4)
_QUESTIONS = (1, 2, 2, 2, 1, 2, 1)
# Title, minutes, what to do, what to write.
WORKSHEET = tuple(
    (
        phrase(f"sheet{n}"),
        minutes,
        phrase(f"sheet{n}.todo"),
        tuple(phrase(f"sheet{n}.q{i + 1}") for i in range(questions)),
    )
    for n, (minutes, questions) in enumerate(zip(_MINUTES, _QUESTIONS, strict=True), 1)
)


# What to look for in the answers, a sentence or two a step.
ANSWER_KEY = tuple(phrase(f"sheet{n}.key") for n in range(1, len(WORKSHEET) + 1))
UNPLUGGED = tuple(LESSON[f"unplugged_{n}"] for n in (1, 2, 3, 4))


def minutes(count: int) -> Phrase:
    """How long a part of the lesson takes."""
    return phrase("minutes_n", count)


def teachers_code(code: str) -> str:
    """The line with the teacher's code for the terminal."""
    return (
        f"Classroom: the camera is off. Teacher’s code: {code}\n"
        "Type it under “Teacher” in the Lesson tab: it turns the camera on, starts a new group and opens the "
        "projector view. Anyone can turn the camera off without it."
    )


# The Zoo tab
ZOO = phrase("zoo")
ZOO_NOTE = phrase("zoo.note")
NOT_MEASURED = phrase("zoo.none")
NOT_MEASURED_BOTH = phrase("zoo.none_both")
SAME_MODEL = phrase("zoo.same")
DUEL_HINT = phrase("zoo.duel")
DUEL_TESTED = phrase("zoo.duel_tested")
MEASURE_HINT = phrase("zoo.hint")
CANNOT_ANSWER = phrase("cannot_answer")


def not_compared(first: str, second: str) -> Phrase:
    """The command to run when two models were not evaluated together."""
    command = f"python -m zoo evaluate {first} {second} --data fer2013.csv --write-cards"
    return phrase("zoo.not_compared", command)


# The Teach tab
TEACH = group("teach")
_TRIALS = ("half", "mouth", "background", "light", "person")
TRIALS = {name: phrase(f"trial.{name}") for name in _TRIALS}
TRIALS_RECORDED = ("background", "light", "person")
BEFORE_AFTER = (TEACH["before"], TEACH["after"])


def trained(seconds: float) -> Phrase:
    """The duration of a training run."""
    return phrase("teach.trained", number("{0:.1f}", seconds))


# Models out and in
EXPORT_HINT = phrase("export.hint")
EXPORT_YOURS = phrase("export.yours")
EXPORT_NAME = "My faces"
EXPORT_UNTAUGHT = phrase("export.untaught")
EXPORT_ONNX_ONLY = phrase("export.onnx")
IMPORT_HINT = phrase("import.hint")
IMPORT_MAP = phrase("import.map")
IMPORT_KEEP = phrase("import.keep")
IMPORT_PIXELS = phrase("import.pixels")
IMPORT_REMOVED = phrase("import.removed")


def export_ready(megabytes: float) -> Phrase:
    """The export is ready to be saved."""
    return phrase("export.ready_n", number("{0:.1f}", megabytes))


def import_added(titles: Iterable[str]) -> Phrase:
    """Imported models were added to the session."""
    return phrase("import.added_own", joined(list(titles)))


def import_facts(classes: int, size: tuple[int, ...], weights: int) -> Phrase:
    """A description of an imported network; `size` is the height, width and channels of its input."""
    height, width, channels = size
    kind = "grey" if channels == 1 else "colour"
    return phrase(f"import.{kind}_n", classes, width, height, number("{0:,}", weights))
