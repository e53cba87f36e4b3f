import io

import pytest
from PIL import Image

from features import file_kinds, images
from features.file_kinds import kind

Image.init()


def brand(major: bytes, *others: bytes) -> bytes:
    return (16 + 4 * len(others)).to_bytes(4, "big") + b"ftyp" + major + bytes(4) + b"".join(others)


@pytest.mark.parametrize("name", sorted(file_kinds.READ))
def test_every_format_that_is_read_is_known_by_its_content(name):
    if name not in Image.SAVE:
        pytest.skip("this Pillow cannot write it")
    stored = io.BytesIO()
    Image.new("RGB", (16, 16)).save(stored, name)
    assert kind(stored.getvalue()[: file_kinds.HEAD]) == name


def test_both_lists_of_formats_are_the_same():
    assert set(images.FORMATS) == file_kinds.READ


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (brand(b"heic", b"mif1"), "HEIC"),
        (brand(b"mif1", b"heic"), "HEIC"),
        (brand(b"mif1", b"miaf", b"avif"), "AVIF"),
        (brand(b"avis", b"msf1"), "AVIF"),
        (brand(b"isom", b"iso2", b"avc1"), "MP4"),
        (brand(b"qt  "), "MP4"),
        (brand(b"M4A ", b"isom"), "sound"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "EPS"),
        (b"<?xml version='1.0'?>\n<svg xmlns=", "SVG"),
        (b"\x1a\x45\xdf\xa3\x93", "Matroska"),
        (b"RIFF\0\0\0\0AVI LIST", "AVI"),
        (b"II*\0\x10\0\0\0CR\2\0", "camera raw"),
        (b"P7\nWIDTH 9\nHEIGHT 9\n", "PPM"),
        (b"PF\n9 9\n-1.0\n", "PPM"),
        (b"P1 is the first paragraph", ""),
        (b"P7 is the last", ""),
        (b"\0\0\x01\xba\x44", "MPEG"),
        ((b"\x47" + bytes(187)) * 3, "MPEG transport stream"),
        ((bytes(4) + b"\x47" + bytes(187)) * 2 + bytes(4) + b"\x47", "MPEG transport stream"),
        (b"Goodness, no transport stream", ""),
        (b"FLV\x01\x05", "Flash video"),
        (bytes.fromhex("3026b2758e66cf11"), "Windows Media"),
        (b"OggS\0\2" + bytes(22) + b"\x2a\x80theora\3\2", "Ogg video"),
        (b"OggS\0\2" + bytes(22) + b"\x1e\x01vorbis", "audio"),
        (b"ID3\4\0", "audio"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio"),
        (b"BM is not a bitmap here", ""),
        (b"\0\5\x16\7\0\2\0\0Mac OS X", ""),
        (b"", ""),
    ],
)
def test_kinds_by_content(head, name):
    assert kind(head) == name


def test_the_name_only_counts_where_the_content_says_nothing(tmp_path):
    stored = io.BytesIO()
    Image.new("RGB", (16, 16)).save(stored, "JPEG")
    for name, data, picture, clip in (
        ("a.txt", stored.getvalue(), True, False),
        ("a.mp4", stored.getvalue(), True, False),
        ("a.jpg", brand(b"isom"), False, True),
        ("b.jpg", b"words", True, False),
        ("b.mp4", b"words", False, True),
        ("b.txt", b"words", False, False),
        ("c.heic", brand(b"heic"), True, False),
        ("c.jpg", brand(b"M4A "), False, False),
        ("c.mpg", b"\0\0\x01\xba\x44", False, True),
    ):
        (tmp_path / name).write_bytes(data)
        assert file_kinds.is_picture(tmp_path / name) is picture
        assert file_kinds.is_clip(tmp_path / name) is clip
