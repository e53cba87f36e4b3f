"""The choice of a label mix, in words."""

from __future__ import annotations

import gradio as gr

from ui.languages import phrase
from zoo.models.label_mix import DEFAULT, WORDS


def mix_choice(name: str) -> gr.Radio:
    """How common the labels are taken to be; `name` is the element's id."""
    choices = [(words, mix) for mix, words in WORDS.items()]
    return gr.Radio(choices, value=DEFAULT, label=phrase("mix.label"), info=phrase("mix.hint"), elem_id=name)
