"""Augmentation on the GPU: the copies of `zoo.training.augmentation` and `zoo.training.weakening`, a batch at once.

Nothing here waits for the GPU, so that a training step can be recorded as a CUDA graph.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

TAPS = 3  # pixels to either side that a blur reaches


@dataclass(frozen=True)
class Ranges:
    """Ranges of the augmentation, as those of `zoo.training.augmentation.Augmentation`.

    Parameters
    ----------
    degrees, zoom, shift, gamma, contrast, soften, noise, erase : float
        As there. A softened copy is blurred; none is shrunk and enlarged again.
    weaken, limit : float
        As `share` and `limit` of `zoo.training.weakening.Weakening`.
    """

    degrees: float = 12.0
    zoom: float = 0.12
    shift: float = 0.06
    gamma: float = 1.6
    contrast: float = 0.3
    soften: float = 0.15
    noise: float = 0.12
    erase: float = 0.3
    weaken: float = 0.5
    limit: float = 0.9


@dataclass(frozen=True, eq=False)
class Draws:
    """What happens to each of n copies; the same draws give the same copy in every size.

    Parameters
    ----------
    place : Tensor
        ``(n, 2, 3)``, from positions in the copy to positions in the crop, both from -1 to 1.
    weaken : Tensor
        ``(n,)`` part of the displacement that is taken back.
    gamma, contrast, blur, noise : Tensor
        ``(n,)``; blur in pixels of a copy of 48, noise in grey levels.
    box, grey : Tensor
        ``(n, 4)`` top, bottom, left and right of what is covered, from 0 to 1, and its ``(n,)`` grey level.
    """

    place: Tensor
    weaken: Tensor
    gamma: Tensor
    contrast: Tensor
    blur: Tensor
    noise: Tensor
    box: Tensor
    grey: Tensor


def draw(n: int, ranges: Ranges, device: torch.device) -> Draws:
    """Random draws for n copies."""

    def unit(*shape: int) -> Tensor:
        return torch.rand(n, *shape, device=device)

    def either(limit: float, *shape: int) -> Tensor:
        return (unit(*shape) * 2 - 1) * limit

    def some(share: float) -> Tensor:
        return (unit() < share).float()

    area, ratio = 0.05 + 0.2 * unit(), torch.exp(either(0.7))
    height, width = (area * ratio).sqrt().clamp(max=1) * (keep := some(ranges.erase)), (area / ratio).sqrt() * keep
    top, left = unit() * (1 - height), unit() * (1 - width)
    return Draws(
        place=_places(either(math.radians(ranges.degrees)), 1 + either(ranges.zoom), either(2 * ranges.shift, 2)),
        weaken=some(ranges.weaken) * unit() * ranges.limit,
        gamma=torch.exp(either(math.log(ranges.gamma))),
        contrast=1 + either(ranges.contrast),
        blur=some(ranges.soften) * (0.4 + 0.8 * unit()),
        noise=some(ranges.noise) * (2 + 10 * unit()),
        box=torch.stack([top, top + height, left, left + width], 1),
        grey=unit() * 255,
    )


def _places(angle: Tensor, zoom: Tensor, shift: Tensor) -> Tensor:
    """Affine maps ``(n, 2, 3)``; half of them mirror."""
    mirror = torch.where(torch.rand_like(angle) < 0.5, -1.0, 1.0)
    cosine, sine = torch.cos(angle) / zoom, torch.sin(angle) / zoom
    return torch.stack(
        [
            torch.stack([cosine * mirror, -sine, shift[:, 0]], 1),
            torch.stack([sine * mirror, cosine, shift[:, 1]], 1),
        ],
        1,
    )


def copies(crops: Tensor, displacements: Tensor | None, draws: Draws, side: int) -> Tensor:
    """Augmented copies of crops.

    Parameters
    ----------
    crops : Tensor
        ``(n, S, S)`` uint8.
    displacements : Tensor, optional
        ``(n, 2, S, S)``, where each crop's expression moves the points of a neutral face, x and y in pixels of the
        crop; None: no copy is weakened.
    draws : Draws
    side : int
        Side of the copies.

    Returns
    -------
    Tensor
        ``(n, 1, side, side)`` float32, 0 to 255.
    """
    x = functional.grid_sample(
        crops[:, None].float(), _grid(displacements, draws, side), padding_mode="border", align_corners=False
    )
    light = (x / 255).clamp(0, 1) ** _each(draws.gamma)
    x = ((light - 0.5) * _each(draws.contrast) * 255 + 127.5).clamp(0, 255)
    x = _blurred(x, draws.blur * side / 48)
    x = (x + _each(draws.noise) * torch.randn_like(x)).clamp(0, 255)
    return torch.where(_covered(draws.box, side), _each(draws.grey), x)


def _each(values: Tensor) -> Tensor:
    return values.view(-1, 1, 1, 1)


def _grid(displacements: Tensor | None, draws: Draws, side: int) -> Tensor:
    """Positions in the crop ``(n, side, side, 2)``, -1 to 1, of each pixel of the copies."""
    line = (torch.arange(side, device=draws.gamma.device) * 2 + 1) / side - 1
    y, x = torch.meshgrid(line, line, indexing="ij")
    plane = torch.stack([x, y, torch.ones_like(x)], -1).view(1, -1, 3)
    grid = (plane @ draws.place.transpose(1, 2)).view(-1, side, side, 2)
    if displacements is None:
        return grid
    moved = functional.grid_sample(displacements, grid, align_corners=False).permute(0, 2, 3, 1)
    return grid + moved * _each(draws.weaken) * 2 / displacements.shape[-1]


def _blurred(x: Tensor, sigma: Tensor) -> Tensor:
    """Gaussian blur with a width of its own for each picture; none for 0."""
    steps = torch.arange(-TAPS, TAPS + 1, device=x.device)
    weights = torch.exp(-(steps**2) / (2 * sigma.view(-1, 1).clamp(min=1e-3) ** 2))
    weights = (weights / weights.sum(1, keepdim=True)).view(len(x), -1, 1, 1, 1)
    side = x.shape[-1]
    padded = functional.pad(x, (TAPS, TAPS, TAPS, TAPS), mode="replicate")
    rows = sum(weights[:, i] * padded[:, :, i : i + side] for i in range(len(steps)))
    return sum(weights[:, i] * rows[:, :, :, i : i + side] for i in range(len(steps)))


def _covered(box: Tensor, side: int) -> Tensor:
    """Whether each pixel is in the box: ``(n, 1, side, side)``."""
    line = (torch.arange(side, device=box.device) + 0.5) / side
    rows = (line >= box[:, :1]) & (line < box[:, 1:2])
    columns = (line >= box[:, 2:3]) & (line < box[:, 3:4])
    return rows[:, None, :, None] & columns[:, None, None, :]
