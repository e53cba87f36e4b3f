"""Layers with windows: convolutions, pooling, padding.

References
----------
Keras' layers of the same names, https://keras.io/api/layers/.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from zoo.exchange.errors import ModelFileError
from zoo.exchange.network.layer_base import (
    ACTIVATIONS,
    EACH,
    Layer,
    Shape,
    Weights,
    ending,
    nanoseconds,
    one,
    picture,
    switch,
)
from zoo.exchange.validation import choice, pair, plain, rows, whole
from zoo.filenames import quoted


@dataclass(frozen=True)
class Conv2D(Layer):
    """A convolution with a kernel ``(h, w, c, filters)``."""

    filters: int
    kernel: tuple[int, int]
    strides: tuple[int, int] = (1, 1)
    padding: str = "valid"
    dilation: tuple[int, int] = (1, 1)
    use_bias: bool = True
    activation: str = "linear"

    @classmethod
    def from_config(cls, config: dict) -> Conv2D:
        plain(config, groups=1, data_format="channels_last")
        kernel, strides, padding = _window(config)
        dilation = pair(config, "dilation_rate")
        return cls(whole(config, "filters"), kernel, strides, padding, dilation, *ending(config))

    def shape(self, *inputs: Shape) -> Shape:
        height, width, _ = picture(one(inputs, "Conv2D"), "Conv2D")
        sides = zip((height, width), self.kernel, self.strides, self.dilation, strict=True)
        return *(_side(*side, self.padding) for side in sides), self.filters

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        kernel = {"kernel": (*self.kernel, inputs[0][2], self.filters)}
        return kernel | ({"bias": (self.filters,)} if self.use_bias else {})

    def work(self, *inputs: Shape) -> tuple[float, int]:
        out = self.shape(*inputs)
        windows = math.prod(out[:2]) * math.prod(self.kernel) * inputs[0][2]
        memory = windows + math.prod(out) + _padded_size(self, inputs[0])
        return 0.06 * windows * self.filters + 2.5 * memory + nanoseconds(self.activation) * math.prod(out), memory

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        x = _padded(inputs[0], self, 0.0)
        down, right = self.dilation
        reach = ((self.kernel[0] - 1) * down + 1, (self.kernel[1] - 1) * right + 1)
        windows = sliding_window_view(x, reach, axis=(1, 2))[:, :: self.strides[0], :: self.strides[1]]
        windows = windows[..., ::down, ::right]  # (n, h, w, c, kh, kw)
        kernel = weights["kernel"].transpose(2, 0, 1, 3).reshape(-1, self.filters)
        flat = windows.reshape(-1, len(kernel)) @ kernel
        out = flat.reshape(*windows.shape[:3], self.filters)
        return ACTIVATIONS[self.activation](out + weights["bias"] if self.use_bias else out)


@dataclass(frozen=True)
class DepthwiseConv2D(Layer):
    """A depthwise convolution with a kernel ``(h, w, c, multiplier)``."""

    kernel: tuple[int, int]
    strides: tuple[int, int] = (1, 1)
    padding: str = "valid"
    use_bias: bool = True
    activation: str = "linear"
    multiplier: int = 1
    dilation = (1, 1)

    @classmethod
    def from_config(cls, config: dict) -> DepthwiseConv2D:
        plain(config, groups=1, data_format="channels_last")
        if pair(config, "dilation_rate") != (1, 1):
            raise ModelFileError("dilation_rate of a DepthwiseConv2D must be 1.")
        kernel, strides, padding = _window(config)
        return cls(kernel, strides, padding, *ending(config), whole(config, "depth_multiplier", 1, 16, 1))

    def shape(self, *inputs: Shape) -> Shape:
        height, width, channels = picture(one(inputs, "DepthwiseConv2D"), "DepthwiseConv2D")
        sides = zip((height, width), self.kernel, self.strides, (1, 1), strict=True)
        return *(_side(*side, self.padding) for side in sides), channels * self.multiplier

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        channels = inputs[0][2]
        kernel = {"kernel": (*self.kernel, channels, self.multiplier)}
        return kernel | ({"bias": (channels * self.multiplier,)} if self.use_bias else {})

    def work(self, *inputs: Shape) -> tuple[float, int]:
        size = math.prod(self.shape(*inputs))
        time = 1.3 * size * math.prod(self.kernel) + nanoseconds(self.activation) * size
        return time, 3 * size + _padded_size(self, inputs[0])

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        x = _padded(inputs[0], self, 0.0)[..., None]
        height, width, channels = self.shape(inputs[0].shape[1:])
        each = np.zeros((len(x), height, width, x.shape[3], self.multiplier), np.float32)
        for i, j in np.ndindex(*self.kernel):
            each += x[:, i :: self.strides[0], j :: self.strides[1]][:, :height, :width] * weights["kernel"][i, j]
        out = each.reshape(len(x), height, width, channels)
        return ACTIVATIONS[self.activation](out + weights["bias"] if self.use_bias else out)


@dataclass(frozen=True)
class ZeroPadding2D(Layer):
    """Adds zeros around a picture; `borders` are rows (top, bottom) and columns (left, right)."""

    borders: tuple[tuple[int, int], tuple[int, int]]

    @classmethod
    def from_config(cls, config: dict) -> ZeroPadding2D:
        plain(config, data_format="channels_last")
        value = config.get("padding", 1)
        value = [value, value] if isinstance(value, int) else rows(value, "padding")
        if len(value) != 2:
            raise ModelFileError(f"padding is {quoted(value)}; expected two numbers, or two pairs.")
        rows_added, columns_added = (pair({"padding": side}, "padding", low=0) for side in value)
        return cls((rows_added, columns_added))

    def shape(self, *inputs: Shape) -> Shape:
        height, width, channels = picture(one(inputs, "ZeroPadding2D"), "ZeroPadding2D")
        return height + sum(self.borders[0]), width + sum(self.borders[1]), channels

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        return np.pad(inputs[0], ((0, 0), *self.borders, (0, 0)))


@dataclass(frozen=True)
class MaxPooling2D(Layer):
    """The maximum of every window."""

    kernel: tuple[int, int]
    strides: tuple[int, int]
    padding: str
    dilation = (1, 1)

    @classmethod
    def from_config(cls, config: dict) -> MaxPooling2D:
        plain(config, data_format="channels_last")
        size = pair(config, "pool_size", (2, 2))
        return cls(size, pair(config, "strides", size), _padding(config))

    def shape(self, *inputs: Shape) -> Shape:
        height, width, channels = picture(one(inputs, type(self).__name__), type(self).__name__)
        sides = zip((height, width), self.kernel, self.strides, (1, 1), strict=True)
        return *(_side(*side, self.padding) for side in sides), channels

    def work(self, *inputs: Shape) -> tuple[float, int]:
        size = math.prod(self.shape(*inputs))
        return 12.0 * size * math.prod(self.kernel), 2 * size + 2 * _padded_size(self, inputs[0])

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        return self._windows(_padded(inputs[0], self, -np.inf)).max(axis=(4, 5))

    def _windows(self, x: np.ndarray) -> np.ndarray:
        return sliding_window_view(x, self.kernel, axis=(1, 2))[:, :: self.strides[0], :: self.strides[1]]


class AveragePooling2D(MaxPooling2D):
    """The mean of every window; padding is not counted."""

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        total = self._windows(_padded(inputs[0], self, 0.0)).sum(axis=(4, 5))
        inside = _padded(np.ones((1, *inputs[0].shape[1:3], 1), np.float32), self, 0.0)
        return total / self._windows(inside).sum(axis=(4, 5))


@dataclass(frozen=True)
class GlobalAveragePooling2D(Layer):
    """The mean of every channel."""

    keepdims: bool = False

    @classmethod
    def from_config(cls, config: dict) -> GlobalAveragePooling2D:
        plain(config, data_format="channels_last")
        return cls(switch(config, "keepdims", False))

    def shape(self, *inputs: Shape) -> Shape:
        channels = picture(one(inputs, type(self).__name__), type(self).__name__)[2]
        return (1, 1, channels) if self.keepdims else (channels,)

    def work(self, *inputs: Shape) -> tuple[float, int]:
        return EACH * math.prod(inputs[0]), math.prod(inputs[0])

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        mean = inputs[0].mean(axis=(1, 2))
        return mean[:, None, None] if self.keepdims else mean


class GlobalMaxPooling2D(GlobalAveragePooling2D):
    """The maximum of every channel."""

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        largest = inputs[0].max(axis=(1, 2))
        return largest[:, None, None] if self.keepdims else largest


def _window(config: dict) -> tuple[tuple[int, int], tuple[int, int], str]:
    return pair(config, "kernel_size", (0, 0)), pair(config, "strides"), _padding(config)


def _padding(config: dict) -> str:
    return choice(config, "padding", ("valid", "same"), "valid")


def _side(size: int, kernel: int, stride: int, dilation: int, padding: str) -> int:
    """Height or width of the output."""
    if padding == "same":
        return -(-size // stride)
    reach = (kernel - 1) * dilation + 1
    if reach > size:
        raise ModelFileError(f"a window of {reach} pixels does not fit into a picture of {size}.")
    return (size - reach) // stride + 1


Windowed = Conv2D | DepthwiseConv2D | MaxPooling2D


def _borders(layer: Windowed, shape: Shape) -> list[tuple[int, int]]:
    """Rows above and below, columns left and right that padding adds to a picture; as in TensorFlow, an odd border is
    larger at the end."""
    if layer.padding == "valid":
        return [(0, 0), (0, 0)]
    borders = []
    for size, kernel, stride, dilation in zip(shape[:2], layer.kernel, layer.strides, layer.dilation, strict=True):
        missing = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
        borders.append((missing // 2, missing - missing // 2))
    return borders


def _padded_size(layer: Windowed, shape: Shape) -> int:
    """Values of a picture with the layer's padding, which can be thousands of times as many as without."""
    sides = (size + sum(border) for size, border in zip(shape[:2], _borders(layer, shape), strict=True))
    return math.prod(sides) * shape[2]


def _padded(x: np.ndarray, layer: Windowed, value: float) -> np.ndarray:
    """Pictures with the layer's padding."""
    if layer.padding == "valid":
        return x
    return np.pad(x, ((0, 0), *_borders(layer, x.shape[1:]), (0, 0)), constant_values=value)
