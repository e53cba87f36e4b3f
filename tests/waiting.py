"""Waiting for other threads and programs, never without a limit."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx


def wait_for(true: Callable[[], object], seconds: float = 10.0) -> bool:
    """Whether something becomes true soon."""
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(0.03)
    return bool(true())


def begun(work: Callable[..., object], *args: object) -> threading.Thread:
    """A thread that does this. Python ends even if the thread does not, because a test has failed."""
    thread = threading.Thread(target=work, args=args, daemon=True)
    thread.start()
    return thread


def ended(*threads: threading.Thread, seconds: float = 60.0) -> bool:
    """Whether all these threads end soon."""
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return not any(thread.is_alive() for thread in threads)


def answers(address: str) -> bool:
    """Whether a server answers there at all, with a page."""
    try:
        return httpx.get(address, timeout=10).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def program(command: list[str], **options) -> Iterator[subprocess.Popen]:
    """A program that is ended within the ``with`` statement, or else at its end."""
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.kill()  # harmless once it has ended


def first_line(process: subprocess.Popen, seconds: float = 60.0) -> str:
    """What a program prints first, without the line's end."""
    lines: list[str] = []
    assert ended(begun(lambda: lines.append(process.stdout.readline())), seconds=seconds)
    return lines[0].rstrip("\n")
