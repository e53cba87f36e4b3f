"""`cnn-large`: the network of `cnn` twice as wide, on crops of 64 pixels instead of 48.

Trained on a GPU by ``scripts/train_on_gpu.py``, together with `cnn` and `cnn-tiny`: three networks of its size learn
the labels and the FER+ votes, and then teach all three what they predict for the same copies, with a quarter of
`hog-svm`'s out-of-fold predictions.

Expected: 73.7 % on PublicTest; its three teachers have 72.2 to 73.3 %, and together 73.3 %. Ten minutes on one data
centre GPU. Its ``.keras`` file would have 28 MB, so that it is neither kept nor exported. Commands::

    python scripts/train_on_gpu.py pack --data fer2013.csv --votes fer2013new.csv --out gpu-data
    python scripts/train_on_gpu.py train --data gpu-data --out gpu --minutes 9.55 --teachers 3 \\
        --teaching 0.45 --spare 14
    python -m zoo train cnn-large --data fer2013.csv --trained gpu
"""

from __future__ import annotations

import argparse

from zoo.datasets.aligned import DataError
from zoo.training import single_head, trained_elsewhere
from zoo.training.architectures import residual_vgg
from zoo.training.single_head import Plan

SIDE = 64
PLAN = Plan(
    name="cnn-large",
    title="CNN, large",
    summary="The same network, twice as wide and on larger crops. What is gained by being large?",
    network=lambda: residual_vgg(SIDE, widths=(64, 128, 256, 512)),
    mirror=True,
    pooled_middle=True,
    keep_keras=False,  # 28 MB
    bits=8,
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the recipe's own options."""
    trained_elsewhere.add_option(parser)


def train(args: argparse.Namespace) -> None:
    """Publish the trained network, calibrated on PublicTest.

    Raises
    ------
    DataError
        Without ``--trained``, for it is not trained here.
    """
    if not args.trained:
        raise DataError(
            "cnn-large is trained on a GPU: run scripts/train_on_gpu.py, and give the folder it writes with --trained."
        )
    single_head.adopt(PLAN, args)
