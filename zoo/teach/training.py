"""One training run: both models trained on a project's samples, evaluated, and ready to serve."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np

from features.descriptors import to_config
from features.phrase import Phrase
from zoo.card_fields import Settings as CardSettings
from zoo.cards import Card
from zoo.classifier import Classifier
from zoo.labels import LabelSet
from zoo.models.checkpoint import training_note
from zoo.models.svm import SvmClassifier
from zoo.teach import held_out, splits
from zoo.teach.feature_cache import DESCRIPTOR, NO_PROGRESS, Described, FeatureCache, Progress
from zoo.teach.fit import Settings, fit_head, fit_svm
from zoo.teach.head_model import TaughtCnn
from zoo.teach.held_out import CNN, SVM, HeldOutResult, Material
from zoo.teach.project import Project
from zoo.teach.samples import boxed_faces
from zoo.teach.splits import BURST, RANDOM
from zoo.training import calibration

TITLES = {SVM: Phrase("teach.svm", "Yours: HOG + SVM"), CNN: Phrase("teach.cnn", "Yours: CNN + dense")}
SUMMARIES = {
    SVM: "Gradient histograms and a straight line for every class, trained in this session.",
    CNN: "Two dense layers on what the shipped CNN sees, trained in this session.",
}
LIMITS = (
    "It was trained in one session on the samples of a few people, perhaps of one. How it does on others is not known.",
    "It names the class that a picture looks most like. It cannot know how anyone feels.",
)
# A threshold found on a few samples is uncertain; within these limits a model is "not sure" sometimes, not always.
THRESHOLDS = (0.5, 0.75)


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """Result of one training run.

    Parameters
    ----------
    settings : Settings
    material : Material
        The training data.
    svm, cnn : Classifier
        Trained on all samples; these are served, exported and compared.
    random, by_burst : HeldOutResult
        The same training evaluated on a random quarter, and on whole held-out bursts;
        the latter is None if a class was recorded in one burst only.
    seconds : float
        Duration of the run.
    """

    settings: Settings
    material: Material
    svm: SvmClassifier
    cnn: TaughtCnn
    random: HeldOutResult
    by_burst: HeldOutResult | None
    seconds: float

    @property
    def labels(self) -> LabelSet:
        """The classes that were taught, in the order of the outputs."""
        return self.svm.labels

    @property
    def models(self) -> tuple[Classifier, Classifier]:
        """Both models, the classical one first."""
        return self.svm, self.cnn

    @property
    def result(self) -> HeldOutResult:
        """The stricter evaluation that is available."""
        return self.by_burst or self.random

    @cached_property
    def cards(self) -> dict[str, Card]:
        """A card for each model, by name."""
        return {model.name: self._card(model) for model in self.models}

    def _card(self, model: Classifier) -> Card:
        classical = model.name == SVM
        own = {"descriptor": to_config(DESCRIPTOR)} if classical else {"temperature": self.cnn.temperature}
        data = f"{len(self.material.targets)} samples of this session"
        return Card(
            name=model.name,
            title=TITLES[model.name],
            summary=SUMMARIES[model.name],
            family="classical" if classical else "deep",
            loader="taught",
            labels=model.labels,
            align=model.align,
            fingerprint=model.align.fingerprint,
            files={},
            settings=cast(CardSettings, own),
            threshold=self.threshold(model.name),
            training=training_note("the Teach tab", data, self.settings.seed, self.seconds / 60),
            limits=LIMITS,
        )

    def threshold(self, name: str) -> float:
        """The confidence below which a model is not sure."""
        scored = self.result.answers[name]
        return float(np.clip(calibration.sure_from(scored.probs, scored.targets), *THRESHOLDS))


def teach(
    project: Project, settings: Settings, cache: FeatureCache, progress: Progress = NO_PROGRESS
) -> TrainingResult:
    """Train and evaluate both models.

    Parameters
    ----------
    project : Project
    settings : Settings
    cache : FeatureCache
        Features computed so far.
    progress : Progress

    Raises
    ------
    ProjectError
        Fewer than two enabled classes have `LEAST_SAMPLES` samples.
    Stopped
    """
    begun = time.perf_counter()
    material = gather(project, settings, cache, progress.part(0, 0.4))
    at_random = splits.split_at_random(material.targets, settings.seed)
    in_bursts = splits.split_by_burst(material.targets, material.bursts, settings.seed)
    random = held_out.examine(material, RANDOM, at_random, settings, progress.part(0.4, 0.6))
    by_burst = held_out.examine(material, BURST, in_bursts, settings, progress.part(0.6, 0.8)) if in_bursts else None
    svm, cnn = _served(material, by_burst or random, settings, progress.part(0.8, 1))
    progress.at(1)
    return TrainingResult(settings, material, svm, cnn, random, by_burst, time.perf_counter() - begun)


def gather(project: Project, settings: Settings, cache: FeatureCache, progress: Progress = NO_PROGRESS) -> Material:
    """The samples that take part and their features; `ProjectError` if too few classes are ready."""
    labels, (rows, targets) = project.labels, project.rows()
    samples = project.samples[rows]
    faces = samples.faces if settings.aligned else boxed_faces(samples)
    own = cache.describe(faces, progress=progress.part(0, 0.5))
    copies: Described | None = None
    if settings.augment:
        copies = cache.describe(faces, copy=True, progress=progress.part(0.5, 1))
    bursts = splits.joined_bursts(project.bursts[rows], samples.faces.images)
    return Material(faces, targets, bursts, labels, own, cache.trunk, copies)


def _served(
    material: Material, result: HeldOutResult, settings: Settings, progress: Progress
) -> tuple[SvmClassifier, TaughtCnn]:
    """Both models trained on all samples, with the calibration of the held-out evaluation."""
    learned, targets = material.learned(np.arange(len(material.targets)))
    progress.at(0)
    machine = fit_svm(learned.hog, targets, settings)
    layers, _ = fit_head(learned.embedding, targets, settings, progress=progress)
    svm = held_out.svm_model(material, machine, float(result.svm.scale[0]))
    return svm, held_out.cnn_model(material, layers, result.cnn.temperature)
