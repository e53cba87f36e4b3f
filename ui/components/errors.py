"""Input that is wrong: the errors every tab answers with a sentence, and how."""

from __future__ import annotations

import gradio as gr

from features.images import ImageError
from ui.model_service import NoModelError
from zoo.labels import UnknownLabelsError
from zoo.models.label_mix import UnknownMixError
from zoo.models.registry import UnknownModelError

# Whatever else is raised is a mistake of the app's.
BAD_INPUT = (ImageError, NoModelError, UnknownModelError, UnknownLabelsError, UnknownMixError)


def sentence(error: Exception) -> str:
    """The message of an error with a capital letter; a phrase stays one."""
    words = str(error)
    return words if words[:1].isupper() else words[:1].upper() + words[1:]


def refusal(words: str) -> gr.Error:
    """What to raise so that Gradio shows a sentence on the page, or gives it to a script."""
    return gr.Error(words, duration=12, title="That did not work", print_exception=False)
