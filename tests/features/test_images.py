import ast
import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from features import image_pixels, images
from features.images import ImageError, load

RED, BLUE = (200, 30, 40), (20, 40, 220)


def two_halves(width=60, height=40) -> Image.Image:
    """Red above, blue below."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2], pixels[height // 2 :] = RED, BLUE
    return Image.fromarray(pixels)


def encoded(picture: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def png(width, height, depth=8, colour=2, rows=b"\0" * 10) -> bytes:
    """A PNG with any header."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def noise(side=80) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8))


def is_two_halves(image, tolerance=4):
    assert image.shape == (40, 60, 3)
    assert image.dtype == np.uint8
    assert np.abs(image[5, 30].astype(int) - RED).max() <= tolerance
    assert np.abs(image[-5, 30].astype(int) - BLUE).max() <= tolerance


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("JPEG", {"quality": 95}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"quality": 95}),
        ("TIFF", {}),
        ("BMP", {}),
        ("GIF", {}),
        ("PPM", {}),
    ],
)
def test_kinds_of_files(kind, options):
    is_two_halves(load(encoded(two_halves(), kind, **options)), tolerance=8)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk(kind):
    is_two_halves(load(encoded(two_halves().convert("CMYK"), kind)), tolerance=8)


def test_palette():
    is_two_halves(load(encoded(two_halves().quantize(4), "PNG")))


def test_transparent_pixels_lie_on_white():
    clear = two_halves().convert("RGBA")
    clear.paste((0, 0, 0, 0), (0, 0, 60, 20))
    image = load(encoded(clear, "PNG"))
    assert (image[:20] == 255).all()
    assert tuple(image[-1, -1]) == BLUE
    half = two_halves().convert("RGBA")
    half.putalpha(128)
    assert np.abs(load(encoded(half, "PNG"))[0, 0] - np.array([227, 142, 147])).max() <= 2


def test_transparent_palette_colours_lie_on_white():
    palette = two_halves().quantize(4)
    red = palette.getpixel((0, 0))
    image = load(encoded(palette, "PNG", transparency=red))
    assert (image[:20] == 255).all()
    assert np.abs(image[-1, -1].astype(int) - BLUE).max() <= 4
    alphas = bytes(0 if i == red else 255 for i in range(4))
    assert (load(encoded(palette, "PNG", transparency=alphas))[:20] == 255).all()


