"""Network architectures as Keras graphs, independent of the backend (TensorFlow, JAX or PyTorch).

Every network takes grey crops ``(n, side, side, 1)`` in 0..255 and standardises each with its own
mean and standard deviation, so that scaling cannot differ between training and serving.
"""

from __future__ import annotations

import keras
from keras import KerasTensor, layers, ops

Trunk = tuple[KerasTensor, KerasTensor, KerasTensor]  # the crop, the first stage's maps, the embedding


def residual_vgg(side: int = 48, widths: tuple[int, ...] = (32, 64, 128, 256)) -> Trunk:
    """A small VGG with batch normalisation and residual squeeze-excite blocks in its deeper stages.

    Parameters
    ----------
    side : int
        Side of the input in pixels.
    widths : tuple of int
        Channels of each stage; each ends with a pooling by 2.

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
    """Each picture minus its mean, divided by its standard deviation plus 1."""
    centred = x - ops.mean(x, axis=(1, 2, 3), keepdims=True)
    return centred / (ops.sqrt(ops.mean(ops.square(centred), axis=(1, 2, 3), keepdims=True)) + 1.0)


def conv(x: KerasTensor, width: int, activate: bool = True) -> KerasTensor:
    """3 x 3 convolution, batch normalisation, ReLU."""
    x = layers.Conv2D(width, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x) if activate else x


def residual(x: KerasTensor, width: int) -> KerasTensor:
    """Two convolutions with squeeze-excite channel weights, added to the input."""
    y = conv(conv(x, width), width, activate=False)
    return layers.ReLU()(layers.Add()([x, _weighed(y, width)]))


def separable_vgg(side: int = 48, widths: tuple[int, ...] = (32, 64, 96, 160)) -> Trunk:
    """A very small network: plain convolutions in the first stages, separable ones after them.

    Plain convolutions have few weights in the first, narrow stages; in wide stages, a
    depthwise and a pointwise convolution together have a ninth of the weights.

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
    """As `residual`, with separable convolutions."""
    y = separable(separable(x, width), width, activate=False)
    return layers.ReLU()(layers.Add()([x, _weighed(y, width)]))


def separable(x: KerasTensor, width: int, activate: bool = True) -> KerasTensor:
    """Depthwise 3 x 3 and pointwise 1 x 1 convolution, each with batch normalisation."""
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False, depthwise_initializer="he_normal")(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.Conv2D(width, 1, use_bias=False, kernel_initializer="he_normal")(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x) if activate else x


def keras_blog(side: int = 48) -> Trunk:
    """The network of "Facial Expression Recognition using Keras" (2020): 4.48 M parameters at 48 pixels.

    Four convolutions of 64, 128, 512 and 512 channels, the second 5 x 5; two dense layers of 256
    and 512. Each has batch normalisation, a ReLU and a dropout of 0.25.

    Notes
    -----
    The blog uses grey levels without scaling; here every crop is standardised first, as for all networks.

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
    """Pairs of 3 x 3 convolutions with ELU, then one dense layer, as in most FER2013 notebooks.

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
    """Squeeze and excitation: channels multiplied by weights computed from all channels' means."""
    weight = layers.GlobalAveragePooling2D(keepdims=True)(y)
    weight = layers.Conv2D(width // 8, 1, activation="relu")(weight)
    weight = layers.Conv2D(width, 1, activation="sigmoid")(weight)
    return layers.Multiply()([y, weight])
