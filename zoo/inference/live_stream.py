"""Processes a camera's frames in order: tracked faces, and predictions of every model, smoothed over time.

No frame is stored, and closing a viewer discards its state.
"""

from __future__ import annotations

import base64
import math
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from features import images
from features.align import align
from features.face_tracking import FaceStream, Readers
from features.faces import MESH_POINTS, Faces
from features.images import ImageError
from features.movements import network, spoken
from features.one_euro import OneEuro
from zoo.classifier import Classifier, common_spec
from zoo.inference.tracking import LEAD, RESTING_LEAD, Agreement, Steadied, Tracker, steady
from zoo.labels import LabelSet
from zoo.models.label_mix import LabelMix
from zoo.models.resting import FRAMES, Reference, neutrality
from zoo.prediction import Prediction
from zoo.stopwatch import Stopwatch

PREFIX = "data:image/jpeg;base64,"
MAX_CHARACTERS = 400_000
MAX_PIXELS = 640 * 640
MAX_FACES = 8
REST_SECONDS = 2.0
MOVED = 0.4  # weight of a new frame's movements when smoothing
READINGS = 15.0  # a second and face, at most, of a camera; the bars move no faster than the eye follows them
EARLY = 0.9  # of the time between two readings: cameras do not keep time exactly
OFFER_SECONDS = 10.0  # until a face's most neutral frames so far are offered as its resting face


def read_frame(text: object) -> np.ndarray:
    """A frame as the browser sends it, a JPEG's data URL, as ``uint8 (H, W, 3)`` RGB.

    The sender is not trusted: type, length and number of pixels are checked before anything is decoded.

    Raises
    ------
    ImageError
    """
    if not isinstance(text, str) or not text.startswith(PREFIX):
        raise ImageError(f"This is not a camera frame; expected text that starts with {PREFIX!r}.")
    if len(text) > MAX_CHARACTERS:
        raise ImageError(f"The frame has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read.")
    try:
        data = base64.b64decode(text[len(PREFIX) :], validate=True)
        header = images.jpeg_header(data)
    except ValueError as error:  # base64's own, or an ImageError
        raise ImageError(f"The frame is not a JPEG ({error}).") from None
    if header.width * header.height > MAX_PIXELS:
        size = f"{header.width} x {header.height}"
        raise ImageError(f"The frame has {size} pixels; at most {MAX_PIXELS:,} are read. Send 320 x 240.")
    return images.load(header)


@dataclass(frozen=True)
class Options:
    """Options of the viewer.

    Parameters
    ----------
    smooth : bool
        Smooth landmarks, probabilities and labels over time.
    mesh : bool
        Include the mesh in answers.
    rest : int
        0: no resting face. A number that differs from the previous frame's: start recording resting faces, for
        `REST_SECONDS`.
    so_far : bool
        Instead of recording, use each face's most neutral frames so far.
    mix : LabelMix
        Assumed label frequencies; they have no effect on answers relative to a resting face.
    movements : bool
        Also measure facial movements: about 8 ms per face.
    """

    smooth: bool = True
    mesh: bool = False
    rest: int = 0
    so_far: bool = False
    mix: LabelMix = field(default_factory=LabelMix)
    movements: bool = False


@dataclass(frozen=True, eq=False)
class LiveFace:
    """One face of one frame.

    Parameters
    ----------
    number : int
        Constant for each face.
    box : ndarray
        ``(4,)`` left, top, right, bottom in pixels.
    mesh : ndarray or None
        ``(468, 2)`` pixels, if requested.
    answers : dict
        Model name to probabilities ``(k,)`` in the labels of its answers, see `LiveFrame.labels_of`.
    shown : dict
        Model name to the label to show.
    agreement : float
        Fraction of this face's frames for which all models predicted the same label.
    rested : bool
        Whether answers are relative to this face's resting face.
    neutral : float
        How neutral the face looks to the models, see `zoo.models.resting.neutrality`.
    movements : dict or None
        Key of `features.movements.SPOKEN` to the strength of that movement, 0 to 1. None if not requested.
    moved_from_rest : bool
        Whether the movements are relative to the resting face, -1 to 1.
    """

    number: int
    box: np.ndarray
    mesh: np.ndarray | None
    answers: dict[str, np.ndarray]
    shown: dict[str, str]
    agreement: float
    rested: bool
    neutral: float = math.nan
    movements: dict[str, float] | None = None
    moved_from_rest: bool = False

    def only(self, names: Sequence[str]) -> LiveFace:
        """The same face with the answers of some of the models."""
        answers = {name: self.answers[name] for name in names}
        return replace(self, answers=answers, shown={name: self.shown[name] for name in names})

    def as_json(self) -> dict:
        """The face as JSON data, rounded."""
        return {
            "number": self.number,
            "box": _plain(self.box, 1),
            "mesh": None if self.mesh is None else _plain(self.mesh.ravel(), 1),
            "answers": {name: _plain(probs, 3) for name, probs in self.answers.items()},
            "shown": self.shown,
            "agreement": round(self.agreement, 3),
            "rested": self.rested,
            "moved_from_rest": self.moved_from_rest,
            "movements": self.movements and {word: round(value, 2) for word, value in self.movements.items()},
        }


