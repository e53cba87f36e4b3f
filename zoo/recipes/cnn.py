"""`cnn`: a residual VGG of 1.9 M parameters, from scratch, with two heads."""

from __future__ import annotations

import argparse
from pathlib import Path

import keras

from features.align import AlignSpec
from zoo.augment import Augmentation
from zoo.datasets import load_fer2013, read_ferplus
from zoo.deep import Batches, Schedule, fit, two_heads, vote_shares
from zoo.networks import residual_vgg

SIDE = 48
CHANGES = Augmentation(degrees=12, zoom=0.12, shift=0.06, gamma=1.6, contrast=0.3, soften=0.15, noise=0.12, erase=0.3)


def train(data: Path, votes: Path, run: Path, schedule: Schedule, resume: bool = False) -> None:
    keras.utils.set_random_seed(schedule.seed)
    keras.mixed_precision.set_global_policy(schedule.precision)
    model = two_heads(residual_vgg(SIDE))
    faces = load_fer2013(data, AlignSpec())
    shares, weights = vote_shares(read_ferplus(votes))
    parts = {}
    for name in ("Training", "PublicTest"):
        rows = (faces.splits == name).nonzero()[0]
        parts[name] = faces.rows(rows), (shares[rows], weights[rows])
    batches = Batches(*parts["Training"], SIDE, schedule, CHANGES)
    fit(model, batches, parts["PublicTest"], run, resume)


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--data", type=Path)
    p.add_argument("--votes", type=Path)
    p.add_argument("--run", type=Path)
    p.add_argument("--epochs", type=int, default=36)
    p.add_argument("--resume", action="store_true")
    p.add_argument("--precision", default="mixed_bfloat16")
    a = p.parse_args()
    train(a.data, a.votes, a.run, Schedule(epochs=a.epochs, precision=a.precision), a.resume)
