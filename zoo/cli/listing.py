"""List the available models.

Examples:
  python -m zoo list
  python -m zoo list --json

A model with an invalid card is reported and skipped; the exit status is then 1.
"""

from __future__ import annotations

import argparse
import sys

from zoo.cards import Card, CardError
from zoo.cli import common
from zoo.filenames import one_line
from zoo.models import registry
from zoo.reports.leaderboard import share

HEADING = ("name", "family", "labels", "PrivateTest", "ms", "what it is")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--json", action="store_true", help="as JSON, with everything on the cards")
    common.add_checkpoints(parser)


def run(args: argparse.Namespace) -> int:
    """Print the models; the exit status is 1 if a card is invalid."""
    cards, broken = [], 0
    for name in common.chosen(registry.names(args.checkpoints), args.checkpoints):
        try:
            cards.append(registry.card(name, args.checkpoints))
        except CardError as error:
            broken += 1
            print(one_line(f"python -m zoo: {error}"), file=sys.stderr)
    if args.json:
        common.write_json(common.STDOUT, [_record(card) for card in cards])
    else:
        print(common.grid([HEADING, *(_row(card) for card in cards)], left=len(HEADING)))
    return 1 if broken else 0


def _row(card: Card) -> tuple[str, ...]:
    line = card.figure()
    milliseconds = f"{card.milliseconds:.1f}" if card.milliseconds else "-"
    return card.name, card.family, str(len(card.labels)), share(line), milliseconds, card.summary


def _record(card: Card) -> dict[str, object]:
    return {
        "name": card.name,
        "title": card.title,
        "summary": card.summary,
        "family": card.family,
        "labels": list(card.labels),
        "threshold": card.threshold,
        "size_bytes": card.size_bytes,
        "milliseconds": card.milliseconds,
        "licence": card.licence,
        "trained": card.training.command,
        "figures": [
            {
                "data": line.data,
                "split": line.split,
                "labels": line.labels,
                "n": line.n,
                "accuracy": line.accuracy,
                "interval": list(line.interval),
                "macro_f1": line.macro_f1,
            }
            for line in card.figures
        ],
        "limits": list(card.limits),
    }
