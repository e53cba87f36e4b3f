"""HTML as it reads without the keys of its sentences."""

import re
from html import unescape

_KEYS = re.compile(r""" data-i18n(?:-[a-z-]+)?(?:="[^"]*")?""")
_PLAIN_SPAN = re.compile(r"<span>((?:[^<]|</?em\b[^>]*>)*)</span>")


def bare(html: str) -> str:
    """The same elements without the attributes that name keys, and without spans that only carry one."""
    return _PLAIN_SPAN.sub(r"\1", _KEYS.sub("", html))


def words(html: str) -> str:
    """The text alone."""
    return unescape(re.sub(r"<[^>]+>", "", html))
