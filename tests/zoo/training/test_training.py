"""Training on made data: seconds, not accuracy."""

import csv
import os
import time

import numpy as np
import pytest

from tests.zoo.made import made_set
from zoo.cli.main import main
from zoo.datasets import ferplus
from zoo.datasets.ferplus import FERPLUS_VOTES
from zoo.labels import EIGHT, SEVEN
from zoo.models.checkpoint import arrays_bytes
from zoo.models.cnn import CnnClassifier, to_input
from zoo.models.svm import softmax
from zoo.training import calibration, export, loop
from zoo.training.augmentation import Augmentation, augment
from zoo.training.weakening import Weakening

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
SIDE = 24


@pytest.fixture(scope="module")
def deep():
    pytest.importorskip("keras")
    from zoo.training import two_head as deep

    return deep


@pytest.fixture
def network():
    from zoo.training.architectures import residual_vgg

    return lambda: residual_vgg(SIDE, (8, 8, 16))


@pytest.fixture
def start(deep, network):
    """Makes what `fit` wants for a number of epochs."""

    def make(epochs):
        import keras

        keras.utils.set_random_seed(3)
        votes = np.zeros((7 * 8, 8), np.float32), np.zeros(7 * 8, np.float32)
        schedule = loop.Schedule(epochs=epochs, batch=14, rate=0.02, warm_up=0.0, seed=3)
        data = made_set(7 * 8)
        batches = loop.Batches(data, votes, SIDE, schedule, Augmentation())
        return deep.two_heads(network()), batches, (data, votes)

    return make


# Keras' log is left open by a run that is cut off; the next one opens it again.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_run_that_was_cut_off_goes_on_where_it_stopped(deep, start, tmp_path):
    model, batches, public = start(3)
    whole = tmp_path / "whole"
    deep.fit(model, batches, public, whole)
    cut = tmp_path / "cut"
    model, batches, public = start(3)
    batches.__class__ = type("Cut", (loop.Batches,), {"start_epoch": _stop_at(2, loop.Batches)})
    with pytest.raises(KeyboardInterrupt):
        deep.fit(model, batches, public, cut)
    model, batches, public = start(3)
    deep.fit(model, batches, public, cut, resume=True)
    first, second = (_log(run) for run in (whole, cut))
    assert [row["epoch"] for row in second] == ["0", "1", "2"]
    assert float(second[-1]["loss"]) == pytest.approx(float(first[-1]["loss"]), rel=0.02)
    assert (cut / "best.weights.h5").is_file()
    assert loop.minutes(cut) > 0


def _stop_at(last, base):
    def start_epoch(self, epoch):
        if epoch == last:
            raise KeyboardInterrupt
        base.start_epoch(self, epoch)

    return start_epoch


def _log(run):
    with (run / "log.csv").open(newline="") as text:
        return list(csv.DictReader(text))


def test_what_is_served_answers_like_what_was_trained(deep, network, start, tmp_path):
    model, _, (data, _) = start(1)
    weights = tmp_path / "best.weights.h5"
    model.save_weights(weights)
    made = export.write_artefacts(deep.with_head(weights, network, "fer2013"), tmp_path / "made")
    expected = np.asarray(model(to_input(data.faces.images, SIDE), training=False)["fer2013"])
    served = CnnClassifier("made", SEVEN, data.faces.spec, made["model.tflite"].read_bytes())
    assert served.logits(data.faces) == pytest.approx(expected, abs=2e-2)  # half-precision weights
    assert served.embedding(data.faces).shape == (56, 16)
    assert served.maps(data.faces).shape == (56, 12, 12, 8)
    again = _loaded(made["model.keras"])(to_input(data.faces.images, SIDE), training=False)
    assert np.asarray(again[0]) == pytest.approx(expected, abs=1e-3)


