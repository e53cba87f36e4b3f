"""The model zoo: labels, predictions, the classifier contract, training and evaluation. Does not use Gradio."""

from zoo.cards import Card, CardError
from zoo.classifier import Classifier
from zoo.labels import UnknownLabelsError, label_set
from zoo.models.registry import UnknownModelError, card, load, names
from zoo.prediction import Prediction

__all__ = [
    "Card",
    "CardError",
    "Classifier",
    "Prediction",
    "UnknownLabelsError",
    "UnknownModelError",
    "card",
    "label_set",
    "load",
    "names",
]
