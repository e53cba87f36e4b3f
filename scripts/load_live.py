"""Many viewers at once at the Live tab of a running app, through the protocol the page itself speaks.

Every viewer is a session of its own: it holds the page's heartbeat open, sends its own clip as calls
of the camera's server function, one frame under way at a time and at most 30 a second, and closes its
page at the end. Each clip has a width of its own, so that an answer that went to another viewer is seen.

Examples:
  python scripts/load_live.py                              # 1, 8 and 30 viewers at an app started for it
  python scripts/load_live.py --viewers 8 --seconds 30 --json load.json
  python scripts/load_live.py --viewers 30 30 30 --after 600    # does anything of them stay?
  python scripts/load_live.py --viewers --calls 1000           # what a call costs besides its answer
  python scripts/load_live.py --url http://127.0.0.1:7860  # at one that runs already
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import http.client
import io
import json
import os
import platform
import re
import secrets
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

ROOT = Path(__file__).resolve().parents[1]
HERE = ("127.0.0.1", "localhost")
PICTURES = ("photo", "brows-raised", "mouth-open", "lips-closed", "corners-down", "brows-lowered")
WIDTH, HEIGHT, FRAMES = 320, 240, 16
MIN_GAP = 1 / 30  # seconds from frame to frame, as in ui/live/frame_exchange.js
MOST_SECONDS, MOST_CALLS, PATIENCE = 1800, 100_000, 30.0
GONE_SECONDS = 8.0  # after which a viewer that left must have been forgotten
PAGE_SECONDS = 4.0  # between requests for the page, which take server time from the viewers
PREFIX = "data:image/jpeg;base64,"


class LoadError(RuntimeError):
    """Nothing can be measured. The message says why, and what to do."""


@dataclass(frozen=True)
class Spread:
    """Median, 95th percentile and maximum of durations in milliseconds."""

    p50: float
    p95: float
    most: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Spread:
        """From durations in seconds; zeros if there are none."""
        p50, p95, most = np.percentile(seconds, [50, 95, 100]) * 1000 if len(seconds) else (0, 0, 0)
        return cls(round(float(p50), 1), round(float(p95), 1), round(float(most), 1))


@dataclass(frozen=True)
class Load:
    """Results of a load test.

    Parameters
    ----------
    viewers : int
    seconds : float
    frames : int
        Number of frames answered.
    latency : Spread
        From before a frame was sent until its answer was read.
    rates : tuple of float
        Frames per second of each viewer, slowest first.
    fair : float
        Rate of the slowest viewer divided by that of the fastest.
    errors : tuple of str
    page : Spread
        Duration of a visitor's ``GET /`` meanwhile.
    server_ms, client_ms : float or None
        Processor milliseconds per frame in the server and in this script.
    megabytes : tuple of float or None
        The server's resident memory in MB before, at the end, and after all viewers have left.
    minutes : tuple of float
        The server's resident memory at the end of every minute, in MB.
    """

    viewers: int
    seconds: float
    frames: int
    latency: Spread
    rates: tuple[float, ...]
    fair: float
    errors: tuple[str, ...]
    page: Spread
    server_ms: float | None
    client_ms: float
    megabytes: tuple[float, float, float] | None
    minutes: tuple[float, ...] = ()


# ---- what is sent


def clip(number: int) -> list[str]:
    """A viewer's frames as data URLs: a drawn expression; size, brightness and mirroring depend on the number."""
    picture = Image.open(ROOT / "ui/pictures" / f"{PICTURES[number % len(PICTURES)]}.jpg").convert("RGB")
    picture = ImageOps.mirror(picture) if number // len(PICTURES) % 2 else picture
    picture = ImageEnhance.Brightness(picture).enhance((1.0, 0.85, 1.15)[number % 3])
    side = HEIGHT - 12 * (number % 4)
    small = picture.resize((side, side), Image.Resampling.BOX)
    rng = np.random.default_rng(number)
    return [_frame(small, width_of(number), i, rng) for i in range(FRAMES)]


def width_of(number: int) -> int:
    """Width of a viewer's frames in pixels, unique among 64 viewers."""
    return WIDTH - number % 64


