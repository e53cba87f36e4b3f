"""Write the table of models into README.md and checkpoints/README.md, or check that it is right.

Examples:
  python -m zoo table
  python -m zoo table --check    # exit status 1 when the table is stale
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from zoo import registry
from zoo.commands import common
from zoo.tables import BEGIN, END, TableError, has_marks, model_table, with_table


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--check", action="store_true", help="change nothing; exit status 1 when a table is stale")
    parser.add_argument("--file", type=Path, action="append", metavar="README", help="instead of the two READMEs")
    common.add_checkpoints(parser)


def run(args: argparse.Namespace) -> int:
    """Rewrite or check the tables."""
    readmes = [registry.CHECKPOINTS.parent / "README.md", args.checkpoints / "README.md"]
    paths = [path for path in args.file or readmes if has_marks(path)]
    if not paths:
        raise common.UsageError(f"No README has the lines {BEGIN} and {END}; add them where the table belongs.")
    table = model_table([registry.card(name, args.checkpoints) for name in registry.names(args.checkpoints)])
    stale = [path for path in paths if _renew(path, table, args.check)]
    return 1 if args.check and stale else 0


def _renew(path: Path, table: str, check: bool) -> bool:
    """Whether the file's table was stale; it is rewritten unless only checked."""
    old = path.read_text(encoding="utf-8")
    try:
        new = with_table(old, table, str(path))
    except TableError as error:
        raise common.UsageError(str(error)) from error
    if old != new:
        print(
            f"python -m zoo: {path} is stale; run: python -m zoo table" if check else f"wrote {path}", file=sys.stderr
        )
        if not check:
            path.write_text(new, encoding="utf-8", newline="\n")
    return old != new
