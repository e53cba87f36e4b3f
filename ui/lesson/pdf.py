"""The worksheet as a PDF, for printing where no word processor is.

Set in parts of Noto Sans that are embedded in the file, so that it looks the same everywhere; Hindi needs HarfBuzz to
put its letters together.
"""

from __future__ import annotations

from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ui.lesson.worksheet import Block, blocks

if TYPE_CHECKING:
    from fpdf import FPDF

MEDIA_TYPE = "application/pdf"
FONTS = Path(__file__).parent / "fonts"  # made by scripts/worksheet_fonts.py
OWN_FONT = {"hi": "hi.ttf", "zh": "zh.otf"}
_SIZES = {"title": 20, "heading": 12, "text": 10.5, "question": 10.5}  # points
_ABOVE = {"title": 0, "heading": 3.5, "text": 0.5, "question": 1.5}  # millimetres before the block
_BELOW = {"title": 0, "heading": 40, "text": 8, "question": 25}  # what has to fit below it on the same page
_ROW = 8.5  # millimetres between lines to write on
_INDENT = 6
_GREY = (130, 130, 130)
_NOT_FIRST = tuple("。，、；：？！）”’》")  # Chinese punctuation never begins a line
_MADE = datetime(2026, 1, 1, tzinfo=timezone.utc)  # fixed, so that the file is always the same


@cache
def worksheet(language: str) -> bytes:
    """The worksheet in a language of the page.

    Parameters
    ----------
    language : str
        A code of `ui.languages.dictionaries`, such as ``"de"``.

    Returns
    -------
    bytes
        A PDF of A4 pages; always the same for the same language.
    """
    contents = blocks(language)
    pdf = _empty(language, contents[0].words)
    for block in contents:
        _add(pdf, block)
    return bytes(pdf.output())


def _empty(language: str, title: str) -> FPDF:
    from fpdf import FPDF  # with fontTools, half a second

    pdf = FPDF(format="A4")
    pdf.set_title(title)
    pdf.set_lang(language)
    pdf.set_creation_date(_MADE)
    pdf.set_margin(17)
    pdf.c_margin = 0
    pdf.add_font("latin", fname=FONTS / "latin.ttf")
    pdf.add_font("own", fname=FONTS / OWN_FONT.get(language, "latin.ttf"))
    pdf.set_fallback_fonts(["latin"])
    pdf.set_font("own")
    pdf.set_text_shaping(language == "hi")
    pdf.add_page()
    return pdf


def _add(pdf: FPDF, block: Block) -> None:
    if block.kind == "line":
        pdf.set_y(pdf.y + _ROW)
        with pdf.local_context(draw_color=_GREY):
            pdf.line(pdf.l_margin + _INDENT, pdf.y, pdf.w - pdf.r_margin, pdf.y)
        return
    pdf.set_font_size(_SIZES[block.kind])
    if pdf.will_page_break(_ABOVE[block.kind] + _BELOW[block.kind]):
        pdf.add_page()
    pdf.set_xy(pdf.l_margin + (_INDENT if block.kind == "question" else 0), pdf.y + _ABOVE[block.kind])
    with pdf.local_context(text_mode="FILL_STROKE" if block.kind in ("title", "heading") else "FILL", line_width=0.1):
        _set(pdf, block.words)


def _set(pdf: FPDF, words: str) -> None:
    # One cell per line: fpdf2 2.8 loses words after a line break in shaped text.
    for line in _lines(pdf, words, pdf.w - pdf.r_margin - pdf.x):
        left = pdf.x
        pdf.cell(0, pdf.font_size * 1.45, line, new_y="NEXT")
        pdf.set_x(left)


def _lines(pdf: FPDF, words: str, width: float) -> list[str]:
    lines = cast(list[str], pdf.multi_cell(width, None, words, align="L", dry_run=True, output="LINES"))
    if any(line.startswith(_NOT_FIRST) for line in lines):
        return _lines(pdf, words, width - pdf.font_size)
    return lines
