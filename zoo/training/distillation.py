"""Knowledge distillation: targets that contain the predictions of trained networks.

References
----------
Hinton et al., "Distilling the Knowledge in a Neural Network", 2015, arXiv:1503.02531.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import KerasTensor, ops

from zoo.models.svm import softmax


@dataclass(frozen=True)
class Teaching:
    """Settings of knowledge distillation.

    Parameters
    ----------
    temperature : float
        Logits of teachers and student are divided by it, so that less probable labels also count.
    weight : float
        Weight of the teachers; the labels have the rest.
    same_copy : bool
        Whether teachers get the same augmented copy as the student. Otherwise they get the crop and its mirror image
        once, before training, which is many times faster but gives the student less information.

    References
    ----------
    Hinton et al., "Distilling the Knowledge in a Neural Network", 2015, arXiv:1503.02531.
    Beyer et al., "Knowledge distillation: A good teacher is patient and consistent", CVPR 2022.
    """

    temperature: float = 3.0
    weight: float = 0.8
    same_copy: bool = True


class Teachers:
    """Trained networks whose averaged, softened probabilities are targets.

    Parameters
    ----------
    models : sequence of keras.Model
        From ``.keras`` files of checkpoints: logits are the first output.
    teaching : Teaching
    """

    def __init__(self, models: Sequence[keras.Model], teaching: Teaching) -> None:
        self.models, self.teaching = list(models), teaching
        self.kept: np.ndarray | None = None

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """``float32 (n, side, side, 1) -> (n, k)``, rows sum to 1."""
        outputs = [np.asarray(model.predict_on_batch(x)[0], np.float32) for model in self.models]
        return np.mean([softmax(logits / self.teaching.temperature) for logits in outputs], axis=0)

    def see(self, x: np.ndarray, batch: int = 256) -> np.ndarray:
        """The same for many pictures, averaged with their mirror images'."""
        starts = range(0, len(x), batch)
        parts = [(self(x[i : i + batch]) + self(x[i : i + batch, :, ::-1])) / 2 for i in starts]
        return np.concatenate(parts)


def objective(k: int, smoothing: float, teaching: Teaching | None) -> Callable:
    """The loss for targets ``(n, k)``, or ``(n, 2 k)`` with the teachers' probabilities as second half."""

    def loss(targets: KerasTensor, logits: KerasTensor) -> KerasTensor:
        hot = targets[:, :k] * (1 - smoothing) + smoothing / k
        right = ops.categorical_crossentropy(hot, logits, from_logits=True)
        if teaching is None:
            return right
        t, weight = teaching.temperature, teaching.weight
        taught = ops.categorical_crossentropy(targets[:, k:], logits / t, from_logits=True)
        return (1 - weight) * right + weight * t * t * taught  # softening reduces gradients by t squared

    return loss


def accuracy_of(k: int) -> Callable:
    """The metric accuracy for targets of `objective`."""

    def accuracy(targets: KerasTensor, logits: KerasTensor) -> KerasTensor:
        return ops.cast(ops.argmax(targets[:, :k], axis=1) == ops.argmax(logits, axis=1), "float32")

    return accuracy
