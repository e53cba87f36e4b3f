"""Names in one form, whatever system or keyboard they come from."""

import codecs
import unicodedata

import pytest

from zoo.unicode_names import decoded, is_printable, same, tidy

PERSIAN = "می\u200cخندد"  # mikhandad, "laughs": the non-joiner is part of the spelling
HINDI = "क्\u200dष"  # a joiner keeps the half form


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (unicodedata.normalize("NFD", "étonné"), "étonné"),
        (unicodedata.normalize("NFD", "glücklich"), "glücklich"),
        (unicodedata.normalize("NFD", "웃음"), "웃음"),
        ("  wink \t left\n", "wink left"),
        (PERSIAN, PERSIAN),
        (HINDI, HINDI),
        (f"\u200c{PERSIAN}\u200d", PERSIAN),
        (f"{PERSIAN} \u200c {HINDI}", f"{PERSIAN} {HINDI}"),
        ("\ufeffsmile\u200e", "smile"),
        ("👩\u200d🔬", "👩\u200d🔬"),
        ("\u200c\u200c", ""),
        ("", ""),
    ],
)
def test_one_form(given, name):
    assert tidy(given) == name == tidy(tidy(given))


def test_what_can_be_shown():
    assert all(map(is_printable, (PERSIAN, HINDI, "Wink left", "😀")))
    assert not any(map(is_printable, ("a\x07", "a\nb", "a\u202eb", "half \ud800")))


def test_names_nobody_can_tell_apart_are_the_same():
    assert same("Étonné") == same(unicodedata.normalize("NFD", "étonné"))
    assert same(PERSIAN) == same(PERSIAN.replace("\u200c", ""))
    assert same("smile") != same("smiles")


def test_text_files_of_two_encodings():
    for content in ("ü\n".encode(), "ü\n".encode("utf-8-sig"), codecs.BOM_UTF16_BE + "ü\n".encode("utf-16-be")):
        assert decoded(content) == "ü\n"
    assert decoded("ü\n".encode("utf-16")) == "ü\n"
    with pytest.raises(UnicodeDecodeError):
        decoded("ü".encode("latin-1"))
