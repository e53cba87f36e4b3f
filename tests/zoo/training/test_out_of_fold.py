"""Out-of-fold predictions for training pictures come from models that were not shown them."""

import numpy as np
import pytest

from tests.zoo.made import made_set
from zoo.training import out_of_fold


@pytest.fixture
def memoriser():
    """A machine that knows by heart what it was shown and is at a loss with anything else."""

    def fit(data):
        known = {image.tobytes(): target for image, target in zip(data.faces.images, data.targets, strict=True)}

        def scores(faces):
            rows = np.zeros((len(faces), 7), np.float32)
            for row, image in zip(rows, faces.images, strict=True):
                if image.tobytes() in known:
                    row[known[image.tobytes()]] = 10
            return rows

        return scores

    return fit


def test_no_picture_is_judged_by_a_machine_that_was_shown_it(memoriser):
    data = made_set(70)
    assert memoriser(data)(data.faces).max() == 10
    said = out_of_fold.cross_fitted(memoriser, data, folds=5)
    assert said.shape == (70, 7) and said.sum(axis=1) == pytest.approx(np.ones(70), abs=1e-5)
    assert np.ptp(said, axis=0).max() < 1e-5  # nothing is known of any of them


def test_what_can_be_learned_from_others_is_said(memoriser):
    half = made_set(35)
    data = half.rows(np.tile(np.arange(35), 2))  # every picture twice, so that some copies fall into other folds
    said = out_of_fold.cross_fitted(memoriser, data, folds=5)
    assert np.mean(said.argmax(axis=1) == data.targets) > 0.6


def test_labels_and_opinions_share_the_target():
    hot, said = np.eye(7)[[0, 3]], np.full((2, 7), 1 / 7)
    assert out_of_fold.SoftTargetMix(0.0)(hot, said) == pytest.approx(hot)
    mixed = out_of_fold.SoftTargetMix(0.5)(hot, said)
    assert mixed.sum(axis=1) == pytest.approx(np.ones(2)) and mixed[0, 0] == pytest.approx(0.5 + 0.5 / 7)


def test_a_run_that_goes_on_asks_once(tmp_path):
    asked = []

    def make():
        asked.append(1)
        return np.arange(6.0).reshape(2, 3)

    first, again = (out_of_fold.kept(tmp_path / "run" / "opinions.npy", make) for _ in range(2))
    assert len(asked) == 1 and (first == again).all()