def _plain(numbers: np.ndarray, digits: int) -> list[float]:
    """Rounded as float64, because a rounded float32 has seventeen digits in JSON."""
    return numbers.astype(np.float64).round(digits).tolist()


@dataclass(frozen=True, eq=False)
class LiveFrame:
    """The answers for one frame.

    Parameters
    ----------
    size : (int, int)
        Width and height of the frame.
    labels : LabelSet
    faces : tuple of LiveFace
        Largest first.
    resting : float
        Seconds until the resting face is recorded; 0 if none is being recorded.
    milliseconds : dict
        ``mesh``, ``align`` and each model's name to its time; if not `read`, those of the last reading but ``mesh``.
    own : dict
        Name of each model of user-defined classes to its `LabelSet`.
    offered : bool
        Whether a face has been tracked long enough to take its resting face from its most neutral frames so far.
    read : bool
        Whether the models read this frame. If not, its faces have the answers of the last one that was read.
    """

    size: tuple[int, int]
    labels: LabelSet
    faces: tuple[LiveFace, ...]
    resting: float
    milliseconds: dict[str, float]
    own: dict[str, LabelSet] = field(default_factory=dict)
    offered: bool = False
    read: bool = True

    def rested_only(self, numbers: Collection[int]) -> LiveFrame:
        """The same frame with only these faces, marked as relative to their resting face."""
        faces = tuple(replace(face, rested=True) for face in self.faces if face.number in numbers)
        return replace(self, faces=faces)

    def labels_of(self, name: str) -> LabelSet:
        """The labels of a model's answers."""
        return self.own.get(name, self.labels)

    def as_json(self) -> dict:
        """The frame as JSON data, a few hundred bytes per face without its mesh."""
        return {
            "size": list(self.size),
            "labels": list(self.labels),
            "faces": [face.as_json() for face in self.faces],
            "own": {name: list(labels) for name, labels in self.own.items()},
            "resting": round(self.resting, 1),
            "offered": self.offered,
            "read": self.read,
            "ms": {name: round(ms, 1) for name, ms in self.milliseconds.items()},
        }


@dataclass(frozen=True, eq=False)
class _Step:
    """Parameters shared by all faces of a frame."""

    labels: LabelSet
    options: Options
    now: float


@dataclass(eq=False)
class Movement:
    """A face's movements while it is tracked: smoothed, and at rest."""

    rows: np.ndarray | None = None
    still: list[np.ndarray] = field(default_factory=list)
    rest: np.ndarray | None = None

    def see(self, row: np.ndarray, steadied: bool, resting: bool) -> None:
        """Add a frame's movements ``(52,)``; those recorded while resting are averaged as the reference."""
        old = self.rows
        self.rows = row if old is None or not steadied else old + MOVED * (row - old)
        if resting:
            self.still.append(row)
        elif self.still:
            self.rest, self.still = np.mean(self.still, axis=0), []

    @property
    def now(self) -> dict[str, float] | None:
        """The named movements, relative to the resting face if there is one."""
        if self.rows is None:
            return None
        return spoken(self.rows if self.rest is None else self.rows - self.rest)


def _references(found: dict[str, list[Prediction]], own: dict[str, LabelSet]) -> dict[str, Reference]:
    """Each model's mean answer in its labels; it may have been trained again with other classes meanwhile."""
    alike = {name: [one.probs[0] for one in found.get(name, []) if one.labels == own[name]] for name in own}
    return {name: Reference.of(Prediction(np.array(rows), own[name])) for name, rows in alike.items() if rows}