def test_every_form_of_a_model_says_the_same_when_read_again(deep, network, tmp_path):
    import keras

    inputs, maps, embedding = network()
    model = keras.Model(inputs, [keras.layers.Dense(7)(embedding), embedding, maps])
    files = export.write_artefacts(model, tmp_path / "made")
    assert {path.name for path in (tmp_path / "made").iterdir()} == set(files)
    data = made_set(9)
    x = to_input(data.faces.images, SIDE)
    expected = [np.asarray(part) for part in model(x, training=False)]
    rebuilt = keras.models.model_from_json(files["model.json"].read_text(encoding="utf-8"))
    rebuilt.load_weights(files["model.weights.h5"])
    for again in (rebuilt, keras.saving.load_model(files["model.keras"], compile=False)):
        for part, same in zip(again(x, training=False), expected, strict=True):
            assert np.asarray(part) == pytest.approx(same, abs=1e-5)
    served = CnnClassifier("made", SEVEN, data.faces.spec, files["model.tflite"].read_bytes())
    assert served.logits(data.faces) == pytest.approx(expected[0], abs=2e-2)  # half-precision weights
    assert served.embedding(data.faces) == pytest.approx(expected[1], abs=2e-2)


def test_eight_bits_say_nearly_the_same(deep, network):
    import keras

    inputs, maps, embedding = network()
    model = keras.Model(inputs, [keras.layers.Dense(7)(embedding), embedding, maps])
    data = made_set(9)
    sixteen, eight = (
        CnnClassifier("made", SEVEN, data.faces.spec, export.tflite_bytes(model, bits)) for bits in (16, 8)
    )
    assert (sixteen.bits, eight.bits) == (16, 8)
    expected = sixteen.logits(data.faces)
    assert eight.logits(data.faces) == pytest.approx(expected, abs=0.05 * float(np.abs(expected).max()))


def _loaded(path):
    import keras

    return keras.saving.load_model(path, compile=False)


def test_batches_follow_from_seed_and_epoch_alone(start):
    _, batches, _ = start(2)
    first = batches[1][0]
    batches.start_epoch(1)
    assert (batches[1][0] != first).any()
    batches.start_epoch(0)
    assert (batches[1][0] == first).all()
    assert len(batches) == 4


def test_votes_become_shares_in_the_order_of_the_labels(deep):
    votes = np.zeros((2, 10), int)
    votes[0, FERPLUS_VOTES.index("happiness")] = 6
    votes[0, FERPLUS_VOTES.index("contempt")] = 2
    votes[0, FERPLUS_VOTES.index("unknown")] = 2
    shares, weights = ferplus.vote_shares(votes)
    assert shares[0, EIGHT.index("happy")] == pytest.approx(0.75)
    assert shares[0, EIGHT.index("contempt")] == pytest.approx(0.25)
    assert weights == pytest.approx([0.8, 0.0])


def test_copies_are_laid_over_each_other_and_so_are_their_targets(deep):
    x = np.arange(8, dtype=np.float32).reshape(4, 2, 1, 1)
    targets = {"label": np.eye(4, dtype=np.float32), "votes": np.eye(4, dtype=np.float32)}
    weights = {"label": np.ones(4, np.float32), "votes": np.array([1, 1, 1, 0], np.float32)}
    shares = np.array([0.75, 1.0, 0.5, 0.6])
    over, mixed, weighed = loop.blended(x, targets, weights, shares)
    assert over[0] == pytest.approx(0.75 * x[0] + 0.25 * x[3]) and over[1] == pytest.approx(x[1])
    assert mixed["label"][0] == pytest.approx([0.75, 0, 0, 0.25]) and weighed["label"] == pytest.approx(np.ones(4))
    # The last picture's votes count for nothing: the blend has the first's alone, and counts for less.
    assert mixed["votes"][0] == pytest.approx([1, 0, 0, 0]) and weighed["votes"][0] == pytest.approx(0.75)
    assert mixed["votes"].sum(axis=1) == pytest.approx(np.ones(4))


