"""List the models there are.

Examples:
  python -m zoo list
  python -m zoo list --json
"""

from __future__ import annotations

import argparse

from zoo import registry
from zoo.cards import Card
from zoo.commands import common
from zoo.tables import share


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--json", action="store_true", help="as JSON, with everything on the cards")
    common.add_checkpoints(parser)


def run(args: argparse.Namespace) -> int:
    """Print the models."""
    names = common.chosen(registry.names(args.checkpoints), args.checkpoints)
    cards = [registry.card(name, args.checkpoints) for name in names]
    if args.json:
        common.write_json(common.STDOUT, [_record(card) for card in cards])
        return 0
    heading = ("name", "family", "labels", "PrivateTest", "ms", "what it is")
    print(common.grid([heading, *(_row(card) for card in cards)], left=len(heading)))
    return 0


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