@dataclass(eq=False)
class _Memory:
    """State of one face while it is tracked."""

    points: OneEuro = field(default_factory=OneEuro)
    steadied: dict[str, Steadied] = field(default_factory=dict)
    looks: dict[str, list[Prediction]] = field(default_factory=dict)
    references: dict[str, Reference] = field(default_factory=dict)
    agreement: Agreement = Agreement()
    since: float | None = None
    calm: list[tuple[float, dict[str, Prediction]]] = field(default_factory=list)
    moved: Movement = field(default_factory=Movement)
    last: LiveFace | None = None

    def look(self, predictions: dict[str, Prediction], resting: bool, now: float) -> None:
        """Collect answers while the face is at rest; afterwards, keep their mean as the reference."""
        self.since = now if self.since is None else self.since
        if predictions and not math.isnan(neutral := float(neutrality(list(predictions.values()))[0])):
            self.calm = sorted([*self.calm, (neutral, predictions)], key=lambda one: -one[0])[:FRAMES]
        if resting:
            for name, answer in predictions.items():
                self.looks.setdefault(name, []).append(answer)
        elif self.looks:
            own = {name: answer.labels for name, answer in predictions.items()}
            self.references = _references(self.looks, own)
            self.looks, self.steadied = {}, {}  # relative answers must not be averaged with earlier, absolute ones

    def rest_so_far(self) -> None:
        """Take the most neutral frames so far as the reference, for every model with predictions for them."""
        found: dict[str, list[Prediction]] = {}
        for _, predictions in self.calm:
            for name, answer in predictions.items():
                found.setdefault(name, []).append(answer)
        self.references = _references(found, {name: answers[0].labels for name, answers in found.items()})

    def offers(self, now: float) -> bool:
        """Whether a resting face can be taken from the frames so far."""
        long = self.since is not None and now - self.since >= OFFER_SECONDS
        return long and bool(self.calm) and not self.references

    def answer(self, name: str, answer: Prediction, step: _Step) -> tuple[np.ndarray, str]:
        """Probabilities ``(k,)`` and label to show for one model."""
        reference = self.references.get(name)
        if reference and reference.labels == answer.labels:  # a retrained model may have other classes
            answer, lead = reference.applied(answer), RESTING_LEAD
        else:
            answer, lead = step.options.mix.applied(name, answer), LEAD
        labels = answer.labels.answering(step.labels)
        if not step.options.smooth:
            shown = answer.onto(labels)
            return shown.probs[0], shown.names[0]
        state = self.steadied[name] = steady(self.steadied.get(name), answer, labels, step.now, lead)
        return Prediction(state.probs[None], answer.labels).onto(labels).probs[0], state.held.label

    def again(self, faces: Faces, options: Options) -> LiveFace:
        """The last answers for this face, the only one in `faces`, where it is now."""
        assert self.last
        return replace(self.last, box=faces.boxes[0], mesh=_flat_mesh(faces, options))

    def face(self, number: int, faces: Faces, predictions: dict[str, Prediction], step: _Step) -> LiveFace:
        """What is shown for this face, the only one in `faces` and in each of the `predictions`."""
        answers = {name: self.answer(name, answer, step) for name, answer in predictions.items()}
        shown = {name: label for name, (_, label) in answers.items()}
        self.agreement = self.agreement.plus(len(set(shown.values())) == 1)
        self.last = LiveFace(
            number,
            faces.boxes[0],
            _flat_mesh(faces, step.options),
            {name: probs for name, (probs, _) in answers.items()},
            shown,
            self.agreement.rate,
            bool(self.references),
            float(neutrality(list(predictions.values()))[0]),
            self.moved.now if step.options.movements else None,
            self.moved.rest is not None,
        )
        return self.last


