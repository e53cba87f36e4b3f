"""`cnn-svm`: a linear SVM on the input of `cnn`'s last layer.

The network is unchanged; only its last layer, a softmax, is replaced by one linear machine per label,
fitted on the embeddings of Training, each averaged over the face and its mirror image as the network's
own predictions are. C is chosen on PublicTest.

Expected: 71.7 % on PublicTest, with C = .001. The machine is fitted in seconds, after computing the embeddings
of 32,000 crops and their mirror images (a few minutes). Command::

    python -m zoo train cnn-svm --data fer2013.csv
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from features.align import AlignedFaces, AlignSpec
from zoo.cards import checked
from zoo.datasets.fer2013 import load_fer2013
from zoo.models import checkpoint, registry
from zoo.models.cnn import CnnClassifier
from zoo.models.svm import Linear, softmax
from zoo.training import calibration, svm_fit

CARD = checkpoint.draft(
    "cnn-svm",
    "CNN + linear SVM",
    "A linear SVM on the features of the network’s last layer, instead of a softmax.",
    "embedding-svm",
)
CS = (0.001, 0.003, 0.01, 0.03, 0.1)
CHUNK = 512


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the recipe's own options."""
    parser.add_argument("--network", default="cnn", help="model whose embedding is used")
    parser.add_argument("--checkpoints", type=Path, default=registry.CHECKPOINTS, help="folder with that model")


def train(args: argparse.Namespace) -> None:
    """Fit on Training, choose C and calibrate on PublicTest, write the checkpoint."""
    start = time.perf_counter()
    network = registry.load_network(args.network, args.checkpoints)
    data = load_fer2013(args.data, AlignSpec())
    public = data.split("PublicTest")
    seen = embed(network, public.faces, "PublicTest")
    training = data.split("Training")
    machine, c = choose(embed(network, training.faces, "Training"), training.targets, (seen, public.targets), args.seed)
    scores = machine(seen)
    scale, shift = calibration.vector_scaling(scores, public.targets)
    probs = softmax(scores * scale + shift)
    print(f"{CARD.name}: PublicTest accuracy {np.mean(probs.argmax(axis=1) == public.targets):.4f} with C = {c:g}")
    typed = f"python -m zoo train {CARD.name} --data fer2013.csv --network {args.network}"
    note = checkpoint.training_note(typed, "FER2013", args.seed, (time.perf_counter() - start) / 60)
    card = replace(
        CARD,
        align=network.align,
        fingerprint=network.align.fingerprint,
        settings={"c": c, "network": args.network, "mirror": network.mirror},
        threshold=calibration.sure_from(probs, public.targets),
        training=note,
    )
    arrays = {"weights": machine.weights, "bias": machine.bias, "scale": scale, "shift": shift}
    folder = args.checkpoints / args.network
    tflite = checked(folder, registry.card(args.network, args.checkpoints), "model.tflite").read_bytes()
    checkpoint.save(card, {"model.tflite": tflite, "model.npz": checkpoint.arrays_bytes(**arrays)}, args.out)


def embed(network: CnnClassifier, faces: AlignedFaces, words: str) -> np.ndarray:
    """``(n, e)`` float32, with a progress bar."""
    starts = tqdm(range(0, len(faces), CHUNK), desc=f"looking at {words}", unit=f"x{CHUNK}", disable=None)
    return np.concatenate([network.pooled(faces[i : i + CHUNK]) for i in starts])


def choose(x: np.ndarray, targets: np.ndarray, public: tuple, seed: int) -> tuple[Linear, float]:
    """The machine and the C with the highest accuracy on PublicTest; the smaller C in a tie.

    Parameters
    ----------
    x, targets : ndarray
        Embeddings of Training and their labels.
    public : (ndarray, ndarray)
        The same for PublicTest.
    seed : int
    """
    seen, labels = public
    centre, spread = x.mean(axis=0), x.std(axis=0).clip(1e-6)
    tried = [(_raw(svm_fit.fit_linear((x - centre) / spread, targets, c, seed), centre, spread), c) for c in CS]
    right = [np.mean(machine(seen).argmax(axis=1) == labels) for machine, _ in tried]
    shares = [f"{c:g} {share:.4f}" for (_, c), share in zip(tried, right, strict=True)]
    print(f"PublicTest accuracy by C: {', '.join(shares)}")
    return tried[int(np.argmax(right))]


def _raw(machine: Linear, centre: np.ndarray, spread: np.ndarray) -> Linear:
    """The same machine for embeddings that are not standardised."""
    weights = machine.weights / spread[:, None]
    return Linear(weights.astype(np.float32), (machine.bias - centre @ weights).astype(np.float32))
