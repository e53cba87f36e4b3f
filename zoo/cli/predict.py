"""Predict which labelled pictures the faces in photos look most like.

Examples:
  python -m zoo predict photo.jpg
  python -m zoo predict holiday/ --models hog-svm,cnn --labels 6
  python -m zoo predict holiday/ --json - > faces.json
  python -m zoo predict holiday/ --csv faces.csv
  python -m zoo predict smile.jpg --rest calm.jpg
  python -m zoo predict archive/ --parquet answers/ --engine dask --workers 4

With --parquet, clips in a folder are processed too. An interrupted run resumes where it stopped when repeated.

--rest gives a picture of the same person at rest: every answer is then also read relative to it, so that a face that
looks sad or angry at rest is not called so. Several faces are paired from left to right, a single resting face belongs
to the largest face; --pairs 1=2,2=1 says otherwise (face 1 has resting face 2).

A file that cannot be read is reported and skipped; the exit status is then 1.
Expression is not emotion: no answer says how anyone feels.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from features import file_listing, images
from features.mesh import MAX_FACES, FaceMesher
from zoo.cli import batch, common
from zoo.cli_types import named_path, whole
from zoo.filenames import one_line, printable, readable, reason
from zoo.inference.compare import Comparison, compare
from zoo.inference.rested import choose, relative_to
from zoo.inference.serialise import Answer, Face, Record, record, rows, to_csv
from zoo.labels import label_set
from zoo.models import label_mix, registry
from zoo.models.label_mix import LabelMix

CAUTION = "Expression is not emotion: this program cannot know how anyone feels."


@dataclass(frozen=True)
class Failure:
    """A picture that could not be read, and why."""

    file: str
    error: str


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("paths", nargs="+", type=named_path, metavar="PATH", help="a picture, or a folder of pictures")
    parser.add_argument("--labels", default="7", help="7, 6 (no neutral) or 5 (no disgust, no fear)")
    parser.add_argument(
        "--max-faces",
        type=whole,
        default=MAX_FACES,
        metavar="N",
        help="answer for the N largest faces of a picture (default: %(default)s)",
    )
    parser.add_argument(
        "--rest", type=named_path, metavar="FILE", help="a picture of the same person or people at rest"
    )
    parser.add_argument("--pairs", default="", metavar="A=B,...", help="which resting face belongs to which face")
    common.add_mix(parser, label_mix.DEFAULT)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--json", type=common.output(".json"), nargs="?", const="-", metavar="FILE", help="as JSON; - is stdout"
    )
    kind.add_argument("--csv", type=common.output(".csv"), metavar="FILE", help="as CSV; - is stdout")
    batch.configure(parser)
    common.add_models(parser)


def run(args: argparse.Namespace) -> int:
    """Predict for every face in every picture, and write the answers."""
    if args.pairs and not args.rest:
        raise common.UsageError("--pairs goes with --rest FILE.")
    if args.parquet:
        if args.rest:
            raise common.UsageError("--rest is for --json, --csv and text, not for --parquet.")
        return batch.run(args)
    batch.check_unused(args)
    labels = label_set(args.labels)
    names = common.chosen(args.models, args.checkpoints)
    models = common.load_models(names, args.checkpoints)
    common.check_labels(models, labels)
    mix = LabelMix(args.mix, {name: registry.card(name, args.checkpoints) for name in names})
    thresholds = {name: card.threshold for name, card in mix.with_thresholds().items()}
    paths = list(dict.fromkeys(path for given in args.paths for path in pictures(given)))
    common.check_apart((args.json, args.csv), [*paths, *([args.rest] if args.rest else [])])
    found: list[Record] = []
    failed: list[Failure] = []
    with FaceMesher(args.max_faces) as mesher:
        ask = lambda path: compare(images.load(path), models, labels, mesher, mix=mix)
        rest = _rest(args, ask)
        for path in tqdm(paths, desc="pictures", disable=True if len(paths) == 1 else None):
            try:
                seen = ask(path)
                rested = None
                if rest:
                    rested = relative_to(seen, rest, choose(seen, rest, args.pairs), str(args.rest), mix.cards)
                found.append(record(seen, thresholds, str(path), rested))
            except Exception as error:  # one bad file must not stop the run
                failed.append(Failure(readable(str(path)), reason(error)))
                tqdm.write(one_line(f"python -m zoo: {failed[-1].file}: {failed[-1].error}"), file=sys.stderr)
    if failed and found:
        print(f"{len(found)} of {len(paths)} pictures read.", file=sys.stderr)
    _write(args, found, failed)
    return 1 if failed else 0


def _rest(args: argparse.Namespace, ask: Callable[[Path], Comparison]) -> Comparison | None:
    """The comparison for the picture of resting faces, or None without ``--rest``."""
    if args.rest is None:
        return None
    rest = ask(args.rest)
    if not len(rest.faces):
        raise common.UsageError(f"No face was found in {args.rest}; give a picture from the front, lit, of one person.")
    return rest


def pictures(path: Path) -> Iterator[Path]:
    """The file itself, whatever its suffix, or all pictures below a folder, recognised by their content.

    Raises
    ------
    UsageError
        The folder contains no picture.
    """
    if not os.path.isdir(path):  # Path.is_dir raises for a name that is too long
        yield path
        return
    found = file_listing.look(path)
    if skipped := found.skipped(path):
        print(one_line(f"{path}: {len(found.pictures)} pictures; {skipped}"), file=sys.stderr)
    if not found.pictures:
        raise common.UsageError(f"The folder {path} holds no picture ({images.KINDS}).")
    yield from found.pictures


def _write(args: argparse.Namespace, found: Sequence[Record], failed: Sequence[Failure]) -> None:
    if args.json:
        failures = [{"file": failure.file, "error": failure.error} for failure in failed]
        common.write_json(args.json, {"pictures": list(found), "failed": failures})
    elif args.csv:  # even without rows, so that no older file remains
        table = [row for picture in found for row in rows(picture)]
        common.write_text(args.csv, to_csv(table, list(label_set(args.labels))))
    elif found:
        print(printable("\n\n".join(describe(picture) for picture in found)))
        print(f"\n{CAUTION}")
    target = args.json or args.csv
    if target and target != common.STDOUT:
        faces = sum(len(picture["faces"]) for picture in found)
        print(one_line(f"wrote {target}: {_count(faces, 'face')} in {_count(len(found), 'picture')}"), file=sys.stderr)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def describe(picture: Record) -> str:
    """One picture's answers as text."""
    count, file = len(picture["faces"]), one_line(picture["file"])
    if not count:
        return f"{file}: no face found. Faces must be seen from the front, lit, and not too small."
    head = f"{file}: {_count(count, 'face')}"
    if picture["faces_found"] > count:
        every = picture["faces_found"]
        head = f"{file}: {count} of {every} faces (all of them with --max-faces {every})"
    return "\n".join([head, *(_describe_face(face, picture["labels"]) for face in picture["faces"])])


