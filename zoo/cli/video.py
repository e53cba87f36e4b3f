"""Track every face in a clip, predict with all models, and write an annotated clip, CSV and JSON.

Examples:
  python -m zoo video clip.mp4
  python -m zoo video clip.mov --models hog-svm,cnn --labels 6 --out annotated.mp4
  python -m zoo video clip.webm --csv answers.csv --json answers.json
  python -m zoo video clip.mp4 --rest 3.5 --csv answers.csv
  python -m zoo video clip.gif --fps 0 --flicker --out every-frame.mp4

Reads mp4, mov, mkv, webm, avi and GIF, and writes H.264 without sound. Clips with a side of more than 1280 pixels are
shrunk, and at most 30 frames per second are kept. Of a truncated clip, the readable part is kept; the exit status is
then 1.
The CSV, the JSON and the text also have the answers relative to each face at rest: by default its five frames that
look most neutral to the models, which are named; --rest 3.5 takes the frames around 3.5 s, --rest none leaves it out.
Use --rest none for somebody who is never at rest in the clip. The annotated clip shows both ("vs. rest").
Expression is not emotion: no answer says how anyone feels.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TextIO

from tqdm import tqdm

from features.clips import MAX_SECONDS, Limits, partial
from zoo.cli import common
from zoo.cli.predict import CAUTION
from zoo.cli_types import named_path, number_up_to
from zoo.filenames import one_line, printable
from zoo.inference import timeline_rest
from zoo.inference.timeline import write_csv
from zoo.inference.video import RATE, Tick, VideoOptions, VideoResult, annotate, record
from zoo.labels import label_set
from zoo.models import label_mix, registry
from zoo.models.label_mix import LabelMix


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("clip", type=named_path, metavar="CLIP", help="an mp4, mov, mkv, webm, avi or GIF")
    parser.add_argument("--labels", default="7", help="7, 6 (no neutral) or 5 (no disgust, no fear)")
    parser.add_argument("--out", type=common.output(".mp4"), metavar="FILE", help="the annotated clip")
    parser.add_argument("--csv", type=common.output(".csv"), metavar="FILE", help="one row per face, frame and model")
    parser.add_argument("--json", type=common.output(".json"), nargs="?", const="-", metavar="FILE", help="as JSON")
    parser.add_argument(
        "--rest",
        type=_rest,
        default=timeline_rest.AUTO,
        metavar="auto|none|SECONDS",
        help="also read answers relative to each face at rest: in its most neutral frames, or at a moment",
    )
    parser.add_argument(
        "--fps", type=_rate, default=RATE, metavar="N", help=f"frames analysed a second; 0 is all (default: {RATE:g})"
    )
    parser.add_argument("--flicker", action="store_true", help="show every answer as it is, without smoothing")
    parser.add_argument(
        "--minutes",
        type=_rate,
        default=MAX_SECONDS / 60,
        metavar="N",
        help=f"longest clip that is read (default: {MAX_SECONDS / 60:g})",
    )
    common.add_mix(parser, label_mix.DEFAULT)
    common.add_models(parser)


def _rest(text: str) -> str | float:
    if text in (timeline_rest.AUTO, timeline_rest.NONE):
        return text
    return number_up_to(text, 86400, "auto, none or a number of seconds up to 86400")


def _rate(text: str) -> float:
    return number_up_to(text, 1000, "a number from 0 to 1000")


def run(args: argparse.Namespace) -> int:
    """Predict for every face in a clip, and write the results."""
    _check(args)
    names = common.chosen(args.models, args.checkpoints)
    models = common.load_models(names, args.checkpoints)
    limits = Limits(seconds=args.minutes * 60)
    options = VideoOptions(label_set(args.labels), not args.flicker, args.fps, limits, args.mix, args.rest)
    common.check_labels(models, options.labels)
    cards = LabelMix(args.mix, {name: registry.card(name, args.checkpoints) for name in names}).with_thresholds()
    if args.out:
        partial(args.out).unlink(missing_ok=True)  # left by a killed run
    target = common.written(args.out) if args.out else nullcontext()
    with common.stopped_by_signal(), _progress(args.clip) as tick, target:
        result = annotate(args.clip, args.out, models, cards, options, tick)
    _write(args, result, {name: card.threshold for name, card in cards.items()})
    if result.note:
        print(one_line(f"python -m zoo: {args.clip}: {result.note}"), file=sys.stderr)
    return 1 if result.note else 0


def _check(args: argparse.Namespace) -> None:
    """Check, before the work begins, that the clip would not be overwritten."""
    if args.out == common.STDOUT:
        raise common.UsageError("--out needs a file; a clip is not written to stdout.")
    common.check_apart((args.out, args.csv, args.json), [args.clip])


@contextmanager
def _progress(clip: Path) -> Iterator[Tick]:
    """Show a progress bar on a terminal; the callback takes the position and the length in seconds."""
    with tqdm(
        desc=one_line(clip.name), unit="s", disable=None, bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}"
    ) as bar:

        def tick(now: float, whole: float | None, drawing: bool) -> None:
            bar.total = whole
            bar.update(now - bar.n)

        yield tick


def _write(args: argparse.Namespace, result: VideoResult, thresholds: dict[str, float]) -> None:
    found = result.rested[0] if result.rested else None
    if args.csv:
        table = io.StringIO(newline="")
        _write_table(result, found, thresholds, table)
        common.write_text(args.csv, table.getvalue())
    if args.json:
        common.write_json(args.json, record(result, str(args.clip)))
    if common.STDOUT not in (args.csv, args.json):
        lines = [describe(result, one_line(args.clip)), *(describe_rest(found) if found else []), CAUTION]
        print(printable("\n".join(lines)))


def _write_table(
    result: VideoResult, found: timeline_rest.RestedTimeline | None, thresholds: dict[str, float], stream: TextIO
) -> None:
    if found:
        timeline_rest.write_csv(result.timeline, found, thresholds, stream)
    else:
        write_csv(result.timeline, thresholds, stream)


def describe_rest(found: timeline_rest.RestedTimeline) -> list[str]:
    """Each face's reference frames and its answers relative to them, as lines of text."""
    lines = []
    for number, seconds in sorted(found.moments.items()):
        face = found.timeline.of(number)
        lines.append(f"Face {number} relative to its rest at {', '.join(f'{one:.1f}' for one in seconds)} s:")
        lines += [f"  {name} {shares_in_words(face.shares(j))}" for j, name in enumerate(face.models)]
    return lines


def describe(result: VideoResult, file: str) -> str:
    """The result as text."""
    timeline = result.timeline
    head = f"{file}: {result.seconds:.1f} s, {result.frames} frames, {len(timeline.moments)} of them analysed"
    if not len(timeline):
        return f"{head}\nNo face found. Faces must be seen from the front, lit, and not too small."
    lines = [head]
    for number in sorted(timeline.faces):
        face = timeline.of(number)
        lines.append(f"Face {number}, {face.times[0]:.1f} s to {face.times[-1]:.1f} s:")
        lines += [f"  {name} {shares_in_words(face.shares(j))}" for j, name in enumerate(timeline.models)]
    if timeline.agreement is not None:
        lines.append(f"The models agree on {timeline.agreement:.0%} of all answers.".replace("%", " %"))
    return "\n".join(lines)


def shares_in_words(shares: dict[str, float]) -> str:
    """``{"happy": 0.8, "sad": 0.2}`` as a sentence that does not overclaim."""
    parts = [f"{label} ({100 * share:.0f} % of the time)" for label, share in shares.items()]
    return f"says: looks most like pictures people labelled {', '.join(parts)}"
