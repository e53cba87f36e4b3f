"""Keeps uploads in a folder of this app, which is deleted when the app ends."""

from __future__ import annotations

import getpass
import os
import secrets
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from features.images import ImageError
from ui import gradio_files
from ui.gradio_files import upload_folder
from ui.languages import phrase
from zoo.filenames import check_folder
from zoo.sessions.sweeper import Chore, Sweeper

VARIABLE = gradio_files.TEMP_DIR
LOCK = ".lock"


def only_from_here() -> None:
    """Refuse URLs instead of files, give every upload a path of its own, and limit the record of uploads."""
    gradio_files.forget_progress()
    gradio_files.keep_uploads_apart()
    gradio_files.fetch_nothing(
        "Addresses are not fetched ({}). Upload the file itself and send what the upload returns."
    )


def home() -> Path:
    """The folder for all apps of this user, in the system's temporary folder."""
    user = os.getuid() if hasattr(os, "getuid") else getpass.getuser()
    return Path(tempfile.gettempdir()) / f"face-off-{user}"


@contextmanager
def folder(age: float, every: float, sweeper: Sweeper | None = None) -> Iterator[Path]:
    """Context of a folder for this app's uploads, which is deleted afterwards; Gradio is set to use it.

    Folders that killed apps left behind are deleted first. A folder set by `GRADIO_TEMP_DIR` may be shared with others,
    so it is used, but nothing in it is deleted.

    Parameters
    ----------
    age : float
        Seconds after which a file is deleted.
    every : float
        Seconds between two checks.
    sweeper : Sweeper, optional
        Runs the checks; default: a new one.

    Raises
    ------
    OSError
        The folder is not writable.
    """
    given = os.environ.get(VARIABLE)
    if given:
        check_folder(Path(given))
        yield Path(given)
        return
    above = _private(home())
    delete_left(above)
    with _own(above) as own, nullcontext(sweeper) if sweeper else Sweeper() as sweeps:
        gradio_files.keep_uploads_in(own)
        sweep(above, age)
        sweeps.add(Chore("uploads", every, partial(sweep, above, age)))
        try:
            yield own
        finally:
            gradio_files.keep_uploads_in(None)


@contextmanager
def _own(above: Path) -> Iterator[Path]:
    """A new folder, with a lock file beside it; the system frees the lock however the app ends."""
    own = above / f"app-{secrets.token_hex(8)}"
    lock = own.with_suffix(LOCK)
    try:
        with FileLock(lock):
            own.mkdir(mode=0o700)
            yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)
        lock.unlink(missing_ok=True)


def delete_left(above: Path) -> None:
    """Delete the folders of apps that ended without doing so: those whose locks are free."""
    for path in above.glob(f"app-*{LOCK}"):
        with suppress(Timeout, OSError), FileLock(path, timeout=0):
            shutil.rmtree(path.with_suffix(""), ignore_errors=True)
            path.unlink(missing_ok=True)


def _private(path: Path) -> Path:
    """The folder, readable by this user only; a different one if its name is taken by another user."""
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    ours = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    if not (ours and stat.S_ISDIR(found.st_mode)):
        return Path(tempfile.mkdtemp(prefix=f"{path.name}-"))
    path.chmod(0o700)
    return path


def take(path: str, most: int) -> bytes:
    """The content of an uploaded file, which is deleted. The client sends the path, so only uploads are read.

    Raises
    ------
    ImageError
        No uploaded file, or larger than `most` bytes.
    """
    real = _uploaded(path)
    if real is None:
        raise ImageError(phrase("teach.not_arrived"))
    try:
        if real.stat().st_size > most:
            raise ImageError(phrase("picture.large_n", real.stat().st_size / 2**20, most / 2**20))
        return real.read_bytes()
    finally:
        real.unlink(missing_ok=True)


def _uploaded(path: str) -> Path | None:
    """The file at a path that a client sent, if it is an upload."""
    try:
        real = Path(path).resolve()
        ours = real.is_relative_to(upload_folder().resolve())
        return real if path and ours and real.is_file() else None
    except (OSError, ValueError):  # too long, or with a null character
        return None


def sweep(above: Path, age: float) -> None:
    """Delete every file below `above` that is older than `age` seconds, and old empty folders."""
    before = time.time() - age
    for parent, _, files in os.walk(above, topdown=False):
        for path in (Path(parent, name) for name in files):
            if Path(parent) == above and path.suffix == LOCK:
                continue  # of an app that runs, or goes with the folder of one that does not
            _forget(path.unlink, path, before)
        if Path(parent) != above:
            _forget(Path(parent).rmdir, Path(parent), before)


def _forget(remove: Callable[[], None], path: Path, before: float) -> None:
    try:
        if path.lstat().st_ctime < before:
            remove()
    except OSError:
        pass  # another app was quicker, or the folder is in use


def stop_on_signals() -> None:
    """Let SIGTERM and SIGHUP end the app like Ctrl-C, so that uploads are deleted."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # nohup sets SIGHUP to "ignore", and means it
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
