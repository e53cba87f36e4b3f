"""Choices that Compare, Live and Video share: models, label set, label mix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import gradio as gr

from features.phrase import Phrase
from ui import text
from ui.languages import phrase
from zoo.cards import Card
from zoo.labels import DESCRIPTIONS
from zoo.models.label_mix import DEFAULT, WORDS
from zoo.teach.held_out import CNN, SVM

SIGNS = {"classical": "■", "deep": "●"}
INKS = {"classical": "--fo-classical", "deep": "--fo-deep"}
TAUGHT = {SVM: "classical", CNN: "deep"}  # models trained in a session are listed with the shipped ones


def model_choice(cards: Iterable[Card], chosen: Sequence[str], name: str) -> gr.CheckboxGroup:
    """Check boxes for the models that predict.

    Parameters
    ----------
    cards : iterable of Card
    chosen : sequence of str
        Names of the models that are ticked at first.
    name : str
        The element's id.
    """
    choices = [(text.title(card), card.name) for card in cards]
    return gr.CheckboxGroup(
        choices, value=list(chosen), label=text.MODELS, info=_legend(), elem_id=name, elem_classes="fo-model-choice"
    )


def label_choice(name: str) -> gr.Radio:
    """Radio buttons for the label set of the answers; `name` is the element's id."""
    choices = [(words, labels) for labels, words in DESCRIPTIONS.items()]
    return gr.Radio(choices, value="7", label=text.LABELS, elem_id=name)


def mix_choice(name: str) -> gr.Radio:
    """Radio buttons for the label mix; `name` is the element's id."""
    choices = [(words, mix) for mix, words in WORDS.items()]
    return gr.Radio(choices, value=DEFAULT, label=phrase("mix.label"), info=phrase("mix.hint"), elem_id=name)


def family_signs(cards: Iterable[Card]) -> str:
    """A style sheet that puts the sign of each model's family after the model's title.

    Gradio's check boxes take no markup. The signs have no alternative text, so that screen readers read only the
    title; each answer names its model's family in words.
    """
    families = {card.name: card.family for card in cards} | TAUGHT
    return "".join(
        f'.fo-model-choice label:has(> input[name="{name}"])::after '
        f'{{ content: "{SIGNS[family]}" / ""; color: var({INKS[family]}); }}'
        for name, family in families.items()
    )


def _legend() -> Phrase:
    """The sign and name of each family."""
    template = "   ".join(f"{sign} {{{i}}}" for i, sign in enumerate(SIGNS.values()))
    return Phrase(template, template, *(phrase(f"family.{family}") for family in SIGNS))
