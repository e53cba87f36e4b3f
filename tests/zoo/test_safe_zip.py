"""Zips from anywhere: what is opened, under which names, and what is refused."""

import io
import struct
import unicodedata
import zipfile

import numpy as np
import pytest

from zoo.safe_zip import Limits, SafeZip, UnpackError

LIMITS = Limits(size=2**20, unpacked=4 * 2**20, members=50, depth=6, ratio=200)


def zipped(members: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, kind)
    return out.getvalue()


def renamed(data: bytes, old: bytes, new: bytes, flags: int | None = None) -> bytes:
    """The zip with a name of the same length in its place; Python's writer would not write some of them."""
    assert len(old) == len(new)
    data = bytearray(data.replace(old, new))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.find(mark)
        while start >= 0 and flags is not None:
            struct.pack_into("<H", data, start + offset, flags)
            start = data.find(mark, start + 4)
    return bytes(data)


def names(data: bytes) -> list[str]:
    with SafeZip(data, LIMITS) as archive:
        return archive.names


def test_names_have_one_form_whatever_system_wrote_them():
    nfd = unicodedata.normalize("NFD", "étonné/Bild.jpg")
    assert names(zipped({nfd: b"", "./a/b.txt": b""})) == ["étonné/Bild.jpg", "a/b.txt"]
    assert names(renamed(zipped({"mine/model.json": b""}), b"mine/model", b"mine\\model")) == ["mine/model.json"]
    assert names(zipped({"a/می\u200cخندد.jpg": b""})) == ["a/می\u200cخندد.jpg"]
    assert names(zipped({"a/\u200eIMG_1.jpg": b""})) == ["a/IMG_1.jpg"]


def test_utf_8_without_the_flag_that_says_so():
    """As macOS and some Linux tools write it; other code pages stay as `zipfile` reads them."""
    data = renamed(zipped({"gluXXcklich/0.jpg": b"x"}), b"gluXXcklich", "glu\u0308cklich".encode(), flags=0)
    assert names(data) == ["glücklich/0.jpg"]
    with SafeZip(data, LIMITS) as archive:
        assert archive.read("glücklich/0.jpg", 10) == b"x"
    assert names(renamed(zipped({"glXcklich/0.jpg": b""}), b"glX", b"gl\x81", flags=0)) == ["glücklich/0.jpg"]


def test_what_systems_leave_in_folders_is_left_out():
    left = dict.fromkeys(["__MACOSX/a/._1.jpg", "a/._1.jpg", "a/.DS_Store", "a/Thumbs.db", "a/desktop.ini", "a/"], b"")
    assert names(zipped({"a/1.jpg": b"", **left})) == ["a/1.jpg"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../x", "leads elsewhere"),
        ("a/../../x", "leads elsewhere"),
        ("/etc/x", "leads elsewhere"),
        ("..\\..\\x", "leads elsewhere"),
        ("a\\..\\..\\x", "leads elsewhere"),
        ("\\\\server\\share\\x", "leads elsewhere"),
        ("C:/x", "leads elsewhere"),
        ("c:\\x", "leads elsewhere"),
        ("a/b/c/d/e/f/g", "more than 6 folders deep"),
        ("__MACOSX/../../x", "leads elsewhere"),
        ("a//b", "not allowed"),
        ("x\x01y", "not allowed"),
        ("ü\u202ex", "not allowed"),
        ("n" * 300, "not allowed"),
    ],
)
def test_names_that_are_refused(name, words):
    with pytest.raises(UnpackError, match=words) as raised:
        SafeZip(zipped({"a.txt": b"", name: b""}), LIMITS)
    assert str(raised.value).isprintable() and len(str(raised.value)) < 200


