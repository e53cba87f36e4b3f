"""The networks, as Keras graphs. Backend-neutral: TensorFlow, JAX or PyTorch trains them.

Every network takes grey crops ``(n, side, side, 1)`` in 0..255 and standardises each by its own
mean and spread, so that light and scaling cannot differ between training and serving.
"""

from __future__ import annotations

import keras
from keras import layers, ops


def residual_vgg(side: int = 48, widths: tuple[int, ...] = (32, 64, 128, 256)) -> tuple:
    """A small VGG with batch normalisation, whose deeper stages carry a residual squeeze-excite pair.

    Parameters
    ----------
    side : int
        Side of the input in pixels.
    widths : tuple of int
        Channels of each stage; the picture is halved after each.

    Returns
    -------
    inputs, maps, embedding : KerasTensor
        ``(n, side, side, 1)``; the first stage's maps; ``(n, widths[-1])``.

    References
    ----------
    Simonyan and Zisserman, ICLR 2015; He et al., CVPR 2016; Hu et al., "Squeeze-and-Excitation
    Networks", CVPR 2018.
    """
    inputs = keras.Input((side, side, 1), name="crop")
    x = standardise(inputs)
    maps = None
    for stage, width in enumerate(widths):
        x = conv(x, width)
        x = conv(x, width) if stage < 2 else residual(x, width)
        x = layers.MaxPooling2D()(x)
        maps = x if maps is None else maps
    return inputs, maps, layers.GlobalAveragePooling2D(name="embedding", dtype="float32")(x)


def standardise(x):
    """Each picture minus its mean, over its spread."""
    centred = x - ops.mean(x, axis=(1, 2, 3), keepdims=True)
    return centred / (ops.sqrt(ops.mean(ops.square(centred), axis=(1, 2, 3), keepdims=True)) + 1.0)


def conv(x, width: int, activate: bool = True):
    """3 x 3 convolution, batch normalisation, ReLU."""
    x = layers.Conv2D(width, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x) if activate else x


def residual(x, width: int):
    """Two convolutions weighed by channel and added to what came in."""
    y = conv(conv(x, width), width, activate=False)
    weight = layers.GlobalAveragePooling2D(keepdims=True)(y)
    weight = layers.Conv2D(width // 8, 1, activation="relu")(weight)
    weight = layers.Conv2D(width, 1, activation="sigmoid")(weight)
    return layers.ReLU()(layers.Add()([x, layers.Multiply()([y, weight])]))
