"""How common each label is taken to be: as in FER2013, or all equally common.

A model learns how common the labels are among its training pictures (in FER2013 25 % happy, 1.5 % disgust) and
leans to the common ones. Where people pose, all labels are about equally common. Dividing by the training
frequencies and renormalising is Bayes' rule for that case; nothing is trained again.

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
from zoo.labels import LabelSet
from zoo.prediction import Prediction

FER2013: MixName = "fer2013"
EQUAL: MixName = "equal"
MIXES = (FER2013, EQUAL)
# For pictures, clips and cameras, where people pose. Two sets of posed faces that no model met gain 5 to 8 points
# over FER2013's mix, studio smiles lose 3 to 5, studio neutral faces stay (checkpoints/README.md).
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
    raise UnknownMixError(f"{name!r} is not a label mix; choose one of {', '.join(MIXES)}")


@dataclass(frozen=True)
class LabelMix:
    """A label mix for some models.

    Parameters
    ----------
    name : str
        ``"fer2013"`` leaves answers as they are, ``"equal"`` makes all labels equally common.
    cards : mapping
        Model name to its card, which has the number of training pictures per label. A model whose card lacks them,
        such as an imported one, answers as it is.

    Raises
    ------
    UnknownMixError
    """

    name: MixName = FER2013
    cards: Mapping[str, Card] = field(default_factory=dict)

    def __post_init__(self) -> None:
        mix_named(self.name)

    def applied(self, model: str, answer: Prediction) -> Prediction:
        """A model's answers, in its own labels, for this mix."""
        card = self.cards.get(model)
        if self.name == FER2013 or card is None or not card.label_counts:
            return answer
        return without_frequencies(answer, card.label_counts)

    def with_thresholds(self) -> dict[str, Card]:
        """The cards with the confidence below which each model is not sure in this mix."""
        if self.name == FER2013:
            return dict(self.cards)
        return {name: replace(card, threshold=threshold(card, self.name)) for name, card in self.cards.items()}


@dataclass(frozen=True, eq=False)
class Mixed:
    """A model whose answers are for a label mix; otherwise the same model."""

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
    """A data set's name, with the label mix unless that is FER2013's."""
    return data if mix == FER2013 else f"{data}, labels {WORDS[mix]}"


def without_frequencies(answer: Prediction, counts: tuple[int, ...]) -> Prediction:
    """Answers for labels that are all equally common.

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
    """Below this confidence a model is not sure; each mix has a threshold of its own where the card has one."""
    return card.threshold if mix == FER2013 or card.threshold_equal is None else card.threshold_equal