def _frame(picture: Image.Image, width: int, i: int, rng: np.random.Generator) -> str:
    sheet = Image.new("RGB", (width, HEIGHT), (90, 90, 90))
    shift = round(6 * np.sin(2 * np.pi * i / FRAMES))
    sheet.paste(picture, ((width - picture.width) // 2 + shift, HEIGHT - picture.height))
    noisy = np.clip(np.asarray(sheet) + rng.normal(0, 3, (HEIGHT, width, 3)), 0, 255).astype(np.uint8)
    stored = io.BytesIO()
    Image.fromarray(noisy).save(stored, "JPEG", quality=70)
    return PREFIX + base64.b64encode(stored.getvalue()).decode()


# ---- the protocol


@dataclass(frozen=True)
class Place:
    """Where frames are sent: host, port, Gradio's id of the camera component, and the requested models."""

    host: str
    port: int
    camera: int
    models: tuple[str, ...]

    def connect(self) -> http.client.HTTPConnection:
        """A new connection; sockets wait `PATIENCE` seconds."""
        return http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)


def find_place(url: str) -> Place:
    """Find the camera in a running app's ``/config``; `LoadError` if there is none or the app runs elsewhere."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in HERE:
        raise LoadError(f"{url} is not on this computer; only http://127.0.0.1:PORT is put under load")
    host, port = parts.hostname, parts.port or 80
    config = json.loads(_get(host, port, "/config"))
    for component in config["components"]:
        if component["props"].get("elem_id") == "fo-live":
            return Place(host, port, component["id"], tuple(component["props"]["props"]["chosen"]["models"]))
    raise LoadError(f"{url} has no Live tab; is it Face-off?")


def _get(host: str, port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        data = answer.read()
    except OSError as error:
        raise LoadError(f"http://{host}:{port} does not answer ({error}); start it with python demo.py") from None
    finally:
        connection.close()
    if answer.status != 200:
        raise LoadError(f"http://{host}:{port}{path} answered {answer.status}")
    return data


class Session:
    """One viewer: an open page and its camera.

    Parameters
    ----------
    place : Place
    number : int
        Which clip it shows.
    """

    def __init__(self, place: Place, number: int) -> None:
        self.place, self.number = place, number
        self.frames = clip(number)
        self.session = secrets.token_hex(6)
        self.turn = 0
        self.latencies: list[float] = []
        self.errors: list[str] = []

    def watch(self, until: threading.Event) -> None:
        """Send one frame after another until told to stop; then close the page."""
        heart, wire = self.place.connect(), self.place.connect()
        try:
            heart.request("GET", f"/gradio_api/heartbeat/{self.session}")
            beats = heart.getresponse()
            while not until.is_set():
                began = time.perf_counter()
                wire = self.send(wire)
                until.wait(max(0.0, MIN_GAP - (time.perf_counter() - began)))
            beats.close()
        except OSError as error:
            self.errors.append(f"{type(error).__name__}: {error}")
        finally:
            heart.close()  # this is what tells Gradio that the page was closed
            wire.close()

    def send(self, wire: http.client.HTTPConnection) -> http.client.HTTPConnection:
        """Send one frame, note its latency or error, and return the connection, a new one after an error."""
        self.turn += 1
        began = time.perf_counter()
        try:
            answer = self.ask(wire)
        except (OSError, http.client.HTTPException, LoadError, ValueError) as error:
            self.errors.append(f"{type(error).__name__}: {error}")
            wire.close()
            time.sleep(0.5)
            return self.place.connect()
        if complaint := self._wrong(answer):
            self.errors.append(complaint)
        else:
            self.latencies.append(time.perf_counter() - began)
        return wire

    def ask(self, wire: http.client.HTTPConnection) -> dict:
        """Send the frame of this turn and return its answer.

        Raises
        ------
        OSError, http.client.HTTPException, LoadError, ValueError
        """
        image = self.frames[self.turn % len(self.frames)]
        value = {"run": 1, "turn": self.turn, "image": image, "smooth": True, "mesh": False, "rest": 0, "edges": False}
        chosen = {"models": self.place.models, "labels": "7"}
        call = {"data": value | chosen, "component_id": self.place.camera, "fn_name": "frame"}
        body = json.dumps(call | {"session_hash": self.session})
        wire.request("POST", "/gradio_api/component_server/", body, {"Content-Type": "application/json"})
        answer = wire.getresponse()
        told = answer.read()
        if answer.status != 200:
            raise LoadError(f"the frame was answered with {answer.status}: {told[:200]!r}")
        return json.loads(told)

    def _wrong(self, answer: dict) -> str:
        """What is wrong with an answer; empty if nothing is."""
        if answer.get("turn") != self.turn or answer.get("size", [0])[0] != width_of(self.number):
            return f"answer for {answer.get('turn')}, {answer.get('size')}, {answer.get('words')}: not this viewer's"
        return "" if len(answer["faces"]) == 1 else f"{len(answer['faces'])} faces; expected 1"


# ---- the server's process


@contextlib.contextmanager
def served(url: str | None, pid: int | None, port: int) -> Iterator[tuple[str, int | None]]:
    """Address and process id of an app: the one at `url`, or one started for this and stopped afterwards."""
    if url:
        yield url, pid
        return
    command = [sys.executable, str(ROOT / "demo.py"), "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_until_up(address, process)
        yield address, process.pid
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_up(address: str, process: subprocess.Popen) -> None:
    """Wait until the app has answered a frame, so that it is warm."""
    deadline, why = time.monotonic() + 120, "nothing"
    while time.monotonic() < deadline and process.poll() is None:
        try:
            session = Session(find_place(address), 0)
            session.send(session.place.connect()).close()
            if session.latencies:
                return
            why = session.errors[-1]
        except LoadError as error:
            why = str(error)
        time.sleep(0.5)
    raise LoadError(f"the app at {address} did not come up; it last said: {why}")


def resident(pid: int | None) -> float | None:
    """Resident memory of a process in MB; None where there is no /proc."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmRSS:\s+(\d+)", status.read_text()) if pid and status.exists() else None
    return round(int(found[1]) / 1024, 1) if found else None


