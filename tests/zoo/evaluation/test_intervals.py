from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from zoo.evaluation.intervals import by_label, share_interval
from zoo.evaluation.metrics import Scored, figures
from zoo.prediction import Prediction


@pytest.mark.parametrize(("right", "n"), [(0, 7), (6, 20), (10, 10), (31, 55), (797, 879)])
def test_a_share_of_few_has_wilsons_interval(right, n):
    assert share_interval(right, n) == pytest.approx(binomtest(right, n).proportion_ci(method="wilson"), abs=1e-9)


def test_of_no_picture_nothing_is_known():
    """Brown, Cai and DasGupta 2001 give (0.722, 1) for 10 of 10."""
    assert share_interval(0, 0) == (0.0, 1.0)
    assert share_interval(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)


@pytest.fixture(scope="module")
def line():
    """Figures of 400 made answers in three labels, of which 40 pictures had no face."""
    from zoo.labels import LabelSet

    rng = np.random.default_rng(3)
    targets = rng.choice(3, 400, p=[0.1, 0.3, 0.6])
    said = np.where(rng.random(400) < 0.7, targets, rng.integers(0, 3, 400))
    answered = np.arange(400) >= 40
    probs = np.full((400, 3), 0.1, np.float32) + 0.7 * np.eye(3, dtype=np.float32)[said]
    scored = Scored(Prediction(probs, LabelSet("abc", ("a", "b", "c"))), targets, answered, np.arange(400))
    return figures(scored, "made", "all")


def test_values_are_the_cards_and_lie_in_their_intervals(line):
    found = by_label(line, "abc")
    assert [(one.label, one.n, one.f1.value) for one in found] == list(zip("abc", line.counts, line.f1, strict=True))
    for one in found:
        for share in (one.precision, one.recall, one.f1):
            low, high = share.interval
            assert 0 <= low < share.value < high <= 1
    width = [one.recall.interval[1] - one.recall.interval[0] for one in found]
    assert width == sorted(width, reverse=True)  # fewer pictures say less


def test_intervals_of_f1_are_those_of_a_bootstrap(line):
    """Over the pictures; a face that was not found counts against recall and F1."""
    truth, said = [], []
    for i, row in enumerate(line.confusion):
        truth += [i] * line.counts[i]
        said += [j for j, n in enumerate(row) for _ in range(n)] + [-1] * (line.counts[i] - sum(row))
    truth, said = np.array(truth), np.array(said)
    rng, drawn = np.random.default_rng(0), []
    for _ in range(2000):
        rows = rng.integers(400, size=400)
        hit = ((truth == 2) & (said == 2))[rows].sum()
        drawn.append(2 * hit / ((truth == 2)[rows].sum() + (said == 2)[rows].sum()))
    assert by_label(line, "abc")[2].f1.interval == pytest.approx(np.percentile(drawn, [2.5, 97.5]), abs=0.02)


def test_older_lines_have_no_interval(line):
    found = by_label(replace(line, confusion=()), "abc")
    assert [one.recall.interval for one in found] == [None] * 3
    assert found[0].recall.value == line.recall[0]


def test_labels_whose_pictures_are_copies_have_wider_intervals(line):
    copied = replace(line, distinct=(line.counts[0], line.counts[1] // 10, line.counts[2]))
    plain, found = by_label(line, "abc"), by_label(copied, "abc")
    width = lambda share: share.interval[1] - share.interval[0]
    assert width(found[1].recall) > 2 * width(plain[1].recall)
    assert found[0].recall == plain[0].recall
    assert sum(line.distinct) == sum(line.counts)  # all different
