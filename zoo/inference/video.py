"""Annotates a clip: faces are tracked and aligned once, and all models predict on the same crops.

Tracking and smoothing are those of the camera (`zoo.inference.live_stream`). Frames are processed as a stream: only a
`Timeline` of numbers and a few small pictures of the largest disagreements are kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from features import video_overlay
from features.clips import TURNED, Clip, ClipWriter, Frame, Limits
from features.mesh import FaceMesher
from features.phrase import joined
from features.video_overlay import Column, Overlay
from zoo.card_fields import MixName
from zoo.cards import Card
from zoo.classifier import Classifier
from zoo.filenames import readable
from zoo.inference import timeline_rest
from zoo.inference.live_stream import LiveFace, LiveFrame, Options, Viewer
from zoo.inference.timeline import Recorder, Timeline, as_json, frame_at
from zoo.inference.timeline_rest import NONE, RestedTimeline
from zoo.labels import SEVEN, LabelSet, colours
from zoo.models.label_mix import EQUAL, FER2013, LabelMix, threshold
from zoo.models.resting import NEUTRAL

RATE = 15.0
LEAST_SIDE = 640  # smaller clips are enlarged, so that text on them is legible
KEY_FRAMES, APART = 6, 2.0
THUMBNAIL = 192
MOST_SHOWN = 8  # faces shown at rest
CAUTION = "Labels people gave to pictures like these. An expression is not an emotion."
Tick = Callable[[float, float | None, bool], None]


@dataclass(frozen=True)
class VideoOptions:
    """Options for processing a clip.

    Parameters
    ----------
    labels : LabelSet
    smooth : bool
        Smooth landmarks, probabilities and labels over time.
    rate : float
        Analysed frames per second, at most; their answers are shown until the next one. 0 means every frame.
    limits : Limits
    mix : str
        Assumed label frequencies, see `zoo.models.label_mix`.
    rest : str or float
        Reference for the relative answers, see `zoo.inference.timeline_rest.rested`.
    """

    labels: LabelSet = SEVEN
    smooth: bool = True
    rate: float = RATE
    limits: Limits = field(default_factory=Limits)
    mix: MixName = FER2013
    rest: str | float = NONE


@dataclass(frozen=True, eq=False)
class KeyFrame:
    """A frame on which models disagree.

    Parameters
    ----------
    time : float
        Seconds.
    number : int
        Number of the face.
    apart : float
        Largest total variation distance between two models, 0 to 1.
    shown : dict
        Model name to the label shown and its probability.
    labels : LabelSet
        The label set of these answers.
    image : ndarray
        ``uint8 (THUMBNAIL, THUMBNAIL, 3)``, RGB: the face and its surroundings.
    """

    time: float
    number: int
    apart: float
    shown: dict[str, tuple[str, float]]
    labels: LabelSet
    image: np.ndarray


@dataclass(frozen=True, eq=False)
class ReferenceFrame:
    """A frame used as a face's resting face.

    Parameters
    ----------
    time : float
        Seconds.
    number : int
        Number of the face.
    image : ndarray
        ``uint8 (THUMBNAIL, THUMBNAIL, 3)``, RGB.
    """

    time: float
    number: int
    image: np.ndarray


@dataclass(frozen=True, eq=False)
class VideoResult:
    """Results for a clip.

    Parameters
    ----------
    timelines : tuple of Timeline
        One per label set of the answers, the requested one first: only models with the same labels can agree.
    key_frames : tuple of KeyFrame
        Frames with the largest disagreement, in order of time.
    size : (int, int)
        Width and height of the analysed frames in pixels.
    frames : int
        Frames read.
    seconds : float
        Time of the last one.
    note : str
        A sentence about a problem with the clip; empty if there was none.
    mix : str
        Label mix of the answers.
    rest : str or float
        As in the options.
    rested : tuple of RestedTimeline
        The timelines relative to each face at rest; empty if not requested.
    references : tuple of ReferenceFrame
        Pictures of the most frequent faces at rest; empty if no clip was written.
    """

    timelines: tuple[Timeline, ...]
    key_frames: tuple[KeyFrame, ...]
    size: tuple[int, int]
    frames: int
    seconds: float
    note: str
    mix: MixName = FER2013
    rest: str | float = NONE
    rested: tuple[RestedTimeline, ...] = ()
    references: tuple[ReferenceFrame, ...] = ()

    @property
    def timeline(self) -> Timeline:
        """The timeline in the requested labels; in the first model's if all have user-defined classes."""
        return self.timelines[0]


