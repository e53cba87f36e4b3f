"""Train a model and write its checkpoint.

Examples:
  python -m zoo train hog-linear-svm --data fer2013.csv
  python -m zoo train cnn --data fer2013.csv.xz --votes fer2013new.csv
  python -m zoo train cnn --data fer2013.csv --resume     # continue an interrupted run
  python -m zoo train cnn --help                          # this model's own options
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

from features import file_kinds
from zoo.cli import common
from zoo.filenames import check_folder
from zoo.models import registry
from zoo.training.recipes import RECIPES

RUNS = registry.CHECKPOINTS.parent / "runs"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the model's name; all other options depend on it, and are parsed by `options`."""
    parser.add_argument("name", choices=RECIPES, metavar="NAME", help=f"one of {', '.join(RECIPES)}")
    parser.add_argument(
        "options",
        nargs=argparse.REMAINDER,
        metavar="--data PATH ...",
        help="the model's options, after its name: see python -m zoo train NAME --help",
    )


def run(args: argparse.Namespace) -> int:
    """Run the model's recipe."""
    recipe = import_module(RECIPES[args.name])
    chosen = options(args.name, recipe).parse_args(args.options)
    _check(chosen)
    for folder in (chosen.run, chosen.out):
        check_folder(folder)
    recipe.train(chosen)
    print(
        f"{chosen.out / args.name} is ready; next: python -m zoo evaluate {args.name} --data PATH --write-cards",
        file=sys.stderr,
    )
    return 0


def options(name: str, recipe: ModuleType) -> argparse.ArgumentParser:
    """The parser for the options that all recipes share, and for those of this recipe."""
    parser = common.Parser(
        prog=f"python -m zoo train {name}",
        description=recipe.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--data", type=Path, required=True, metavar="PATH", help="FER2013 as Kaggle gives it: .csv, or packed"
    )
    parser.add_argument("--votes", type=Path, metavar="PATH", help="FER+ votes: fer2013new.csv")
    parser.add_argument("--run", type=Path, default=RUNS / name, metavar="FOLDER", help="state, log and curves")
    parser.add_argument("--resume", action="store_true", help="continue the run in that folder")
    parser.add_argument("--seed", type=int, default=0, help="random seed; the same seed gives the same run")
    parser.add_argument(
        "--out", type=Path, default=registry.CHECKPOINTS, metavar="FOLDER", help="where the checkpoint goes"
    )
    recipe.configure(parser)
    return parser


def _check(chosen: argparse.Namespace) -> None:
    """Raise `UsageError` for missing files or an existing run, before the data is read and aligned."""
    for name, path in (("--data", chosen.data), ("--votes", chosen.votes)):
        if path is not None and file_kinds.is_special(path):
            raise common.UsageError(f"{name}: {file_kinds.special_words(path)}")
        if path is not None and not path.is_file():
            what = f"{path} is a folder, not a file" if path.is_dir() else f"file {path} not found"
            raise common.UsageError(f"{name}: {what}.")
    trains = getattr(chosen, "epochs", None) != 0 and not getattr(chosen, "convert", None)
    if trains and not chosen.resume and (chosen.run / "state").is_dir():
        raise common.UsageError(
            f"{chosen.run} already holds a run. Continue it (--resume), delete it, or choose another folder (--run)."
        )