def worked(pid: int | None) -> float | None:
    """Processor seconds of a process so far; None where there is no /proc."""
    stat = Path(f"/proc/{pid}/stat")
    if not pid or not stat.exists():
        return None
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ---- measuring


def load(place: Place, viewers: int, seconds: float, pid: int | None) -> Load:
    """Run this many viewers for this many seconds."""
    before, began, own = resident(pid), worked(pid), time.process_time()
    until = threading.Event()
    sessions = [Session(place, number) for number in range(viewers)]
    threads = [threading.Thread(target=session.watch, args=(until,), daemon=True) for session in sessions]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    page, minutes = _visit(place, start + seconds, pid)
    took = time.perf_counter() - start
    during, ended, own = resident(pid), worked(pid), time.process_time() - own
    until.set()
    for thread in threads:
        thread.join(2 * PATIENCE)
    time.sleep(GONE_SECONDS)
    memory = None if before is None else (before, during, resident(pid))
    frames = sum(len(session.latencies) for session in sessions)
    spent = None if began is None or ended is None else ended - began
    return _summed(sessions, took, page, (memory, minutes), (_each(spent, frames), _each(own, frames)))


def bare_calls(place: Place, count: int, pid: int | None) -> float | None:
    """Processor milliseconds in the server per call with a frame but without models; None without /proc."""
    session = Session(replace(place, models=()), 0)
    heart, wire = place.connect(), place.connect()
    try:
        heart.request("GET", f"/gradio_api/heartbeat/{session.session}")
        beats = heart.getresponse()
        began = worked(pid)
        for _ in range(count):
            session.ask(wire)
        ended = worked(pid)
        beats.close()
    finally:
        heart.close()
        wire.close()
    return None if began is None or ended is None else _each(ended - began, count)


def _each(seconds: float | None, frames: int) -> float | None:
    return None if seconds is None else round(1000 * seconds / max(1, frames), 2)


def _visit(place: Place, until: float, pid: int | None) -> tuple[list[float], tuple[float, ...]]:
    """Request the page now and then; return the durations in seconds, and the server's memory in MB every minute."""
    times: list[float] = []
    minutes: list[float] = []
    began = time.perf_counter()
    while (now := time.perf_counter()) < until:
        if (now - began) // 60 > len(minutes) and (held := resident(pid)):
            minutes.append(held)
        _get(place.host, place.port, "/")
        times.append(time.perf_counter() - now)
        time.sleep(max(0.0, min(PAGE_SECONDS, until - time.perf_counter())))
    return times, tuple(minutes)


def _summed(sessions: Sequence[Session], took: float, page: list[float], memory: tuple, costs: tuple) -> Load:
    rates = sorted(round(len(session.latencies) / took, 2) for session in sessions)
    everyone = [latency for session in sessions for latency in session.latencies]
    errors = tuple(error for session in sessions for error in session.errors)
    fair = round(rates[0] / rates[-1], 3) if rates[-1] else 0.0
    latency, pages = Spread.of(everyone), Spread.of(page)
    return Load(
        len(sessions), round(took, 1), len(everyone), latency, tuple(rates), fair, errors, pages, *costs, *memory
    )


