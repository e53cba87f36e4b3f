"""The threshold when every label counts equally."""

import numpy as np

from zoo.training.calibration import balancing, sure_from


def test_labels_count_equally_however_many_pictures_they_have():
    targets = np.array([0] * 90 + [1] * 10)
    weights = balancing(targets)
    assert weights[targets == 0].sum() == np.float64(1) and np.isclose(weights[targets == 1].sum(), 1)


def test_a_rare_label_that_is_missed_raises_the_threshold():
    targets = np.array([0] * 90 + [1] * 10)
    confidence = np.where(targets == 0, 0.9, np.linspace(1.5, 0.5, 100))
    probs = np.stack([confidence, 1 - confidence], axis=1)  # the rare label is always missed
    assert sure_from(probs, targets) == 0.5
    assert sure_from(probs, targets, weights=balancing(targets)) == 0.58