@pytest.mark.parametrize("mode", ["L", "LA", "1"])
def test_grey_becomes_rgb(mode):
    picture = Image.fromarray(np.repeat([[0], [255]], [10, 10], axis=0).astype(np.uint8).repeat(30, axis=1))
    image = load(encoded(picture.convert(mode), "PNG"))
    assert image.shape == (20, 30, 3)
    assert image[0].max() == 0
    assert image[-1].min() == 255


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_keeps_its_range(kind):
    ramp = np.tile(np.linspace(0, 65535, 256).astype(np.uint16), (20, 1))
    image = load(encoded(Image.fromarray(ramp), kind))
    assert np.abs(image[0, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_sixteen_bit_colour():
    rows = np.asarray(two_halves()).astype(">u2") * 257
    is_two_halves(load(png(60, 40, depth=16, rows=b"".join(b"\0" + row.tobytes() for row in rows))), tolerance=1)


@pytest.mark.parametrize("top", [1.0, 65535.0])
def test_floating_point_tiff(top):
    ramp = np.tile(np.linspace(0, top, 256, dtype=np.float32), (20, 1))
    image = load(encoded(Image.fromarray(ramp), "TIFF"))
    assert np.abs(image[0, :, 0].astype(int) - np.arange(256)).max() <= 1


@pytest.mark.parametrize(
    ("low", "high", "black", "white"),
    [(0, 1.02, 0, 1), (-0.02, 1, 0, 1), (-1, 1, -1, 1), (0, 255, 0, 255), (0, 260, 0, 255), (0, 4095, 0, 4095)],
)
def test_floats_are_scaled_by_what_they_hold(low, high, black, white):
    ramp = np.tile(np.linspace(low, high, 256, dtype=np.float32), (20, 1))
    ramp[3, 3] = np.nan
    image = load(encoded(Image.fromarray(ramp), "TIFF"))
    expected = np.clip((np.linspace(low, high, 256) - black) / (white - black), 0, 1) * 255
    assert np.abs(image[0, :, 0] - expected).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("white", [255, 1023, 4095, 16_383, 65_535])
def test_whole_numbers_are_scaled_by_the_bits_they_use(kind, white):
    ramp = np.tile(np.linspace(0, white, 256).astype(np.uint16), (20, 1))
    image = load(encoded(Image.fromarray(ramp), kind))
    assert np.abs(image[0, :, 0].astype(int) - np.arange(256)).max() <= 1


@pytest.mark.parametrize(("low", "high"), [(0, 3), (-50, 50), (0, 1e6), (-3, 0.5)])
def test_floats_in_an_unusual_range_are_refused_with_their_range(low, high):
    ramp = np.tile(np.linspace(low, high, 256, dtype=np.float32), (20, 1))
    with pytest.raises(ImageError, match=f"{low:g} to {high:g}".replace("+", r"\+") + ", which is an unusual range"):
        load(encoded(Image.fromarray(ramp), "TIFF"))


def test_sixteen_bit_colours_that_hold_eight_bits_are_refused_rather_than_shown_black():
    rows = np.asarray(two_halves()).astype(">u2")
    with pytest.raises(ImageError, match="unusual range"):
        load(png(60, 40, depth=16, rows=b"".join(b"\0" + row.tobytes() for row in rows)))


@pytest.mark.parametrize(("kind", "options"), [("GIF", {}), ("WEBP", {"lossless": True})])
def test_of_an_animation_the_first_frame(kind, options):
    others = [Image.new("RGB", (60, 40), c) for c in ("green", "black")]
    is_two_halves(load(encoded(two_halves(), kind, save_all=True, append_images=others, **options)))


TURNS = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: np.swapaxes(a, 0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.swapaxes(np.rot90(a, 2), 0, 1),
    8: lambda a: np.rot90(a, 3),
}


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_exif_orientation_is_undone(orientation, kind):
    """The camera stored the picture turned; it must come out as it was seen."""
    seen = np.zeros((40, 60, 3), np.uint8)
    seen[:20, :30], seen[:20, 30:], seen[20:, :30] = (250, 20, 20), (20, 250, 20), (20, 20, 250)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(TURNS[orientation](seen)))
    image = load(encoded(stored, kind, exif=exif.tobytes(), quality=95))
    assert image.shape == seen.shape
    for y, x in ((8, 12), (8, 48), (32, 12), (32, 48)):
        assert np.abs(image[y, x].astype(int) - seen[y, x]).max() < 25


@pytest.mark.parametrize("mode", ["RGB", "P", "L", "RGBA", "I;16"])
def test_large_pictures_are_shrunk_and_keep_their_shape(mode):
    picture = two_halves(1200, 600)
    picture = Image.fromarray(np.full((600, 1200), 30000, np.uint16)) if mode == "I;16" else picture.convert(mode)
    assert load(encoded(picture, "PNG"), max_side=300).shape == (150, 300, 3)
    assert load(np.asarray(two_halves(1200, 600)), max_side=300).shape == (150, 300, 3)


def test_shrinking_averages_rather_than_skips():
    stripes = np.zeros((600, 600, 3), np.uint8)
    stripes[:, ::2] = 255
    for source in (
        stripes,
        encoded(Image.fromarray(stripes), "PNG"),
        encoded(Image.fromarray(stripes).quantize(2), "PNG"),
    ):
        assert np.abs(load(source, max_side=150).astype(int) - 127).max() < 12


@pytest.mark.parametrize("side", [8500, 9600, 13_000, 20_000, 60_000])
def test_decompression_bombs_are_refused_before_they_are_decoded(side):
    with pytest.raises(ImageError, match="64,000,000"):
        load(png(side, side))


@pytest.mark.parametrize("size", [(64_000_000, 1), (1, 64_000_000), (20_000, 3000)])
def test_long_sides_are_refused_before_they_are_decoded(size):
    with pytest.raises(ImageError, match="no side may be longer than 16,384"):
        load(png(*size))


def test_fifty_megabytes_are_refused(tmp_path):
    path = tmp_path / "large.png"
    with path.open("wb") as file:
        file.truncate(50 * 2**20)
    with pytest.raises(ImageError, match="50.0 MB; at most 20 MB") as refused:
        load(path)
    assert str(refused.value).key == "picture.large_n"
    with pytest.raises(ImageError, match="at most 20 MB"):
        load(bytes(50 * 2**20))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_file_that_breaks_off(kind, part):
    data = encoded(noise(), kind)
    with pytest.raises(ImageError, match="damaged|not a picture"):
        load(data[: int(len(data) * part)])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"])
def test_damaged_files_give_a_picture_or_the_one_error(kind):
    data, rng = encoded(noise(40), kind), np.random.default_rng(1)
    for _ in range(60):
        broken = bytearray(data)
        for _ in range(6):
            broken[rng.integers(len(broken))] = rng.integers(256)
        try:
            image = load(bytes(broken))
        except ImageError as error:
            assert len(str(error)) > 30
        else:
            assert image.dtype == np.uint8


def test_paths(tmp_path):
    path = tmp_path / "ü picture.png"
    two_halves().save(path)
    is_two_halves(load(path))
    is_two_halves(load(str(path)))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"", "0 bytes"),
        (b"hello, I am a text", "not a picture"),
        ("no/such/picture.png", "No such file"),
        ("a\0b.png", "null"),
        (None, "NoneType"),
        (5, "int"),
        ([[1, 2]], "list"),
    ],
)
def test_what_is_not_a_picture(source, words):
    with pytest.raises(ImageError, match=words):
        load(source)


