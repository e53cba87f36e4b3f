"""The same network in PyTorch and in Keras: the same weights, the same logits."""

import os

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytest.importorskip("torch", reason="PyTorch is needed only to train on a GPU")
pytest.importorskip("keras")

import torch

from zoo.training.architectures import residual_vgg
from zoo.training.torch_network import HEADS, ResidualVgg, from_keras, into_keras
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
def crops():
    return np.random.default_rng(0).uniform(0, 255, (3, 48, 48, 1)).astype(np.float32)


def said(network, crops):
    with torch.no_grad():
        logits = network(torch.from_numpy(crops.transpose(0, 3, 1, 2)))
    return {name: array.numpy() for name, array in logits.items()}


def test_both_give_the_same_logits(network, crops):
    model = two_heads(residual_vgg(48, WIDTHS))
    into_keras(network, model)
    ours, theirs = said(network, crops), model.predict_on_batch(crops)
    assert set(ours) == set(theirs) == set(HEADS)
    for name, logits in ours.items():
        assert np.ptp(logits, axis=0).min() > 1e-3  # the crops are told apart
        np.testing.assert_allclose(theirs[name], logits, atol=1e-4)


def test_weights_come_back_as_they_went(network, crops):
    model, again = two_heads(residual_vgg(48, WIDTHS)), ResidualVgg(WIDTHS).eval()
    into_keras(network, model)
    before = said(again, crops)
    from_keras(model, again)
    for name, logits in said(network, crops).items():
        assert np.abs(before[name] - logits).max() > 1e-2
        np.testing.assert_array_equal(said(again, crops)[name], logits)


@pytest.mark.parametrize("widths", [(8, 16, 24, 40), (8, 16, 24), (8, 16, 24, 32, 32)])
def test_another_network_is_refused(network, widths):
    with pytest.raises(ValueError, match="the networks differ"):
        into_keras(network, two_heads(residual_vgg(48, widths)))
