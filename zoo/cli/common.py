"""Functions that commands share: options, choice of models, output."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from zoo.cards import Card, write_card
from zoo.classifier import Classifier, common_spec
from zoo.filenames import NotWritableError, check_file, one_line, write_whole
from zoo.labels import LabelSet
from zoo.models import registry
from zoo.models.label_mix import MIXES

FAVOURITES = ("hog-svm", "cnn")
STDOUT = "-"
INDENT = 1


class UsageError(ValueError):
    """The command line is not valid. The message says what to type instead."""


class Parser(argparse.ArgumentParser):
    """A parser that reports errors in one sentence, without the usage text, and exits with status 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{one_line(f'{self.prog}: {message}. See: {self.prog} --help')}\n")


def add_checkpoints(parser: argparse.ArgumentParser) -> None:
    """Add ``--checkpoints``, the folder of the models."""
    parser.add_argument(
        "--checkpoints",
        type=Path,
        default=registry.CHECKPOINTS,
        metavar="FOLDER",
        help="folder with the models (default: checkpoints/)",
    )


def add_models(parser: argparse.ArgumentParser) -> None:
    """Add ``--models A,B`` and ``--checkpoints``."""
    parser.add_argument(
        "--models",
        type=_names,
        metavar="A,B",
        help=f"models, separated by commas (default: {','.join(FAVOURITES)} if present, otherwise all)",
    )
    add_checkpoints(parser)


def add_mix(parser: argparse.ArgumentParser, default: str | None, words: str = "") -> None:
    """Add ``--mix``, the assumed frequencies of the labels; `words`, if given, describe the default in the help."""
    shown = words or default
    parser.add_argument("--mix", choices=MIXES, default=default, help=f"how common labels are (default: {shown})")


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def chosen(names: Sequence[str] | None, root: Path) -> tuple[str, ...]:
    """The requested models, or else `FAVOURITES`, or else all; `UsageError` if there are none."""
    known = registry.names(root)
    if not known:
        raise UsageError(f"{root} contains no models. Train one, or set --checkpoints.")
    if names is not None and not names:
        raise UsageError(f"--models is empty; available models: {', '.join(known)}.")
    return tuple(names or [name for name in FAVOURITES if name in known] or known)


def load_models(names: Sequence[str], root: Path) -> list[Classifier]:
    """Load models; `UsageError` unless all take the same crops."""
    models = [registry.load(name, root) for name in names]
    try:
        common_spec(models)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return models


def check_labels(models: Sequence[Classifier], labels: LabelSet) -> None:
    """Raise `UsageError` if a model cannot answer in these labels."""
    for model in models:
        lacking = [label for label in labels if label not in model.labels.labels]
        if lacking:
            raise UsageError(f"{model.name} does not have the labels {', '.join(lacking)}; choose other --labels.")


def output(suffix: str) -> Callable[[str], str]:
    """An argparse type: ``-`` for stdout, or a writable file with this suffix, so that no photo is overwritten."""

    def check(text: str) -> str:
        if text != STDOUT and Path(text).suffix.lower() != suffix:
            raise argparse.ArgumentTypeError(f"{text!r} is neither - nor a file ending in {suffix}")
        if text != STDOUT and not Path(text).parent.is_dir():  # reported before the work
            raise argparse.ArgumentTypeError(
                f"the folder {Path(text).parent} does not exist; create it, or choose another"
            )
        if text != STDOUT:
            try:
                check_file(Path(text))
            except NotWritableError as error:
                raise argparse.ArgumentTypeError(str(error).removesuffix(".")) from None
        return text

    return check


def check_apart(targets: Iterable[str | None], inputs: Iterable[Path]) -> None:
    """Raise `UsageError` if a result would overwrite an input, even through a link or another spelling."""
    files = [Path(target) for target in targets if target and target != STDOUT and Path(target).exists()]
    for given in inputs if files else ():
        for target in files:
            if given.exists() and os.path.samefile(given, target):
                raise UsageError(f"{target} is the input itself; give the result another name.")


@contextmanager
def stopped_by_signal() -> Iterator[None]:
    """Handle SIGTERM like Ctrl-C within a ``with`` statement, so that incomplete files are removed."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def write_text(target: str, text: str) -> None:
    """Write to stdout (``-``) or to a file; `NotWritableError` says which could not be written, and why."""
    with written(target):
        if target == STDOUT:
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            write_whole(Path(target), text, errors="backslashreplace")


@contextmanager
def written(target: str) -> Iterator[None]:
    """Turn `OSError` into a `NotWritableError` that names the target, within a ``with`` statement."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if not error.strerror:  # the app's own, about something else
            raise
        place = "the output" if target == STDOUT else target
        raise NotWritableError(f"Cannot write {place} ({error.strerror}). Choose another place.") from None


def write_json(target: str, data: object) -> None:
    """Write indented JSON, in ASCII because the encoding at the other end of a pipe is unknown."""
    write_text(target, json.dumps(data, indent=INDENT) + "\n")


def update_card(name: str, root: Path, card: Card) -> None:
    """Write a changed card, and report it."""
    write_card(root / name, card)
    print(f"wrote {root / name / 'card.json'}", file=sys.stderr)


def grid(rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Rows of text as aligned columns; the first `left` columns are flush left, the others flush right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(w) if i < left else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
