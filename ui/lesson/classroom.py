"""Settings that differ in classroom mode, made at the start and handed to every tab.

The camera is off until the teacher, who alone knows the code that the terminal shows, turns it on. Anyone may
turn it off again. It is the server that refuses or accepts frames.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ui.languages import phrase
from zoo.teach.project import MAX_SAMPLES
from zoo.teach.session import MOST

CODE_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that is mistaken for another
CODE_LENGTH = 6
TRIES, REST_SECONDS = 5, 60.0  # wrong codes of one client, and how long it then has to wait
MOST_CLIENTS = 1000  # of which wrong codes are remembered at a time
CLASS_SAMPLES = 300  # 19 MB a pupil
CLASS_SESSIONS = 90  # thirty pupils, and the pages that they reload


class WrongCodeError(ValueError):
    """Not the teacher's code."""


class CodeLock:
    """Compares codes with the teacher's. Wrong ones count against the client that sent them, and no other.

    Safe to call from several threads.

    Parameters
    ----------
    code : str
        The teacher's; if it is empty, no code is right.
    clock : callable
        Seconds.
    """

    def __init__(self, code: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._code, self._clock = code, clock
        self._wrong: dict[str, list[float]] = {}  # by client, when each of its wrong codes came
        self._lock = threading.Lock()

    def check(self, code: str, client: str) -> None:
        """Return if the code is right.

        Raises
        ------
        WrongCodeError
            It is not, or this client has sent too many wrong ones within the last `REST_SECONDS`.
        """
        with self._lock:
            now = self._clock()
            recent = [at for at in self._wrong.pop(client, []) if now - at < REST_SECONDS]
            if len(recent) >= TRIES:
                self._wrong[client] = recent
                raise WrongCodeError(phrase("code.wait", round(REST_SECONDS - (now - recent[0]))))
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

    Anyone may turn it off, at once and without a code: a picture that nobody wanted taken is worse than a
    lesson without cameras. Turning it on takes the teacher's code.

    Parameters
    ----------
    code : str
        The teacher's. Without one the camera is on and stays on.
    clock : callable
        Seconds.

    Attributes
    ----------
    lock : CodeLock
        Compares codes; what else only the teacher may do asks it, too.
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
            What the client took for the teacher's code; needed to turn the camera on.
        client : str
            Who sent it: wrong codes are counted for each.

        Raises
        ------
        WrongCodeError
            Turning it on: the code is wrong, or this client has sent too many wrong ones. Turning it off: this
            camera has no switch.
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
        Lesson tab, larger type, Live offers no time-line to keep.
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
    teach_sessions: int = MOST
    camera: Camera = field(default_factory=Camera)


HOME = Mode()


def classroom(code: str) -> Mode:
    """The switches of ``demo.py --classroom``."""
    return Mode(lesson=True, files=False, samples=CLASS_SAMPLES, teach_sessions=CLASS_SESSIONS, camera=Camera(code))


def new_code() -> str:
    """A code that nobody guesses."""
    return "".join(secrets.choice(CODE_SIGNS) for _ in range(CODE_LENGTH))
