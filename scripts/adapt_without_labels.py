"""Adapt a shipped network to unseen faces without labels: logit adjustment, T3A, a balanced last layer.

Only the last one is fitted, to FER2013's training pictures with every label counting equally. For T3A, pictures come
one after the other in a random order, as in a session::

    python scripts/adapt_without_labels.py --data fer2013.csv --people london/
    python scripts/adapt_without_labels.py --data fer2013.csv --people london/ --balanced-head

References
----------
Iwasawa and Matsuo, "Test-Time Classifier Adjustment Module for Model-Agnostic Domain Generalization", NeurIPS 2021
(T3A). Menon et al., "Long-tail learning via logit adjustment", ICLR 2021. Kang et al., "Decoupling representation and
classifier for long-tailed recognition", ICLR 2020 (a balanced last layer on a network that stays as it is).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).parents[1]))

from features.align import AlignedFaces
from zoo.cards import Card
from zoo.datasets.aligned import AlignedSet
from zoo.datasets.fer2013 import load_fer2013
from zoo.evaluation.test_sets import photo_test
from zoo.models import registry
from zoo.models.cnn import CnnClassifier

TAUS = (0.0, 0.25, 0.5, 0.75, 1.0)
KEPT = (1, 5, 20, 50, 100, 10**6)  # embeddings kept per label, those with the lowest entropy; the paper's M
STRENGTHS = (1e-4, 1e-3, 1e-2)  # inverse regularisation of a balanced last layer
RUNS = 5  # orders of the pictures
BATCH = 128
PERCENT = "{0:.1%}, {1:.1%}"
Pair = tuple[np.ndarray, np.ndarray]


def main() -> None:
    """Print the figures of every method."""
    about = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--data", type=Path, required=True, help="fer2013.csv, for PublicTest")
    parser.add_argument("--people", type=Path, required=True, help="a folder of photos, one folder per label")
    parser.add_argument("--model", default="cnn", help="a network without a kernel head (default: cnn)")
    parser.add_argument("--balanced-head", action="store_true", help="only that; it takes minutes to fit")
    args = parser.parse_args()
    model, card = registry.load(args.model), registry.card(args.model)
    if not isinstance(model, CnnClassifier) or model.kernel_head is not None or not card.label_counts:
        raise SystemExit(f"{args.model} has no linear last layer, or its card does not say how common its labels were.")
    data = load_fer2013(args.data, model.align)
    public = data.split("PublicTest")
    photos = photo_test(args.people, model.align)
    rows, wanted = photos.rows, photos.targets
    if rows is None or wanted is None:
        raise SystemExit(f"{args.people} has no folder per label.")
    seen = rows >= 0
    sets = {
        "PublicTest": (public.faces, public.targets),
        args.people.name: (photos.faces[rows[seen]], wanted[seen]),
    }
    if args.balanced_head:
        heads = balanced_heads(model, data.split("Training"))
        for name, (faces, targets) in sets.items():
            report_heads(name, embeddings(model, faces)[0], np.asarray(targets), heads)
        return
    for name, (faces, targets) in sets.items():
        report(name, embeddings(model, faces), np.asarray(targets), card, last_layer(model, public.faces))


def embeddings(model: CnnClassifier, faces: AlignedFaces) -> Pair:
    """Inputs of the last layer ``(n, e)``, and calibrated log-probabilities ``(n, k)``."""
    starts = range(0, len(faces), BATCH)
    pooled = np.concatenate([model.pooled(faces[i : i + BATCH]) for i in starts]).astype(np.float64)
    probs = np.concatenate([model.predict_proba(faces[i : i + BATCH]).probs for i in starts])
    return pooled, np.log(probs.astype(np.float64).clip(1e-12))


def last_layer(model: CnnClassifier, faces: AlignedFaces) -> Pair:
    """Weights ``(k, e)`` and biases ``(k,)`` of the last layer, a least-squares fit to its inputs and outputs."""
    pooled, logits = model.pooled(faces[:1500]), model.raw_logits(faces[:1500])
    padded = np.concatenate([pooled, np.ones((len(pooled), 1))], axis=1)
    found = np.linalg.lstsq(padded, logits, rcond=None)[0]
    return found[:-1].T, found[-1]


def balanced_heads(model: CnnClassifier, training: AlignedSet) -> dict[float, Pipeline]:
    """Logistic regressions by C, fitted to the training pictures' embeddings with all labels weighted equally."""
    pooled = embeddings(model, training.faces)[0]
    fitted = {}
    for c in STRENGTHS:
        head = LogisticRegression(C=c, class_weight="balanced", max_iter=1000)
        fitted[c] = make_pipeline(StandardScaler(), head).fit(pooled, training.targets)
    return fitted


