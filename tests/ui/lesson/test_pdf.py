"""The worksheet as a PDF."""

from collections import Counter

import pypdfium2
import pytest
from fontTools.ttLib import TTFont

from tests.ui.lesson.test_worksheet import ALL
from ui import text
from ui.lesson import pdf
from ui.lesson.worksheet import blocks

BY_LETTER = [language for language in ALL if language != "hi"]
NEEDS = "run scripts/worksheet_fonts.py"


def read(language: str) -> str:
    """The text of all pages, without spaces."""
    with pypdfium2.PdfDocument(pdf.worksheet(language)) as document:
        return "".join("".join(page.get_textpage().get_text_range().split()) for page in document)


def written(language: str) -> str:
    return "".join("".join(block.words.split()) for block in blocks(language))


@pytest.mark.parametrize("language", BY_LETTER)
def test_it_says_what_the_editable_file_says(language):
    assert read(language) == written(language)
    assert not any(ALL[language][key.key] in read(language) for key in text.ANSWER_KEY)


def test_hindi_loses_no_letter_where_lines_break():
    """Vowel signs come in the order they are drawn in, so only consonants are counted."""
    consonants = lambda words: Counter(letter for letter in words if "\u0915" <= letter <= "\u0939")
    assert consonants(read("hi")) == consonants(written("hi"))


@pytest.mark.parametrize("language", ALL)
def test_its_fonts_have_every_character(language):
    fonts = [pdf.FONTS / name for name in ("latin.ttf", pdf.OWN_FONT.get(language, "latin.ttf"))]
    known = set().union(*(TTFont(path).getBestCmap() for path in fonts))
    assert {letter for letter in written(language) if ord(letter) not in known} == set(), NEEDS


@pytest.mark.parametrize("language", ALL)
def test_it_is_two_pages_with_a_title_and_a_language(language):
    with pypdfium2.PdfDocument(pdf.worksheet(language)) as document:
        assert len(document) == 2 and document.get_metadata_value("Title") == ALL[language]["lesson.sheet"]
    assert f"/Lang ({language})".encode() in pdf.worksheet(language)


def test_chinese_punctuation_begins_no_line():
    with pypdfium2.PdfDocument(pdf.worksheet("zh")) as document:
        lines = [line for page in document for line in page.get_textpage().get_text_range().splitlines()]
    assert len(lines) > 20 and not [line for line in lines if line.startswith(tuple("。，、；：？！）”》"))]


def test_it_is_the_same_every_time():
    first = pdf.worksheet("de")
    pdf.worksheet.cache_clear()
    assert pdf.worksheet("de") == first and first.startswith(b"%PDF-")
