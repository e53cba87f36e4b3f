"""`cnn-keras-blog`: the network and the training of "Facial Expression Recognition using Keras" (2020).

As in the post: four convolutions (64, 128, 512, 512) and two dense layers (256, 512), 4.48 M
parameters; Adam at 0.0005, batches of 64, pictures mirrored at random and nothing else; the best
epoch kept (ModelCheckpoint), the learning rate cut tenfold when the validation loss has not fallen
for two epochs (ReduceLROnPlateau), 15 epochs. The post gives 65.47 %, with the test set as
validation set.

What differs here: the aligned crop that all models see instead of the raw picture; each crop
standardised inside the network instead of grey levels 0 to 255; the best epoch is chosen on
PublicTest and reported on PrivateTest, where the post chooses and reports on both together.

Expected: 65.8 % on PrivateTest after 11 of the 15 epochs, learning slowly since the rate was cut after
the eighth. About 270 seconds per epoch on two cores, one of them busy. Threads are TensorFlow's:
``TF_NUM_INTRAOP_THREADS=1`` keeps it to one core. Command::

    python -m zoo train cnn-keras-blog --data fer2013.csv
"""

from __future__ import annotations

import argparse

import keras

from zoo.training import single_head
from zoo.training.architectures import keras_blog
from zoo.training.augmentation import Augmentation
from zoo.training.callbacks import Plateau
from zoo.training.single_head import Plan

MIRROR_ONLY = Augmentation(degrees=0, zoom=0, shift=0, gamma=1.0, contrast=0, soften=0, noise=0, erase=0)
PLAN = Plan(
    name="cnn-keras-blog",
    title="CNN of the Keras blog",
    summary="The network of a well-known tutorial, trained as the tutorial does. Large, but is it any better for that?",
    network=lambda: keras_blog(single_head.SIDE),
    changes=MIRROR_ONLY,
    batch=64,
    rate=5e-4,
    optimiser=lambda schedule, steps: keras.optimizers.Adam(schedule.rate),
    rules=lambda run: [Plateau(run, patience=2, factor=0.1, lowest=1e-5)],
    dropout=0.25,
    keep_keras=False,
    bits=8,  # 4.3 MB instead of 8.5
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the recipe's own options."""
    single_head.add_options(parser, epochs=15)


def train(args: argparse.Namespace) -> None:
    """Fit on Training, keep the best epoch on PublicTest, publish."""
    single_head.train(PLAN, args, smoothing=0.0)
