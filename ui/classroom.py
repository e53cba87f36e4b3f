"""What is other in a classroom: one set of switches, made at the start and handed to every tab.

A camera that pupils' faces could be looked at with is off until the teacher, who alone knows the code
that the terminal shows, turns it on; and then it is the server that refuses or takes frames.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from zoo.teach.desk import MOST
from zoo.teach.project import MAX_SAMPLES

CODE_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that is taken for another one
CODE_LENGTH = 6
TRIES, REST_SECONDS = 5, 60.0  # wrong codes in a row, and for how long none is looked at after them
CLASS_SAMPLES = 300  # 19 MB a pupil
CLASS_DESKS = 90  # thirty pupils, and the pages that they reload


class WrongCodeError(ValueError):
    """Not the teacher's code."""


class Camera:
    """Whether pictures of a camera are looked at, for all visitors; safe to ask from several threads.

    Parameters
    ----------
    code : str
        Who knows it may switch; with none the camera is on and stays on.
    clock : callable
        Seconds.
    """

    def __init__(self, code: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self._code, self._clock, self._on = code, clock, not code
        self._wrong, self._rests_until = 0, 0.0
        self._lock = threading.Lock()

    @property
    def on(self) -> bool:
        """Whether frames are looked at."""
        return self._on

    def turn(self, on: bool, code: str) -> None:
        """Switch it.

        Raises
        ------
        WrongCodeError
            Or too many wrong codes came just now.
        """
        with self._lock:
            now = self._clock()
            if now < self._rests_until:
                raise WrongCodeError(f"Too many wrong codes. Try again in {self._rests_until - now:.0f} seconds.")
            if not self._knows(code):
                raise WrongCodeError("That is not the teacher’s code. It stands on the terminal.")
            self._wrong, self._on = 0, bool(on)

    def _knows(self, code: str) -> bool:
        said = "".join(str(code)[:40].upper().split()).encode()
        right = bool(self._code) and hmac.compare_digest(said, self._code.encode())
        self._wrong = 0 if right else self._wrong + 1
        if self._wrong >= TRIES:
            self._wrong, self._rests_until = 0, self._clock() + REST_SECONDS
        return right


@dataclass(frozen=True)
class Room:
    """Where the app is used.

    Parameters
    ----------
    lesson : bool
        Lesson tab, larger type, drawn faces among the examples; Live offers no time-line to keep.
    files : bool
        Whether anything that holds a face may leave as a file: projects, annotated clips; and whether
        files that do leave name the picture, which may be a pupil's name.
    samples, desks : int
        How many samples a session holds, and how many sessions may teach.
    camera : Camera
    """

    lesson: bool = False
    files: bool = True
    samples: int = MAX_SAMPLES
    desks: int = MOST
    camera: Camera = field(default_factory=Camera)


HOME = Room()


def classroom(code: str) -> Room:
    """The switches of ``demo.py --classroom``."""
    return Room(lesson=True, files=False, samples=CLASS_SAMPLES, desks=CLASS_DESKS, camera=Camera(code))


def new_code() -> str:
    """A code that nobody guesses."""
    return "".join(secrets.choice(CODE_SIGNS) for _ in range(CODE_LENGTH))
