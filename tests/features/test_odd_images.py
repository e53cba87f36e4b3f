"""Pictures of unusual but valid kinds: read with the right colours, or refused by the name of their kind."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from features import images
from features.images import ImageError, load

ROWS, COLUMNS = 24, 32


@pytest.fixture(scope="module")
def picture():
    """Smooth colours, so that subsampled ones stay close."""
    y, x = np.mgrid[:ROWS, :COLUMNS]
    return np.stack([x * 7 + 10, y * 9 + 20, 200 - x * 3 - y * 2], axis=2).astype(np.uint8)


def close(data: bytes, wanted: np.ndarray, most: float) -> bool:
    found = load(data)
    return found.shape == wanted.shape and np.abs(found.astype(int) - wanted).max() <= most


# --- Netpbm --------------------------------------------------------------------------------------


def pam(values: np.ndarray, white: int, kind: str = "", order: str = ">u2") -> bytes:
    depth = values.shape[2]
    head = f"P7\n# made\nWIDTH {COLUMNS}\nHEIGHT {ROWS}\nDEPTH {depth}\nMAXVAL {white}\nTUPLTYPE {kind}\nENDHDR\n"
    return head.encode() + values.astype("u1" if white < 256 else order).tobytes()


def test_pam_of_every_depth(picture):
    full = np.full((ROWS, COLUMNS, 1), 255)
    grey = picture[:, :, :1]
    assert close(pam(picture, 255, "RGB"), picture, 0)
    assert close(pam(np.concatenate([picture, full], 2), 255, "RGB_ALPHA"), picture, 0)
    assert close(pam(grey, 255, "GRAYSCALE"), np.repeat(grey, 3, 2), 0)
    assert close(pam(np.concatenate([grey, full], 2), 255, "GRAYSCALE_ALPHA"), np.repeat(grey, 3, 2), 0)
    assert close(pam(picture.astype(int) * 257, 65_535, "RGB"), picture, 0)
    assert close(pam(picture.astype(int) * 4, 1023, "RGB"), picture, 1)
    black = (grey > 128).astype(int)
    assert close(pam(black, 1, "BLACKANDWHITE"), np.repeat(black, 3, 2) * 255, 0)
    assert images.check(pam(picture, 255)) == (COLUMNS, ROWS)


def test_pfm_in_colour(picture):
    for scale, order in ((-1.0, "<f4"), (1, ">f4"), ("-1.0e0", "<f4")):
        data = f"PF\n{COLUMNS} {ROWS}\n{scale}\n".encode() + (picture[::-1] / 255).astype(order).tobytes()
        assert close(data, picture, 0)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"P7\nWIDTH 9\nHEIGHT 9\nDEPTH 3\nMAXVAL 255\nENDHDR\n" + bytes(9), "its end is missing"),
        (b"P7\nWIDTH 9\nHEIGHT 9\nENDHDR\n", "lacks a number"),
        (b"P7\nWIDTH 9\n" + b"# \n" * 2000, "header of a PAM is wrong"),
        (b"P7\nWIDTH 9\nHEIGHT 9\nDEPTH 7\nMAXVAL 255\nENDHDR\n" + bytes(999), "depth 7"),
        (b"P7\nWIDTH 9\nHEIGHT 0\nDEPTH 3\nMAXVAL 255\nENDHDR\n", "9 x 0 pixels"),
        (b"P7\nWIDTH 99999\nHEIGHT 99999\nDEPTH 3\nMAXVAL 255\nENDHDR\n", "at most 64,000,000"),
        (b"PF\n99999 99999\n-1\n", "at most 64,000,000"),
        (b"PF\n9 9\n-1.0\n" + bytes(99), "its end is missing"),
        (b"PF\n9 9\nlots\n", "header of a PFM is wrong"),
        (b"PF\n1 1\n-1\n" + struct.pack("<3f", 0, 1e9, 0), "unusual range"),
    ],
)
def test_netpbm_that_is_wrong(data, words):
    with pytest.raises(ImageError, match=words):
        load(data)


# --- TIFF ----------------------------------------------------------------------------------------


def tiff(width: int, height: int, strips: list[bytes], tags: dict[int, tuple[int, ...]]) -> bytes:
    """A TIFF with these strips; the values of `tags` are shorts."""
    count = len(strips)
    entries = {256: (3, (width,)), 257: (3, (height,)), 259: (3, (1,)), 278: (3, (height,))}
    entries |= {number: (3, values) for number, values in tags.items()}
    entries |= {273: (4, (0,) * count), 279: (4, tuple(map(len, strips)))}
    at = 8 + 2 + 12 * len(entries) + 4
    sizes = {number: len(values) * (2 if kind == 3 else 4) for number, (kind, values) in entries.items()}
    data = at + sum(size for size in sizes.values() if size > 4)
    entries[273] = (4, tuple(data + sum(map(len, strips[:i])) for i in range(count)))
    head, tail = struct.pack("<2sHIH", b"II", 42, 8, len(entries)), b""
    for number, (kind, values) in sorted(entries.items()):
        packed = struct.pack(f"<{len(values)}{'H' if kind == 3 else 'I'}", *values)
        place = packed.ljust(4, b"\0") if len(packed) <= 4 else struct.pack("<I", at + len(tail))
        tail += packed if len(packed) > 4 else b""
        head += struct.pack("<HHI", number, kind, len(values)) + place
    return head + bytes(4) + tail + b"".join(strips)


@pytest.mark.parametrize("across", [1, 2, 4])
@pytest.mark.parametrize("down", [1, 2])
def test_uncompressed_luma_and_chroma(picture, across, down):
    """Pillow's own reader calls these truncated, whatever the subsampling."""
    planes = np.array(Image.fromarray(picture).convert("YCbCr"))
    blocks = []
    for y in range(0, ROWS, down):
        for x in range(0, COLUMNS, across):
            part = planes[y : y + down, x : x + across]
            blocks.append(part[:, :, 0].tobytes() + bytes(np.rint(part[:, :, 1:].mean(axis=(0, 1))).astype(np.uint8)))
    tags = {258: (8, 8, 8), 262: (6,), 277: (3,), 530: (across, down)}
    assert close(tiff(COLUMNS, ROWS, [b"".join(blocks)], tags), picture, 24 if across * down > 1 else 5)


