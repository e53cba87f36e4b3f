"""Measure the time of decoding, mesh, alignment and each model for one face, on one thread.

Examples:
  python -m zoo bench
  python -m zoo bench --models hog-svm,cnn --json
  python -m zoo bench --one-core
  python -m zoo bench --live --one-core
  python -m zoo bench --live --processor --json             # ratios that a busy machine does not change much
  python -m zoo bench --live --soak 20000
  python -m zoo bench --teach
  python -m zoo bench --cover --one-core
  python -m zoo bench --models hog-svm,cnn,hog-linear-svm --write-cards
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from zoo.cli import common
from zoo.cli_types import whole
from zoo.models import registry

if TYPE_CHECKING:
    from zoo.benchmark.stages import Bench, Timing
    from zoo.classifier import Classifier

TAUGHT = (6, 100)  # classes, samples per class


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--repeats", type=whole, default=100, metavar="N", help="timed repetitions (default: 100)")
    parser.add_argument(
        "--one-core", action="store_true", help="pin the process to one core, MediaPipe's threads included"
    )
    parser.add_argument(
        "--processor", action="store_true", help="processor time instead of the clock's, for a busy machine"
    )
    parser.add_argument("--close-up", action="store_true", help="only the 256 x 256 pixels around the portrait's face")
    parser.add_argument("--live", action="store_true", help="camera frames of 320 x 240 pixels, one viewer")
    parser.add_argument("--soak", type=whole, metavar="N", help="with --live: memory growth over N frames (Linux)")
    parser.add_argument("--teach", action="store_true", help="training in Teach: both models on 6 x 100 samples")
    parser.add_argument("--cover", action="store_true", help="a patch dragged over a face: every model answers again")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--write-cards", action="store_true", help="write each model's median to its card")
    common.add_models(parser)


def run(args: argparse.Namespace) -> int:
    """Time all stages on a still picture (or as the options say), print the times, and store them if requested."""
    from zoo.benchmark.stages import bench

    if args.soak and not args.live:
        raise common.UsageError("--soak needs --live")
    if args.live or args.teach:
        return run_live(args) if args.live else run_teach(args)
    if args.cover:
        return run_cover(args)
    names = common.chosen(args.models, args.checkpoints)
    models = common.load_models(names, args.checkpoints)
    print(f"timing {args.repeats} rounds ...", file=sys.stderr)
    result = bench(models, args.checkpoints, args.repeats, args.one_core, clock_of(args), args.close_up)
    if args.json:
        common.write_json(common.STDOUT, asdict(result))
    else:
        print(report(result))
    if args.write_cards:
        for name in names:
            card = replace(registry.card(name, args.checkpoints), milliseconds=result.stages[name].p50)
            common.update_card(name, args.checkpoints, card)
    return 0


def run_live(args: argparse.Namespace) -> int:
    """Time the stages for camera frames (``--live``)."""
    from zoo.benchmark.live import bench_live
    from zoo.benchmark.stages import BARE_MESH, ratios

    if args.write_cards:
        raise common.UsageError("--write-cards records times for still pictures and cannot be combined with --live")
    models = common.load_models(common.chosen(args.models, args.checkpoints), args.checkpoints)
    if args.soak:
        return run_soak(models, args)
    result = bench_live(models, args.repeats, args.one_core, clock_of(args))
    times = ratios(result, result[BARE_MESH])
    if args.json:
        common.write_json(common.STDOUT, {name: asdict(timing) for name, timing in result.items()} | {"ratios": times})
    else:
        print(common.grid(rows_of(result, times)))
    return 0


def run_cover(args: argparse.Namespace) -> int:
    """Time the answers while a patch is dragged over a face (``--cover``)."""
    from zoo.benchmark.patch import bench_cover

    if args.write_cards:
        raise common.UsageError("--write-cards records times for still pictures and cannot be combined with --cover")
    models = common.load_models(common.chosen(args.models, args.checkpoints), args.checkpoints)
    result = bench_cover(models, args.repeats, args.one_core)
    if args.json:
        common.write_json(common.STDOUT, {name: asdict(timing) for name, timing in result.items()})
    else:
        print(common.grid(rows_of(result)))
        print(f"\n{1000 / result['total'].p50:.0f} answers a second")
    return 0


def run_soak(models: list[Classifier], args: argparse.Namespace) -> int:
    """Measure the growth of memory over many frames (``--soak``)."""
    from zoo.benchmark.live import soak

    result = soak(models, args.soak)
    if args.json:
        common.write_json(common.STDOUT, asdict(result))
    else:
        before, after = f"{result.before:.1f} MB after a tenth", f"{result.after:.1f} MB at the end"
        print(f"{result.frames:,} frames: {before}, {after} ({result.growth:+.1%})")
    return 0


def run_teach(args: argparse.Namespace) -> int:
    """Time training as in the Teach tab (``--teach``)."""
    from zoo.benchmark.teaching import bench_teach

    if args.write_cards:
        raise common.UsageError("--write-cards records times for still pictures and cannot be combined with --teach")
    result = bench_teach(*TAUGHT)
    if args.json:
        common.write_json(common.STDOUT, result)
    else:
        print(common.grid([("6 x 100 samples, one thread", "s"), *((n, f"{s:.2f}") for n, s in result.items())]))
    return 0


def clock_of(args: argparse.Namespace) -> Callable[[], float]:
    """The clock for the stages, in seconds: processor time with ``--processor``, otherwise wall-clock time."""
    return time.process_time if args.processor else time.perf_counter


def rows_of(timings: Mapping[str, Timing], times: Mapping[str, float] | None = None) -> list[tuple[str, ...]]:
    """Times as the rows of a table, with a heading.

    Parameters
    ----------
    timings : mapping of str to Timing
        In milliseconds.
    times : mapping of str to float, optional
        Ratios to the bare mesh's time, for a further column.
    """
    rows = [(name, f"{timing.p50:.2f}", f"{timing.p95:.2f}") for name, timing in timings.items()]
    head = ("ms, one thread", "p50", "p95")
    if times is None:
        return [head, *rows]
    return [(*head, "x bare mesh"), *((*row, f"{times[row[0]]:.2f}") for row in rows)]


def report(result: Bench) -> str:
    """The times as text."""
    from zoo.benchmark.stages import BARE_MESH

    timings = {BARE_MESH: result.bare_mesh, **result.stages, "total": result.total}
    rows = rows_of(timings, {BARE_MESH: 1.0, **result.ratios})
    startup = result.startup
    memory = "" if startup.megabytes is None else f", {startup.megabytes:.0f} MB at most"
    return (
        f"{common.grid(rows)}\n\nThe total is mesh, align and every model; the bare mesh is MediaPipe's mesh network "
        f"alone, in the same rounds. A fresh process imports in {startup.import_seconds:.1f} s and has answered once "
        f"after {startup.ready_seconds:.1f} s{memory}."
    )