def test_blended_batches_follow_from_the_seed(deep):
    data = made_set(28)
    votes = np.ones((28, 8), np.float32) / 8, np.ones(28, np.float32)
    schedule = loop.Schedule(epochs=1, batch=14, seed=3)
    plain, one, same = (loop.Batches(data, votes, SIDE, schedule, Augmentation(), blend) for blend in (0.0, 0.3, 0.3))
    x, targets, _ = one[0]
    assert (x == same[0][0]).all() and x.shape == plain[0][0].shape and (x != plain[0][0]).any()
    assert targets["fer2013"].sum(axis=1) == pytest.approx(np.ones(14), abs=1e-5)
    assert targets["fer2013"].max(axis=1).min() < 1 == plain[0][1]["fer2013"].max(axis=1).min()


def test_augmented_copies_are_new_and_the_crops_stay(deep):
    crops = made_set(12).faces.images
    before = crops.copy()
    copies = augment(crops, 48, Augmentation(), np.random.default_rng(0))
    assert copies.shape == (12, 48, 48) and copies.dtype == np.uint8
    assert (crops == before).all()
    again = augment(crops, 48, Augmentation(), np.random.default_rng(0))
    other = augment(crops, 48, Augmentation(), np.random.default_rng(1))
    assert (copies == again).all() and (copies != other).any()


def test_no_augmentation_only_mirrors_and_resizes():
    still = Augmentation(0, 0, 0, 1.0, 0, 0, 0, 0)
    crop = made_set(7).faces.images[6:]
    copies = [augment(crop, 72, still, np.random.default_rng(seed))[0] for seed in range(8)]
    kinds = {("as it was" if np.abs(c.astype(int) - crop[0]).max() <= 2 else "other") for c in copies}
    mirrored = {np.abs(c[:, ::-1].astype(int) - crop[0]).max() <= 2 for c in copies}
    assert kinds == {"as it was", "other"} and mirrored == {True, False}


# --- Calibration -----------------------------------------------------------------------------


@pytest.fixture
def overconfident():
    """True probabilities, labels drawn from them, and logits three times too sharp."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(40000, 5)) * 1.5
    targets = (softmax(logits).cumsum(axis=1) < rng.random((len(logits), 1))).sum(axis=1).clip(max=4)
    return logits * 3, targets


def test_temperature_finds_how_much_too_sharp_logits_are(overconfident):
    logits, targets = overconfident
    assert calibration.temperature(logits, targets) == pytest.approx(3, rel=0.1)


def test_vector_scaling_undoes_scale_and_shift(overconfident):
    logits, targets = overconfident
    scores = logits + np.array([4.0, 0, 0, 0, -4.0])
    scale, shift = calibration.vector_scaling(scores, targets, penalty=0)
    assert scale == pytest.approx(np.full(5, 1 / 3), rel=0.15)
    assert shift[0] - shift[2] == pytest.approx(-4 / 3, rel=0.15)
    assert shift[4] - shift[2] == pytest.approx(4 / 3, rel=0.15)


def test_a_sum_weighs_each_part_by_what_it_knows(overconfident):
    """Labels drawn from the sum of two models' logits, one of them handed over too sharp and a third that is noise."""
    logits, targets = overconfident
    rng = np.random.default_rng(1)
    part = rng.normal(size=logits.shape)
    weights = calibration.sum_weights((logits / 3 - part, part * 5, rng.normal(size=logits.shape)), targets)
    assert weights == pytest.approx(np.array([1, 0.2, 0]), abs=0.05)
    assert calibration.sum_weights((logits,), targets) == pytest.approx(
        1 / calibration.temperature(logits, targets), 0.01
    )


def test_sure_from_is_the_lowest_confidence_that_keeps_the_promise(overconfident):
    logits, targets = overconfident
    probs = softmax(logits / 3)
    threshold = calibration.sure_from(probs, targets, wanted=0.8)
    sure = probs.max(axis=1) >= threshold
    right = probs.argmax(axis=1) == targets
    assert right[sure].mean() == pytest.approx(0.8, abs=0.02)
    assert right.mean() < 0.7 and 0.1 < sure.mean() < 0.9
    assert calibration.sure_from(probs, (probs.argmax(axis=1) + 1) % 5) == 1.0


