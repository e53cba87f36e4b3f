"""The implementation of ``predict --parquet``; not a command of its own."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from features import file_listing
from zoo.cli import common
from zoo.cli_types import whole
from zoo.filenames import one_line
from zoo.inference import batch, batch_backends
from zoo.inference.batch import BatchError, BatchRequest, Chunk, Outcome
from zoo.inference.video import RATE
from zoo.labels import label_set

ENGINES = ("local", "dask")
WORKERS = 2


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options for folders of many pictures and clips."""
    many = parser.add_argument_group("many pictures and clips", "dask needs: pip install -r requirements-batch.txt")
    many.add_argument(
        "--parquet", type=Path, metavar="FOLDER", help="write Parquet files, one per chunk; an interrupted run resumes"
    )
    many.add_argument("--engine", choices=ENGINES, default=ENGINES[0], help="where the work runs (default: local)")
    many.add_argument(
        "--workers", type=whole, default=WORKERS, metavar="N", help=f"processes for dask (default: {WORKERS})"
    )
    many.add_argument("--scheduler", metavar="ADDRESS", help="address of a running Dask scheduler, tcp://host:8786")
    many.add_argument("--chunk", type=whole, default=batch.CHUNK, metavar="N", help="inputs per file")


def check_unused(args: argparse.Namespace) -> None:
    """Raise `UsageError` if options for Parquet files are given without it."""
    if (args.engine, args.workers, args.scheduler, args.chunk) != (ENGINES[0], WORKERS, None, batch.CHUNK):
        raise common.UsageError("--engine, --workers, --scheduler and --chunk go with --parquet FOLDER.")


def run(args: argparse.Namespace) -> int:
    """Process a folder, and write Parquet files.

    Returns
    -------
    int
        Exit status: 1 if a file failed, wholly or in part.

    Raises
    ------
    UsageError
        The options do not fit, the folder is empty, or the batch cannot run.
    """
    (root,) = _checked(args)
    names = common.chosen(args.models, args.checkpoints)
    common.check_labels(common.load_models(names, args.checkpoints), label_set(args.labels))
    source, out, checkpoints = (str(path.resolve()) for path in (root, args.parquet, args.checkpoints))
    request = BatchRequest(source, out, checkpoints, names, args.labels, RATE, args.mix)
    files = batch.inputs(root)
    if skipped := file_listing.look(root).skipped(root, clips=True):
        print(one_line(f"{root}: {len(files)} pictures and clips; {skipped}"), file=sys.stderr)
    if not files:
        raise common.UsageError(f"The folder {root} contains no pictures or clips.")
    try:
        chunks = batch.plan(files, request, args.chunk)
        left = batch.begin(chunks, request)
        _follow(_engine(args, left, request), len(chunks), len(left))
        return _tell(batch.outcome(chunks, request), args.parquet)
    except BatchError as error:
        raise common.UsageError(str(error)) from error


def _checked(args: argparse.Namespace) -> list[Path]:
    if importlib.util.find_spec("pyarrow") is None:
        raise common.UsageError(str(batch_backends.missing("pyarrow", "requirements.txt")))
    if len(args.paths) != 1 or not args.paths[0].is_dir():
        raise common.UsageError("--parquet needs exactly one folder of pictures and clips.")
    return args.paths


def _engine(args: argparse.Namespace, left: Sequence[Chunk], request: BatchRequest) -> Iterator[str]:
    if not left or args.engine == "local":
        return batch_backends.local(left, request)
    return batch_backends.dask(left, request, batch_backends.Cluster(args.workers, args.scheduler))


def _follow(parts: Iterator[str], whole: int, left: int) -> None:
    """Run the remaining chunks, with a progress bar on a terminal."""
    with tqdm(desc="parts", total=whole, initial=whole - left, disable=None) as bar:
        for _ in parts:
            bar.update()


def _tell(found: Outcome, out: Path) -> int:
    for file, error in found.failed:
        print(one_line(f"{file}: {error}"), file=sys.stderr)
    print(one_line(f"{found.inputs} files, {found.faces} faces: {out}"))
    if found.failed:
        print(f"python -m zoo: {len(found.failed)} of {found.inputs} files failed, wholly or in part.", file=sys.stderr)
    return 1 if found.failed else 0