def annotate(
    source: str | os.PathLike,
    target: str | os.PathLike | None,
    models: Sequence[Classifier],
    cards: Mapping[str, Card],
    options: VideoOptions,
    tick: Tick = lambda now, whole, drawing: None,
) -> VideoResult:
    """Predict for every face in a clip.

    Parameters
    ----------
    source : path
    target : path or None
        Path of the annotated mp4; None to write none.
    models : sequence of Classifier
        One or more, all of one `AlignSpec`.
    cards : mapping
        Model name to its card, for titles and thresholds.
    options : VideoOptions
    tick : callable
        Called after every frame with the seconds processed so far, the duration in seconds (None if the clip does
        not state it), and whether the clip is only being drawn. The count restarts if the clip has to be turned, and,
        with resting faces, when the clip is drawn, because the reference frames are known only at the end. An error
        that it raises ends the work, and no incomplete clip is left behind.

    Raises
    ------
    ClipError
    ValueError
        No model, or models that need different crops.
    """
    work = _Work(source, target, models, cards, options, tick)
    result, samples = work.run()
    turn = 0 if samples is None else _upright_turn(samples)
    if turn:
        result, _ = work.run(turn)
        result = replace(result, note=joined([TURNED[turn], result.note], " ") if result.note else TURNED[turn])
    return work.rest(result, turn)


@dataclass(frozen=True)
class _Work:
    """Arguments of `annotate`."""

    source: str | os.PathLike
    target: str | os.PathLike | None
    models: Sequence[Classifier]
    cards: Mapping[str, Card]
    options: VideoOptions
    tick: Tick

    def run(self, turn: int = 0) -> tuple[VideoResult, list[np.ndarray] | None]:
        """Process a clip after `turn` quarter turns counterclockwise; if it has no face, also return some frames."""
        with ExitStack() as stack:
            clip = stack.enter_context(Clip(self.source, self.options.limits, turn))
            mix = LabelMix(self.options.mix, self.cards)
            analysis = stack.enter_context(closing(_Analysis(self.models, self.options, mix)))
            drawing, count = None, 0
            for frame in clip.frames():
                count += 1
                seen = analysis.look(frame)
                if self.target and self.options.rest == NONE:
                    drawing = drawing or stack.enter_context(_Drawing(self.target, frame, mix.with_thresholds()))
                    drawing.add(frame, seen)
                self.tick(frame.time, clip.seconds, False)
            size = frame.image.shape[1::-1]
            kept = analysis.worst.kept()
            result = VideoResult(analysis.timelines(), kept, size, count, frame.time, clip.note, self.options.mix)
            return result, None if analysis.found else analysis.samples

    def rest(self, result: VideoResult, turn: int) -> VideoResult:
        """Add the answers relative to each face at rest, if requested, and draw the clip with both."""
        rest = self.options.rest
        if rest == NONE:
            return result
        result = replace(result, rest=rest, rested=timeline_rest.all_rested(result.timelines, rest, self.cards))
        return replace(result, references=self._draw(result, self.target, turn)) if self.target else result

    def _draw(self, result: VideoResult, target: str | os.PathLike, turn: int) -> tuple[ReferenceFrame, ...]:
        """Write the clip, and collect pictures of the faces at rest."""
        references: list[ReferenceFrame] = []
        with ExitStack() as stack:
            clip = stack.enter_context(Clip(self.source, self.options.limits, turn))
            drawing, at, moments = None, 0, result.timeline.moments
            cards = LabelMix(self.options.mix, self.cards).with_thresholds()
            for frame in clip.frames():
                seen = relative = None
                if at < len(moments) and frame.time >= moments[at] - 1e-3:
                    seen = frame_at(result.timelines, at, result.size)
                    relative = frame_at([one.timeline for one in result.rested], at, result.size)
                    relative = relative.rested_only(set(result.rested[0].moments))
                    references += _references(frame, seen, result)
                    at += 1
                drawing = drawing or stack.enter_context(_Drawing(target, frame, cards))
                drawing.add(frame, seen, relative)
                self.tick(frame.time, clip.seconds, True)
        return tuple(sorted(references, key=lambda one: (one.number, one.time)))


def _references(frame: Frame, seen: LiveFrame, result: VideoResult) -> list[ReferenceFrame]:
    """Pictures of the faces for which this frame is a reference, among the most frequent faces."""
    at = round(float(np.float32(frame.time)), 3)
    resting = {n for n in result.timeline.faces[:MOST_SHOWN] if at in result.rested[0].moments.get(n, ())}
    return [
        ReferenceFrame(frame.time, face.number, thumbnail(frame.image, face.box))
        for face in seen.faces
        if face.number in resting
    ]


