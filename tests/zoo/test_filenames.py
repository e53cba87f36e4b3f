"""Other people's words in files that other programs open; where results cannot be written is told before the work."""

import errno
import os
import sys
from pathlib import Path

import pytest
from PIL import Image

from features.align import AlignSpec
from zoo import filenames
from zoo.cli.main import main
from zoo.datasets import duplicates, fer2013
from zoo.filenames import NotWritableError, cell, one_line, quoted, shortened, write_whole

NOWHERE = Path("/proc") if sys.platform == "linux" else None


@pytest.fixture
def blocked(tmp_path) -> Path:
    """A folder's place that a file has taken: nothing can be written below, not even by root."""
    (tmp_path / "taken").write_text("")
    return tmp_path / "taken"


def test_what_can_be_written_stays_as_it_is(tmp_path):
    (tmp_path / "kept.txt").write_text("kept")
    filenames.check_file(tmp_path / "kept.txt")
    filenames.check_file(tmp_path / "new.txt")
    filenames.check_folder(tmp_path / "a" / "b")
    assert (tmp_path / "kept.txt").read_text() == "kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "kept.txt"]
    assert not list((tmp_path / "a" / "b").iterdir())


def test_what_cannot_is_named(blocked, tmp_path):
    for check, path in [(filenames.check_file, blocked / "x.csv"), (filenames.check_folder, blocked / "x")]:
        with pytest.raises(NotWritableError, match=f"{path.name}"):
            check(path)
    with pytest.raises(NotWritableError):
        filenames.check_file(tmp_path)  # a folder


def test_an_unwritable_cache_is_told_before_anything_is_aligned(blocked, tmp_path, monkeypatch):
    monkeypatch.setenv("FACEOFF_CACHE", str(blocked / "cache"))
    for module in (fer2013, duplicates):
        monkeypatch.setattr(module, "read_fer2013", lambda *_: pytest.fail("it was read already"))
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n")
    spec = AlignSpec()
    for work in (
        lambda: fer2013.load_fer2013(tmp_path / "fer2013.csv", spec),
        lambda: duplicates.load_duplicates(tmp_path / "fer2013.csv", "PrivateTest"),
    ):
        with pytest.raises(NotWritableError, match="FACEOFF_CACHE") as said:
            work()
        assert str(blocked / "cache") in str(said.value)


@pytest.mark.skipif(NOWHERE is None, reason="needs a folder that nobody can write in")
@pytest.mark.parametrize(
    "command",
    [
        ["video", "clip.mp4", "--out", "/proc/x.mp4"],
        ["video", "clip.mp4", "--csv", "/proc/x.csv"],
        ["predict", "a.jpg", "--json", "/proc/x.json"],
        ["evaluate", "--data", "x", "--html", "/proc/x.html"],
    ],
)
def test_an_unwritable_result_is_a_usage_error(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(command)
    assert stopped.value.code == 2
    assert f"Cannot write {command[-1]}" in capsys.readouterr().err


def test_an_unwritable_folder_is_told_before_the_work(blocked, tmp_path, capsys):
    data = str(tmp_path / "none.csv")
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    commands = [
        ["data", "--data", data, "--out", str(blocked / "out")],
        ["predict", str(tmp_path), "--parquet", str(blocked / "out")],
    ]
    for command in commands:
        assert main(command) == 2
        assert str(blocked / "out") in capsys.readouterr().err


@pytest.mark.parametrize(
    "text", ['=HYPERLINK("http://x","y")', "+cmd|' /C calc'!A0", "-1+1", "@SUM(A1)", "\t1", "\r1", "\n1", "＝1+1"]
)
def test_text_that_a_spreadsheet_would_run_is_escaped(text):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a;=HYPERLINK(1)", "a;'=HYPERLINK(1)"),
        ("a;-1+1;@b", "a;'-1+1;'@b"),
        ("=1;=1", "'=1;'=1"),
        ("\t=1", "'\t'=1"),
        ("a\n=1", "a\n'=1"),
        ("\r＝1", "'\r'＝1"),
    ],
)
def test_nor_does_one_that_separates_cells_by_semicolons(text, safe):
    assert cell(text) == safe


@pytest.mark.parametrize(
    "value", [-8.1, 3, True, None, "", "happy", "-8.1", "+3", "-1e-05", "a=b", "a; b", "a;b", "portrait.jpg"]
)
def test_numbers_and_ordinary_text_stay(value):
    assert cell(value) is value


@pytest.mark.parametrize("write", [quoted, shortened])
@pytest.mark.parametrize(
    "value", ["a" * 10**7, "\x1b[2J" * 50, "a\n\u202eb", 10**4000, 1e999, None, [1] * 9999, {"a": 1}]
)
def test_values_in_messages_are_one_short_printable_line(write, value):
    shown = write(value)
    assert 0 < len(shown) <= 60 and shown.isprintable()


def test_values_in_messages_can_be_told_apart():
    assert [quoted(value) for value in ("1", 1, None, True, [1], {})] == [
        "'1'",
        "1",
        "None",
        "True",
        "a list",
        "a dict",
    ]
    assert quoted("a" * 500) == f"'{'a' * 57}…'" and quoted("é" * 59, 20) == f"'{'é' * 17}…'"
    assert shortened("a" * 500) == f"{'a' * 59}…" and shortened("a\x1b[2J") == r"a\x1b[2J"


def test_a_file_that_cannot_be_written_whole_stays_as_it_was(tmp_path):
    card = tmp_path / "card.json"
    card.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(card, "new" * 10_000 + "\ud800")
    assert card.read_text() == "old" and list(tmp_path.iterdir()) == [card]


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions and links")
def test_a_file_is_written_with_its_permissions_and_through_a_link(tmp_path):
    file, link, new = tmp_path / "a.csv", tmp_path / "link.csv", tmp_path / "b.csv"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)
    write_whole(link, "a\r\n\ud800", errors="backslashreplace")
    assert link.is_symlink() and file.read_bytes() == b"a\r\n\\ud800" and file.stat().st_mode & 0o777 == 0o640
    write_whole(new, "")
    (tmp_path / "c").touch()
    assert new.stat().st_mode == (tmp_path / "c").stat().st_mode


def test_a_file_that_cannot_be_replaced_is_written_in_place(tmp_path, monkeypatch):
    file = tmp_path / "mounted.csv"
    file.write_text("old")
    busy = lambda *_: (_ for _ in ()).throw(OSError(errno.EBUSY, "Device or resource busy"))
    monkeypatch.setattr(os, "replace", busy)
    write_whole(file, "new")
    assert file.read_text() == "new" and list(tmp_path.iterdir()) == [file]


def test_a_full_disk_is_told_with_the_name_of_the_file(tmp_path, monkeypatch):
    full = lambda *_, **__: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device"))
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left") as caught:
        write_whole(tmp_path / "card.json", "")
    assert caught.value.filename == str(tmp_path / "card.json")


def test_one_line_is_one_line():
    assert one_line("a\nb\tc\u2028d\x1b") == r"a\nb\tc\u2028d\x1b"
