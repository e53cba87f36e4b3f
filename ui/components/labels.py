"""The translatable texts of Gradio's own components, for ``assets/languages.js``.

Gradio translates the labels of its components once, by the browser's language, with no way to choose another, and its
components take no custom attributes. So the phrases that components were made with are collected here, by the id of
each component on the page.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape

import gradio as gr

from features.phrase import Phrase, arguments
from ui.gradio_state import Block
from ui.languages import phrase
from zoo.teach.training import TITLES

# The lines in an upload box: Gradio's own words for a file, the app's for a picture.
_BOX = {gr.File: ("drop", "or_dashes", "click"), gr.Image: ("picture",)}


def table(blocks: Iterable[Block]) -> str:
    """An empty HTML element that tells the page's script which phrases these components show."""
    found = {_id(block): messages for block in blocks if (messages := _messages(block))}
    return f'<div hidden data-i18n-labels="{escape(json.dumps(found, ensure_ascii=False))}"></div>'


def _id(block: Block) -> str:
    """The component's id on the page, set here if it has none."""
    block.elem_id = block.elem_id or f"fo-{block._id}"
    return block.elem_id


def _messages(block: Block) -> dict:
    own = block.value if isinstance(block, gr.Button | gr.DownloadButton) else None
    if isinstance(block, gr.Tab | gr.Accordion):
        own, label = block.label, None
    else:
        label = getattr(block, "label", None)
    texts = {"label": label, "info": getattr(block, "info", None), "text": own}
    messages: dict[str, object] = {name: _message(one) for name, one in texts.items() if isinstance(one, Phrase)}
    if isinstance(block, gr.File | gr.Image):
        messages["box"] = [_message(phrase(f"box.{name}")) for name in _BOX[type(block)]]
    taught = list(zip(TITLES.values(), TITLES, strict=True)) if isinstance(block, gr.CheckboxGroup) else []
    choices = [(name, value) for name, value in getattr(block, "choices", None) or () if isinstance(name, Phrase)]
    choices += taught if choices else []  # models trained in a session are added to the choices later
    if isinstance(block, gr.Dropdown):
        return messages | ({"options": {str(name): _message(name) for name, _ in choices}} if choices else {})
    return messages | ({"choices": {str(value): _message(name) for name, value in choices}} if choices else {})


def _message(phrase: Phrase) -> dict:
    return {"key": phrase.key, "args": arguments(phrase)}
