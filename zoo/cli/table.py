"""Write the tables of models and each model's README, or check that they are up to date.

Examples:
  python -m zoo table
  python -m zoo table --check    # exit status 1 if a table or a model's README is out of date
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from zoo.cli import common
from zoo.filenames import one_line, write_whole
from zoo.models import registry
from zoo.reports import model_card
from zoo.reports.leaderboard import BEGIN, END, TableError, has_marks, model_table, with_table


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--check", action="store_true", help="change nothing; exit status 1 if a file is out of date")
    parser.add_argument(
        "--file", type=Path, action="append", metavar="README", help="update this file instead of the two READMEs"
    )
    common.add_checkpoints(parser)


def run(args: argparse.Namespace) -> int:
    """Rewrite or check the tables and the models' READMEs; a failed check has exit status 1."""
    stale = {path: text for path, text in _wanted(args).items() if not _says(path, text)}
    if args.check:
        return _complain(list(stale))
    for path, text in stale.items():
        write_whole(path, text)
        print(one_line(f"wrote {path}"), file=sys.stderr)
    return 0


def _wanted(args: argparse.Namespace) -> dict[Path, str]:
    """Every file generated from the cards, with its expected content."""
    readmes = [registry.CHECKPOINTS.parent / "README.md", args.checkpoints / "README.md"]
    for path in args.file or ():
        if not path.is_file():
            raise common.UsageError(f"{path} is not a file.")
    paths = [path for path in args.file or readmes if has_marks(_text(path))]
    if not paths:
        raise common.UsageError(f"No README has the lines {BEGIN} and {END}; add them where the table belongs.")
    cards = [registry.card(name, args.checkpoints) for name in registry.names(args.checkpoints)]
    files = {path: _with_table(path, model_table(cards)) for path in paths}
    return files | {args.checkpoints / card.name / model_card.README: model_card.markdown(card) for card in cards}


def _with_table(path: Path, table: str) -> str:
    try:
        return with_table(_text(path), table, str(path))
    except TableError as error:
        raise common.UsageError(str(error)) from error


def _says(path: Path, text: str) -> bool:
    return path.is_file() and _text(path) == text


def _text(path: Path) -> str:
    """A file's text; empty if it does not exist."""
    if not path.is_file():
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise common.UsageError(f"{path} is not a text file in UTF-8. Save it as UTF-8.") from None


def _complain(stale: list[Path]) -> int:
    if stale:
        which = " and ".join(map(str, stale))
        verb = "is" if len(stale) == 1 else "are"
        print(one_line(f"python -m zoo: {which} {verb} out of date; run: python -m zoo table"), file=sys.stderr)
    return 1 if stale else 0
