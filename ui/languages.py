"""The page in six languages: one dictionary per language in `languages/`, from keys to sentences.

``en.json`` is the only place where the page's own English is written; `phrase` looks it up by key. Sentences that zoo
and features also use elsewhere (on a terminal, on a model's card) are phrases in their own modules, and a test keeps
them equal to ``en.json``.

Elements carry their keys (`zoo.reports.markup`), and ``assets/languages.js`` replaces their text by key, so that a
language can be chosen without a reload. Gradio's own components carry none: `ui.components.labels` lists which of them
shows which phrase.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from features.phrase import Phrase
from ui.serving.page_files import PageFile

FOLDER = Path(__file__).parent / "languages"
PLACE = re.compile(r"\{\d+[^{}]*\}")


@cache
def dictionaries() -> dict[str, dict[str, str]]:
    """Language code to dictionary."""
    files = sorted(FOLDER.glob("*.json"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}


def phrase(key: str, *values: object) -> Phrase:
    """The English sentence with this key, and values for its placeholders."""
    return Phrase(key, dictionaries()["en"][key], *values)


def group(prefix: str) -> dict[str, Phrase]:
    """All sentences whose key begins with ``prefix.``, by the rest of the key; placeholders are not filled."""
    start = f"{prefix}."
    return {key.removeprefix(start): phrase(key) for key in dictionaries()["en"] if key.startswith(start)}


@cache
def files() -> dict[str, PageFile]:
    """Language code to the file that the page fetches for that language; English is part of the page."""
    others = {code: words for code, words in dictionaries().items() if code != "en"}
    return {code: PageFile(f"{code}.json", _json(words).encode(), "application/json") for code, words in others.items()}


def script() -> str:
    """Data for ``assets/languages.js``: the English sentences, and each language's name and address."""
    names = {code: words["language.name"] for code, words in dictionaries().items()}
    addresses = {code: file.address for code, file in files().items()}
    given = {"en": dictionaries()["en"], "names": names, "addresses": addresses}
    return f"window.faceOffLanguages = {_json(given)};".replace("</", "<\\/")  # or a sentence could end the script


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