def _describe_face(face: Face, labels: Sequence[str]) -> str:
    box = face["box"]
    corners = f"({box['left']:.0f}, {box['top']:.0f}) to ({box['right']:.0f}, {box['bottom']:.0f})"
    lines = [f"Face {face['number']} at {corners}", *(f"  {note}" for note in face["quality"]["notes"])]
    table = [("", *labels)]
    table += [
        (name, *(f"{answer['probabilities'][label]:.2f}" for label in labels))
        for name, answer in face["answers"].items()
    ]
    lines += [f"  {line}" for line in common.grid(table).splitlines()]
    lines += [f"  {name} {in_words(answer)}" for name, answer in face["answers"].items()]
    if resting := face.get("resting"):
        head = f"  Relative to resting face {resting['face']}:"
        lines += [head, *(f"    {name} {in_words(answer)}" for name, answer in resting["answers"].items())]
    if len(face["answers"]) > 1:
        lines.append(f"  The models {'agree' if face['agree'] else 'disagree'}.")
    return "\n".join(lines)


def in_words(answer: Answer) -> str:
    """A model's answer as a sentence that does not overclaim."""
    close = f"looks most like pictures people labelled {answer['label']} ({answer['probability']:.2f})"
    return f"says: {close}" if answer["sure"] else f"is not sure: {close}"