@pytest.mark.parametrize("flags", [0, 0x800])
def test_a_member_without_a_name(flags):
    """`zipfile` itself raises IndexError when it is asked whether this is a folder."""
    data = bytearray(zipped({"x": b""}))
    for mark, offset, rest in ((b"PK\x03\x04", 26, 30), (b"PK\x01\x02", 28, 46)):
        start = data.find(mark)
        struct.pack_into("<H", data, start + offset, 0)
        del data[start + rest]
    end = data.find(b"PK\x05\x06")
    struct.pack_into("<II", data, end + 12, end - data.find(b"PK\x01\x02"), data.find(b"PK\x01\x02"))
    data = renamed(bytes(data), b"", b"", flags)
    with pytest.raises(UnpackError, match="without a name"):
        SafeZip(data, LIMITS)


def test_the_same_name_twice_is_refused_in_any_form():
    with pytest.raises(UnpackError, match="two files 'é'"):
        SafeZip(zipped({"é": b"", unicodedata.normalize("NFD", "é"): b""}), LIMITS)
    with pytest.raises(UnpackError, match="two files 'a/b'"):
        SafeZip(renamed(zipped({"a/b": b"", "aXb": b""}), b"aXb", b"a\\b"), LIMITS)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a zip file"),
        (b"PK", "not a zip file"),
        (b"\x89PNG", "not a zip file"),
        (b"x" * (2**20 + 1), "at most 1 MB"),
        (zipped({}), "empty"),
        (zipped({"a/": b""}), "empty"),
        (zipped({f"{i}": b"" for i in range(51)}), "more than 50 files"),
        (zipped({f"{i}": b"" for i in range(500)}), "more than 50 files"),
        (zipped({"x": bytes(5 * 2**20)}), "unpacks to 5 MB; at most 4 MB"),
        (zipped({"x": bytes(3 * 2**20)}), "far too much for its size"),
        (zipped({"x": b"x" * 100}, zipfile.ZIP_BZIP2), "unusual way"),
    ],
)
def test_what_is_not_opened(data, words):
    with pytest.raises(UnpackError, match=words):
        SafeZip(data, LIMITS)


def test_links_and_passwords():
    link = zipfile.ZipInfo("a")
    link.external_attr = 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(UnpackError, match="links are not followed"):
        SafeZip(out.getvalue(), LIMITS)
    with pytest.raises(UnpackError, match="password"):
        SafeZip(renamed(zipped({"a": b"x"}), b"", b"", flags=1), LIMITS)


def test_reading():
    with SafeZip(zipped({"m/a.bin": b"12345", "b/m/a.bin": b"", "m/c": b""}), LIMITS) as archive:
        assert archive.find("zzz", "a.bin") == "m/a.bin"
        assert archive.find("zzz") is None
        assert archive.beside("m/a.bin", "c") == "m/c" and archive.beside("b/m/a.bin", "c") is None
        assert archive.read("m/a.bin", 5) == b"12345"
        with pytest.raises(UnpackError, match="at most 4 are read"):
            archive.read("m/a.bin", 4)
        with pytest.raises(UnpackError, match="lacks the file 'x'"):
            archive.read("x", 5)


def test_sizes_that_lie():
    data = zipped({"a": b"\0" * 1000}, zipfile.ZIP_STORED)
    for lie in (5, 2000):
        lying = data.replace(struct.pack("<II", 1000, 1000), struct.pack("<II", 1000, lie))
        with SafeZip(lying, LIMITS) as archive, pytest.raises(UnpackError, match="damaged|cut off"):
            archive.read("a", 5000)


def test_whatever_is_cut_or_flipped_is_one_sentence():
    rng = np.random.default_rng(0)
    good = zipped({"étonné/1.txt": b"one" * 99, "b\\c.bin": rng.bytes(300), "d": b""})
    refused = 0
    for _ in range(1500):
        data = bytearray(good[: rng.integers(1, len(good))] if rng.random() < 0.2 else good)
        for at in rng.integers(0, len(data), rng.choice([1, 3, 20])):
            data[at] = rng.integers(256)
        try:
            with SafeZip(bytes(data), LIMITS) as archive:
                for name in archive.names:
                    archive.read(name, 10_000)
        except UnpackError as error:
            refused += 1
            assert len(str(error)) <= 300 and str(error).isprintable()
    assert refused > 500
