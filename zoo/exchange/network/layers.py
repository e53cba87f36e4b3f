"""The supported layers in NumPy: those without windows, and the table of all.

This is an allowlist: any other layer is rejected, and the error names it.

References
----------
Keras' layers of the same names, https://keras.io/api/layers/.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from features.phrase import Phrase
from zoo.exchange.errors import ModelFileError
from zoo.exchange.network.conv_layers import (
    AveragePooling2D,
    Conv2D,
    DepthwiseConv2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    MaxPooling2D,
    ZeroPadding2D,
)
from zoo.exchange.network.layer_base import (
    ACTIVATIONS,
    MAX_INPUTS,
    SOFTMAX,
    Layer,
    Shape,
    Weights,
    activation,
    ending,
    nanoseconds,
    one,
    picture,
    softmax,
    switch,
)
from zoo.exchange.validation import choice, number, plain, rows, whole
from zoo.filenames import quoted


class Dropout(Layer):
    """No effect after training."""


@dataclass(frozen=True)
class BatchNormalization(Layer):
    """Shifts and scales every channel with learned parameters."""

    epsilon: float
    scale: bool
    center: bool
    axis: int = -1

    @classmethod
    def from_config(cls, config: dict) -> BatchNormalization:
        axis = config.get("axis", -1)
        axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
        choice({"axis": axis}, "axis", (-1, 1, 2, 3), -1)
        return cls(number(config, "epsilon", 0, 1, 1e-3), switch(config, "scale"), switch(config, "center"), axis)

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
    """Every picture minus its mean, divided by its standard deviation, without parameters."""

    epsilon: float

    @classmethod
    def from_config(cls, config: dict) -> LayerNormalization:
        if config.get("axis") not in ([1, 2, 3], [-3, -2, -1]):
            raise ModelFileError(f"axis of a LayerNormalization is {quoted(config.get('axis'))}; expected [1, 2, 3].")
        if switch(config, "scale") or switch(config, "center"):
            raise ModelFileError("a LayerNormalization with learned scale or centre is not supported.")
        return cls(number(config, "epsilon", 0, 1, 1e-3))

    def shape(self, *inputs: Shape) -> Shape:
        return picture(one(inputs, "LayerNormalization"), "LayerNormalization")

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        centred = inputs[0] - inputs[0].mean(axis=(1, 2, 3), keepdims=True)
        spread = (centred**2).mean(axis=(1, 2, 3), keepdims=True)
        return centred / np.sqrt(spread + np.float32(self.epsilon))


@dataclass(frozen=True)
class Dense(Layer):
    """A dense layer, ``x @ kernel + bias``, with a kernel ``(d, units)``."""

    units: int
    use_bias: bool = True
    activation: str = "linear"

    @classmethod
    def from_config(cls, config: dict) -> Dense:
        return cls(whole(config, "units"), *ending(config))

    def shape(self, *inputs: Shape) -> Shape:
        if len(one(inputs, "Dense")) != 1:
            raise ModelFileError(f"a Dense layer got something of shape {inputs[0]}; expected a row of numbers.")
        return (self.units,)

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        return {"kernel": (inputs[0][0], self.units)} | ({"bias": (self.units,)} if self.use_bias else {})

    def work(self, *inputs: Shape) -> tuple[float, int]:
        time = 0.25 * inputs[0][0] * self.units + nanoseconds(self.activation) * self.units
        return time, inputs[0][0] + self.units

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        out = inputs[0] @ weights["kernel"]
        return ACTIVATIONS[self.activation](out + weights["bias"] if self.use_bias else out)


@dataclass(frozen=True)
class ReLU(Layer):
    """Rectified linear unit, optionally with a slope below 0 and an upper limit."""

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
    """An elementwise function, or a softmax of every row."""

    activation: str

    @classmethod
    def from_config(cls, config: dict) -> Activation:
        return cls(activation(config))

    def work(self, *inputs: Shape) -> tuple[float, int]:
        size = math.prod(self.shape(*inputs))
        return nanoseconds(self.activation) * size, 2 * size

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        return ACTIVATIONS[self.activation](inputs[0])


class Softmax(Layer):
    """Softmax of every row."""

    @classmethod
    def from_config(cls, config: dict) -> Softmax:
        plain(config, axis=-1)
        return cls()

    def work(self, *inputs: Shape) -> tuple[float, int]:
        size = math.prod(self.shape(*inputs))
        return SOFTMAX * size, 2 * size

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        return softmax(inputs[0])


class Add(Layer):
    """The sum of 2 to 16 inputs, broadcast along axes of size 1."""

    function: np.ufunc = np.add

    def shape(self, *inputs: Shape) -> Shape:
        if not 2 <= len(inputs) <= MAX_INPUTS or len({len(shape) for shape in inputs}) > 1:
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
    """The product of 2 to 16 inputs, broadcast along axes of size 1."""

    function: np.ufunc = np.multiply


class Concatenate(Layer):
    """2 to 16 inputs concatenated along their channels."""

    @classmethod
    def from_config(cls, config: dict) -> Concatenate:
        choice(config, "axis", (-1, 3), -1)
        return cls()

    def shape(self, *inputs: Shape) -> Shape:
        if not 2 <= len(inputs) <= MAX_INPUTS or len({shape[:-1] for shape in inputs}) > 1:
            raise ModelFileError(f"Concatenate cannot bring {inputs[:4]} together.")
        return *inputs[0][:-1], sum(shape[-1] for shape in inputs)

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        return np.concatenate(inputs, axis=-1)


class Flatten(Layer):
    """A picture flattened to a row."""

    def shape(self, *inputs: Shape) -> Shape:
        return (math.prod(one(inputs, "Flatten")),)

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        return inputs[0].reshape(len(inputs[0]), -1)


@dataclass(frozen=True)
class Reshape(Layer):
    """The same values in another shape."""

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


def make(kind: object, config: dict) -> Layer:
    """A layer by its name in Keras; `ModelFileError` unless it is one of `KINDS`."""
    if not isinstance(kind, str) or kind not in KINDS:
        known = ", ".join(sorted(KINDS))
        raise ModelFileError(
            Phrase(
                "import.layer",
                "The model has a layer {0}, which is not one of those understood: {1}.",
                quoted(kind),
                known,
            )
        )
    return KINDS[kind].from_config(config)
