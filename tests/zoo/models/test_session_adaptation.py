"""Label-free adaptation to a session, as ``scripts/adapt_without_labels.py`` tries it."""

import numpy as np
import pytest

from scripts.adapt_without_labels import scored, t3a


@pytest.fixture
def shifted():
    """Embeddings of two labels, seen under a light that moves both: the shipped weights call everything the first."""
    rng = np.random.default_rng(0)
    targets = np.repeat([0, 1], 60)
    centres = np.array([[1.0, 0.1, 0.0], [0.75, 0.95, 0.0]])
    return centres[targets] + rng.normal(0, 0.03, (120, 3)), targets


def test_prototypes_follow_the_session(shifted):
    pooled, targets = shifted
    weights, biases = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), np.array([0.0, -0.1])
    fixed = (pooled @ weights.T + biases).argmax(axis=1)
    adapted = t3a(pooled, (weights, biases), 20, np.random.default_rng(0))
    assert scored(adapted, targets)[0] >= scored(fixed, targets)[0] and adapted.shape == targets.shape
    np.testing.assert_array_equal(adapted, t3a(pooled, (weights, biases), 20, np.random.default_rng(0)))


def test_with_one_embedding_kept_the_weights_themselves_are_the_prototypes():
    weights, biases = np.eye(2), np.zeros(2)  # a weight has no entropy: it is kept before any embedding
    pooled = np.array([[2.0, 0.5], [0.2, 1.0], [0.9, 1.0]])
    assert t3a(pooled, (weights, biases), 1, np.random.default_rng(1)).tolist() == [0, 1, 1]


def test_recall_counts_labels_equally():
    accuracy, recall = scored(np.array([0, 0, 0, 0]), np.array([0, 0, 0, 1]))
    assert (accuracy, recall) == (0.75, 0.5)
