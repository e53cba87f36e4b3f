"""Damage to files, and a process of its own that reads them and may die: what the fuzzers share.

A fuzzer is a module with ``KINDS``, the name of what it reads; ``seeds() -> {name: bytes}``, whole files; and
``read(data) -> bool``, which reads one and tells whether the result is as it should be. `ImageError` is the one
error it may raise.
"""

from __future__ import annotations

import argparse
import importlib
import json
import queue
import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from features.images import ImageError
from tests.fuzz.bombs import MOST_MEMORY, MOST_SECONDS, status_mb
from tests.waiting import begun, ended

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0  # seconds without an answer after which a decoder is ended


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

    what: str
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
            f"{self.tried:,} damaged {self.what} of {self.kinds} kinds: {self.read:,} read, {self.refused:,} refused",
            f"foreign exceptions: {len(self.foreign)}",
            f"crashes: {len(self.crashes)}",
            f"hangs over {MOST_SECONDS:.0f} s: {len(self.hangs)} (slowest: {self.slowest[0]:.2f} s, {self.slowest[1]})",
            f"most additional memory: {self.most_memory[0]:.0f} MB ({self.most_memory[1]})",
        ]
        return "\n".join([*lines, *self.foreign[:20], *self.crashes[:20], *self.hangs[:20]])


def run(name: str, count: int, seed: int = 0) -> Report:
    """Let the fuzzer of this name read `count` damaged files."""
    fuzzer, following = importlib.import_module(f"tests.fuzz.{name}"), 0
    report = Report(fuzzer.KINDS, kinds=len(fuzzer.seeds()))
    while following < count:
        following = _follow(report, name, (following, count, seed))
    return report


def _follow(report: Report, name: str, numbers: tuple[int, int, int]) -> int:
    """Let one process read from the first number on; the number after the last one it began."""
    done, count, seed = numbers
    command = [sys.executable, "-m", f"tests.fuzz.{name}", "--first", f"{done}", "--count", f"{count}"]
    lines = queue.Queue()
    with subprocess.Popen([*command, "--seed", f"{seed}"], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        reader = begun(_read, process.stdout, lines)
        while line := _line(process, lines):
            if not line.endswith("\n"):
                report.hangs.append(f"number {done} did not end")
                break
            _add(report, json.loads(line))
            done += 1
        ended(reader)
        if done < count and not line:
            report.crashes.append(f"number {done}: status {process.wait(PATIENCE)}")
    return min(done + 1, count)


def _read(output: IO[str], lines: queue.Queue) -> None:
    for line in output:
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


def _decode(fuzzer, first: int, count: int, seed: int) -> None:
    """Read in this process and print a line for each."""
    kinds = fuzzer.seeds()
    _outcome(fuzzer, next(iter(kinds.values())))  # imports
    for number in range(first, count):
        name, data = damaged(kinds, number, seed)
        before, start = status_mb("VmRSS", reset=True), time.process_time()
        error, words = _outcome(fuzzer, data)
        seconds, memory = time.process_time() - start, status_mb("VmHWM") - before
        found = {"number": number, "kind": name, "error": error, "words": words, "seconds": seconds, "memory": memory}
        print(json.dumps(found), flush=True)


def _outcome(fuzzer, data: bytes) -> tuple[str | None, str]:
    try:
        return (None, "") if fuzzer.read(data) else ("result", "not as it should be")
    except ImageError:
        return "ImageError", ""
    except BaseException as error:
        return type(error).__name__, str(error)[:200]


def main(name: str, count: int) -> int:
    """What ``python -m tests.fuzz.NAME`` does."""
    fuzzer = importlib.import_module(f"tests.fuzz.{name}")
    parser = argparse.ArgumentParser(description=fuzzer.__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=count, help="how many files")
    parser.add_argument("--seed", type=int, default=0, help="another number gives other damage")
    parser.add_argument("--first", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.first is not None:
        _decode(fuzzer, asked.first, asked.count, asked.seed)
        return 0
    report = run(name, asked.count, asked.seed)
    print(report)
    return 0 if report.good else 1
