"""HTML as it reads without the keys of its sentences, and with plain spaces before units."""

import re
from html import unescape

_KEYS = re.compile(r""" data-i18n(?:-[a-z-]+)?(?:="[^"]*")?""")
_BEFORE_UNIT = re.compile("\u00a0(?=%|(?:ms|s|MB|Mo)\\b)")
_PLAIN_SPAN = re.compile(r"<span>((?:[^<]|</?em\b[^>]*>)*)</span>")


def bare(html: str) -> str:
    """The same elements without the attributes that name keys, and without spans that only carry one."""
    return _BEFORE_UNIT.sub(" ", _PLAIN_SPAN.sub(r"\1", _KEYS.sub("", html)))


def words(html: str) -> str:
    """The text alone."""
    return _BEFORE_UNIT.sub(" ", unescape(re.sub(r"<[^>]+>", "", html)))
