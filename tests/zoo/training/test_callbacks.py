"""When a run ends or slows down, and what it says of it; rules alone, without a network."""

import os

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytest.importorskip("keras")

from zoo.training import callbacks
from zoo.training.callbacks import VAL_ACCURACY, VAL_LOSS, EarlyStop, Plateau, StopWhenBoth, Watched


class Model:
    """What a rule touches of a model."""

    def __init__(self, rate=0.1):
        self.stop_training = False
        self.optimizer = type("Optimiser", (), {"learning_rate": rate})()


def play(rule, lines, model=None, start=0):
    """Give a rule epochs until it ends the run; the number of the last one."""
    model = model or Model()
    rule.set_model(model)
    rule.on_train_begin()
    for epoch, line in enumerate(lines, start):
        rule.on_epoch_begin(epoch)
        rule.on_epoch_end(epoch, line)
        if model.stop_training:
            return epoch + 1
    return None


def told(folder):
    path = folder / callbacks.EVENTS
    return path.read_text().splitlines() if path.is_file() else []


def accuracies(*values):
    return [{"val_accuracy": value} for value in values]


def losses(*values):
    return [{"val_loss": value} for value in values]


def test_early_stop_counts_from_the_best_epoch(tmp_path):
    rule = EarlyStop(tmp_path, VAL_ACCURACY, patience=2)
    assert play(rule, accuracies(0.3, 0.5, 0.4, 0.51, 0.5, 0.5, 0.9)) == 6
    assert told(tmp_path) == ["epoch 6: stopped: val_accuracy has not risen for 2 epochs (best 0.5100 at epoch 4)"]
    assert callbacks.ended(tmp_path) == told(tmp_path)[0]


def test_a_change_too_small_to_count_is_none(tmp_path):
    slow = accuracies(0.5, 0.501, 0.502, 0.503)
    assert play(EarlyStop(tmp_path, Watched("val_accuracy", least=0.01), patience=2), slow) == 3
    assert play(EarlyStop(tmp_path, Watched("val_accuracy"), patience=2), slow) is None


def test_plateau_cuts_the_rate_and_starts_counting_again(tmp_path):
    model = Model(1e-3)
    rule = Plateau(tmp_path, VAL_LOSS, patience=2, factor=0.1, lowest=1e-5)
    assert play(rule, losses(1.0, 0.9, 0.95, 0.91, 0.92, 0.93, 0.8, 0.9, 0.9), model) is None
    assert told(tmp_path) == [
        "epoch 4: learning rate 0.001 to 0.0001: val_loss has not fallen for 2 epochs",
        "epoch 6: learning rate 0.0001 to 1e-05: val_loss has not fallen for 2 epochs",
    ]  # and not below the lowest
    assert model.optimizer.learning_rate == pytest.approx(1e-5)


def test_both_thresholds_in_the_same_epoch(tmp_path):
    rule = StopWhenBoth(tmp_path, {"accuracy": 0.75, "val_accuracy": 0.71})
    pairs = [(0.6, 0.72), (0.7, 0.73), (0.76, 0.70), (0.77, 0.712), (0.9, 0.9)]
    assert play(rule, [{"accuracy": a, "val_accuracy": v} for a, v in pairs]) == 4
    assert told(tmp_path) == [
        "epoch 1: val_accuracy > 0.71 holds; waiting for accuracy > 0.75",
        "epoch 3: accuracy > 0.75 holds; waiting for val_accuracy > 0.71",
        "epoch 4: stopped: accuracy 0.7700 > 0.75 and val_accuracy 0.7120 > 0.71",
    ]


@pytest.mark.parametrize("cut", [1, 3, 5])
def test_a_resumed_rule_decides_as_if_never_stopped(tmp_path, cut):
    values = (1.0, 0.9, 0.95, 0.91, 0.92, 0.93, 0.94, 0.95)
    make = {
        "rate": lambda run: Plateau(run, VAL_LOSS, patience=2, factor=0.5, lowest=1e-4),
        "stop": lambda run: EarlyStop(run, VAL_LOSS, patience=5),
    }
    for name, rule in make.items():
        whole, again = tmp_path / f"{name}-whole", tmp_path / f"{name}-again"
        whole.mkdir(), again.mkdir()
        models = Model(), Model()
        end = play(rule(whole), losses(*values), models[0])
        play(rule(again), losses(*values[:cut]))
        write_log(again, values[: cut + 1])  # one epoch more than was finished, as when killed before its state is kept
        assert play(rule(again), losses(*values[cut:]), models[1], start=cut) == end
        assert told(whole) == told(again)
        assert models[0].optimizer.learning_rate == models[1].optimizer.learning_rate


def write_log(run, values):
    lines = [f"{epoch},{value}" for epoch, value in enumerate(values)]
    (run / "log.csv").write_text("\n".join(["epoch,val_loss", *lines]) + "\n")


def test_an_epoch_done_twice_counts_once(tmp_path):
    (tmp_path / "log.csv").write_text("epoch,val_loss\n0,1.0\n1,0.9\n1,0.8\n2,0.7\n")
    assert [line["val_loss"] for line in callbacks.epochs_before(tmp_path, 2)] == [1.0, 0.8]


def test_a_column_that_is_not_measured_is_named():
    with pytest.raises(KeyError, match="val_accurracy; it has val_accuracy"):
        callbacks.column(accuracies(0.5), "val_accurracy")