class Viewer:
    """The state of one camera and its faces. Not thread-safe; must be closed.

    Parameters
    ----------
    max_faces : int
    readers : Readers, optional
        Shared with other viewers; default: a pool of its own.
    clock : callable
        See `zoo.stopwatch.Stopwatch`.
    readings : float
        At most so many smoothed frames a second are read by the models, all of them the same ones; in those between,
        faces are only followed. Default: every frame is read.
    """

    def __init__(
        self,
        max_faces: int = MAX_FACES,
        readers: Readers | None = None,
        clock: Callable[[], float] = time.perf_counter,
        readings: float = math.inf,
    ) -> None:
        self._clock = clock
        self._gap, self._read_at = EARLY / readings, -math.inf
        self._milliseconds: dict[str, float] = {}
        self._stream = FaceStream(max_faces, readers)
        self._tracker = Tracker()
        self._memories: dict[int, _Memory] = {}
        self._rest: int | None = None
        self._rest_until = 0.0
        self._asked: tuple = ()

    def step(
        self, frame: np.ndarray, models: Sequence[Classifier], labels: LabelSet, options: Options, now: float
    ) -> LiveFrame:
        """Find and track the faces; if the frame is to be read, align them and predict with every model.

        All models read the same crops. Relative answers, agreement and time constants count the frames that are read.

        Parameters
        ----------
        frame : ndarray
            ``uint8 (H, W, 3)``, RGB, not mirrored.
        models : sequence of Classifier
            One or more, all of one `AlignSpec`; may change from frame to frame.
        labels : LabelSet
            May change from frame to frame.
        options : Options
        now : float
            Time of the frame in seconds, increasing.

        Raises
        ------
        ValueError
            No model, or models that need different crops.
        """
        common_spec(models)  # raises before anything is done
        watch, step = Stopwatch(self._clock), _Step(labels, options, now)
        faces = watch.time("mesh", lambda: self._stream.find(frame, now))
        memories = self._recall(faces, (labels, options.mix.name, *((m.name, m.labels) for m in models)), now)
        if options.smooth:
            faces = _smoothed(faces, list(memories.values()), now)
        if read := self._due(memories.values(), step):
            seen = self._read(frame, faces, models, memories, step, watch)
        else:
            seen = [memory.again(faces[i], options) for i, memory in enumerate(memories.values())]
        resting = max(0.0, self._rest_until - now)
        own = {m.name: m.labels for m in models if m.labels.answering(labels) != labels}
        offered = not resting and any(memory.offers(now) for memory in memories.values())
        self._milliseconds = watch.milliseconds if read else self._milliseconds | watch.milliseconds
        return LiveFrame(faces.image_size, labels, tuple(seen), resting, self._milliseconds, own, offered, read)

    def _due(self, memories: Collection[_Memory], step: _Step) -> bool:
        """Whether the models read this frame: it is time, or what is asked for is not known from the last reading."""
        new = step.options.rest != self._rest or any(memory.last is None for memory in memories)
        return bool(new or not step.options.smooth or step.now - self._read_at >= self._gap)

    def _read(
        self,
        frame: np.ndarray,
        faces: Faces,
        models: Sequence[Classifier],
        memories: dict[int, _Memory],
        step: _Step,
        watch: Stopwatch,
    ) -> list[LiveFace]:
        """Align the faces once, and predict with every model on the same crops."""
        options, now, self._read_at = step.options, step.now, step.now
        aligned = watch.time("align", lambda: align(frame, faces, common_spec(models)))
        predictions = {m.name: watch.time(m.name, partial(m.predict_proba, aligned)) for m in models}
        rows = [{name: answer[i] for name, answer in predictions.items()} for i in range(len(faces))]
        resting = self._rests(list(memories.values()), rows, options, now)
        if options.movements:
            watch.time("movements", lambda: _move(frame, faces, list(memories.values()), options.smooth, resting > 0))
        return [memory.face(n, faces[i], rows[i], step) for i, (n, memory) in enumerate(memories.items())]

    def _recall(self, faces: Faces, asked: tuple, now: float) -> dict[int, _Memory]:
        """Number and state of every face, in the order of `faces`; faces that left are dropped."""
        numbers = self._tracker.follow(faces, now)
        kept = {n: memory for n, memory in self._memories.items() if n in self._tracker.numbers}
        self._memories = kept | {n: _Memory() for n in numbers if n not in kept}
        if asked != self._asked:  # other models or labels: read anew, and count agreement from zero
            self._asked = asked
            for memory in self._memories.values():
                memory.agreement, memory.last = Agreement(), None
        return {n: self._memories[n] for n in numbers}

    def _rests(
        self, memories: Sequence[_Memory], rows: Sequence[dict[str, Prediction]], options: Options, now: float
    ) -> float:
        """Start recording resting faces if requested; returns the seconds left.

        A request in the first frame is left over from a viewer before a pause, so it is ignored.
        """
        if self._rest is None:
            self._rest = options.rest
        if options.rest != self._rest:
            coming = options.rest and not options.so_far
            self._rest, self._rest_until = options.rest, now + REST_SECONDS if coming else 0.0
            for memory in self._memories.values():
                memory.looks, memory.references, memory.steadied = {}, {}, {}
                memory.moved.still, memory.moved.rest = [], None
                if options.rest and options.so_far:
                    memory.rest_so_far()
        for memory, predictions in zip(memories, rows, strict=True):
            memory.look(predictions, now < self._rest_until, now)
        return max(0.0, self._rest_until - now)

    def close(self) -> None:
        """Drop all state. Closing twice is harmless."""
        self._memories = {}
        self._stream.close()


def _flat_mesh(faces: Faces, options: Options) -> np.ndarray | None:
    """The mesh of the only face, ``(468, 2)`` pixels, if requested."""
    return faces.landmarks[0, :MESH_POINTS, :2] if options.mesh else None


def _smoothed(faces: Faces, memories: Sequence[_Memory], now: float) -> Faces:
    """The faces with smoothed landmarks."""
    if not len(faces):
        return faces
    heights = faces.boxes[:, 3] - faces.boxes[:, 1]
    steadied = [m.points(mesh, height, now) for m, mesh, height in zip(memories, faces.landmarks, heights, strict=True)]
    return Faces(np.array(steadied), faces.image_size)


def _move(frame: np.ndarray, faces: Faces, memories: Sequence[_Memory], steadied: bool, resting: bool) -> None:
    """Measure every face's movements."""
    for memory, mesh in zip(memories, faces.landmarks, strict=True):
        memory.moved.see(network().read(frame, mesh), steadied, resting)