def test_a_folder_is_not_a_picture(tmp_path):
    with pytest.raises(ImageError, match="folder|Permission"):
        load(tmp_path)


def test_one_pixel():
    image = load(encoded(Image.new("RGB", (1, 1), RED), "PNG"))
    assert image.tolist() == [[list(RED)]]


@pytest.mark.parametrize(
    ("array", "value"),
    [
        (np.full((4, 5), 7, np.uint8), 7),
        (np.full((4, 5, 1), 7, np.uint8), 7),
        (np.full((4, 5, 3), 7, np.uint8), 7),
        (np.full((4, 5, 3), 7 * 257, np.uint16), 7),
        (np.full((4, 5, 3), 0.5), 128),
        (np.full((4, 5), 1.0, np.float16), 255),
        (np.ones((4, 5), bool), 255),
        (np.zeros((4, 5, 4), np.uint8), 255),
    ],
)
def test_arrays(array, value):
    before = array.copy()
    image = load(array)
    assert image.shape == (4, 5, 3)
    assert image.dtype == np.uint8
    assert (image == value).all()
    assert (array == before).all()


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.full((4, 4, 3), np.nan), "NaN"),
        (np.full((4, 4), np.inf), "NaN"),
        (np.full((4, 4), 1.5), "0 to 1"),
        (np.full((4, 4), -0.1), "0 to 1"),
        (np.zeros((1, 4, 4, 3), np.uint8), r"\(1, 4, 4, 3\)"),
        (np.zeros((4, 4, 2), np.uint8), r"\(4, 4, 2\)"),
        (np.zeros((0, 4, 3), np.uint8), r"\(0, 4, 3\)"),
        (np.zeros(12, np.uint8), r"\(12,\)"),
        (np.zeros((4, 4, 3), int), "int64"),
        (np.zeros((4, 4), object), "object"),
        (np.zeros((4, 4), complex), "complex"),
        (np.broadcast_to(np.zeros((1, 1, 3), np.uint8), (9000, 9000, 3)), "64,000,000"),
    ],
)
def test_arrays_that_are_no_picture(array, words):
    with pytest.raises(ImageError, match=words):
        load(array)


def test_grey_is_luma():
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    assert images.to_grey(pixels).tolist() == [[76, 150, 29, 255]]


