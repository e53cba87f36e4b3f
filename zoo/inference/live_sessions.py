"""The viewers of a server: one `Viewer` per session, closed when the session leaves or is idle."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from features.phrase import Phrase
from zoo.inference.live_stream import Viewer
from zoo.sessions.fair_share import LITTLE, REAL, Holder, who_yields
from zoo.sessions.memory import give_back_memory
from zoo.sessions.pages import EVERYONE, Presence

IDLE_SECONDS = 30.0
MOST = 48  # with this many, two cores serve about two frames per second to each
LOOK_SECONDS = 5.0
BUSY_SECONDS = 3.0  # after its last frame a viewer is no longer busy, and may be evicted by its own address
BUSY_FRAMES = 5  # from this many frames on, closing a viewer loses real work
LATE_SECONDS = 5.0  # frames of a closed page may still arrive
Answer = TypeVar("Answer")


class FullError(RuntimeError):
    """The maximum number of viewers is reached, and all of them are active."""


@dataclass(eq=False)
class _Slot:
    """A viewer's slot. `run` counts its starts; frames of a stopped run are dropped."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    viewer: Viewer | None = None
    run: int = 0
    stopped: int = 0
    used: float = 0.0
    frames: int = 0

    def open(self, run: int, make: Callable[[], Viewer]) -> Viewer:
        if run != self.run or self.viewer is None:
            self.close()
            self.run, self.viewer = run, make()
        return self.viewer

    def close(self) -> None:
        if self.viewer:
            self.viewer.close()
        self.viewer = None


class Viewers:
    """All viewers of a server, by session.

    Parameters
    ----------
    make : callable
        Opens a viewer.
    clock : callable
        Seconds.
    most : int
        Viewers at one time. At the limit, the idlest one of the address with the most viewers is evicted.
    pages : Presence
        A session without an open page has no slot: each of its frames is processed as if it were the first.
    """

    def __init__(
        self,
        make: Callable[[], Viewer] = Viewer,
        clock: Callable[[], float] = time.monotonic,
        most: int = MOST,
        pages: Presence = EVERYONE,
    ) -> None:
        self._make, self._clock, self._most, self._pages = make, clock, most, pages
        self._slots: dict[str, _Slot] = {}
        self._left: dict[str, float] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return sum(slot.viewer is not None for slot in list(self._slots.values()))

    def use(self, session: str, run: int, work: Callable[[Viewer, float], Answer]) -> Answer | None:
        """Call `work` with a session's viewer, to which it has exclusive access, and the time; return its result.

        None if this run was stopped or the session has ended. After an error the viewer is closed, because
        MediaPipe stays unusable; the next frame opens a new one.

        Raises
        ------
        FullError
            No viewer can be evicted for this session.
        """
        if self._late(session):
            return None
        if session not in self._pages:
            return self._once(work)
        slot = self._seat(session)
        with slot.lock:
            if run <= slot.stopped or self._late(session):
                return None
            try:
                return work(slot.open(run, self._make), self._clock())
            except Exception:
                slot.close()
                raise

    def _once(self, work: Callable[[Viewer, float], Answer]) -> Answer:
        viewer = self._make()
        try:
            return work(viewer, self._clock())
        finally:
            viewer.close()

    def _seat(self, session: str) -> _Slot:
        with self._lock:
            out = None
            if session not in self._slots and len(self._slots) >= self._most:
                out = self._slots.pop(self._idlest(self._pages.address(session)))
            slot = self._slots.setdefault(session, _Slot())
            slot.used, slot.frames = self._clock(), slot.frames + 1
        if out:
            with out.lock:
                out.close()
        return slot

    def _idlest(self, newcomer: str) -> str:
        """The session whose slot a new session from this address gets."""
        now = self._clock()
        holders = [
            Holder(
                session,
                self._pages.address(session),
                session in self._pages,
                REAL if slot.frames >= BUSY_FRAMES else LITTLE,
                slot.used,
                now - slot.used < BUSY_SECONDS,
            )
            for session, slot in self._slots.items()
        ]
        found = who_yields(holders, newcomer)
        if found is None:
            raise FullError(
                Phrase("live.full_n", "{0} people are using Live already. Try again when someone has left.", self._most)
            )
        return found.key

    def stop(self, session: str, run: int) -> None:
        """End this run; frames of it that still arrive are dropped."""
        slot = self._slots.get(session)
        if slot:
            with slot.lock:
                slot.stopped = max(slot.stopped, run)
                slot.close()
            give_back_memory()

    def leave(self, session: str) -> None:
        """End the session; frames of it that still arrive are dropped for `LATE_SECONDS`."""
        with self._lock:
            now = self._clock()
            self._left = {one: at for one, at in self._left.items() if now - at < LATE_SECONDS} | {session: now}
            slot = self._slots.pop(session, None)
        if slot:
            with slot.lock:
                slot.close()
            give_back_memory()

    def _late(self, session: str) -> bool:
        """Whether the session has just left, so that frames from it were sent earlier."""
        return self._clock() - self._left.get(session, -LATE_SECONDS) < LATE_SECONDS

    def close_idle(self) -> None:
        """Close the viewers that have been silent for `IDLE_SECONDS`."""
        with self._lock:  # a frame that arrives now either keeps its slot or gets a new one
            limit = self._clock() - IDLE_SECONDS
            silent = [self._slots.pop(session) for session, slot in list(self._slots.items()) if slot.used < limit]
        for slot in silent:
            with slot.lock:
                slot.close()
        if silent:
            give_back_memory()

    def close(self) -> None:
        """Close all viewers."""
        for session in list(self._slots):
            self.leave(session)
