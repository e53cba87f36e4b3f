"""Tars from anywhere: what is opened, under which names, and what is refused."""

import bz2
import gzip
import io
import lzma
import tarfile
import unicodedata

import numpy as np
import pytest

from zoo.datasets.safe_tar import SafeTar, is_tar, names_in
from zoo.safe_zip import Limits, UnpackError

LIMITS = Limits(size=2**20, unpacked=4 * 2**20, members=50, depth=6)
PACKINGS = {"tar": bytes, "tar.gz": gzip.compress, "tar.bz2": bz2.compress, "tar.xz": lzma.compress}


def tarred(members: dict[str, bytes], form: int = tarfile.PAX_FORMAT, **fields: object) -> bytes:
    """A tar; `fields` are set in every member's header."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for key, value in fields.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(content) if info.isreg() else None)
    return out.getvalue()


def opened(data: bytes, limits: Limits = LIMITS) -> SafeTar:
    return SafeTar(io.BytesIO(data), limits)


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("packing", PACKINGS)
def test_every_form_and_packing(packing, form):
    data = PACKINGS[packing](tarred({"./happy/1.jpg": b"one", "sad/é.jpg": b"two" * 999}, form))
    assert is_tar(io.BytesIO(data))
    archive = opened(data)
    assert archive.names == ["happy/1.jpg", "sad/é.jpg"]
    assert archive.read("happy/1.jpg", 10) == b"one" and archive.read("sad/é.jpg", 2997) == b"two" * 999
    assert list(names_in(io.BytesIO(data), 2**20)) == archive.names


def test_names_have_one_form_and_what_systems_leave_is_left_out():
    decomposed = unicodedata.normalize("NFD", "étonné/1.jpg")
    left = dict.fromkeys(["._1.jpg", "a/.DS_Store", "__MACOSX/._1.jpg", "a/Thumbs.db"], b"")
    assert opened(tarred({decomposed: b"", "a\\2.jpg": b"", **left})).names == ["étonné/1.jpg", "a/2.jpg"]
    assert "._1.jpg" not in list(names_in(io.BytesIO(tarred({"a": b"", **left})), 2**20))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../x", "leads elsewhere"),
        ("a/../../x", "leads elsewhere"),
        ("/etc/x", "leads elsewhere"),
        ("..\\x", "leads elsewhere"),
        ("C:/x", "leads elsewhere"),
        ("a/b/c/d/e/f/g", "more than 6 folders deep"),
        ("x\x01y", "not allowed"),
        ("ü\u202ex", "not allowed"),
        ("n" * 300, "not allowed"),
    ],
)
def test_names_that_are_refused(name, words):
    with pytest.raises(UnpackError, match=words) as raised:
        opened(tarred({"a.txt": b"", name: b""}))
    assert str(raised.value).isprintable() and len(str(raised.value)) < 200 and " tar " in str(raised.value)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (tarfile.SYMTYPE, "link"),
        (tarfile.LNKTYPE, "link"),
        (tarfile.CHRTYPE, "device or a pipe"),
        (tarfile.BLKTYPE, "device or a pipe"),
        (tarfile.FIFOTYPE, "device or a pipe"),
        (tarfile.GNUTYPE_SPARSE, "unusual way"),
    ],
)
def test_links_and_devices_are_refused(kind, words):
    with pytest.raises(UnpackError, match=words):
        opened(tarred({"happy/1.jpg": b""}, tarfile.GNU_FORMAT, type=kind, linkname="/etc/passwd"))


@pytest.mark.parametrize("packing", PACKINGS)
def test_limits_hold_for_every_packing(packing):
    pack = PACKINGS[packing]
    with pytest.raises(UnpackError, match="more than 1 MB"):
        opened(pack(tarred({"x": bytes(2**21)})))
    with pytest.raises(UnpackError, match="more than 50 files"):
        opened(pack(tarred({f"{i}": b"" for i in range(51)})))
    with pytest.raises(UnpackError, match="damaged or cut off"):  # what unpacks without end is not unpacked on
        list(names_in(io.BytesIO(pack(tarred({"x": bytes(2**21), "y": b""}))), 2**20))


def test_reading():
    archive = opened(tarred({"m/a.bin": b"12345"}))
    with pytest.raises(UnpackError, match="5 bytes; at most 4"):
        archive.read("m/a.bin", 4)
    with pytest.raises(UnpackError, match="lacks the file"):
        archive.read("nowhere", 4)


def test_empty_doubled_and_of_another_kind():
    for data, words in [
        (tarred({}), "empty"),
        (tarred({"a": b"", "./a": b""}), "two files 'a'"),
        (b"", "not a tar"),
        (b"emotion,pixels\n" * 999, "not a tar"),
        (gzip.compress(b"emotion,pixels\n" * 999), "not a tar"),
    ]:
        with pytest.raises(UnpackError, match=words):
            opened(data)
    assert not is_tar(io.BytesIO(b"")) and not is_tar(io.BytesIO(gzip.compress(b"emotion,pixels\n" * 999)))


def test_a_negative_size_is_not_read_for_ever():
    """Without a check, some versions of `tarfile` find the same member again and again."""
    data = bytearray(tarred({"a": b"", "b": b""}, tarfile.GNU_FORMAT))
    data[512 + 124 : 512 + 136] = b"\xff" * 10 + (-1024 + 2**16).to_bytes(2, "big")  # base 256: the size is -1024
    header = bytes(data[512:660]) + b" " * 8 + bytes(data[668:1024])
    data[660:668] = b"%06o\0 " % sum(header)
    with pytest.raises(UnpackError):
        opened(bytes(data))


def test_whatever_is_cut_or_flipped_is_one_sentence():
    rng = np.random.default_rng(5)
    good = tarred({"étonné/1.txt": b"one" * 99, "b/c.bin": rng.bytes(300), "d": b""})
    for trial in range(300):
        data = bytearray(good[: rng.integers(len(good))] if trial % 3 == 0 else good)
        for _ in range(3 * (trial % 3)):
            data[rng.integers(len(data))] ^= 1 << rng.integers(8)
        packed = list(PACKINGS.values())[trial % 4](bytes(data))
        try:
            archive = opened(packed)
            assert all(len(archive.read(name, 10**6)) >= 0 for name in archive.names)
            list(names_in(io.BytesIO(packed), 2**20))
        except UnpackError as error:
            assert str(error).isprintable() and len(str(error)) < 300