def report_heads(name: str, pooled: np.ndarray, targets: np.ndarray, heads: dict[float, Pipeline]) -> None:
    """Print a set's figures with each of the balanced last layers."""
    print(f"{name}, {len(targets)} pictures: accuracy, mean recall")
    for c, head in heads.items():
        print(f"  last layer fitted anew, labels weighted equally, C {c:g}: {scores(head.predict(pooled), targets)}")


def report(
    name: str,
    read: tuple[np.ndarray, np.ndarray],
    targets: np.ndarray,
    card: Card,
    layer: tuple[np.ndarray, np.ndarray],
) -> None:
    """Print a set's figures with logit adjustment and with T3A."""
    pooled, logs = read
    print(f"{name}, {len(targets)} pictures: accuracy, mean recall")
    prior = np.log(np.asarray(card.label_counts, np.float64) / sum(card.label_counts))
    for tau in TAUS:
        print(f"  divided by the label mix to the power of {tau:g}: {scores((logs - tau * prior).argmax(1), targets)}")
    for kept in KEPT:
        predicted = [t3a(pooled, layer, kept, np.random.default_rng(seed)) for seed in range(RUNS)]
        mean = np.mean([scored(one, targets) for one in predicted], axis=0)
        words = "all" if kept == KEPT[-1] else kept
        print(f"  T3A, {words} embeddings kept per label, mean of {RUNS} orders: {PERCENT.format(*mean)}", flush=True)


def t3a(pooled: np.ndarray, layer: Pair, kept: int, rng: np.random.Generator) -> np.ndarray:
    """Labels ``(n,)`` of embeddings in random order; each is added to the supports of its label before the answer."""
    weights, biases = layer
    unit = lambda rows: rows / np.linalg.norm(rows, axis=-1, keepdims=True).clip(1e-12)
    supports, entropies = [[row] for row in unit(weights)], [[0.0] for _ in weights]
    labels = np.zeros(len(pooled), int)
    for i in rng.permutation(len(pooled)):
        one = unit(pooled[i])
        scores_now = weights @ pooled[i] + biases
        probs = np.exp(scores_now - scores_now.max())
        probs /= probs.sum()
        at = int(probs.argmax())
        supports[at].append(one)
        entropies[at].append(float(-(probs * np.log(probs.clip(1e-12))).sum()))
        if len(supports[at]) > kept:
            best = np.argsort(entropies[at], kind="stable")[:kept]
            supports[at], entropies[at] = [supports[at][j] for j in best], [entropies[at][j] for j in best]
        prototypes = unit(np.array([np.mean(rows, axis=0) for rows in supports]))
        labels[i] = int((prototypes @ one).argmax())
    return labels


def scored(predicted: np.ndarray, targets: np.ndarray) -> tuple[float, float]:
    """Accuracy, and mean recall over the labels that occur."""
    recalls = [float((predicted[targets == k] == k).mean()) for k in np.unique(targets)]
    return float((predicted == targets).mean()), float(np.mean(recalls))


def scores(predicted: np.ndarray, targets: np.ndarray) -> str:
    """`scored` as text, in per cent."""
    return PERCENT.format(*scored(predicted, targets))


if __name__ == "__main__":
    main()
