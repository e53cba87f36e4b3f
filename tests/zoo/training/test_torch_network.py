"""The same network in PyTorch and in Keras: the same weights, the same logits."""

import os

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytest.importorskip("torch", reason="PyTorch is needed only to train on a GPU")
pytest.importorskip("keras")

import torch

from zoo.datasets.aligned import DataError
from zoo.training.architectures import residual_vgg
from zoo.training.torch_network import HEADS, ResidualVgg, keras_arrays
from zoo.training.trained_elsewhere import fill
from zoo.training.two_head import two_heads

WIDTHS = (8, 16, 24, 32)


@pytest.fixture
def network():
    """Random weights, those of the normalisations included."""
    torch.manual_seed(0)
    made = ResidualVgg(WIDTHS)
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for array in (module.weight, module.running_var):
                torch.nn.init.uniform_(array, 0.5, 1.5)
            for array in (module.bias, module.running_mean):
                torch.nn.init.normal_(array, 0, 0.3)
    return made.eval()


@pytest.fixture
def file(network, tmp_path):
    np.savez(tmp_path / "cnn.npz", **keras_arrays(network))
    return tmp_path / "cnn.npz"


@pytest.fixture
def crops():
    return np.random.default_rng(0).uniform(0, 255, (3, 48, 48, 1)).astype(np.float32)


def test_both_give_the_same_logits(network, file, crops):
    model = two_heads(residual_vgg(48, WIDTHS))
    fill(model, file, list(HEADS))
    with torch.no_grad():
        ours = network(torch.from_numpy(crops.transpose(0, 3, 1, 2)))
    theirs = model.predict_on_batch(crops)
    assert set(ours) == set(theirs) == set(HEADS)
    for name, logits in ours.items():
        assert np.ptp(logits.numpy(), axis=0).min() > 1e-3  # the crops are told apart
        np.testing.assert_allclose(theirs[name], logits.numpy(), atol=1e-4)


@pytest.mark.parametrize("widths", [(8, 16, 24, 40), (8, 16, 24), (8, 16, 24, 32, 32)])
def test_another_network_is_refused(file, widths):
    with pytest.raises(DataError, match="is of another network"):
        fill(two_heads(residual_vgg(48, widths)), file, list(HEADS))
