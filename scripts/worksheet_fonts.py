"""Write the fonts that the worksheet's PDF is set in: parts of Noto Sans, with the worksheet's characters only.

Needed when a translation of the worksheet uses a new character; tests/ui/lesson/test_pdf.py says so. Noto Sans is in
Debian's packages fonts-noto-core and fonts-noto-cjk, and at https://notofonts.github.io.

Examples:
  python scripts/worksheet_fonts.py /usr/share/fonts
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from ui.languages import dictionaries
from ui.lesson.pdf import FONTS
from ui.lesson.worksheet import blocks

LATIN = {chr(code) for block in (range(0x20, 0x7F), range(0xA0, 0x180)) for code in block} | set("–—‘’‚“”„…")
DEVANAGARI = {chr(code) for code in range(0x900, 0x980)} | {"\u200c", "\u200d"}


def characters(language: str) -> set[str]:
    """All characters of the worksheet in a language."""
    return {character for block in blocks(language) for character in block.words}


def wanted() -> dict[str, tuple[str, set[str]]]:
    """For each font file, the file of Noto Sans that it is a part of, and its characters."""
    used = {language: characters(language) for language in dictionaries()}
    return {
        "latin.ttf": ("NotoSans-Regular.ttf", LATIN),
        "hi.ttf": ("NotoSansDevanagari-Regular.ttf", DEVANAGARI | (used["hi"] - LATIN)),
        "zh.otf": ("NotoSansCJK-Regular.ttc", used["zh"] | {chr(code) for code in range(0x20, 0x7F)}),
    }


def opened(path: Path) -> TTFont:
    """Open a font; from a collection, that for simplified Chinese."""
    if path.suffix != ".ttc":
        return TTFont(path)
    return next(font for font in TTCollection(path).fonts if font["name"].getDebugName(4) == "Noto Sans CJK SC")


def write(font: TTFont, characters: set[str], path: Path) -> None:
    """Write the part of a font that these characters need, their ligatures included."""
    options = subset.Options(layout_features=["*"], hinting=False, desubroutinize=True, notdef_outline=True)
    part = subset.Subsetter(options)
    part.populate(unicodes=[ord(character) for character in characters])
    part.subset(font)
    font.recalcTimestamp = False  # the same font gives the same file
    font.save(path)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the fonts; return the exit status."""
    about, _, examples = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=about, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("fonts", type=Path, metavar="FOLDER", help="where Noto Sans is, also in folders below it")
    parser.add_argument("--out", type=Path, default=FONTS, metavar="FOLDER", help="(default: ui/lesson/fonts)")
    args = parser.parse_args(argv)
    for name, (source, needed) in wanted().items():
        found = next(args.fonts.rglob(source), None)
        if found is None:
            print(f"worksheet_fonts: no {source} in {args.fonts}; see --help for where to get it", file=sys.stderr)
            return 2
        write(opened(found), needed, args.out / name)
        print(f"wrote {args.out / name}, {(args.out / name).stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
