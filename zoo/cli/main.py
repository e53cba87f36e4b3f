"""The command line ``python -m zoo``: its commands, and the handling of errors.

Exit status: 0 success, 1 some inputs failed, 2 invalid input or usage,
130 stopped with Ctrl-C. Results go to stdout, everything else to stderr.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence

from features.images import ImageError
from zoo.cards import CardError
from zoo.cli import bench, data, evaluate, label_mix, listing, predict, table, train, video
from zoo.cli.common import Parser, UsageError
from zoo.datasets.aligned import DataError
from zoo.filenames import one_line, shortened
from zoo.labels import UnknownLabelsError
from zoo.models.registry import UnknownModelError
from zoo.training import tensorflow_needed

COMMANDS = {
    "list": listing,
    "predict": predict,
    "video": video,
    "data": data,
    "train": train,
    "evaluate": evaluate,
    "mix": label_mix,
    "bench": bench,
    "table": table,
}
BAD_INPUT = (UsageError, ImageError, CardError, DataError, UnknownLabelsError, UnknownModelError, OSError)
OK, BAD, STOPPED = 0, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    args = parser().parse_args(argv)
    try:
        return args.run(args)
    except KeyboardInterrupt:
        return _complain("Stopped.", STOPPED)
    except BrokenPipeError:  # the reader of the output, such as `head`, has exited
        return _close_stdout()
    except ModuleNotFoundError as error:
        return _complain(tensorflow_needed.not_installed(error.name or "a package"), BAD)
    except BAD_INPUT as error:
        return _complain(_words(error), BAD)


def parser() -> argparse.ArgumentParser:
    """The parser with all commands and their options."""
    whole = Parser(prog="python -m zoo", description="The model zoo: predict, train, evaluate, measure.")
    commands = whole.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        summary, _, examples = (module.__doc__ or "").strip().partition("\n\n")  # python -OO has none
        command = commands.add_parser(
            name,
            help=summary,
            description=summary,
            epilog=examples,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.configure(command)
        command.set_defaults(run=module.run)
    return whole


def _words(error: Exception) -> str:
    """An error's message. Python's own for files begin with a number, and do not say what failed if it has no name."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    return f"{shortened(error.filename or 'Reading or writing')}: {error.strerror}."


def _complain(sentence: str, status: int) -> int:
    print(one_line(f"python -m zoo: {sentence}"), file=sys.stderr)
    return status


def _close_stdout() -> int:
    """Redirect stdout to the null device, so that Python's flush at exit does not fail again."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return OK
