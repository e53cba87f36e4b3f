"""Damaged pictures of about forty kinds, always the same ones: each is read, or refused with the one error.

    python -m tests.fuzz.images --count 11000

prints what came of them: foreign exceptions, crashes, hangs over 5 s and the most additional memory. It ends with
status 1 if any of it is more than promised. The pictures are decoded in a process of their own, which may die.
"""

from __future__ import annotations

import argparse
import io
import json
import queue
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from features import images
from features.images import ImageError
from tests.fuzz.bombs import MOST_MEMORY, MOST_SECONDS, raw_bmp, status_mb

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0  # seconds without an answer after which a decoder is ended


# --- Whole pictures ------------------------------------------------------------------------------


def seeds() -> dict[str, bytes]:
    """One small picture of every kind, by name."""
    return dict(sorted((name, data) for name, data in _seeds() if data))


def _seeds() -> Iterator[tuple[str, bytes]]:
    Image.init()
    for kind in sorted(Image.SAVE):
        yield kind, _written(kind)
    for name, (kind, mode, how) in _VARIANTS.items():
        yield name, _written(kind, mode, **how)
    for name, kind in (("APNG", "PNG"), ("GIF animated", "GIF"), ("WEBP animated", "WEBP"), ("TIFF pages", "TIFF")):
        yield name, _written(kind, save_all=True, append_images=[_picture("RGB").rotate(90), _picture("RGB")])
    yield "BMP RLE", raw_bmp(48, 32, 8, 1, b"\x30\x07\0\0" * 32)
    yield "PPM ASCII", b"P3 8 8 255\n" + b"200 30 7 " * 64
    yield "PPM up to 100", b"P6 8 8 100\n" + bytes(range(96)) * 2
    yield "PFM", b"Pf\n8 8\n-1.0\n" + np.linspace(0, 1, 64, dtype="<f4").tobytes()


