"""The base class of layers (output shape, parameters, cost, evaluation), and the activations.

Pictures are float32 ``(n, h, w, c)``, rows are ``(n, c)``; shapes omit ``n``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import islice

import numpy as np

from zoo.exchange.errors import ModelFileError
from zoo.exchange.validation import choice
from zoo.filenames import quoted
from zoo.models.svm import softmax

Shape = tuple[int, ...]
Weights = dict[str, np.ndarray]
EACH, SOFTMAX = 5.0, 20.0  # nanoseconds for one value, measured on one core of 2024
MAX_INPUTS = 16  # of a layer that joins several
MOST_NAMED = 6  # weights that a message names


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
    "softmax": softmax,
}


def named_shapes(shapes: Mapping[str, Shape]) -> str:
    """Weights and their shapes, for messages; an upload may hold thousands."""
    parts = [f"{quoted(name)} {shape}" for name, shape in islice(shapes.items(), MOST_NAMED)]
    return ", ".join([*parts, "…"] if len(shapes) > MOST_NAMED else parts) or "none"


def nanoseconds(activation: str) -> float:
    """Time that an activation takes for one value."""
    return {"linear": 0.0, "softplus": 15.0, "softmax": SOFTMAX}.get(activation, EACH)


def activation(config: dict) -> str:
    """Name of the activation in a layer's settings; `ModelFileError` if it is unknown."""
    return choice(config, "activation", tuple(ACTIVATIONS), "linear") or "linear"


def picture(shape: Shape, layer: str) -> Shape:
    """The shape, if it is a picture's; `ModelFileError` otherwise."""
    if len(shape) != 3:
        raise ModelFileError(f"{layer} got something of shape {shape}; expected a picture (height, width, channels).")
    return shape


class Layer:
    """The identity of one input, without parameters; subclasses override what differs."""

    @classmethod
    def from_config(cls, config: dict) -> Layer:
        """The layer with these settings; `ModelFileError` for unsupported ones."""
        return cls()

    def shape(self, *inputs: Shape) -> Shape:
        """The output shape for these input shapes; `ModelFileError` if they do not fit."""
        return one(inputs, type(self).__name__)

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        """Shapes of the parameters by name, for these input shapes."""
        return {}

    def work(self, *inputs: Shape) -> tuple[float, int]:
        """Nanoseconds on one core, roughly, and number of values in memory at the same time, per picture."""
        size = math.prod(self.shape(*inputs))
        return EACH * size, 2 * size

    def __call__(self, weights: Weights, *inputs: np.ndarray) -> np.ndarray:
        return inputs[0]


def one(inputs: tuple, layer: str) -> Shape:
    """The shape of the only input; `ModelFileError` unless there is exactly one."""
    if len(inputs) != 1:
        raise ModelFileError(f"a {layer} layer has {len(inputs)} inputs; expected 1.")
    return inputs[0]


def ending(config: dict) -> tuple[bool, str]:
    """The settings `use_bias` and `activation`."""
    return switch(config, "use_bias"), activation(config)


def switch(config: dict, key: str, default: bool = True) -> bool:
    """A boolean setting; `ModelFileError` for anything else."""
    return choice(config, key, (True, False), default)
