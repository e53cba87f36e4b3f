"""The network of `cnn` in PyTorch, for training on GPUs, and conversion of its weights to Keras and back.

`zoo.training.architectures.residual_vgg` with the two heads of `zoo.training.two_head.two_heads`, layer for
layer: the same weights give the same logits in both. PyTorch is needed only here, and only for training.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    import keras

EPSILON = 1e-3  # Keras' default for batch normalisation
HEADS = {"fer2013": 7, "ferplus": 8}


class ResidualVgg(nn.Module):
    """Grey crops to FER2013 and FER+ logits.

    Parameters
    ----------
    widths : sequence of int
        Channels of each stage.
    dropout : float
        Dropout before the heads.
    """

    def __init__(self, widths: Sequence[int] = (32, 64, 128, 256), dropout: float = 0.3) -> None:
        super().__init__()
        before = (1, *widths[:-1])
        stages = [_Stage(*pair, plain=i < 2) for i, pair in enumerate(zip(before, widths, strict=True))]
        self.stages, self.dropout = nn.ModuleList(stages), nn.Dropout(dropout)
        self.heads = nn.ModuleDict({name: nn.Linear(widths[-1], k) for name, k in HEADS.items()})

    def forward(self, crops: Tensor) -> dict[str, Tensor]:
        """Crops ``(n, 1, side, side)`` in 0..255 to logits ``(n, k)`` of each head."""
        x = standardised(crops)
        for stage in self.stages:
            x = stage(x)
        seen = self.dropout(x.float().mean((2, 3)))
        return {name: head(seen) for name, head in self.heads.items()}


def standardised(crops: Tensor) -> Tensor:
    """Each crop minus its mean, divided by its standard deviation plus 1."""
    centred = crops - crops.mean((1, 2, 3), keepdim=True)
    return centred / (centred.square().mean((1, 2, 3), keepdim=True).sqrt() + 1.0)


class _Conv(nn.Module):
    """3 x 3 convolution, batch normalisation, ReLU."""

    def __init__(self, before: int, width: int, activate: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, width, 3, padding=1, bias=False)
        self.norm, self.activate = nn.BatchNorm2d(width, eps=EPSILON), activate
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.conv(x))
        return functional.relu(x) if self.activate else x


class _Residual(nn.Module):
    """Two convolutions with squeeze-excite channel weights, added to the input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = _Conv(width, width), _Conv(width, width, activate=False)
        self.squeeze, self.excite = nn.Conv2d(width, width // 8, 1), nn.Conv2d(width // 8, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(self.first(x))
        weight = functional.relu(self.squeeze(y.mean((2, 3), keepdim=True)))
        return functional.relu(x + y * torch.sigmoid(self.excite(weight)))


class _Stage(nn.Module):
    """Two convolutions, or one and a residual pair, then pooling by 2."""

    def __init__(self, before: int, width: int, plain: bool) -> None:
        super().__init__()
        self.first = _Conv(before, width)
        self.second = _Conv(width, width) if plain else _Residual(width)
        self.halve = nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        return self.halve(self.second(self.first(x)))


def into_keras(network: ResidualVgg, model: keras.Model) -> None:
    """Copy the weights into the Keras model.

    Parameters
    ----------
    network : ResidualVgg
    model : keras.Model
        ``two_heads(residual_vgg(side, widths))`` of the same widths.

    Raises
    ------
    ValueError
        The networks differ.
    """
    for module, layer in _pairs(network, model):
        weight, *others = _arrays(module)
        layer.set_weights([array.detach().float().cpu().numpy() for array in (_turned(weight), *others)])


@torch.no_grad()
def from_keras(model: keras.Model, network: ResidualVgg) -> None:
    """Copy the weights of the Keras model into the network; parameters and errors are those of `into_keras`."""
    for module, layer in _pairs(network, model):
        weight, *others = (torch.from_numpy(np.ascontiguousarray(array)) for array in layer.get_weights())
        for target, array in zip(_arrays(module), (_turned(weight, back=True), *others), strict=True):
            target.copy_(array)


def _arrays(module: nn.Module) -> list[Tensor]:
    """A module's weights in Keras' order; the first may have another order of axes."""
    if isinstance(module, nn.BatchNorm2d):
        return [module.weight, module.bias, module.running_mean, module.running_var]
    return [module.weight] if module.bias is None else [module.weight, module.bias]


def _turned(weight: Tensor, back: bool = False) -> Tensor:
    """A kernel in the other framework's order of axes."""
    if weight.ndim < 4:
        return weight.T if weight.ndim == 2 else weight
    return weight.permute(3, 2, 0, 1) if back else weight.permute(2, 3, 1, 0)


def _pairs(network: ResidualVgg, model: keras.Model) -> Iterator[tuple[nn.Module, keras.layers.Layer]]:
    """Pairs of modules with weights and the corresponding Keras layers."""
    modules = [m for m in network.stages.modules() if isinstance(m, nn.Conv2d | nn.BatchNorm2d)]
    layers = [x for x in model.layers if type(x).__name__ in ("Conv2D", "BatchNormalization")]
    pairs = [*zip_longest(modules, layers), *((network.heads[name], model.get_layer(name)) for name in HEADS)]
    for module, layer in pairs:
        ours = None if module is None else tuple(_turned(module.weight).shape)
        theirs = None if layer is None else tuple(layer.get_weights()[0].shape)
        if ours != theirs:
            raise ValueError(f"the networks differ: weights of shape {ours} here, {theirs} in Keras")
        yield module, layer
