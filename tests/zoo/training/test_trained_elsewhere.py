"""Networks trained in PyTorch are published as those that were trained here; PyTorch is not needed."""

import os

import numpy as np
import pytest

from tests.zoo.made import made_splits
from zoo.cli.main import main
from zoo.datasets.aligned import DataError
from zoo.models import registry
from zoo.models.cnn import to_input

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytest.importorskip("keras")

import keras

from zoo.training import single_head, trained_elsewhere
from zoo.training.plots import read_log
from zoo.training.recipes import cnn, cnn_large, cnn_tiny
from zoo.training.two_head import two_heads

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
LOG = "epoch,val_accuracy,val_loss,seconds\n5,0.5,1.2,310.5\n10,0.6,1.1,320.5\n"


def weighed(layer) -> bool:
    return type(layer).__name__ in ("Conv2D", "BatchNormalization")


def kept(model, folder, name, heads):
    """What ``scripts/train_on_gpu.py`` writes, from a Keras network."""
    layers = [layer for layer in model.layers if weighed(layer)] + [model.get_layer(head) for head in heads]
    arrays = {f"{i:03d}-{j}": array for i, layer in enumerate(layers) for j, array in enumerate(layer.get_weights())}
    folder.mkdir(exist_ok=True)
    np.savez(folder / f"{name}.npz", **arrays)
    (folder / f"{name}.csv").write_text(LOG)
    (folder / "command.txt").write_text("python scripts/train_on_gpu.py train\n")


@pytest.fixture
def trained(tmp_path):
    """A folder with the two-headed network of `cnn-tiny`'s widths, and that network."""
    keras.utils.set_random_seed(1)
    model = two_heads(cnn_tiny.PLAN.network())
    kept(model, tmp_path / "gpu", "cnn-tiny", ("fer2013", "ferplus"))
    return tmp_path / "gpu", model


def test_weights_arrive_in_their_layers(trained):
    folder, model = trained
    keras.utils.set_random_seed(2)
    other = two_heads(cnn_tiny.PLAN.network())
    trained_elsewhere.fill(other, folder / "cnn-tiny.npz", ("fer2013", "ferplus"))
    for ours, theirs in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_missing_or_different_network_is_told(trained, tmp_path):
    folder, _ = trained
    model = two_heads(cnn_large.residual_vgg(48, (8, 8, 8, 8)))
    with pytest.raises(DataError, match=r"There is no .*cnn\.npz; --trained expects the folder"):
        trained_elsewhere.fill(model, folder / "cnn.npz", ("fer2013",))
    with pytest.raises(DataError, match=r"cnn-tiny\.npz is of another network"):
        trained_elsewhere.fill(model, folder / "cnn-tiny.npz", ("fer2013",))


def test_the_log_counts_from_nought_and_each_line_its_own_seconds(tmp_path):
    (tmp_path / "a.csv").write_text(LOG)
    trained_elsewhere.copy_log(tmp_path / "a.csv", tmp_path / "run", "fer2013_")
    assert read_log(tmp_path / "run" / "log.csv") == {
        "epoch": (4.0, 9.0),
        "val_fer2013_accuracy": (0.5, 0.6),
        "val_fer2013_loss": (1.2, 1.1),
        "seconds": (310.5, 10.0),
    }


@pytest.fixture
def data_file(monkeypatch, tmp_path):
    data = made_splits(("Training", 7), ("PublicTest", 70))
    for module in (single_head, cnn):
        monkeypatch.setattr(module, "load_fer2013", lambda path, spec: data)
    path = tmp_path / "fer2013.csv"
    path.write_text("emotion,pixels,Usage\n")
    return path, data


def test_a_trained_network_becomes_a_checkpoint_with_its_answers(trained, data_file, tmp_path):
    (folder, model), (path, data) = trained, data_file
    out = tmp_path / "out"
    options = ["--data", str(path), "--trained", str(folder), "--run", str(tmp_path / "run"), "--out", str(out)]
    assert main(["train", "cnn-tiny", *options]) == 0
    card, served = registry.card("cnn-tiny", out), registry.load("cnn-tiny", out)
    x = to_input(data.faces.images[:3], single_head.SIDE)
    wanted = [model.predict_on_batch(view)["fer2013"] for view in (x, x[:, :, ::-1])]
    np.testing.assert_allclose(served.raw_logits(data.faces[:3]), sum(wanted) / 2, atol=0.1)
    assert card.training.minutes == pytest.approx(320.5 / 60, abs=0.06)
    assert card.training.data == "FER2013 and FER+ votes"
    assert card.training.command == (
        "python scripts/train_on_gpu.py train; python -m zoo train cnn-tiny --data fer2013.csv --trained gpu"
    )
    assert {"log.csv", "curves.png", "architecture.png", "model.keras"} <= set(card.files)


def test_the_large_network_says_where_it_is_trained(data_file, tmp_path, capsys):
    path, _ = data_file
    assert main(["train", "cnn-large", "--data", str(path), "--out", str(tmp_path / "out")]) == 2
    assert "run scripts/train_on_gpu.py" in capsys.readouterr().err
