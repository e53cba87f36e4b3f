"""Write onto the cards how common each label was in training, and the threshold when all are equally common.

Examples:
  python -m zoo mix --data fer2013.csv.xz --votes fer2013new.csv
  python -m zoo mix cnn --data fer2013.csv

Counts come from FER2013's Training split (for models of 8 labels: the FER+ votes on it). The threshold is
the confidence from which 80 % of the answers on PublicTest are right when every label counts equally there, as the
usual threshold is for the labels as common as they are. Run it again after training.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from zoo.cards import Card
from zoo.cli import common
from zoo.datasets.aligned import AlignedSet
from zoo.datasets.fer2013 import class_counts, load_fer2013
from zoo.datasets.ferplus import ferplus_majority, read_ferplus, vote_shares
from zoo.labels import EIGHT
from zoo.models import registry
from zoo.models.label_mix import without_frequencies
from zoo.prediction import Prediction

HEADING = ("model", "threshold", "equal mix", "ECE, equal", "as learned")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="models (default: all)")
    parser.add_argument("--data", type=Path, required=True, metavar="PATH", help="FER2013's CSV")
    parser.add_argument("--votes", type=Path, metavar="PATH", help="FER+ votes (fer2013new.csv), for 8-label models")
    common.add_checkpoints(parser)


def run(args: argparse.Namespace) -> int:
    """Measure each model, write its card, and print a table."""
    names = common.chosen(args.names or registry.names(args.checkpoints), args.checkpoints)
    rows: list[Sequence[str]] = [HEADING]
    for name in names:
        card = registry.card(name, args.checkpoints)
        card = replace(card, label_counts=_counts(card, args))
        card, figures = _measured(card, _labelled(card, args), args.checkpoints)
        common.update_card(name, args.checkpoints, card)
        rows.append((name, f"{card.threshold:.2f}", f"{card.threshold_equal:.2f}", *(f"{one:.3f}" for one in figures)))
    print(common.grid(rows))
    return 0


def _counts(card: Card, args: argparse.Namespace) -> tuple[int, ...]:
    """Number of training pictures per label; for FER+ votes, rounded sums of the vote fractions."""
    if not set(card.labels) <= set(EIGHT):
        raise common.UsageError(f"{card.name} has labels that FER2013 lacks: {', '.join(card.labels)}.")
    data = load_fer2013(args.data, card.align)
    if card.labels != EIGHT:
        return class_counts(data.within(card.labels).split("Training").targets, card.labels)
    if args.votes is None:
        raise common.UsageError(f"{card.name} learned from FER+ votes; give them with --votes fer2013new.csv.")
    shares, weights = vote_shares(read_ferplus(args.votes))
    summed = (shares * weights[:, None])[data.splits == "Training"].sum(axis=0)
    return tuple(np.rint(summed).astype(int).tolist())


def _labelled(card: Card, args: argparse.Namespace) -> AlignedSet:
    """FER2013 with the model's labels."""
    data = load_fer2013(args.data, card.align)
    if card.labels == EIGHT:
        majority = ferplus_majority(read_ferplus(args.votes))
        kept = np.flatnonzero(majority >= 0)
        return replace(data.rows(kept), targets=majority[kept], labels=EIGHT)
    return data.within(card.labels)


def _measured(card: Card, data: AlignedSet, root: Path) -> tuple[Card, tuple[float, float]]:
    """The card with its threshold, and the class-balanced calibration errors for the equal mix and as learned."""
    from zoo.evaluation.evaluate import predict
    from zoo.training.calibration import balancing, sure_from

    public = data.split("PublicTest")
    learned = predict(registry.load(card.name, root), public.faces)
    equal = without_frequencies(learned, card.label_counts)
    weights = balancing(public.targets)
    threshold = sure_from(equal.probs, public.targets, weights=weights)
    gaps = _gap(equal, public.targets, weights), _gap(learned, public.targets, weights)
    return replace(card, threshold_equal=threshold), gaps


def _gap(answer: Prediction, targets: np.ndarray, weights: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error, with a weight for each picture."""
    place = np.minimum((answer.confidence * bins).astype(int), bins - 1)
    apart = weights * (answer.confidence - (answer.best == targets))
    return float(np.abs(np.bincount(place, weights=apart, minlength=bins)).sum() / weights.sum())