def report(loads: Sequence[Load]) -> str:
    """The figures as a readable table."""
    head = ("viewers", "fps each: slowest, median, fastest", "fair", "latency p50, p95", "page p95, most", "errors")
    rows = [head, *map(_row, loads)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    table = "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join([table, "", *map(_costs, loads)])


def _row(one: Load) -> tuple[str, ...]:
    rates = f"{one.rates[0]:.1f}, {np.median(one.rates):.1f}, {one.rates[-1]:.1f}"
    latency, page = f"{one.latency.p50:.0f}, {one.latency.p95:.0f} ms", f"{one.page.p95:.0f}, {one.page.most:.0f} ms"
    return (str(one.viewers), rates, f"{one.fair:.2f}", latency, page, str(len(one.errors)))


def _costs(one: Load) -> str:
    text = f"{one.viewers} viewers, {one.frames:,} frames in {one.seconds:.0f} s"
    if one.server_ms is not None:
        text += f": {one.server_ms:.1f} ms of processor a frame in the server, {one.client_ms:.1f} in this script"
    if one.megabytes:
        before, during, after = one.megabytes
        each = (during - before) / one.viewers
        text += f"; {before:.0f} MB before, {during:.0f} during ({each:.1f} each), {after:.0f} after"
    if one.minutes and one.megabytes:
        growth = 100 * (one.megabytes[1] / one.minutes[0] - 1)
        text += f"; {one.minutes[0]:.0f} MB after the first minute, {growth:+.1f} % since then"
    return text + "".join(f"\n  {error}" for error in sorted(set(one.errors))[:5])


def surroundings() -> dict:
    """The date and the machine of the measurement, and the load from other programs."""
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "date": time.strftime("%Y-%m-%d"),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "load_before": busy,
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print and write the figures; exit status 1 if any frame went wrong, 2 if nothing was measured."""
    args = _parse(argv)
    try:
        with served(args.url, args.pid, args.port) as (url, pid):
            around, place = surroundings(), find_place(url)
            loads = [load(place, viewers, args.seconds, pid) for viewers in args.viewers]
            bare = bare_calls(place, args.calls, pid) if args.calls else None
            time.sleep(args.after)
            left = resident(pid)
    except LoadError as error:
        print(f"load_live: {error}", file=sys.stderr)
        return 2
    if loads:
        print(report(loads))
    if bare is not None:
        print(f"{bare:.2f} ms of processor in the server for each of {args.calls:,} calls that ask no model")
    if args.after and left:
        print(f"{left:.0f} MB {args.after:.0f} s later")
    if args.json:
        told = {"on": around, "loads": [asdict(one) for one in loads], "megabytes_after": left}
        args.json.write_text(json.dumps(told, indent=1) + "\n")
    return int(any(one.errors for one in loads))


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    about, _, examples = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=about, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--viewers", type=int, nargs="*", default=[1, 8, 30], metavar="N", help="(default: 1 8 30)")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each number of viewers (default: 20)")
    parser.add_argument("--calls", type=int, default=0, metavar="N", help="then N calls that ask no model: their cost")
    parser.add_argument("--after", type=float, default=0.0, metavar="SECONDS", help="then look at memory once more")
    parser.add_argument("--url", help="of an app that runs already, on this computer")
    parser.add_argument("--pid", type=int, help="its process, for memory and processor time (Linux)")
    parser.add_argument("--port", type=int, default=7969, help="for an app started for this (default: 7969)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    args = parser.parse_args(argv)
    if not all(1 <= viewers <= 64 for viewers in args.viewers):
        parser.error("--viewers must be from 1 to 64")
    if not 0 < args.seconds <= MOST_SECONDS:
        parser.error(f"--seconds must be more than 0 and at most {MOST_SECONDS}")
    if not 0 <= args.calls <= MOST_CALLS:
        parser.error(f"--calls must be from 0 to {MOST_CALLS}")
    if not 0 <= args.after <= MOST_SECONDS:
        parser.error(f"--after must be from 0 to {MOST_SECONDS}")
    return args


if __name__ == "__main__":
    sys.exit(main())
