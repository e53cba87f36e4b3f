"""Settings that differ in classroom mode, fixed at the start and passed to every tab.

The camera is off until the teacher turns it on with the code shown in the terminal. Anyone may turn it off again.
Frames are accepted or rejected by the server, not by the page.
"""

from __future__ import annotations

import hmac
import math
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ui.languages import phrase
from zoo.teach.project import MAX_SAMPLES
from zoo.teach.session import MOST

CODE_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no characters that are easily confused
CODE_LENGTH = 6
TRIES, REST_SECONDS = 5, 60.0  # a client may send this many wrong codes within this time
MOST_CLIENTS = 1000  # whose wrong codes are remembered at one time
CLASS_SAMPLES = 300  # 19 MB per pupil
CLASS_SESSIONS = 90  # thirty pupils, and pages that were reloaded


class WrongCodeError(ValueError):
    """Not the teacher's code."""


class CodeLock:
    """Compares codes with the teacher's. Wrong ones count against the client that sent them only.

    Safe to call from several threads.

    Parameters
    ----------
    code : str
        The teacher's code; if it is empty, every code is wrong.
    clock : callable
        Seconds.
    """

    def __init__(self, code: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._code, self._clock = code, clock
        self._wrong: dict[str, list[float]] = {}  # client to the times of its wrong codes
        self._lock = threading.Lock()

    def check(self, code: str, client: str) -> None:
        """Return if the code is right, which also clears the client's wrong codes.

        Raises
        ------
        WrongCodeError
            The code is wrong, or this client has sent `TRIES` wrong ones within the last `REST_SECONDS`.
        """
        with self._lock:
            now = self._clock()
            recent = [at for at in self._wrong.pop(client, []) if now - at < REST_SECONDS]
            if len(recent) >= TRIES:
                self._wrong[client] = recent
                raise WrongCodeError(phrase("code.wait", math.ceil(REST_SECONDS - (now - recent[0]))))
            if not self._right(code):
                self._note(client, [*recent, now])
                raise WrongCodeError(phrase("code.wrong"))

    def _note(self, client: str, times: list[float]) -> None:
        while len(self._wrong) >= MOST_CLIENTS:
            del self._wrong[next(iter(self._wrong))]
        self._wrong[client] = times

    def _right(self, code: str) -> bool:
        entered = "".join(str(code)[:40].upper().split()).encode()
        return bool(self._code) and hmac.compare_digest(entered, self._code.encode())


class Camera:
    """Whether the server accepts frames, for all visitors. Safe to use from several threads.

    Anyone may turn it off, at once and without a code: an unwanted picture is worse than a lesson
    without cameras. Turning it on requires the teacher's code.

    Parameters
    ----------
    code : str
        The teacher's code. If it is empty, the camera is always on.
    clock : callable
        Seconds.

    Attributes
    ----------
    lock : CodeLock
        Compares codes; also used for everything else that only the teacher may do.
    """

    def __init__(self, code: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self.lock = CodeLock(code, clock)
        self._on, self._fixed = not code, not code

    @property
    def on(self) -> bool:
        """Whether frames are accepted."""
        return self._on

    def turn(self, on: bool, code: str = "", client: str = "") -> None:
        """Accept or refuse frames from now on.

        Parameters
        ----------
        on : bool
        code : str
            The code that was entered; needed to turn the camera on.
        client : str
            Who sent it; wrong codes are counted per client.

        Raises
        ------
        WrongCodeError
            When turned on: the code is wrong, or this client has sent too many wrong ones. When turned off: this
            camera is always on.
        """
        if on:
            self.lock.check(code, client)
        elif self._fixed:
            raise WrongCodeError("The camera can be turned off in a classroom only.")
        self._on = bool(on)


@dataclass(frozen=True)
class Mode:
    """Where the app is used.

    Parameters
    ----------
    lesson : bool
        Whether there is a Lesson tab, larger type, no webcam in Compare, and no timeline to download in Live.
    files : bool
        Whether anything that holds a face may leave as a file: projects, annotated clips; and whether
        files that do leave name the picture, which may be a pupil's name.
    samples, teach_sessions : int
        Maximum number of samples per session of the Teach tab, and of such sessions at one time.
    camera : Camera
    """

    lesson: bool = False
    files: bool = True
    samples: int = MAX_SAMPLES
    teach_sessions: int = MOST
    camera: Camera = field(default_factory=Camera)


HOME = Mode()


def classroom(code: str) -> Mode:
    """The settings of ``demo.py --classroom``; `code` is the teacher's."""
    return Mode(lesson=True, files=False, samples=CLASS_SAMPLES, teach_sessions=CLASS_SESSIONS, camera=Camera(code))


def new_code() -> str:
    """A random code of `CODE_LENGTH` characters."""
    return "".join(secrets.choice(CODE_SIGNS) for _ in range(CODE_LENGTH))
