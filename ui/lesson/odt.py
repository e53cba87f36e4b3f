"""The worksheet as an OpenDocument text, which word processors and online office suites open and edit.

An .odt file is a zip of XML (OASIS OpenDocument 1.3, part 2, chapter 3: the entry ``mimetype`` comes first and is
not compressed). A worksheet needs so few elements that a library for the format is not worth it.
"""

from __future__ import annotations

import io
import zipfile
from xml.sax.saxutils import escape

from ui.lesson.worksheet import Block, blocks

MEDIA_TYPE = "application/vnd.oasis.opendocument.text"
LINE = "_" * 70
_LEVELS = {"title": 1, "heading": 2}
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
        body = "".join(_paragraph(block) for block in blocks(language))
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


def _paragraph(block: Block) -> str:
    words = escape(block.words)
    if block.kind in _LEVELS:
        level = _LEVELS[block.kind]
        return f'<text:h text:style-name="Heading_20_{level}" text:outline-level="{level}">{words}</text:h>'
    style = "Standard" if block.kind == "text" else "Question"
    return f'<text:p text:style-name="{style}">{words or LINE}</text:p>'