PEAK = """
import resource, sys
from features import images
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert images.load(sys.argv[1]).shape == (2048, 2048, 3)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / (2**20 if sys.platform == "darwin" else 2**10))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no module resource")
@pytest.mark.parametrize(
    ("mode", "options"), [("P", {"transparency": bytes(9)}), ("I;16", {}), ("LA", {})], ids=["palette", "deep", "alpha"]
)
def test_the_largest_pictures_take_400_megabytes_at_most(mode, options, tmp_path):
    path = tmp_path / "large.png"
    Image.new(mode, (8000, 8000)).save(path, compress_level=1, **options)
    code = [sys.executable, "-c", PEAK, str(path)]
    done = subprocess.run(code, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=120)
    assert float(done.stdout) < 400, done.stderr


def test_webp_may_have_fewer_pixels(tmp_path):
    with pytest.raises(ImageError, match="24,000,000"):
        load(encoded(Image.new("RGB", (5000, 4900)), "WEBP", method=0))


@pytest.mark.parametrize("size", [(5000, 3), (3, 5000), (2499, 1777), (2600, 1300)])
def test_strips_leave_no_seam(size, monkeypatch):
    """The same picture, shrunk in one piece and in many."""
    rough = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    picture = np.asarray(Image.fromarray(rough).resize(size))
    whole = load(picture, max_side=700)
    monkeypatch.setattr(image_pixels, "STRIP", 20_000)
    parts = load(picture, max_side=700)
    assert whole.shape == parts.shape
    assert max(whole.shape) == 700
    assert np.abs(whole.astype(int) - parts).max() <= 1


# --- Formats -----------------------------------------------------------------------------------

ROOT = Path(__file__).parents[2]


def test_no_picture_starts_a_program(eps):
    for source in (eps, str(eps), eps.read_bytes()):
        with pytest.raises(ImageError, match="not a picture that can be read"):
            load(source)
    with pytest.raises(ImageError):
        images.check(eps.read_bytes())


def test_the_fake_program_would_be_started(eps, tmp_path):
    """Pillow on its own does it: without this, the tests above could not fail."""
    with pytest.raises(OSError), Image.open(eps) as picture:
        picture.load()
    (tmp_path / "gs-was-started").unlink()


def test_libraries_that_open_pictures_themselves_do_not_start_it_either():
    code = "from features import images; from PIL import EpsImagePlugin; assert not EpsImagePlugin.has_ghostscript()"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def written(kind: str) -> bytes:
    try:
        return encoded(two_halves(), kind)
    except (KeyError, OSError, ValueError):
        return b""


Image.init()
OTHERS = sorted(set(Image.SAVE) - set(images.FORMATS) - {"MPO"})  # an MPO of one picture is a JPEG


@pytest.mark.parametrize("kind", [kind for kind in OTHERS if written(kind)])
def test_formats_that_are_not_listed_are_refused(kind):
    with pytest.raises(ImageError, match="not a picture that can be read"):
        load(written(kind))


@pytest.mark.parametrize("kind", [k for k in images.FORMATS if k != "AVIF" or features.check("avif")])
def test_every_format_that_is_listed_is_read(kind):
    is_two_halves(load(encoded(two_halves(), kind)), tolerance=20)


@pytest.mark.parametrize(
    "kind", [MemoryError, RuntimeError, OverflowError, RecursionError, struct.error, AssertionError]
)
def test_whatever_a_decoder_raises_becomes_the_one_error(kind, monkeypatch):
    data = encoded(two_halves(), "PNG")

    def fail(self):
        raise kind("from the decoder")

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", fail)
    with pytest.raises(ImageError):
        load(data)


def opens_pictures(tree: ast.AST) -> list[str]:
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [ast.unparse(call) for call in calls if ast.unparse(call).endswith(("Image.open", ".imread", ".imdecode"))]


def test_pictures_are_opened_in_one_place_only():
    allowed = {
        "features/images.py",
        "zoo/evaluation/corruptions.py",  # a JPEG that it has made itself
        "zoo/exchange/exports/templates/predict.py",  # exported: runs on its user's own machine, on their own files
    }
    files = [path for folder in ("features", "zoo", "ui") for path in (ROOT / folder).rglob("*.py")]
    opening = {
        path.relative_to(ROOT).as_posix() for path in files if opens_pictures(ast.parse(path.read_text("utf-8")))
    }
    assert opening <= allowed


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device")
def test_a_device_is_not_read():
    with pytest.raises(ImageError, match="a pipe or a device"):
        load("/dev/zero")


@pytest.mark.parametrize("end", [0, 2], ids=["whole", "without-its-end-marker"])
def test_a_jpeg_whose_header_was_read_before_is_the_same_picture(end, astronaut):
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(Image.fromarray(astronaut[:120, :90]), "JPEG", exif=exif.tobytes(), comment=b"x")
    data = data[: len(data) - end]
    header = images.jpeg_header(data)
    assert (header.width, header.height, header.whole) == (90, 120, not end)
    assert load(header).shape == (90, 120, 3)  # upright
    assert np.array_equal(load(header), load(data))
    with pytest.raises(ImageError, match="damaged or cut off"):
        load(images.jpeg_header(data[: len(data) // 2]))


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "JPEG"])
def test_a_picture_cut_off_in_its_header_is_called_cut_off(kind, astronaut):
    stored = io.BytesIO()
    Image.fromarray(astronaut[:64, :64]).save(stored, kind)
    for length in (20, 40):
        with pytest.raises(ImageError, match="damaged or cut off"):
            images.load(stored.getvalue()[:length])


def test_a_photo_of_an_iphone_is_named_with_what_to_do():
    data = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(80)
    with pytest.raises(ImageError, match="This is a HEIC picture.*Most Compatible.*as JPEG") as caught:
        load(data)
    assert caught.value.args[0].key == "teach.heic"
