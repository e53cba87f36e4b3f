"""Time and memory of `python -m zoo video` on a made clip of 1920 x 1080 pixels, 30 frames a second.

Ten seconds of the shipped portraits, moving, are encoded once and then repeated as they are, so
that a long clip takes no longer to make than a short one. The command runs in a process of its own.

Examples:
  python scripts/measure_video.py
  python scripts/measure_video.py --minutes 2 5 10
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from features.clips import ClipWriter, Frame

ROOT = Path(__file__).resolve().parents[1]
SIZE, RATE, SECONDS = (1920, 1080), 30, 10
PICTURES = ("photo", "brows-raised", "mouth-open", "corners-down", "brows-lowered")
# `VmHWM` is the peak of this process alone; getrusage would include the parent's.
COMMAND = """
import sys
from pathlib import Path
from zoo.cli.main import main
status = main(sys.argv[1:])
lines = Path("/proc/self/status").read_text().splitlines() if Path("/proc/self/status").exists() else []
print(next((line.split()[1] for line in lines if line.startswith("VmHWM")), 0))
sys.exit(status)
"""


@dataclass(frozen=True)
class Measured:
    """One run: how long the clip is and how long it took, in seconds, and peak memory in MB (0 if not Linux)."""

    clip: float
    took: float
    megabytes: int


def ten_seconds(path: Path) -> Path:
    """Write a clip of the portraits on grey, one every two seconds, moving sideways; return its path."""
    width, height = SIZE
    shown = [
        np.asarray(Image.open(ROOT / f"ui/pictures/{n}.jpg").convert("RGB").resize((height,) * 2)) for n in PICTURES
    ]
    with ClipWriter(path, SIZE) as writer:
        for i in range(RATE * SECONDS):
            sheet = np.full((height, width, 3), 90, np.uint8)
            left = round((width - height) / 2 * (1 + 0.5 * np.sin(2 * np.pi * i / (RATE * SECONDS))))
            sheet[:, left : left + height] = shown[i * len(shown) // (RATE * SECONDS)]
            writer.write(Frame(sheet, i / RATE))
    return path


def repeated(source: Path, target: Path, times: int) -> Path:
    """Write a clip with the packets of another one repeated, at later times; return its path."""
    with av.open(str(target), "w") as out:
        stream = None
        for turn in range(times):
            with av.open(str(source)) as clip:
                kept = clip.streams.video[0]
                stream = stream or out.add_stream_from_template(kept)
                for packet in clip.demux(kept):
                    if packet.pts is not None and packet.dts is not None:
                        shift = round(turn * SECONDS / packet.time_base)
                        packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                        out.mux(packet)
    return target


def measure(clip: Path, models: str, minutes: float) -> Measured:
    """Run the command once on a clip of this many minutes."""
    call = ["video", str(clip), "--models", models, "--out", str(clip.with_suffix(".out.mp4")), "--csv"]
    call += [str(clip.with_suffix(".csv")), "--minutes", str(minutes + 1)]
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", COMMAND, *call], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return Measured(minutes * 60, time.perf_counter() - start, int(done.stdout.splitlines()[-1]) // 1024)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure clips of the requested lengths."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, nargs="+", default=[1.0], metavar="N")
    parser.add_argument("--models", default="hog-svm,cnn", metavar="A,B")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        base = ten_seconds(Path(folder) / "base.mp4")
        for minutes in args.minutes:
            clip = repeated(base, Path(folder) / f"{minutes:g}.mp4", max(1, round(minutes * 60 / SECONDS)))
            one = measure(clip, args.models, minutes)
            speed = f"{one.clip / one.took:.1f} s of clip a second"
            print(f"{minutes:g} min: {one.took:.0f} s, {speed}, {one.megabytes} MB at most", flush=True)


if __name__ == "__main__":
    main()
