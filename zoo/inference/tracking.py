"""Tracks faces from frame to frame and smooths predictions over time. Faces get a number, they are not identified."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from features.faces import CHIN, FOREHEAD, Faces, anchors
from zoo.labels import LabelSet
from zoo.prediction import Prediction

KEPT = 0.7  # seconds for which a lost face keeps its number
PAUSE = 3.0  # gap between two frames, in seconds, across which a face keeps its number on a slow server
REACH = 0.6  # largest distance from the expected position, in face heights
SPREAD = 1.6  # increase of this distance per second since the face was last seen
CLOSER = 2.0  # largest ratio of heights at which a face may be the same one after a cut to a closer view
TAU = 0.3  # time constant of the smoothing, in seconds
LEAD, LEAD_SECONDS = 0.15, 0.25  # lead and its duration in seconds before a label replaces the one shown
# Relative to a resting face: back at rest, neutral has 0.22 and each of the six others 0.13.
RESTING_LEAD = 0.04


@dataclass(frozen=True, eq=False)
class Track:
    """State of one face in the last frame it was seen in.

    Parameters
    ----------
    number : int
        From 1; never reused in the same session.
    points : ndarray
        ``(5, 2)`` pixels: eyes, mouth, forehead, chin.
    velocity : ndarray
        ``(2,)`` pixels per second.
    seen : float
        Time of that frame in seconds.
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
        """Expected points ``(5, 2)``, assuming constant velocity."""
        return self.points + self.velocity * (now - self.seen)

    def moved(self, points: np.ndarray, now: float) -> Track:
        """The track updated with a new detection."""
        step = max(now - self.seen, 1e-3)
        velocity = (points - self.points).mean(axis=0) / step
        kept = math.exp(-step / 0.15)
        return replace(self, points=points, velocity=kept * self.velocity + (1 - kept) * velocity, seen=now)


class Tracker:
    """Assigns each face a constant number, even when faces cross or are lost briefly."""

    def __init__(self) -> None:
        self.tracks: tuple[Track, ...] = ()
        self._given = 0
        self._at = -math.inf

    def follow(self, faces: Faces, now: float) -> list[int]:
        """Update the tracks and return each face's number.

        Parameters
        ----------
        faces : Faces
        now : float
            Seconds, increasing.
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
        """Numbers of the visible faces, and of those lost so recently that they may return."""
        return {track.number for track in self.tracks}

    def _new(self, points: np.ndarray, now: float) -> Track:
        self._given += 1
        return Track(self._given, points, np.zeros(2), now)


def key_points(faces: Faces) -> np.ndarray:
    """``(n, 5, 2)``: eyes, mouth, forehead and chin of every face in pixels."""
    ends = faces.landmarks[:, [FOREHEAD, CHIN], :2]
    return np.concatenate([anchors(faces.landmarks), ends], axis=1).astype(np.float64)


def match(tracks: list[Track], points: np.ndarray, now: float) -> dict[int, int]:
    """Match new faces to tracks.

    Minimises the sum of distances between expected and detected points among pairs that are near enough. The unit is
    the height of the larger face, or of the track's if the other is more than `CLOSER` times as high. Rotation and
    scaling also increase the distance.

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
        Index among the new faces to index in `tracks`; unmatched faces are omitted.

    References
    ----------
    Kuhn, "The Hungarian method for the assignment problem", Naval Research Logistics 2, 1955.
    """
    from scipy.optimize import linear_sum_assignment

    if not tracks or not len(points):
        return {}
    # If frames are rare, a face may also have stopped or turned back: its last position counts like the expected one.
    places = np.array([[track.expected(now), track.points] for track in tracks])
    own = np.array([[track.height] for track in tracks]).clip(1e-6)
    high = np.linalg.norm(points[:, 3] - points[:, 4], axis=1)
    heights = np.where(high <= CLOSER * own, np.maximum(own, high), own)
    apart = np.linalg.norm(places[:, :, None] - points, axis=4).mean(axis=3).min(axis=1) / heights
    reach = REACH + SPREAD * np.array([now - track.seen for track in tracks])[:, None]
    cost = np.where(apart <= reach, apart, 1e3)  # so high that as few pairs as possible are out of reach
    rows, columns = linear_sum_assignment(cost)
    return {int(j): int(i) for i, j in zip(rows, columns, strict=True) if apart[i, j] <= reach[i, 0]}


def averaged(before: np.ndarray, probs: np.ndarray, step: float) -> np.ndarray:
    """Probabilities ``(k,)`` smoothed with time constant `TAU`, `step` seconds after the previous ones."""
    return before + (1 - math.exp(-max(step, 0.0) / TAU)) * (probs - before)


@dataclass(frozen=True)
class Held:
    """The label shown, and the one that may replace it.

    Parameters
    ----------
    label : str
    rival : str
        The leading label; empty if it is the one shown or its lead is too small.
    since : float
        Time in seconds at which the rival took the lead.
    """

    label: str
    rival: str = ""
    since: float = 0.0


def hold(held: Held | None, probs: np.ndarray, labels: LabelSet, now: float, lead: float = LEAD) -> Held:
    """The label to show: it changes only after another label has led by `lead` for `LEAD_SECONDS`."""
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
    """One model's smoothed prediction for one face, and the label shown.

    Parameters
    ----------
    probs : ndarray
        ``(k,)`` over all labels of the model, so that the label set can change.
    held : Held
        In the requested labels.
    at : float
        Time of the prediction in seconds.
    own : LabelSet
        All labels of the model.
    """

    probs: np.ndarray
    held: Held
    at: float
    own: LabelSet


def steady(before: Steadied | None, answer: Prediction, labels: LabelSet, now: float, lead: float = LEAD) -> Steadied:
    """The next state, given a face's newest prediction in all of the model's own labels.

    If these have changed, because a model was trained again, nothing is averaged.
    """
    before = before if before and before.own == answer.labels else None
    probs = answer.probs[0] if before is None else averaged(before.probs, answer.probs[0], now - before.at)
    shown = Prediction(probs[None], answer.labels).onto(labels).probs[0]
    return Steadied(probs, hold(before.held if before else None, shown, labels, now, lead), now, answer.labels)


@dataclass(frozen=True)
class Agreement:
    """How often all models predicted the same label for a face; only counts are kept."""

    frames: int = 0
    agreed: int = 0

    def plus(self, agree: bool) -> Agreement:
        """The counts after one more frame."""
        return Agreement(self.frames + 1, self.agreed + agree)

    @property
    def rate(self) -> float:
        """0 to 1; 1 before the first frame."""
        return self.agreed / self.frames if self.frames else 1.0
