"""The networks, as Keras graphs. Backend-neutral: TensorFlow, JAX or PyTorch trains them.

Every network takes grey crops ``(n, side, side, 1)`` in 0..255 and standardises each by its own
mean and spread, so that light and scaling cannot differ between training and serving.
"""

from __future__ import annotations

import keras
from keras import KerasTensor, layers, ops

Trunk = tuple[KerasTensor, KerasTensor, KerasTensor]  # the crop, the first stage's maps, the embedding


def residual_vgg(side: int = 48, widths: tuple[int, ...] = (32, 64, 128, 256)) -> Trunk:
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


def standardise(x: KerasTensor) -> KerasTensor:
    """Each picture minus its mean, over its spread."""
    centred = x - ops.mean(x, axis=(1, 2, 3), keepdims=True)
    return centred / (ops.sqrt(ops.mean(ops.square(centred), axis=(1, 2, 3), keepdims=True)) + 1.0)


def conv(x: KerasTensor, width: int, activate: bool = True) -> KerasTensor:
    """3 x 3 convolution, batch normalisation, ReLU."""
    x = layers.Conv2D(width, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x) if activate else x


def residual(x: KerasTensor, width: int) -> KerasTensor:
    """Two convolutions weighed by channel and added to what came in."""
    y = conv(conv(x, width), width, activate=False)
    return layers.ReLU()(layers.Add()([x, _weighed(y, width)]))


def separable_vgg(side: int = 48, widths: tuple[int, ...] = (32, 64, 96, 160)) -> Trunk:
    """A network small enough for anything: plain convolutions where pictures are large, separable ones after.

    Plain convolutions have few weights at the first, narrow stages; where stages are wide, a
    depthwise convolution and a pointwise one do the same for a ninth of the weights.

    Parameters and returns are those of `residual_vgg`.

    References
    ----------
    Howard et al., "MobileNets", 2017, arXiv:1704.04861; Sandler et al., "MobileNetV2", CVPR 2018.
    """
    inputs = keras.Input((side, side, 1), name="crop")
    x = standardise(inputs)
    maps = None
    for stage, width in enumerate(widths):
        if stage < 2:
            x = conv(conv(x, width), width)
        else:
            x = separable_residual(separable_residual(separable(x, width), width), width)
        x = layers.MaxPooling2D()(x)
        maps = x if maps is None else maps
    return inputs, maps, layers.GlobalAveragePooling2D(name="embedding", dtype="float32")(x)


def separable_residual(x: KerasTensor, width: int) -> KerasTensor:
    """As `residual`, of separable convolutions."""
    y = separable(separable(x, width), width, activate=False)
    return layers.ReLU()(layers.Add()([x, _weighed(y, width)]))


def separable(x: KerasTensor, width: int, activate: bool = True) -> KerasTensor:
    """3 x 3 convolution a channel, 1 x 1 convolution across them, each normalised."""
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False, depthwise_initializer="he_normal")(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.Conv2D(width, 1, use_bias=False, kernel_initializer="he_normal")(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x) if activate else x


def keras_blog(side: int = 48) -> Trunk:
    """The network of "Facial Expression Recognition using Keras" (2020): 4.48 M parameters at 48 pixels.

    Four convolutions of 64, 128, 512 and 512 channels, the second 5 x 5; two dense layers of 256
    and 512. Each is normalised, has a ReLU and a dropout of a quarter.

    Notes
    -----
    The blog feeds grey levels as they are; here every crop is standardised first, as for all networks.

    Parameters and returns are those of `residual_vgg`; the embedding is the second dense layer.
    """
    inputs = keras.Input((side, side, 1), name="crop")
    x = standardise(inputs)
    maps = None
    for width, kernel in ((64, 3), (128, 5), (512, 3), (512, 3)):
        x = layers.Conv2D(width, kernel, padding="same")(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.MaxPooling2D()(x)
        maps = x if maps is None else maps
        x = layers.Dropout(0.25)(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(0.25)(_dense(x, 256, "relu"))
    return inputs, maps, _embedding(_dense(x, 512, "relu"))


def paired_elu(side: int = 48, widths: tuple[int, ...] = (32, 64, 128)) -> Trunk:
    """Pairs of 3 x 3 convolutions with ELU, then one dense layer: what FER2013 notebooks mostly use.

    Parameters and returns are those of `residual_vgg`; the embedding is the dense layer.

    References
    ----------
    Clevert et al., "Fast and Accurate Deep Network Learning by Exponential Linear Units", ICLR 2016.
    """
    inputs = keras.Input((side, side, 1), name="crop")
    x = standardise(inputs)
    maps = None
    for stage, width in enumerate(widths):
        for _ in range(2):
            x = layers.Conv2D(width, 3, padding="same", activation="elu", kernel_initializer="he_normal")(x)
            x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D()(x)
        maps = x if maps is None else maps
        x = layers.Dropout(0.3 + 0.05 * stage)(x)
    return inputs, maps, _embedding(_dense(layers.Flatten()(x), 128, "elu"))


def _dense(x: KerasTensor, width: int, activation: str) -> KerasTensor:
    """Dense layer, batch normalisation, activation."""
    x = layers.Dense(width, kernel_initializer="he_normal")(x)
    return layers.Activation(activation)(layers.BatchNormalization()(x))


def _embedding(x: KerasTensor) -> KerasTensor:
    return layers.Activation("linear", name="embedding", dtype="float32")(x)


def _weighed(y: KerasTensor, width: int) -> KerasTensor:
    """Squeeze and excite: each channel times what its mean, and the others', make of it."""
    weight = layers.GlobalAveragePooling2D(keepdims=True)(y)
    weight = layers.Conv2D(width // 8, 1, activation="relu")(weight)
    weight = layers.Conv2D(width, 1, activation="sigmoid")(weight)
    return layers.Multiply()([y, weight])
