"""`cnn`: a residual VGG of 1.9 M parameters, trained from scratch with two heads.

One head learns FER2013's labels, the other the ten FER+ taggers' votes on the same pictures;
the second teaches the shared layers what the first one's noisy labels hide, and is served by
itself as `cnn-ferplus`.

Expected: about 70 % on PrivateTest, 80 minutes on two cores with AVX512-BF16 and
``--precision mixed_bfloat16`` (two hours with float32). Command::

    python -m zoo train cnn --data fer2013.csv --votes fer2013new.csv
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import keras
import numpy as np

from features.align import AlignSpec
from zoo import calibration, checkpoint
from zoo.augment import Augmentation
from zoo.cards import Card
from zoo.cnn import CnnClassifier
from zoo.datasets import AlignedSet, DataError, load_fer2013, read_ferplus
from zoo.deep import Batches, Schedule, export, fit, two_heads, vote_shares
from zoo.labels import SEVEN
from zoo.networks import residual_vgg
from zoo.svm import softmax

NAME = "cnn"
SIDE = 48
CHANGES = Augmentation(degrees=12, zoom=0.12, shift=0.06, gamma=1.6, contrast=0.3, soften=0.15, noise=0.12, erase=0.3)


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of its own."""
    parser.add_argument("--epochs", type=int, default=36)
    parser.add_argument("--precision", choices=("float32", "mixed_bfloat16"), default="float32")


def train(args: argparse.Namespace) -> None:
    """Fit on Training, keep the best epoch on PublicTest, calibrate there, write the checkpoint."""
    start = time.perf_counter()
    schedule = Schedule(epochs=args.epochs, seed=args.seed, precision=args.precision)
    keras.utils.set_random_seed(schedule.seed)
    keras.mixed_precision.set_global_policy(schedule.precision)
    spec = AlignSpec()
    parts = with_votes(load_fer2013(args.data, spec), args.votes)
    batches = Batches(*parts["Training"], SIDE, schedule, CHANGES)
    fit(two_heads(network()), batches, parts["PublicTest"], args.run, args.resume)
    command = f"python -m zoo train {NAME} --data fer2013.csv --votes fer2013new.csv --epochs {args.epochs}"
    command += f" --precision {args.precision}"
    minutes = (time.perf_counter() - start) / 60
    note = checkpoint.training_note(command, "FER2013 and FER+ votes", args.seed, minutes)
    publish(args.run / "best.weights.h5", parts["PublicTest"][0], note, args.out)


def network() -> tuple:
    """The graph, fresh."""
    return residual_vgg(SIDE)


def with_votes(data: AlignedSet, votes: Path | None) -> dict[str, tuple]:
    """Each split with its vote shares and weights; without a votes file the second head learns nothing."""
    counts = read_ferplus(votes) if votes else np.zeros((len(data), 10), int)
    if len(counts) != len(data):
        raise DataError(f"{votes} has {len(counts)} rows, the data {len(data)}; they must be of the same pictures.")
    shares, weights = vote_shares(counts)
    rows = {name: np.flatnonzero(data.splits == name) for name in ("Training", "PublicTest")}
    return {name: (data.rows(at), (shares[at], weights[at])) for name, at in rows.items()}


def publish(weights: Path, public: AlignedSet, note, out: Path) -> None:
    """Export, calibrate on PublicTest, write the checkpoint."""
    tflite, keras_file = export(weights, network, "fer2013")
    spec = public.faces.spec
    logits = CnnClassifier(NAME, SEVEN, spec, tflite).logits(public.faces)
    temperature = calibration.temperature(logits, public.targets)
    probs = softmax(logits / temperature)
    print(f"PublicTest accuracy {np.mean(probs.argmax(axis=1) == public.targets):.4f}")
    card = Card(
        name=NAME,
        title="CNN",
        summary="A convolutional network that learns its own features from pixels.",
        family="deep",
        loader="tflite",
        labels=SEVEN,
        align=spec,
        fingerprint=spec.fingerprint,
        files={},
        settings={"temperature": temperature, "side": SIDE},
        threshold=calibration.sure_from(probs, public.targets),
        training=note,
        limits=checkpoint.LIMITS,
    )
    checkpoint.save(card, {"model.tflite": tflite, "model.keras": keras_file}, out)