def _upright_turn(samples: Sequence[np.ndarray]) -> int:
    """Counterclockwise quarter turns after which a face in some frame is upright; 0 if there is none."""
    with FaceMesher(max_faces=1) as mesher:
        for image in samples:
            if not len(mesher.find(image, beside=False)):
                continue
            for turn in (0, 2, 1, 3):
                faces = mesher.find(np.ascontiguousarray(np.rot90(image, turn)), beside=False)
                if len(faces) and abs(faces.pose[0, 2]) <= 45:
                    return turn
    return 0


def record(result: VideoResult, file: str) -> dict[str, object]:
    """A clip's results as JSON data."""
    width, height = result.size
    head = {
        "file": readable(file),
        "seconds": round(result.seconds, 3),
        "width": width,
        "height": height,
        "frames": result.frames,
        "mix": result.mix,
    }
    rested: Sequence[RestedTimeline | None] = result.rested or [None] * len(result.timelines)
    resting = [timeline_rest.as_json(one, result.rest) if one else None for one in rested]
    moments = [
        {
            "time": round(one.time, 3),
            "face": one.number,
            "apart": round(one.apart, 3),
            "answers": {name: {"label": label, "probability": round(p, 3)} for name, (label, p) in one.shown.items()},
        }
        for one in result.key_frames
    ]
    first, *others = (as_json(one) | {"resting": rest} for one, rest in zip(result.timelines, resting, strict=True))
    return {**head, "note": result.note, "disagreements": moments, **first, **({"others": others} if others else {})}


class _Analysis:
    """Analyses frames at the requested rate and records the predictions."""

    def __init__(self, models: Sequence[Classifier], options: VideoOptions, mix: LabelMix) -> None:
        self.options, self.models = options, models
        self._wish = Options(smooth=options.smooth, mix=mix)
        self.recorders = [Recorder(names, labels) for labels, names in _alike(models, options.labels).items()]
        self.worst = Disagreements()
        self.found = False
        self.samples: list[np.ndarray] = []  # at increasing intervals while no face is found
        self._viewer = Viewer()
        self._last = -np.inf
        self._next_sample = 0.0

    def look(self, frame: Frame) -> LiveFrame | None:
        """Predictions for a frame; None if it is too soon after the last one."""
        if self.options.rate and frame.time - self._last < 0.9 / self.options.rate:
            return None
        self._last = frame.time
        seen = self._viewer.step(frame.image, self.models, self.options.labels, self._wish, frame.time)
        self.found |= bool(seen.faces)
        if not self.found and frame.time >= self._next_sample:
            self.samples.append(frame.image)
            self._next_sample = 1.5 * frame.time + 0.5
        for alike in self.recorders:
            alike.add(seen, frame.time)
            for face in seen.faces:
                self.worst.offer(frame, face.only(alike.models), alike.labels)
        return seen

    def timelines(self) -> tuple[Timeline, ...]:
        """All predictions so far."""
        return tuple(alike.timeline() for alike in self.recorders)

    def close(self) -> None:
        self._viewer.close()


def _alike(models: Sequence[Classifier], asked: LabelSet) -> dict[LabelSet, list[str]]:
    """Model names by the labels of their answers, the requested labels first."""
    names: dict[LabelSet, list[str]] = {}
    for model in sorted(models, key=lambda model: model.labels.answering(asked) != asked):
        names.setdefault(model.labels.answering(asked), []).append(model.name)
    return names


class Disagreements:
    """The frames with the largest disagreement, at most one per face within some seconds.

    Parameters
    ----------
    most : int
        Maximum number of frames.
    apart : float
        Seconds.
    """

    def __init__(self, most: int = KEY_FRAMES, apart: float = APART) -> None:
        self.most, self.apart = most, apart
        self._kept: list[KeyFrame] = []

    def offer(self, frame: Frame, face: LiveFace, labels: LabelSet) -> None:
        """Keep this frame if the models show different labels and disagree more than on others."""
        if len(set(face.shown.values())) < 2:
            return
        apart = distance(list(face.answers.values()))
        near = [k for k in self._kept if k.number == face.number and frame.time - k.time < self.apart]
        rivals = near or (self._kept if len(self._kept) >= self.most else [])
        weakest = min(rivals, key=lambda kept: kept.apart, default=None)
        if weakest is not None:
            if apart <= weakest.apart:
                return
            self._kept.remove(weakest)
        shown = {n: (label, float(face.answers[n][labels.index(label)])) for n, label in face.shown.items()}
        picture = thumbnail(frame.image, face.box)
        self._kept.append(KeyFrame(frame.time, face.number, apart, shown, labels, picture))

    def kept(self) -> tuple[KeyFrame, ...]:
        """The frames kept, in order of time."""
        return tuple(sorted(self._kept, key=lambda kept: (kept.time, kept.number)))


