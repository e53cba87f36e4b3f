"""How long until the page answers, against an empty Gradio app; runs alternate, the median counts.

Examples:
  python scripts/measure_start.py
  python scripts/measure_start.py --runs 5 --most 1.2       # exit status 1 above 1.2 times the empty app
"""

from __future__ import annotations

import argparse
import math
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EMPTY = (
    "import gradio as gr, sys\n"
    "with gr.Blocks(analytics_enabled=False) as app: gr.Markdown('empty')\n"
    "app.launch(server_port=int(sys.argv[1]), quiet=True, ssr_mode=False)\n"
)
QUIET = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_DISABLE_TELEMETRY": "1", "no_proxy": "*"}
PATIENCE = 180.0


def free_port() -> int:
    """A port that is not in use."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@dataclass(frozen=True)
class Start:
    """One start of a server.

    Parameters
    ----------
    seconds : float
        Until its page answered.
    cpu : float
        Processor seconds until then, which depend less on other programs; NaN if there is no /proc.
    """

    seconds: float
    cpu: float


def start(command: Sequence[str], port: int) -> Start:
    """Start a server, wait for its page, and stop it.

    Raises
    ------
    RuntimeError
        The server ended, or did not answer in time.
    """
    begun, quiet = time.perf_counter(), subprocess.DEVNULL
    surroundings = {**os.environ, **QUIET}
    surroundings.pop("PYTHONDONTWRITEBYTECODE", None)  # cache bytecode, as for an app started before
    running = subprocess.Popen(command, cwd=ROOT, env=surroundings, stdout=quiet, stderr=quiet)
    try:
        while running.poll() is None and time.perf_counter() - begun < PATIENCE:
            if _answers(port):
                return Start(time.perf_counter() - begun, _cpu(running.pid))
            time.sleep(0.02)
        raise RuntimeError(f"{' '.join(command)[:80]} did not answer.")
    finally:
        running.terminate()
        running.wait(30)


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError):
        return math.nan


def _answers(port: int) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/", timeout=60) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def measure(runs: int) -> tuple[list[Start], list[Start]]:
    """Start the empty app and Face-off in turn, `runs` times each after a first run that does not count."""
    empty, ours = [], []
    for _ in range(runs + 1):
        port = free_port()
        empty.append(start([sys.executable, "-c", EMPTY, str(port)], port))
        port = free_port()
        ours.append(start([sys.executable, "demo.py", "--port", str(port)], port))
    return empty[1:], ours[1:]


def medians(starts: Sequence[Start]) -> Start:
    """Each figure's median."""
    return Start(statistics.median(one.seconds for one in starts), statistics.median(one.cpu for one in starts))


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and compare with the bound."""
    about, _, examples = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=about, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="runs of each that count (default: 3)")
    parser.add_argument("--most", type=float, metavar="X", help="fail above so many times the empty app")
    args = parser.parse_args(argv)
    empty, ours = (medians(starts) for starts in measure(args.runs))
    for name, one in (("empty Gradio app", empty), ("Face-off", ours)):
        print(f"{name:<17} {one.seconds:6.2f} s, processor {one.cpu:6.2f} s")
    ratio = ours.seconds / empty.seconds
    print(f"{'ratio':<17} {ratio:6.2f},   processor {ours.cpu / empty.cpu:6.2f}")
    return int(args.most is not None and ratio > args.most)


if __name__ == "__main__":
    sys.exit(main())