@pytest.mark.parametrize("colours", [3, 4])
def test_16_bits_in_separate_planes(picture, colours):
    """Pillow's own reader takes each byte for a pixel."""
    values = np.concatenate([picture, np.full((ROWS, COLUMNS, 1), 255, np.uint8)], 2)[:, :, :colours]
    strips = [(values[:, :, i].astype("<u2") * 257).tobytes() for i in range(colours)]
    tags = {258: (16,) * colours, 262: (2,), 277: (colours,), 284: (2,)} | ({338: (2,)} if colours == 4 else {})
    assert close(tiff(COLUMNS, ROWS, strips, tags), picture, 0)


@pytest.mark.parametrize("bits", [8, 16])
def test_grey_levels_in_which_0_is_white(picture, bits):
    grey = picture[:, :, :1]
    values = (255 - grey).astype("u1") if bits == 8 else ((255 - grey.astype(int)) * 257).astype("<u2")
    data = tiff(COLUMNS, ROWS, [values.tobytes()], {258: (bits,), 262: (0,), 277: (1,)})
    assert close(data, np.repeat(grey, 3, 2), 0)


@pytest.mark.parametrize(
    ("bits", "samples", "kind", "words"),
    [
        (32, 3, 3, "TIFFs with 3 floating-point numbers of 32 bits a pixel are not read"),
        (64, 1, 3, "TIFFs with 1 floating-point number of 64 bits a pixel are not read"),
        (8, 7, 1, "TIFFs with 7 numbers of 8 bits a pixel are not read"),
    ],
)
def test_other_kinds_are_named(bits, samples, kind, words):
    """They used to be "not a picture", in a sentence that lists TIFF as one."""
    tags = {258: (bits,) * samples, 262: (2 if samples == 3 else 1,), 277: (samples,), 339: (kind,) * samples}
    with pytest.raises(ImageError, match=words) as raised:
        load(tiff(8, 8, [bytes(64 * samples * bits // 8)], tags))
    assert "damaged" not in str(raised.value)


# --- PNG -----------------------------------------------------------------------------------------


def chunk(name: bytes, content: bytes, good: bool = True) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content) ^ (not good))


@pytest.fixture(scope="module")
def png(picture):
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"iCCP", b"huge\0\0" + zlib.compress(bytes(3 * 2**20))),
        chunk(b"zTXt", b"note\0\0" + zlib.compress(bytes(3 * 2**20))),
        chunk(b"tEXt", b"note\0words", good=False),
        chunk(b"eXIf", b"MM\0*" + bytes(30), good=False),
        chunk(b"tIME", b"too short"),
        chunk(b"gAMA", b""),
    ],
)
def test_what_else_a_png_carries_does_not_matter(picture, png, extra):
    """Pillow ends at a profile of more than 1 MB and at texts with a wrong checksum; browsers do not."""
    assert close(png[:33] + extra + png[33:], picture, 0)


@pytest.mark.parametrize("place", ["before", "after"])
def test_orientation_of_a_png_still_counts(picture, png, place):
    exif = Image.Exif()
    exif[0x0112] = 3
    extra = chunk(b"eXIf", exif.tobytes()[6:])
    data = png[:33] + extra + png[33:] if place == "before" else png[:-12] + extra + png[-12:]
    assert close(data, picture[::-1, ::-1], 0)
    xmp = b'XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation="3"/>'
    assert close(png[:33] + chunk(b"iTXt", xmp) + png[33:], picture[::-1, ::-1], 0)


# --- BMP -----------------------------------------------------------------------------------------


def test_a_bmp_of_an_unread_kind_is_not_called_damaged():
    ten = struct.pack("<3I", 0x3FF00000, 0xFFC00, 0x3FF)
    for bits, packing, content in ((32, 3, ten + bytes(4 * 64)), (0, 4, b"\xff\xd8\xff"), (0, 5, b"\x89PNG")):
        head = struct.pack("<IiiHHIIiiII", 40, 8, 8, 1, bits, packing, len(content), 1, 1, 0, 0)
        with pytest.raises(ImageError, match="This kind of picture is not read.*Save it as PNG"):
            load(struct.pack("<2sIHHI", b"BM", 54 + len(content), 0, 0, 54) + head + content)
