"""The errors for invalid input, and how every tab reports them: as one sentence."""

from __future__ import annotations

import gradio as gr

from features.images import ImageError
from ui.model_service import NoModelError
from zoo.labels import UnknownLabelsError
from zoo.models.label_mix import UnknownMixError
from zoo.models.registry import UnknownModelError

# Any other exception is a bug in the app.
BAD_INPUT = (ImageError, NoModelError, UnknownModelError, UnknownLabelsError, UnknownMixError)


def sentence(error: Exception) -> str:
    """An error's message, starting with a capital letter unless it starts with a name such as ``max_faces``.

    A `Phrase` that already does is returned as it is.
    """
    words = str(error)
    named = "_" in words.partition(" ")[0]
    return words if named or words[:1].isupper() else words[:1].upper() + words[1:]


def refusal(words: str) -> gr.Error:
    """The exception to raise so that Gradio shows a sentence on the page, or passes it to a script."""
    return gr.Error(words, duration=12, title="That did not work", print_exception=False)
