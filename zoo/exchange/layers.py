"""The layers that are understood, each in NumPy: what shape it makes, what it needs, what it costs, what it does.

A list of what is allowed, not of what is forbidden: a layer that is not here is refused by name.
Pictures are float32 ``(n, h, w, c)``, rows ``(n, c)``; shapes below leave ``n`` out.

References
----------
Keras' layers of the same names, https://keras.io/api/layers/.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from zoo.exchange.errors import ModelFileError
from zoo.exchange.settings import choice, number, pair, plain, rows, short, whole

Shape = tuple[int, ...]
Weights = dict[str, np.ndarray]


def _softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (np.tanh(0.5 * x) + 1)


def _elu(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: x.clip(0, 6),
    "elu": _elu,
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0))),
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "softplus": lambda x: np.logaddexp(x, 0),
    "swish": lambda x: x * _sigmoid(x),
    "silu": lambda x: x * _sigmoid(x),
    "softmax": _softmax,
}


def _activation(config: dict) -> str:
    return choice(config, "activation", tuple(ACTIVATIONS), "linear") or "linear"


def _picture(shape: Shape, layer: str) -> Shape:
    if len(shape) != 3:
        raise ModelFileError(f"{layer} got something of shape {shape}; expected a picture (height, width, channels).")
    return shape


class Layer:
    """One input, its shape kept, nothing learned, nothing done; the others change what they need to."""

    @classmethod
    def from_config(cls, config: dict) -> Layer:
        """The layer with these settings; `ModelFileError` on any that is not understood."""
        return cls()

    def shape(self, *inputs: Shape) -> Shape:
        """What comes out."""
        return one(inputs, type(self).__name__)

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """What must have been learned, by name and shape."""
        return {}

    def work(self, *inputs: Shape) -> tuple[int, int]:
        """Multiplications, and numbers held in memory at once."""
        size = math.prod(self.shape(*inputs))
        return size, 2 * size

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        return inputs[0]


def one(inputs: tuple, layer: str) -> Shape:
    """The only input; `ModelFileError` when there are more."""
    if len(inputs) != 1:
        raise ModelFileError(f"a {layer} layer has {len(inputs)} inputs; expected 1.")
    return inputs[0]


class Dropout(Layer):
    """Does nothing once training is over."""


@dataclass(frozen=True)
class Conv2D(Layer):
    """A convolution. Kernel ``(h, w, c, filters)``."""

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
        return cls(whole(config, "filters"), *_window(config), pair(config, "dilation_rate"), *_ending(config))

    def shape(self, *inputs: Shape) -> Shape:
        height, width, _ = _picture(one(inputs, "Conv2D"), "Conv2D")
        sides = zip((height, width), self.kernel, self.strides, self.dilation, strict=True)
        return *(_side(*side, self.padding) for side in sides), self.filters

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        kernel = {"kernel": (*self.kernel, inputs[0][2], self.filters)}
        return kernel | ({"bias": (self.filters,)} if self.use_bias else {})

    def work(self, *inputs: Shape) -> tuple[int, int]:
        out = self.shape(*inputs)
        windows = math.prod(out[:2]) * math.prod(self.kernel) * inputs[0][2]
        return windows * self.filters, windows + math.prod(out) + math.prod(inputs[0])

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
    """A convolution of each channel by itself. Kernel ``(h, w, c, multiplier)``."""

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
        return cls(*_window(config), *_ending(config), whole(config, "depth_multiplier", 1, 16, 1))

    def shape(self, *inputs: Shape) -> Shape:
        height, width, channels = _picture(one(inputs, "DepthwiseConv2D"), "DepthwiseConv2D")
        sides = zip((height, width), self.kernel, self.strides, (1, 1), strict=True)
        return *(_side(*side, self.padding) for side in sides), channels * self.multiplier

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        channels = inputs[0][2]
        kernel = {"kernel": (*self.kernel, channels, self.multiplier)}
        return kernel | ({"bias": (channels * self.multiplier,)} if self.use_bias else {})

    def work(self, *inputs: Shape) -> tuple[int, int]:
        size = math.prod(self.shape(*inputs))
        return size * math.prod(self.kernel), 3 * size + math.prod(inputs[0])

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        x = _padded(inputs[0], self, 0.0)[..., None]
        height, width, channels = self.shape(inputs[0].shape[1:])
        out = np.zeros((len(x), height, width, x.shape[3], self.multiplier), np.float32)
        for i, j in np.ndindex(*self.kernel):
            out += x[:, i :: self.strides[0], j :: self.strides[1]][:, :height, :width] * weights["kernel"][i, j]
        out = out.reshape(len(x), height, width, channels)
        return ACTIVATIONS[self.activation](out + weights["bias"] if self.use_bias else out)


@dataclass(frozen=True)
class BatchNormalization(Layer):
    """Every channel shifted and scaled as learned."""

    epsilon: float
    scale: bool
    center: bool
    axis: int = -1

    @classmethod
    def from_config(cls, config: dict) -> BatchNormalization:
        axis = config.get("axis", -1)
        axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
        choice({"axis": axis}, "axis", (-1, 1, 2, 3), -1)
        return cls(number(config, "epsilon", 0, 1, 1e-3), _switch(config, "scale"), _switch(config, "center"), axis)

    def shape(self, *inputs: Shape) -> Shape:
        shape = one(inputs, "BatchNormalization")
        if self.axis not in (-1, len(shape)):
            raise ModelFileError(f"BatchNormalization along axis {self.axis} is not supported; only the last is.")
        return shape

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        used = ["gamma"] * self.scale + ["beta"] * self.center + ["moving_mean", "moving_variance"]
        return dict.fromkeys(used, inputs[0][-1:])

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        slope = 1 / np.sqrt(np.maximum(weights["moving_variance"], 0) + np.float32(self.epsilon))
        slope = slope * weights["gamma"] if self.scale else slope
        shift = -weights["moving_mean"] * slope + (weights["beta"] if self.center else 0)
        return inputs[0] * slope + shift


@dataclass(frozen=True)
class LayerNormalization(Layer):
    """Every picture minus its mean, over its spread; nothing learned."""

    epsilon: float

    @classmethod
    def from_config(cls, config: dict) -> LayerNormalization:
        if config.get("axis") not in ([1, 2, 3], [-3, -2, -1]):
            raise ModelFileError(f"axis of a LayerNormalization is {short(config.get('axis'))}; expected [1, 2, 3].")
        if _switch(config, "scale") or _switch(config, "center"):
            raise ModelFileError("a LayerNormalization with learned scale or centre is not supported.")
        return cls(number(config, "epsilon", 0, 1, 1e-3))

    def shape(self, *inputs: Shape) -> Shape:
        return _picture(one(inputs, "LayerNormalization"), "LayerNormalization")

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        centred = inputs[0] - inputs[0].mean(axis=(1, 2, 3), keepdims=True)
        spread = (centred**2).mean(axis=(1, 2, 3), keepdims=True)
        return centred / np.sqrt(spread + np.float32(self.epsilon))


@dataclass(frozen=True)
class Dense(Layer):
    """``x @ kernel + bias``: kernel ``(d, units)``."""

    units: int
    use_bias: bool = True
    activation: str = "linear"

    @classmethod
    def from_config(cls, config: dict) -> Dense:
        return cls(whole(config, "units"), *_ending(config))

    def shape(self, *inputs: Shape) -> Shape:
        if len(one(inputs, "Dense")) != 1:
            raise ModelFileError(f"a Dense layer got something of shape {inputs[0]}; expected a row of numbers.")
        return (self.units,)

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        return {"kernel": (inputs[0][0], self.units)} | ({"bias": (self.units,)} if self.use_bias else {})

    def work(self, *inputs: Shape) -> tuple[int, int]:
        return inputs[0][0] * self.units, inputs[0][0] + self.units

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        out = inputs[0] @ weights["kernel"]
        return ACTIVATIONS[self.activation](out + weights["bias"] if self.use_bias else out)


@dataclass(frozen=True)
class ReLU(Layer):
    """Nothing below 0, or a slope there; nothing above a limit."""

    limit: float
    slope: float

    @classmethod
    def from_config(cls, config: dict) -> ReLU:
        plain(config, threshold=0)
        limit = math.inf if config.get("max_value") is None else number(config, "max_value", 0, 1e6, 6)
        return cls(limit, number(config, "negative_slope", 0, 1, 0))

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        x = inputs[0]
        return np.where(x > 0, np.minimum(x, np.float32(self.limit)), x * np.float32(self.slope))


@dataclass(frozen=True)
class Activation(Layer):
    """A function of every number by itself, or a softmax of every row."""

    activation: str

    @classmethod
    def from_config(cls, config: dict) -> Activation:
        return cls(_activation(config))

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        return ACTIVATIONS[self.activation](inputs[0])


class Softmax(Layer):
    """Rows that sum to 1."""

    @classmethod
    def from_config(cls, config: dict) -> Softmax:
        plain(config, axis=-1)
        return cls()

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        return _softmax(inputs[0])


class Add(Layer):
    """Two or more inputs added; a side of 1 is stretched."""

    function = staticmethod(np.add)

    def shape(self, *inputs: Shape) -> Shape:
        if not 2 <= len(inputs) <= 16 or len({len(shape) for shape in inputs}) > 1:
            raise ModelFileError(f"{type(self).__name__} got inputs of shapes {inputs[:4]}; expected some of one kind.")
        try:
            return np.broadcast_shapes(*inputs)
        except ValueError:
            raise ModelFileError(f"{type(self).__name__} cannot bring {inputs[:4]} together.") from None

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        total = inputs[0]
        for more in inputs[1:]:
            total = self.function(total, more)
        return total


class Multiply(Add):
    """Two or more inputs multiplied."""

    function = staticmethod(np.multiply)


class Concatenate(Layer):
    """Channels of several inputs side by side."""

    @classmethod
    def from_config(cls, config: dict) -> Concatenate:
        choice(config, "axis", (-1, 3), -1)
        return cls()

    def shape(self, *inputs: Shape) -> Shape:
        if not 2 <= len(inputs) <= 16 or len({shape[:-1] for shape in inputs}) > 1:
            raise ModelFileError(f"Concatenate cannot bring {inputs[:4]} together.")
        return *inputs[0][:-1], sum(shape[-1] for shape in inputs)

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        return np.concatenate(inputs, axis=-1)


@dataclass(frozen=True)
class ZeroPadding2D(Layer):
    """Black borders."""

    borders: tuple[tuple[int, int], tuple[int, int]]

    @classmethod
    def from_config(cls, config: dict) -> ZeroPadding2D:
        plain(config, data_format="channels_last")
        value = config.get("padding", 1)
        value = [value, value] if isinstance(value, int) else rows(value, "padding")
        if len(value) != 2:
            raise ModelFileError(f"padding is {short(value)}; expected two numbers, or two pairs.")
        return cls(tuple(pair({"padding": side}, "padding", low=0) for side in value))

    def shape(self, *inputs: Shape) -> Shape:
        height, width, channels = _picture(one(inputs, "ZeroPadding2D"), "ZeroPadding2D")
        return height + sum(self.borders[0]), width + sum(self.borders[1]), channels

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        return np.pad(inputs[0], ((0, 0), *self.borders, (0, 0)))


@dataclass(frozen=True)
class MaxPooling2D(Layer):
    """The largest number of every window."""

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
        height, width, channels = _picture(one(inputs, type(self).__name__), type(self).__name__)
        sides = zip((height, width), self.kernel, self.strides, (1, 1), strict=True)
        return *(_side(*side, self.padding) for side in sides), channels

    def work(self, *inputs: Shape) -> tuple[int, int]:
        size = math.prod(self.shape(*inputs))
        return size * math.prod(self.kernel), 2 * size + 2 * math.prod(inputs[0])

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        return self._windows(_padded(inputs[0], self, -np.inf)).max(axis=(4, 5))

    def _windows(self, x: np.ndarray) -> np.ndarray:
        return sliding_window_view(x, self.kernel, axis=(1, 2))[:, :: self.strides[0], :: self.strides[1]]


class AveragePooling2D(MaxPooling2D):
    """The mean of every window; borders that were added do not count."""

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
        return cls(_switch(config, "keepdims", False))

    def shape(self, *inputs: Shape) -> Shape:
        channels = _picture(one(inputs, type(self).__name__), type(self).__name__)[2]
        return (1, 1, channels) if self.keepdims else (channels,)

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        return inputs[0].mean(axis=(1, 2), keepdims=self.keepdims)


class GlobalMaxPooling2D(GlobalAveragePooling2D):
    """The largest number of every channel."""

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        return inputs[0].max(axis=(1, 2), keepdims=self.keepdims)


class Flatten(Layer):
    """A picture as one row."""

    def shape(self, *inputs: Shape) -> Shape:
        return (math.prod(one(inputs, "Flatten")),)

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        return inputs[0].reshape(len(inputs[0]), -1)


@dataclass(frozen=True)
class Reshape(Layer):
    """The same numbers in another shape."""

    target: Shape

    @classmethod
    def from_config(cls, config: dict) -> Reshape:
        sides = rows(config.get("target_shape"), "target_shape")
        if not 1 <= len(sides) <= 3:
            raise ModelFileError(f"target_shape has {len(sides)} sides; expected 1 to 3.")
        return cls(tuple(whole({"target_shape": side}, "target_shape", 1, 2**20) for side in sides))

    def shape(self, *inputs: Shape) -> Shape:
        if math.prod(one(inputs, "Reshape")) != math.prod(self.target):
            raise ModelFileError(f"Reshape cannot make {self.target} of {inputs[0]}.")
        return self.target

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        return inputs[0].reshape(len(inputs[0]), *self.target)


@dataclass(frozen=True)
class Rescaling(Layer):
    """``x * scale + offset``."""

    scale: float
    offset: float

    @classmethod
    def from_config(cls, config: dict) -> Rescaling:
        return cls(number(config, "scale", -1e4, 1e4, 1), number(config, "offset", -1e4, 1e4, 0))

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        return inputs[0] * np.float32(self.scale) + np.float32(self.offset)


KINDS: dict[str, type[Layer]] = {
    kind.__name__: kind
    for kind in (
        *(Conv2D, DepthwiseConv2D, Dense, BatchNormalization, LayerNormalization, ReLU, Activation, Softmax),
        *(Add, Multiply, Concatenate, ZeroPadding2D, MaxPooling2D, AveragePooling2D, GlobalAveragePooling2D),
        *(GlobalMaxPooling2D, Flatten, Reshape, Rescaling, Dropout),
    )
}


def make(kind: str, config: dict) -> Layer:
    """A layer by its name in Keras; `ModelFileError` when it is not one of `KINDS`."""
    if not isinstance(kind, str) or kind not in KINDS:
        known = ", ".join(sorted(KINDS))
        raise ModelFileError(f"The model has a layer {short(kind)}, which is not one of those understood: {known}.")
    return KINDS[kind].from_config(config)


def _window(config: dict) -> tuple:
    return pair(config, "kernel_size", (0, 0)), pair(config, "strides"), _padding(config)


def _ending(config: dict) -> tuple[bool, str]:
    return _switch(config, "use_bias"), _activation(config)


def _switch(config: dict, key: str, default: bool = True) -> bool:
    return choice(config, key, (True, False), default)


def _padding(config: dict) -> str:
    return choice(config, "padding", ("valid", "same"), "valid")


def _side(size: int, kernel: int, stride: int, dilation: int, padding: str) -> int:
    """Height or width of what comes out."""
    if padding == "same":
        return -(-size // stride)
    reach = (kernel - 1) * dilation + 1
    if reach > size:
        raise ModelFileError(f"a window of {reach} pixels does not fit into a picture of {size}.")
    return (size - reach) // stride + 1


def _padded(x: np.ndarray, layer: Layer, value: float) -> np.ndarray:
    """A picture with the borders that "same" needs; the larger half comes after, as in TensorFlow."""
    if layer.padding == "valid":
        return x
    borders = []
    for size, kernel, stride, dilation in zip(x.shape[1:3], layer.kernel, layer.strides, layer.dilation, strict=True):
        missing = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
        borders.append((missing // 2, missing - missing // 2))
    return np.pad(x, ((0, 0), *borders, (0, 0)), constant_values=value)