def distance(answers: Sequence[np.ndarray]) -> float:
    """Largest total variation distance between any two answers ``(k,)``: 0 if identical, 1 if disjoint."""
    every = np.array(answers)
    return float(np.abs(every[:, None] - every[None]).sum(axis=2).max() / 2)


def thumbnail(image: np.ndarray, box: np.ndarray, side: int = THUMBNAIL) -> np.ndarray:
    """``uint8 (side, side, 3)``: a square around a box ``(4,)``, 1.5 times its longer side; grey outside the image."""
    centre, reach = (box[:2] + box[2:]) / 2, max(1.0, float((box[2:] - box[:2]).max()) * 0.75)
    scale = side / (2 * reach)
    shift = side / 2 - scale * centre
    move = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float64)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.warpAffine(
        image, move, (side, side), flags=how, borderMode=cv2.BORDER_CONSTANT, borderValue=(96, 96, 96)
    )


class _Drawing:
    """Writes the annotated clip; answers are shown until there are newer ones."""

    def __init__(self, target: str | os.PathLike, first: Frame, cards: Mapping[str, Card]) -> None:
        height, width = first.image.shape[:2]
        self._enlarge = max(1.0, LEAST_SIDE / max(width, height))
        self._size = tuple(round(side * self._enlarge / 2) * 2 for side in (width, height))
        self._cards = cards
        self._footer = video_overlay.footer(CAUTION, self._size)
        self._overlays: list[Overlay] = [self._footer]
        self._writer = ClipWriter(target, self._size)

    def __enter__(self) -> _Drawing:
        self._writer.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        self._writer.__exit__(kind, *error)

    def add(self, frame: Frame, seen: LiveFrame | None, relative: LiveFrame | None = None) -> None:
        """Add a frame with its predictions and, for faces with a resting face, the relative ones."""
        if seen is not None:
            self._overlays = [self._footer, *self._answers(seen, relative)]
        image = frame.image
        if self._enlarge > 1:
            image = cv2.resize(image, self._size, interpolation=cv2.INTER_CUBIC)
        self._writer.write(Frame(video_overlay.paste(image, self._overlays), frame.time))

    def _answers(self, seen: LiveFrame, relative: LiveFrame | None) -> list[Overlay]:
        boxes = [face.box * self._enlarge for face in seen.faces]
        outlines = [
            o
            for f, box in zip(seen.faces, boxes, strict=True)
            for o in video_overlay.outline(box, f.number, self._size)
        ]
        plates = self._plates(seen, {face.number: face for face in relative.faces} if relative else {})
        places = (video_overlay.beside(box, plate, self._size) for box, plate in zip(boxes, plates, strict=True))
        return [*outlines, *(Overlay(plate, *place) for plate, place in zip(plates, places, strict=True))]

    def _plates(self, seen: LiveFrame, relative: Mapping[int, LiveFace]) -> list[np.ndarray]:
        """All bars for one or two faces if they fit and all models have the same labels, else one line per model."""
        height = video_overlay.text_height(self._size)
        columns = [self._columns(face, seen, relative.get(face.number)) for face in seen.faces]
        sets = {seen.labels_of(name) for face in seen.faces for name in face.answers}
        if len(columns) <= 2 and len(sets) == 1:
            rows = [(label, rgb(tone)) for label, tone in colours(*sets).items()]
            full = [video_overlay.bars(one, rows, height) for one in columns]
            if all(f.shape[0] < 0.7 * self._size[1] and f.shape[1] < 0.45 * self._size[0] for f in full):
                return full
        dots = [[rgb(colours(seen.labels_of(n))[label]) for n, label in face.shown.items()] for face in seen.faces]
        return [video_overlay.lines(one, dot, height) for one, dot in zip(columns, dots, strict=True)]

    def _columns(self, face: LiveFace, seen: LiveFrame, relative: LiveFace | None) -> list[Column]:
        return [
            Column(
                self._cards[name].title,
                self._says(face, name, seen.labels_of(name)),
                tuple(probs.tolist()),
                f"vs. rest: {self._says(relative, name, seen.labels_of(name))}" if relative else "",
            )
            for name, probs in face.answers.items()
        ]

    def _says(self, face: LiveFace, name: str, labels: LabelSet) -> str:
        label = face.shown[name]
        share = float(face.answers[name][labels.index(label)])
        card = self._cards[name]
        clear = share >= (threshold(card, EQUAL) if face.rested else card.threshold)
        clear |= face.rested and label == NEUTRAL
        return f"{label} {share:.2f}" if clear else "not sure"


def rgb(text: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of a colour such as ``"#d55e00"``."""
    red, green, blue = bytes.fromhex(text.lstrip("#"))
    return red, green, blue
