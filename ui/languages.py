"""The page in six languages: one dictionary per language in `languages/`, from keys to sentences.

``en.json`` is the only place where the page's own English is written down; `phrase` takes it from there by its key.
Sentences that the zoo and the features also say elsewhere (on a terminal, in a model's card) are phrases in their own
modules, and a test keeps them equal to ``en.json``.

Elements carry their keys (`zoo.reports.markup`), and ``assets/languages.js`` replaces their text by key, so that a
language can be chosen without a reload. Gradio's own components carry none: `ui.components.labels` says which of them
shows what.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import gradio as gr

from features.phrase import Phrase

FOLDER = Path(__file__).parent / "languages"
PLACE = re.compile(r"\{\d+[^{}]*\}")


@cache
def dictionaries() -> dict[str, dict[str, str]]:
    """Code of a language to its dictionary."""
    files = sorted(FOLDER.glob("*.json"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}


def phrase(key: str, *values: object) -> Phrase:
    """The English sentence under a key, with values at its places."""
    return Phrase(key, dictionaries()["en"][key], *values)


def group(prefix: str) -> dict[str, Phrase]:
    """All sentences under ``prefix.…``, by what follows; places in them stay open."""
    start = f"{prefix}."
    return {key.removeprefix(start): phrase(key) for key in dictionaries()["en"] if key.startswith(start)}


def i18n() -> gr.I18n:
    """What `Blocks.launch` is given: it carries the dictionaries to the browser."""
    return gr.I18n(**dictionaries())
