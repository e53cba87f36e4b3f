"""Summarise a data set: counts per label and split as CSV and PNG, and grids of samples.

Examples:
  python -m zoo data --data fer2013.csv
  python -m zoo data --data fer2013.csv --out runs/data --each 12 --aligned

The grids show people who did not consent to this: do not share them. The default output folder, runs/,
is not under version control.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from features.align import AlignSpec
from zoo.cli import common
from zoo.cli_types import whole
from zoo.datasets.fer2013 import SPLITS, Fer2013, class_counts, is_standard_fer2013, load_fer2013, read_fer2013
from zoo.datasets.summary import count_rows, draw_counts, sample_grid, to_csv
from zoo.filenames import check_folder, write_whole
from zoo.labels import SEVEN
from zoo.models import registry

OUT = registry.CHECKPOINTS.parent / "runs" / "data"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--data", type=Path, required=True, metavar="PATH", help="FER2013: .csv, or packed")
    parser.add_argument("--out", type=Path, default=OUT, metavar="FOLDER", help="output folder (default: runs/data)")
    parser.add_argument("--each", type=whole, default=10, metavar="N", help="pictures per label in each grid")
    parser.add_argument("--seed", type=int, default=0, help="random seed")
    parser.add_argument("--aligned", action="store_true", help="also draw the aligned crops")


def run(args: argparse.Namespace) -> int:
    """Write counts and grids to the output folder, and print the counts."""
    check_folder(args.out)
    data = read_fer2013(args.data)
    counts = {name: class_counts(data.targets[data.splits == name]) for name in SPLITS if (data.splits == name).any()}
    rows = count_rows(counts, SEVEN)
    write_whole(args.out / "counts.csv", to_csv(rows))
    draw_counts(counts, SEVEN, args.out / "counts.png")
    for name, pixels in _pictures(args, data).items():
        grid = sample_grid(pixels, data.targets, SEVEN, args.each, args.seed)
        Image.fromarray(grid).save(args.out / f"{name}.png")
    print(common.grid(rows))
    if not is_standard_fer2013(data):
        print("These are not the counts of Kaggle's FER2013.", file=sys.stderr)
    print(f"wrote {args.out}; the grids show people who were not asked: do not pass them on", file=sys.stderr)
    return 0


def _pictures(args: argparse.Namespace, data: Fer2013) -> dict[str, np.ndarray]:
    aligned = {"samples-aligned": load_fer2013(args.data, AlignSpec()).faces.images} if args.aligned else {}
    return {"samples": data.pixels, **aligned}