def test_the_same_arrays_give_the_same_bytes(tmp_path, monkeypatch):
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.ones(2, np.float16)}
    content = arrays_bytes(**arrays)
    path = tmp_path / "made.npz"
    path.write_bytes(content)
    with np.load(path, allow_pickle=False) as kept:
        assert all((kept[name] == array).all() and kept[name].dtype == array.dtype for name, array in arrays.items())
    monkeypatch.setattr(time, "time", lambda: 2e9)  # what a zip notes
    assert arrays_bytes(**arrays) == content


def test_a_weakened_copy_has_the_targets_of_its_picture(start):
    _, batches, (data, _) = start(1)
    batches.weights = np.ones(len(data), np.float32)
    strong, targets, weights = batches[0]
    batches.weakening = Weakening(np.ones((7, *data.faces.images.shape[1:], 2), np.float32), 1.0, 0.9)
    weaker, same_targets, same_weights = batches[0]
    assert (strong != weaker).any(axis=(1, 2, 3)).all()
    for before, after in ((targets, same_targets), (weights, same_weights)):
        assert all((before[head] == after[head]).all() for head in before)


class Recorder:
    """Teachers that keep what they are shown and always answer the same."""

    def __init__(self, answer):
        from zoo.training.distillation import Teaching

        self.answer, self.seen, self.teaching = answer, [], Teaching(temperature=2.0, weight=0.6)

    def __call__(self, x):
        self.seen.append(x)
        return np.tile(self.answer, (len(x), 1)).astype(np.float32)

    see = __call__


def test_teachers_see_each_copy_before_it_is_weakened(start):
    _, batches, (data, _) = start(1)
    strong = batches[0][0]
    displacements = np.full((7, *data.faces.images.shape[1:], 2), 9, np.float32)
    displacements[6] = 0
    batches.weakening = Weakening(displacements, 1.0, 0.9)
    batches.teachers = Recorder(np.eye(7)[2])
    weaker, targets, _ = batches[0]
    (seen,) = batches.teachers.seen
    neutral = data.targets[batches.order[: batches.schedule.batch]] == 6
    assert (seen[neutral] == weaker[neutral]).all()
    assert (seen[~neutral] != weaker[~neutral]).any(axis=(1, 2, 3)).all()
    assert strong.shape == seen.shape
    assert (targets["fer2013"][:, 7:] == np.eye(7)[2]).all()
    batches.weakening = None
    copies, _, _ = batches[0]
    assert (batches.teachers.seen[-1] == copies).all()


def test_a_network_learns_from_teachers_what_the_labels_do_not_say(start, deep, tmp_path):
    def answers(teachers):
        model, batches, public = start(4)
        batches.teachers = teachers
        deep.fit(model, batches, public, tmp_path / str(bool(teachers)))
        return model.predict(to_input(public[0].faces.images, SIDE), verbose=0)["fer2013"].argmax(axis=1)

    assert (answers(Recorder(np.eye(7)[2])) == 2).mean() > (answers(None) == 2).mean() + 0.3


@pytest.mark.parametrize("stages", [0, 1, 2])
def test_kept_stages_do_not_change(start, deep, tmp_path, stages):
    model, batches, public = start(1)
    deep.keep_stages(model, stages)
    before = [(layer, layer.get_weights()) for layer in model.layers if layer.weights]
    deep.fit(model, batches, public, tmp_path)
    changed = [
        any((now != old).any() for now, old in zip(layer.get_weights(), weights, strict=True))
        for layer, weights in before
        if "head" not in layer.name and layer.name != "ferplus"  # no votes here: that head learns nothing
    ]
    kept = 4 * stages  # convolution and normalisation, twice a stage
    assert changed == [False] * kept + [True] * (len(changed) - kept)


@pytest.mark.parametrize("option", [["--distil", "0.6"], ["--keep-stages", "2"]])
def test_what_needs_a_trained_network_asks_for_it(tmp_path, capsys, option):
    pytest.importorskip("keras")
    data = tmp_path / "fer2013.csv"
    data.write_text("emotion,pixels,Usage\n")
    assert main(["train", "cnn", "--data", str(data), "--out", str(tmp_path), *option]) == 2
    assert "give its folder: --start checkpoints" in capsys.readouterr().err