_VARIANTS: dict[str, tuple[str, str, dict]] = {
    "JPEG progressive": ("JPEG", "RGB", {"progressive": True}),
    "JPEG CMYK": ("JPEG", "CMYK", {}),
    "JPEG EXIF": ("JPEG", "RGB", {"exif": b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"}),
    "PNG palette": ("PNG", "P", {"transparency": 0}),
    "PNG 16 bits": ("PNG", "I;16", {}),
    "PNG grey+alpha": ("PNG", "LA", {}),
    "WEBP lossless": ("WEBP", "RGBA", {"lossless": True}),
    "AVIF RGBA": ("AVIF", "RGBA", {"speed": 10}),
    "TIFF LZW": ("TIFF", "RGB", {"compression": "tiff_lzw"}),
    "TIFF deflate": ("TIFF", "RGBA", {"compression": "tiff_adobe_deflate"}),
    "TIFF JPEG": ("TIFF", "RGB", {"compression": "jpeg"}),
    "TIFF group 4": ("TIFF", "1", {"compression": "group4"}),
    "TIFF float": ("TIFF", "F", {}),
    "TIFF big": ("TIFF", "RGB", {"big_tiff": True}),
    "JPEG2000 lossless": ("JPEG2000", "RGB", {"irreversible": False}),
}


def _picture(mode: str) -> Image.Image:
    """Colours and edges: something for every decoder to do."""
    y, x = np.mgrid[:32, :48]
    rgb = np.stack([x * 5, y * 7, (x ^ y) * 4], axis=2).astype(np.uint8)
    picture = Image.fromarray(rgb)
    return Image.fromarray((x * 1000).astype(np.uint16)) if mode == "I;16" else picture.convert(mode)


def _written(kind: str, mode: str = "RGB", **how) -> bytes:
    """The picture in a format, in the first mode that the format can hold; nothing where it cannot be written."""
    for one in (mode, "L", "P", "1") if mode == "RGB" else (mode,):
        stored = io.BytesIO()
        try:
            _picture(one).save(stored, kind, **how)
            return stored.getvalue()
        except (OSError, ValueError, KeyError, AttributeError, RuntimeError):
            continue
    return b""


# --- Damage ------------------------------------------------------------------------------------------


def damaged(kinds: dict[str, bytes], number: int, seed: int) -> tuple[str, bytes]:
    """The kind and the file of one damaged picture; the same for the same numbers."""
    chance = random.Random(f"{seed}-{number}")
    names = list(kinds)
    name = names[number % len(names)]
    data, other = bytearray(kinds[name]), kinds[chance.choice(names)]
    for _ in range(chance.choice((1, 1, 1, 2))):
        data = bytearray(chance.choice(_WAYS)(chance, data, other)) or bytearray(b"\0")
    return name, bytes(data)


def _flip(chance: random.Random, data: bytearray, other: bytes) -> bytes:
    for _ in range(chance.choice((1, 2, 4, 16))):
        data[_place(chance, data)] = chance.randrange(256)
    return data


def _place(chance: random.Random, data: bytearray) -> int:
    """Anywhere, half of the times in the first bytes, where the sizes are."""
    return chance.randrange(min(len(data), 64) if chance.random() < 0.5 else len(data))


def _number(chance: random.Random, data: bytearray, other: bytes) -> bytes:
    at, size = _place(chance, data), chance.choice((2, 4, 8))
    value = chance.choice((0, 1, 0x7F, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 16_384, 8000)) % 256**size
    return data[:at] + value.to_bytes(size, chance.choice(("big", "little"))) + data[at + size :]


def _cut(chance: random.Random, data: bytearray, other: bytes) -> bytes:
    return data[: chance.randrange(1, len(data) + 1)]


def _splice(chance: random.Random, data: bytearray, other: bytes) -> bytes:
    return data[: chance.randrange(1, len(data) + 1)] + other[chance.randrange(len(other)) :]


def _swap_head(chance: random.Random, data: bytearray, other: bytes) -> bytes:
    size = chance.choice((2, 4, 8, 16, 32, 64))
    return other[:size] + data[size:]


def _repeat(chance: random.Random, data: bytearray, other: bytes) -> bytes:
    start = chance.randrange(len(data))
    part = data[start : start + chance.choice((1, 4, 32, 256))]
    return data[:start] + part * chance.choice((0, 2, 20, 2000)) + data[start:]


_WAYS = (_flip, _flip, _number, _number, _cut, _splice, _swap_head, _repeat)


# --- Running -------------------------------------------------------------------------------------------


@dataclass
class Report:
    """What came of the pictures that were tried."""

    kinds: int = 0
    tried: int = 0
    read: int = 0
    refused: int = 0
    foreign: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    most_memory: tuple[float, str] = (0.0, "")

    @property
    def good(self) -> bool:
        """Whether everything is as promised."""
        return not (self.foreign or self.crashes or self.hangs) and self.most_memory[0] <= MOST_MEMORY

    def __str__(self) -> str:
        lines = [
            f"{self.tried:,} damaged pictures of {self.kinds} kinds: {self.read:,} read, {self.refused:,} refused",
            f"foreign exceptions: {len(self.foreign)}",
            f"crashes: {len(self.crashes)}",
            f"hangs over {MOST_SECONDS:.0f} s: {len(self.hangs)} (slowest: {self.slowest[0]:.2f} s, {self.slowest[1]})",
            f"most additional memory: {self.most_memory[0]:.0f} MB ({self.most_memory[1]})",
        ]
        return "\n".join([*lines, *self.foreign[:20], *self.crashes[:20], *self.hangs[:20]])


def run(count: int, seed: int = 0) -> Report:
    """Decode `count` damaged pictures."""
    report, following = Report(kinds=len(seeds())), 0
    while following < count:
        following = _follow(report, following, count, seed)
    return report


def _follow(report: Report, first: int, count: int, seed: int) -> int:
    """Let one process decode from number `first` on; the number after the last one it began."""
    command = [sys.executable, "-m", "tests.fuzz.images", "--decode", f"{first}", "--count", f"{count}"]
    done, lines = first, queue.Queue()
    with subprocess.Popen([*command, "--seed", f"{seed}"], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        reader = threading.Thread(target=_read, args=(process, lines))
        reader.start()
        while line := _line(process, lines):
            if not line.endswith("\n"):
                report.hangs.append(f"number {done} did not end")
                break
            _add(report, json.loads(line))
            done += 1
        reader.join()
        if done < count and not line:
            report.crashes.append(f"number {done}: status {process.wait()}")
    return min(done + 1, count)


def _read(process: subprocess.Popen, lines: queue.Queue) -> None:
    for line in process.stdout:
        lines.put(line)
    lines.put("")


def _line(process: subprocess.Popen, lines: queue.Queue[str]) -> str:
    """The next line; empty after the last one; without its end where none comes and the process was ended."""
    try:
        return lines.get(timeout=PATIENCE)
    except queue.Empty:
        process.kill()
        return "hangs"


def _add(report: Report, found: dict) -> None:
    report.tried += 1
    what = f"number {found['number']}, {found['kind']}"
    report.read += found["error"] is None
    report.refused += found["error"] == "ImageError"
    if found["error"] not in (None, "ImageError"):
        report.foreign.append(f"{what}: {found['error']}: {found['words']}")
    if found["seconds"] > MOST_SECONDS:
        report.hangs.append(f"{what}: {found['seconds']:.1f} s")
    report.slowest = max(report.slowest, (found["seconds"], what))
    report.most_memory = max(report.most_memory, (found["memory"], what))


def decode(first: int, count: int, seed: int) -> None:
    """Decode in this process and print a line for each."""
    kinds = seeds()
    images.load(kinds["PNG"])
    for number in range(first, count):
        name, data = damaged(kinds, number, seed)
        before, start = status_mb("VmRSS", reset=True), time.process_time()
        error, words = _outcome(data)
        seconds, memory = time.process_time() - start, status_mb("VmHWM") - before
        found = {"number": number, "kind": name, "error": error, "words": words, "seconds": seconds, "memory": memory}
        print(json.dumps(found), flush=True)


def _outcome(data: bytes) -> tuple[str | None, str]:
    try:
        image = images.load(data)
    except ImageError:
        return "ImageError", ""
    except BaseException as error:
        return type(error).__name__, str(error)[:200]
    good = image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and max(image.shape) <= images.MAX_SIDE
    return (None, "") if good else ("shape", str(image.shape))


def main() -> int:
    """Run the fuzzer."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=11_000, help="how many pictures")
    parser.add_argument("--seed", type=int, default=0, help="another number gives other damage")
    parser.add_argument("--decode", type=int, metavar="FIRST", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.decode is not None:
        decode(asked.decode, asked.count, asked.seed)
        return 0
    report = run(asked.count, asked.seed)
    print(report)
    return 0 if report.good else 1


if __name__ == "__main__":
    sys.exit(main())
