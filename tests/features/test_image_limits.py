"""Pictures that are expensive or damaged: what the loader promises of memory, time and errors."""

import io
import struct
import sys

import numpy as np
import pytest
from PIL import Image

from features import images
from features.image_files import HeaderError, Tiff, orientation, read_jpeg
from features.images import ImageError, load
from tests.fuzz import bombs, harness

Image.init()
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
NAMED = {bomb.name: bomb for bomb in bombs.bombs()}
SOME = [
    "PNG RGBA interlaced",
    "PNG 1 MB of EXIF tags",
    "JPEG progressive RGB 4:4:4",
    "JPEG 20 MB of EXIF tags",
    "JPEG 5000 scans",
    "WEBP RGBA lossless",
    "AVIF 1 MB of EXIF tags",
    "AVIF RGBA 4:4:4 8000 x 4000",
    "GIF 19 MB of comments",
    "BMP RLE8 8000, ends of line",
    "BMP RLE4 2000",
    "TIFF tile of 40,000 x 40,000",
    "TIFF 19 MB of tags",
    "PPM P3 in ASCII",
    "PPM P6 up to 100",
]


@LINUX
@pytest.mark.parametrize("name", [name for name in SOME if name in NAMED])
def test_no_picture_takes_more_than_400_mb_or_5_seconds(name):
    """A choice of the worst; ``python -m tests.fuzz.bombs`` measures all of them."""
    cost = bombs.measure(NAMED[name].make())
    assert cost.memory <= bombs.MOST_MEMORY and cost.seconds <= bombs.MOST_SECONDS, cost
    assert not cost.result.startswith("crashed"), cost


@pytest.mark.parametrize(("name", "count", "kinds"), [("images", 400, 40), ("clips", 60, 10)])
def test_damaged_files_are_read_or_refused(name, count, kinds):
    """A short run of what ``python -m tests.fuzz.images`` (or clips) does at length."""
    report = harness.run(name, count, seed=1)
    assert report.good and report.tried == count and report.read and report.refused, str(report)
    assert report.kinds >= kinds


# --- JPEG ----------------------------------------------------------------------------------------


def jpeg(mode: str = "RGB", side: int = 96, **how) -> bytes:
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 256, (side // 8, side // 8, 3), dtype=np.uint8)).resize((side, side))
    stored = io.BytesIO()
    picture.convert(mode).save(stored, "JPEG", **how)
    return stored.getvalue()


@pytest.mark.parametrize("lost", [1, 2])
@pytest.mark.parametrize("how", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_that_lacks_only_its_end_marker_is_shown(mode, how, lost):
    data = jpeg(mode, **how)
    assert (load(data[:-lost]) == load(data)).all()


@pytest.mark.parametrize("how", [{}, {"progressive": True}])
@pytest.mark.parametrize("kept", [0.6, 0.8, 0.95])
@pytest.mark.parametrize("end", [b"", b"\xff"])
def test_a_jpeg_that_breaks_off_is_not(how, kept, end):
    data = jpeg(**how)
    with pytest.raises(ImageError, match="damaged or cut off"):
        load(data[: int(kept * len(data))] + end)


def test_coefficients_are_counted_as_libjpeg_keeps_them():
    assert read_jpeg(jpeg()).coefficients == 0
    assert read_jpeg(jpeg(progressive=True, subsampling=0)).coefficients == 96 * 96 * 3 * 2
    assert read_jpeg(jpeg(progressive=True, subsampling=2)).coefficients == 96 * 96 * 3
    assert read_jpeg(jpeg(progressive=True)).scans == 10


def test_a_baseline_jpeg_in_several_scans_counts_as_well():
    data = jpeg()
    scan = data.rindex(b"\xff\xda")
    assert data[scan + 4] == 3
    assert read_jpeg(data[: scan + 4] + b"\x01" + data[scan + 5 :]).coefficients > 0


def test_metadata_is_left_out():
    exif = Image.Exif()
    exif[0x0112] = 6
    found = read_jpeg(jpeg(exif=exif.tobytes(), comment=b"hello", icc_profile=bytes(100_000)))
    assert orientation(found.exif) == 6 and len(found.data) < 20_000
    assert b"hello" not in found.data and b"Exif" not in found.data


# --- PNM -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0, 32, 35, 48, 10, 255])
@pytest.mark.parametrize("kind", [b"P4", b"P5", b"P6"])
def test_pixels_are_not_taken_for_a_header(kind, value):
    """Whatever their bytes stand for in a header: blanks, digits, the start of a comment."""
    size = {b"P4": 250 * 2000, b"P5": 2000 * 2000, b"P6": 3 * 2000 * 2000}[kind]
    head = kind + b" # a comment\n2000 2000" + (b"\n" if kind == b"P4" else b" 255\n")
    assert load(head + bytes([value]) * size).shape == (2000, 2000, 3)


# --- EXIF and TIFF ---------------------------------------------------------------------------------


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("told", range(10))
def test_the_orientation_is_read_in_both_byte_orders(order, told):
    head = b"II*\0" if order == "<" else b"MM\0*"
    exif = head + struct.pack(f"{order}LHHHLHH", 8, 1, 0x0112, 3, 1, told, 0) + bytes(4)
    assert orientation(exif) == orientation(b"Exif\0\0" + exif) == (told if 1 <= told <= 8 else 1)


@pytest.mark.parametrize("data", [b"", b"II", b"II*\0" + bytes(12), b"MM\0*\xff\xff\xff\xff" + bytes(20), bytes(40)])
def test_an_odd_orientation_is_none(data):
    assert orientation(data) == 1
    assert orientation(data, b'<x tiff:Orientation="8"/>') == 8


@pytest.mark.parametrize("kind", ["TIFF", "JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("turned", range(1, 9))
def test_every_format_is_turned_upright(kind, turned):
    """The corners of a picture whose upper left was marked before it was stored turned."""
    if kind not in Image.SAVE:
        pytest.skip("this Pillow cannot write it")
    seen = Image.new("RGB", (64, 32), "white")
    seen.paste("black", (0, 0, 32, 16))
    stored = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = turned
    undo = [None, None, 0, 3, 1, 5, 2, 6, 4][turned]  # Image.Transpose
    (seen if undo is None else seen.transpose(undo)).save(stored, kind, exif=exif.tobytes())
    image = load(stored.getvalue())
    assert image.shape == (32, 64, 3)
    assert image[4, 8].max() < 60 and min(image[4, 56].min(), image[28, 8].min(), image[28, 56].min()) > 190


@pytest.mark.parametrize(("packing", "name"), [("zstd", "zstd"), ("lzma", "LZMA")])
def test_tiffs_of_other_compressions_are_refused_by_name_and_not_called_damaged(packing, name):
    stored = io.BytesIO()
    Image.new("RGB", (64, 64)).save(stored, "TIFF", compression=packing)
    with pytest.raises(ImageError, match=f"^TIFFs compressed with {name} are not read. Save it with LZW or deflate.$"):
        load(stored.getvalue())


def test_what_a_tiff_buffers_is_counted():
    stored = io.BytesIO()
    Image.new("RGB", (640, 480)).save(stored, "TIFF", compression="tiff_lzw", tiffinfo={278: 480})
    assert Tiff(stored.getvalue()).buffer == 640 * 480 * 3
    with pytest.raises(HeaderError):
        Tiff(bombs._exif_bomb(2**16))


def test_no_side_may_be_longer_than_the_limit():
    for size in ((images.MAX_LENGTH + 1, 1), (1, images.MAX_LENGTH + 1)):
        with pytest.raises(ImageError, match="no side may be longer"):
            load(np.zeros(size, np.uint8))
