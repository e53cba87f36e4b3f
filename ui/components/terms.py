"""Explanations of technical terms in place: a button opens each, by tap, mouse or keyboard."""

from __future__ import annotations

from features.phrase import Phrase
from ui.languages import phrase
from zoo.reports.markup import attribute, say

# The terms as the page shows them; names of methods are the same in every language.
NAMES: dict[str, str | Phrase] = {
    "accuracy": phrase("zoo.accuracy"),
    "copies": phrase("zoo.copies"),
    "f1": "macro-F1",
    "ece": "ECE",
    "brier": "Brier",
    "mcnemar": "McNemar",
    "holm": "Holm",
    "hog": "HOG",
    "size": phrase("zoo.size"),
    "ms": phrase("zoo.ms"),
}
_SENTENCES = {
    name: phrase(f"zoo.hint.{name}" if name in ("accuracy", "copies", "size", "ms") else f"term.{name}")
    for name in NAMES
}


def ask(name: str) -> str:
    """A round button beside a term, as HTML; it opens the explanation of the term.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    """
    words = attribute("aria-label", phrase("term.ask", NAMES[name]))
    return f'<button type="button" class="fo-term" popovertarget="fo-term-{name}" {words}>?</button>'


def listed(names: tuple[str, ...]) -> str:
    """The terms themselves as a row of buttons, as HTML; `names` are keys of `NAMES`."""
    items = "".join(
        f'<li><button type="button" class="fo-term" popovertarget="fo-term-{name}">{say(NAMES[name])}</button></li>'
        for name in names
    )
    return f'<div class="fo-terms">{say(phrase("term.words"), "span")}<ul>{items}</ul></div>'


def explanations() -> str:
    """All explanations, closed, as HTML. The page must contain them exactly once."""
    return "".join(
        f'<div class="fo-explained" id="fo-term-{name}" popover><b>{say(word)}</b> {say(_SENTENCES[name], "p")}</div>'
        for name, word in NAMES.items()
    )
