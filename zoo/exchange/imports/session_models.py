"""The imported models of a session: their names, cards and limits."""

from __future__ import annotations

import re
from collections.abc import Collection

import numpy as np

from features.phrase import Phrase
from zoo.cards import Card
from zoo.classifier import Classifier
from zoo.exchange.errors import ModelFileError
from zoo.exchange.imports.classifiers import ClassMap, ImportedNetwork, MappedClassifier
from zoo.exchange.imports.reader import ModelFile
from zoo.exchange.network.graph import MAX_WEIGHTS, Graph
from zoo.models.checkpoint import training_note

MOST = 4
THRESHOLD = 0.5  # arbitrary, because imported models have no measurements
LIMITS = (
    "It came from outside this app. What it was trained on, and how good it is, is not known here.",
    "It names the class that a picture looks most like. It cannot know how anyone feels.",
)
GREY = Phrase(
    "import.grey",
    "Here it sees the same grey, aligned crop as every other model. Teachable Machine trains on whole colour pictures, "
    "so its answers may differ here.",
)


def session_model(
    file: ModelFile, to: tuple[str | None, ...] | None, there: Collection[str]
) -> tuple[Card, Classifier]:
    """The card and classifier of an imported model.

    Parameters
    ----------
    file : ModelFile
    to : tuple of str or None, optional
        The label for each class (see `ClassMap`); None keeps the model's own classes.
    there : collection of str
        Names already in use.

    Raises
    ------
    ModelFileError
        The classes cannot be mapped to these labels.
    """
    model: Classifier = file.classifier(_free(file.title, there))
    if to is not None:
        model = MappedClassifier(model, ClassMap(file.labels, to))
    card = Card(
        name=model.name,
        title=Phrase("import.title_own", "Imported: {0}", file.title),
        summary=f"{file.origin}; {len(file.labels)} classes: {', '.join(file.labels)}.",
        family=file.family,
        loader="imported",
        labels=model.labels,
        align=model.align,
        fingerprint=model.align.fingerprint,
        files={},
        settings={},
        threshold=THRESHOLD,
        training=training_note("elsewhere", file.origin, 0, 0.0),
        size_bytes=4 * weights(file),
        licence="not known",
        limits=LIMITS if file.ours else (GREY, *LIMITS),
    )
    return card, model


def check_room(models: Collection[Classifier], files: Collection[ModelFile]) -> None:
    """Raise `ModelFileError` if a session that has these models has no room for further ones."""
    if len(models) + len(files) > MOST:
        raise ModelFileError(
            Phrase("import.full_n", "You already have {0} imported models. Remove them first.", len(models))
        )
    if sum(map(_weights_of, models)) + sum(map(weights, files)) > MAX_WEIGHTS:
        raise ModelFileError(
            Phrase(
                "import.room_n",
                "Together, the imported models would have more than {0:,} weights. Remove the others first.",
                MAX_WEIGHTS,
            )
        )


def weights(file: ModelFile) -> int:
    """Number of parameters of a model."""
    return file.core.parameters if isinstance(file.core, Graph) else _weights_of_machine(file.core.machine)


def seconds(model: Classifier) -> float:
    """Rough time of an imported model for one face; 0 for all others, which are fast."""
    inner = model.model if isinstance(model, MappedClassifier) else model
    return inner.graph.seconds if isinstance(inner, ImportedNetwork) else 0.0


def _weights_of(model: Classifier) -> int:
    inner = model.model if isinstance(model, MappedClassifier) else model
    if isinstance(inner, ImportedNetwork):
        return inner.graph.parameters
    return _weights_of_machine(getattr(inner, "machine", None))


def _weights_of_machine(machine: object) -> int:
    arrays = [getattr(machine, name, None) for name in ("weights", "components", "vectors", "coefficients")]
    return sum(array.size for array in arrays if isinstance(array, np.ndarray))


def _free(title: str, there: Collection[str]) -> str:
    """An unused name: ``imported-my-faces``, ``imported-my-faces-2``."""
    word = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40] or "model"
    name, number = f"imported-{word}", 1
    while name in there:
        number += 1
        name = f"imported-{word}-{number}"
    return name
