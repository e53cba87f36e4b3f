"""1 MB is 2**20 bytes in every message, on every card and in the documents, as docs/architecture.md says."""

import re
from pathlib import Path

import pytest

from features import images
from features.images import ImageError
from zoo.models import registry

ROOT = Path(__file__).parents[1]
DECIMAL = re.compile(r"\b1e[369]\b|\b10 ?\*\* ?[369]\b|\b1_?000(?:_?000)*\b")
SHOWN = re.compile(r"[}\w] ?(?:[KMG]B|kB)\b|megabyte", re.IGNORECASE)


def decimal(source: str) -> list[str]:
    """Lines that show a size and count with powers of ten."""
    return [line.strip() for line in source.split("\n") if SHOWN.search(line) and DECIMAL.search(line)]


def test_no_size_is_shown_in_powers_of_ten():
    files = [path for top in ("features", "zoo", "ui", "scripts") for path in (ROOT / top).rglob("*.[pj][ys]")]
    found = {path.relative_to(ROOT).as_posix(): decimal(path.read_text(encoding="utf-8")) for path in files}
    assert len(files) > 100 and {name: lines for name, lines in found.items() if lines} == {}


def test_a_size_in_powers_of_ten_would_be_found():
    assert decimal('print(f"{size / 1e6:.1f} MB")\nprint(f"{size / 2**20:.1f} MB")') == [
        'print(f"{size / 1e6:.1f} MB")'
    ]


def test_a_decoder_that_would_take_too_much_is_named_in_the_same_megabytes():
    images._check_decoding(286 * 2**20)
    with pytest.raises(ImageError, match="would take 300 MB of memory; at most 286 MB are used"):
        images._check_decoding(300 * 2**20)


@pytest.mark.parametrize(("name", "digits"), [("cnn-tiny", 2), ("cnn-five", 2), ("cnn-large-rbf", 1)])
def test_the_record_of_trials_has_the_size_on_the_card(name, digits):
    record = (ROOT / "checkpoints/README.md").read_text(encoding="utf-8")
    shipped = [line for line in record.split("\n") if line.startswith("| **the same") and "MB" in line]
    size = f"{registry.card(name).size_bytes / 2**20:.{digits}f} MB"
    assert any(size in line for line in [*shipped, *re.findall(r"^\| the same weights in eight bits.*", record, re.M)])


def test_the_convention_is_stated_once():
    told = [path for path in (ROOT / "docs").glob("*.md") if "1 MB 2^20" in path.read_text(encoding="utf-8")]
    assert [path.name for path in told] == ["architecture.md"]
