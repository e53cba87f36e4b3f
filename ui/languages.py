"""The page in other languages: one dictionary a language, keys and what they say.

Gradio carries the dictionaries to the browser (`gr.I18n`), but translates only labels of its own components,
by the browser's language and once. Most of this page is written by the server and by scripts, and a class wants
to choose. So `assets/languages.js` looks the page's English sentences up in the same dictionaries, wherever they
appear, and puts the chosen language in their place; names of labels in answers, JSON and CSV stay as they are.

What stands at ``{0}`` is looked up in its turn, unless the key ends in ``_own`` or ``_made``: then it is somebody's
own name and stays as typed. Where such a name stands alone its element says ``translate="no"``, so that a class
called “Stop” is not taken for the button. At the places of a key that ends in ``_n`` only numbers stand.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import gradio as gr

FOLDER = Path(__file__).parent / "languages"
PLACE = re.compile(r"\{\d\}")


@cache
def dictionaries() -> dict[str, dict[str, str]]:
    """Code of a language to its dictionary; English, which every other one is looked up by, among them."""
    files = sorted(FOLDER.glob("*.json"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}


def i18n() -> gr.I18n:
    """What `Blocks.launch` is given."""
    return gr.I18n(**dictionaries())
