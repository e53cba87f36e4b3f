"""The worksheet as an OpenDocument text, which word processors and online office suites open and edit.

An .odt file is a zip of XML (OASIS OpenDocument 1.3, part 2, chapter 3: the entry ``mimetype`` comes first and is
not compressed). A worksheet needs so few elements that a library for the format is not worth it.
"""

from __future__ import annotations

import io
import zipfile
from xml.sax.saxutils import escape

from features.phrase import Phrase
from ui import text
from ui.languages import dictionaries

MEDIA_TYPE = "application/vnd.oasis.opendocument.text"
LINE = "_" * 70
_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{urn}:1.0"'
    for name, urn in {"office": "office", "text": "text", "style": "style", "fo": "xsl-fo-compatible"}.items()
)
_STYLES = (
    '<office:styles><style:style style:name="Heading_20_1" style:family="paragraph">'
    '<style:text-properties fo:font-size="20pt" fo:font-weight="bold"/></style:style>'
    '<style:style style:name="Heading_20_2" style:family="paragraph">'
    '<style:paragraph-properties fo:margin-top="0.4cm"/>'
    '<style:text-properties fo:font-size="13pt" fo:font-weight="bold"/></style:style>'
    '<style:style style:name="Question" style:family="paragraph">'
    '<style:paragraph-properties fo:margin-top="0.2cm" fo:margin-left="0.6cm"/></style:style></office:styles>'
)
_MANIFEST = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.3">'
    f'<manifest:file-entry manifest:full-path="/" manifest:version="1.3" manifest:media-type="{MEDIA_TYPE}"/>'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
    '<manifest:file-entry manifest:full-path="styles.xml" manifest:media-type="text/xml"/></manifest:manifest>'
)


def worksheet(language: str) -> bytes:
    """The worksheet in a language of the page.

    Parameters
    ----------
    language : str
        A code such as ``"de"``; unknown codes give English.

    Returns
    -------
    bytes
        An .odt file; always the same for the same language.
    """
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_DEFLATED) as packed:
        _add(packed, "mimetype", MEDIA_TYPE, zipfile.ZIP_STORED)
        _add(packed, "META-INF/manifest.xml", _MANIFEST)
        _add(packed, "styles.xml", _document("document-styles", _STYLES))
        body = "".join(_paragraphs(language))
        _add(
            packed,
            "content.xml",
            _document("document-content", f"<office:body><office:text>{body}</office:text></office:body>"),
        )
    return stored.getvalue()


def _add(packed: zipfile.ZipFile, name: str, content: str, how: int = zipfile.ZIP_DEFLATED) -> None:
    entry = zipfile.ZipInfo(name)  # with a fixed date, so that the file is always the same
    entry.compress_type = how
    packed.writestr(entry, content)


def _document(kind: str, content: str) -> str:
    start = '<?xml version="1.0" encoding="UTF-8"?>'
    return f'{start}<office:{kind} {_SPACES} office:version="1.3">{content}</office:{kind}>'


def _paragraphs(language: str) -> list[str]:
    translated = lambda phrase: _in(language, phrase)
    parts = [_heading(1, translated(text.LESSON["sheet"])), _paragraph(translated(text.LESSON["sheet_how"]))]
    parts.append(_paragraph(f"{translated(text.NOT_EMOTION)} {translated(text.CANNOT_KNOW)}"))
    for n, (title, minutes, todo, questions) in enumerate(text.WORKSHEET, 1):
        parts += [
            _heading(2, f"{n}. {translated(title)} ({translated(text.minutes(minutes))})"),
            _paragraph(translated(todo)),
        ]
        for question in questions:
            parts += [_paragraph(translated(question), "Question"), *[_paragraph(LINE, "Question")] * 2]
    return parts


def _in(language: str, phrase: Phrase) -> str:
    template = dictionaries().get(language, dictionaries()["en"])[phrase.key]
    return template.format(*phrase.values) if phrase.values else template


def _heading(level: int, words: str) -> str:
    style = f'text:style-name="Heading_20_{level}" text:outline-level="{level}"'
    return f"<text:h {style}>{escape(words)}</text:h>"


def _paragraph(words: str, style: str = "Standard") -> str:
    return f'<text:p text:style-name="{style}">{escape(words)}</text:p>'
