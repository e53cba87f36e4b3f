"""The network of `cnn` in PyTorch, for training on GPUs, and its weights as those of the Keras graph.

`zoo.training.architectures.residual_vgg` with the two heads of `zoo.training.two_head.two_heads`, layer for
layer: the same weights give the same logits in both. PyTorch is needed only here, and only for training.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

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


def keras_arrays(network: ResidualVgg) -> dict[str, np.ndarray]:
    """All weights, float32, named ``LAYER-ARRAY``, in the order and with the axes of the Keras graph.

    `zoo.training.trained_elsewhere.fill` puts them there without PyTorch.
    """
    modules = [m for m in network.stages.modules() if isinstance(m, nn.Conv2d | nn.BatchNorm2d)]
    layers = [_arrays(module) for module in (*modules, *(network.heads[name] for name in HEADS))]
    return {f"{i:03d}-{j}": array for i, layer in enumerate(layers) for j, array in enumerate(layer)}


def _arrays(module: nn.Module) -> list[np.ndarray]:
    """A module's weights in Keras' order of arrays and axes."""
    if isinstance(module, nn.BatchNorm2d):
        found = [module.weight, module.bias, module.running_mean, module.running_var]
    else:
        found = [module.weight] if module.bias is None else [module.weight, module.bias]
    first, *others = (tensor.detach().float().cpu() for tensor in found)
    turned = first.permute(2, 3, 1, 0) if first.ndim == 4 else first.T if first.ndim == 2 else first
    return [array.numpy() for array in (turned, *others)]
