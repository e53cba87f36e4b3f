"""Assumed label frequencies: those of FER2013, or all labels equally frequent.

A model learns the label frequencies of its training pictures (FER2013: 25 % happy, 1.5 % disgust) and favours the
frequent labels. Where people pose, all labels are about equally frequent. Dividing by the training frequencies and
renormalising is Bayes' rule for that case; no retraining is needed.

References
----------
Saerens, Latinne and Decaestecker, "Adjusting the outputs of a classifier to new a priori probabilities", Neural
Computation 14(1), 2002. Menon et al., "Long-tail learning via logit adjustment", ICLR 2021.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from features.align import AlignedFaces, AlignSpec
from features.phrase import Phrase
from zoo.card_fields import MixName
from zoo.cards import Card
from zoo.classifier import Classifier
from zoo.filenames import shortened
from zoo.labels import LabelSet
from zoo.prediction import Prediction

FER2013: MixName = "fer2013"
EQUAL: MixName = "equal"
MIXES = (FER2013, EQUAL)
# For pictures, clips and cameras, where people pose. On two sets of posed faces unseen in training, accuracy rises by
# 5 to 8 points over FER2013's mix; studio smiles lose 3 to 5 points, studio neutral faces do not change
# (checkpoints/README.md).
DEFAULT: MixName = EQUAL
WORDS = {EQUAL: Phrase("mix.equal", "all equally common"), FER2013: Phrase("mix.fer2013", "as common as in FER2013")}


class UnknownMixError(ValueError):
    """The label mix does not exist."""


def mix_named(name: str) -> MixName:
    """The name of a label mix, checked.

    Raises
    ------
    UnknownMixError
    """
    for known in MIXES:
        if name == known:
            return known
    raise UnknownMixError(f"{shortened(name)!r} is not a label mix; choose one of {', '.join(MIXES)}")


@dataclass(frozen=True)
class LabelMix:
    """A label mix for some models.

    Parameters
    ----------
    name : str
        ``"fer2013"`` leaves predictions unchanged, ``"equal"`` assumes equal label frequencies.
    cards : mapping
        Model name to its card with the number of training pictures per label. Models whose card lacks it, such as
        imported ones, are unchanged.

    Raises
    ------
    UnknownMixError
    """

    name: MixName = FER2013
    cards: Mapping[str, Card] = field(default_factory=dict)

    def __post_init__(self) -> None:
        mix_named(self.name)

    def applied(self, model: str, answer: Prediction) -> Prediction:
        """A model's predictions, in its own labels, for this mix."""
        card = self.cards.get(model)
        if self.name == FER2013 or card is None or not card.label_counts:
            return answer
        return without_frequencies(answer, card.label_counts)

    def with_thresholds(self) -> dict[str, Card]:
        """The cards, with each model's "not sure" threshold for this mix."""
        if self.name == FER2013:
            return dict(self.cards)
        return {name: replace(card, threshold=threshold(card, self.name)) for name, card in self.cards.items()}


@dataclass(frozen=True, eq=False)
class Mixed:
    """A model whose predictions assume a label mix; otherwise the same model."""

    model: Classifier
    mix: LabelMix

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def labels(self) -> LabelSet:
        return self.model.labels

    @property
    def align(self) -> AlignSpec:
        return self.model.align

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def predict_proba(self, faces: AlignedFaces) -> Prediction:
        """Probabilities of every face."""
        return self.mix.applied(self.model.name, self.model.predict_proba(faces))


def with_mix(data: str, mix: MixName) -> str:
    """A data set's name, with the label mix unless it is FER2013's."""
    return data if mix == FER2013 else Phrase("data.mix", "{0}, labels {1}", data, WORDS[mix])


def without_frequencies(answer: Prediction, counts: tuple[int, ...]) -> Prediction:
    """Predictions assuming that all labels are equally frequent.

    Parameters
    ----------
    answer : Prediction
        ``(n, k)``, calibrated.
    counts : tuple of int
        Training pictures of each of the k labels, above 0.
    """
    weights = answer.probs.astype(np.float64) / np.asarray(counts, np.float64)
    return Prediction(weights / weights.sum(axis=1, keepdims=True), answer.labels, answer.unknown)


def threshold(card: Card, mix: MixName) -> float:
    """The confidence below which a model is not sure; specific to the mix if the card has such a threshold."""
    return card.threshold if mix == FER2013 or card.threshold_equal is None else card.threshold_equal
