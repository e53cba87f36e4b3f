"""Who is who from frame to frame, and answers steadied in time. Knows faces by number only, for one session."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from features.faces import CHIN, FOREHEAD, Faces, anchors
from zoo.labels import LabelSet
from zoo.prediction import Prediction

KEPT = 0.7  # seconds a lost face keeps its number
PAUSE = 3.0  # seconds between two frames, on a slow server, over which a face that was there keeps its number
REACH = 0.6  # of its height a face may be away from where it was expected,
SPREAD = 0.8  # and so much more for every second it was lost
TAU = 0.3  # seconds; probabilities are averaged over about this long
LEAD, LEAD_SECONDS = 0.15, 0.25  # a label has to lead by so much for so long before it is shown
# Relative to a resting face: back at rest, neutral has 0.22 and each of the six others 0.13.
RESTING_LEAD = 0.04


@dataclass(frozen=True, eq=False)
class Track:
    """One face, as it was last seen.

    Parameters
    ----------
    number : int
        From 1; never given to another face in the same session.
    points : ndarray
        ``(5, 2)`` pixels: eyes, mouth, forehead, chin.
    velocity : ndarray
        ``(2,)`` pixels a second.
    seen : float
        Seconds.
    """

    number: int
    points: np.ndarray
    velocity: np.ndarray
    seen: float

    @property
    def height(self) -> float:
        """Forehead to chin in pixels."""
        return float(np.linalg.norm(self.points[3] - self.points[4]))

    def expected(self, now: float) -> np.ndarray:
        """Where the points should be by now, the face going on as it went: ``(5, 2)``."""
        return self.points + self.velocity * (now - self.seen)

    def moved(self, points: np.ndarray, now: float) -> Track:
        """The same face, seen again."""
        step = max(now - self.seen, 1e-3)
        velocity = (points - self.points).mean(axis=0) / step
        kept = math.exp(-step / 0.15)
        return replace(self, points=points, velocity=kept * self.velocity + (1 - kept) * velocity, seen=now)


class Tracker:
    """Numbers faces, the same face always the same, through crossings and short losses."""

    def __init__(self) -> None:
        self.tracks: tuple[Track, ...] = ()
        self._given = 0
        self._at = -math.inf

    def follow(self, faces: Faces, now: float) -> list[int]:
        """The number of every face in the newest frame.

        Parameters
        ----------
        faces : Faces
        now : float
            Seconds, growing.
        """
        last, self._at = self._at, now
        known = [t for t in self.tracks if now - t.seen <= (PAUSE if t.seen == last else KEPT)]
        points = key_points(faces)
        same = match(known, points, now)
        found = [
            known[same[j]].moved(points[j], now) if j in same else self._new(points[j], now) for j in range(len(faces))
        ]
        lost = [track for i, track in enumerate(known) if i not in same.values()]
        self.tracks = (*found, *lost)
        return [track.number for track in found]

    @property
    def numbers(self) -> set[int]:
        """Of faces that are seen, or lost so shortly that they may come back."""
        return {track.number for track in self.tracks}

    def _new(self, points: np.ndarray, now: float) -> Track:
        self._given += 1
        return Track(self._given, points, np.zeros(2), now)


def key_points(faces: Faces) -> np.ndarray:
    """``(n, 5, 2)``: eyes, mouth, forehead and chin of every face in pixels."""
    ends = faces.landmarks[:, [FOREHEAD, CHIN], :2]
    return np.concatenate([anchors(faces.landmarks), ends], axis=1).astype(np.float64)


def match(tracks: list[Track], points: np.ndarray, now: float) -> dict[int, int]:
    """Which known face each new one is.

    The pairing with the smallest sum of distances between expected and seen points, in face
    heights, among pairs that are near enough. Turned and scaled faces are farther apart too.

    Parameters
    ----------
    tracks : list of Track
        m of them.
    points : ndarray
        ``(n, 5, 2)`` of the new faces.
    now : float

    Returns
    -------
    dict
        Position among the new faces to position in `tracks`; new faces without one are left out.

    References
    ----------
    Kuhn, "The Hungarian method for the assignment problem", Naval Research Logistics 2, 1955.
    """
    from scipy.optimize import linear_sum_assignment

    if not tracks or not len(points):
        return {}
    expected = np.array([track.expected(now) for track in tracks])
    heights = np.array([track.height for track in tracks]).clip(1e-6)
    apart = np.linalg.norm(expected[:, None] - points[None], axis=3).mean(axis=2) / heights[:, None]
    reach = REACH + SPREAD * np.array([now - track.seen for track in tracks])[:, None]
    cost = np.where(apart <= reach, apart, 1e3)  # so dear that as few pairs as possible are out of reach
    rows, columns = linear_sum_assignment(cost)
    return {int(j): int(i) for i, j in zip(rows, columns, strict=True) if apart[i, j] <= reach[i, 0]}


def averaged(before: np.ndarray, probs: np.ndarray, step: float) -> np.ndarray:
    """Probabilities ``(k,)`` averaged over about `TAU` seconds, `step` seconds after the last ones."""
    return before + (1 - math.exp(-max(step, 0.0) / TAU)) * (probs - before)


@dataclass(frozen=True)
class Held:
    """The label that is shown, and the one that may take its place.

    Parameters
    ----------
    label : str
    rival : str
        The label that leads; empty if it is the shown one, or leads too little.
    since : float
        Since when it does, in seconds.
    """

    label: str
    rival: str = ""
    since: float = 0.0


def hold(held: Held | None, probs: np.ndarray, labels: LabelSet, now: float, lead: float = LEAD) -> Held:
    """The label to show: it changes only when another one leads by `lead` for `LEAD_SECONDS`."""
    best = int(probs.argmax())
    leader = labels.labels[best]
    if held is None or held.label not in labels.labels:
        return Held(leader)
    if leader == held.label or probs[best] - probs[labels.index(held.label)] < lead:
        return Held(held.label)
    if leader != held.rival:
        return Held(held.label, leader, now)
    return Held(leader) if now - held.since >= LEAD_SECONDS else held


@dataclass(frozen=True, eq=False)
class Steadied:
    """What one model says of one face, averaged and held.

    Parameters
    ----------
    probs : ndarray
        ``(k,)`` over the model's own labels, so that choosing other labels loses nothing.
    held : Held
        Of the labels asked for.
    at : float
        Seconds.
    """

    probs: np.ndarray
    held: Held
    at: float


def steady(before: Steadied | None, answer: Prediction, labels: LabelSet, now: float, lead: float = LEAD) -> Steadied:
    """The next state after one face's newest answer, in the model's own labels."""
    probs = answer.probs[0] if before is None else averaged(before.probs, answer.probs[0], now - before.at)
    shown = Prediction(probs[None], answer.labels).onto(labels).probs[0]
    return Steadied(probs, hold(before.held if before else None, shown, labels, now, lead), now)


@dataclass(frozen=True)
class Agreement:
    """How often all models named the same label for a face; frames are counted, nothing else is kept."""

    frames: int = 0
    agreed: int = 0

    def plus(self, agree: bool) -> Agreement:
        """One frame more."""
        return Agreement(self.frames + 1, self.agreed + agree)

    @property
    def rate(self) -> float:
        """0 to 1; 1 before the first frame."""
        return self.agreed / self.frames if self.frames else 1.0
