"""The largest pictures within the limits, format by format: how much memory and time each one takes.

    python -m tests.fuzz.bombs

prints a row per picture: what it is, its file's size, the additional memory at its peak, the time, and
what came of it. It ends with status 1 if one took more than 400 MB or 5 s. Linux only: the peak is
read from ``/proc``.
"""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from features import images
from features.images import ImageError

MOST_MEMORY, MOST_SECONDS = 400.0, 5.0
SIDE = 8000  # squared, the most pixels of any format


@dataclass(frozen=True)
class Bomb:
    """A picture that is expensive to decode: its name, and a function that makes its file."""

    name: str
    make: Callable[[], bytes]


@dataclass(frozen=True)
class Cost:
    """What loading one file took: additional memory in MB, processor seconds, and the shape or the error."""

    memory: float
    seconds: float
    result: str


def measure(data: bytes) -> Cost:
    """Load one picture in a process of its own and see what it takes."""
    command = [sys.executable, "-m", "tests.fuzz.bombs", "-"]
    done = subprocess.run(command, input=data, capture_output=True, timeout=120, cwd=Path(__file__).parents[2])
    if done.returncode:
        return Cost(0.0, 0.0, f"crashed: {done.returncode} {done.stderr[-200:]!r}")
    return Cost(**json.loads(done.stdout))


def _measure_here(data: bytes) -> Cost:
    images.load(_saved(_picture("RGB", 64, 64), "PNG"))  # imports
    before, start = status_mb("VmRSS", reset=True), time.process_time()
    try:
        result = "x".join(map(str, images.load(data).shape[1::-1]))
    except ImageError as error:
        result = str(error)
    return Cost(status_mb("VmHWM") - before, time.process_time() - start, result)


def status_mb(name: str, reset: bool = False) -> float:
    """A line of this process's status in MB, 0 where there is no ``/proc``; with `reset`, the peak starts anew."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(f"{name}:")) / 1024


# --- The pictures ------------------------------------------------------------------------------


def bombs() -> Iterator[Bomb]:
    """Every picture, none made yet."""
    for make in (_png, _jpeg, _webp, _avif, _gif, _bmp, _tiff, _ppm, _refused):
        yield from make()


def _picture(mode: str, width: int = SIDE, height: int = SIDE) -> Image.Image:
    """A picture that compresses well and is not empty."""
    if mode == "F":
        return Image.new("F", (width, height), 0.5)
    if mode.startswith("I"):
        return Image.new(mode, (width, height), 30_000)
    picture = Image.new("L", (width, height), 90).convert(mode)
    picture.paste(Image.linear_gradient("L").convert(mode), (0, 0))
    return picture


def _saved(picture: Image.Image, kind: str, **how) -> bytes:
    stored = io.BytesIO()
    picture.save(stored, kind, **how)
    return stored.getvalue()


def _save(name: str, mode: str, kind: str, width: int = SIDE, height: int = SIDE, **how) -> Bomb:
    return Bomb(f"{kind} {name}", lambda: _saved(_picture(mode, width, height), kind, **how))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _raw_png(width: int, height: int, depth: int, colour: int, interlaced: bool = False) -> bytes:
    """A PNG of zeros of any kind, more rows than it needs."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    size = (width * channels * depth // 8 + 8) * (height + 8) * (2 if interlaced else 1)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    packer, parts = zlib.compressobj(1), []
    for _ in range(0, size, 2**24):
        parts.append(packer.compress(bytes(2**24)))
    parts.append(packer.flush())
    palette = _chunk(b"PLTE", bytes(768)) + _chunk(b"tRNS", bytes(256)) if colour == 3 else b""
    body = _chunk(b"IDAT", b"".join(parts)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + palette + body


def _png() -> Iterator[Bomb]:
    kinds = {"grey": (8, 0), "RGB": (8, 2), "palette": (8, 3), "grey+alpha": (8, 4), "RGBA": (8, 6)}
    kinds |= {"bits": (1, 0), "16-bit grey": (16, 0), "16-bit RGB": (16, 2), "16-bit RGBA": (16, 6)}
    for name, (depth, colour) in kinds.items():
        yield Bomb(f"PNG {name}", lambda d=depth, c=colour: _raw_png(SIDE, SIDE, d, c))
    yield Bomb("PNG RGBA interlaced", lambda: _raw_png(SIDE, SIDE, 8, 6, interlaced=True))
    for width, height in ((16_384, 3_906), (3_906, 16_384), (64_000_000, 1), (1, 64_000_000)):
        yield Bomb(f"PNG RGBA {width} x {height}", lambda w=width, h=height: _raw_png(w, h, 8, 6))
    yield Bomb("PNG 19 MB of empty chunks", lambda: _with_exif(b"", 19 * 2**20 // 12))
    yield Bomb("PNG 1 MB of EXIF tags", lambda: _with_exif(_exif_bomb(2**20)))


def _exif_bomb(size: int) -> bytes:
    """EXIF with many tags that all stand for the same bytes: read one by one, they are gigabytes."""
    tags = min(60_000, size // 24)
    at = 8 + 2 + 12 * tags + 4
    rest = size - at
    entries = b"".join(struct.pack("<HHLL", tag, 1, rest, at) for tag in range(1000, 1000 + tags))
    return b"II*\0" + struct.pack("<L", 8) + struct.pack("<H", len(entries) // 12) + entries + bytes(rest + 4)


def _with_exif(exif: bytes, empty: int = 0) -> bytes:
    png = _saved(_picture("RGB", 64, 64), "PNG")
    return png[:33] + _chunk(b"eXIf", exif) + _chunk(b"xxXx", b"") * empty + png[33:]


def _jpeg() -> Iterator[Bomb]:
    for progressive in (False, True):
        word = "progressive" if progressive else "baseline"
        for mode, sampling in (("L", 0), ("RGB", 2), ("RGB", 0), ("CMYK", 0)):
            yield _save(f"{word} {mode} 4:{'4:4' if sampling == 0 else '2:0'}", mode, "JPEG",
                        progressive=progressive, subsampling=sampling, quality=60)  # fmt: skip
    yield Bomb("JPEG 20 MB of EXIF tags", lambda: _jpeg_with_exif(_exif_bomb(19 * 2**20)))
    yield Bomb("JPEG 19 MB of empty segments", lambda: _jpeg_with_exif(b"", 19 * 2**20 // 4))
    yield Bomb("JPEG 5000 scans", lambda: _jpeg_of_scans(6000, 5000))
    yield Bomb("JPEG as many scans as are read", lambda: _jpeg_of_scans(3800, 90))
    yield Bomb("JPEG as many scans of the largest", lambda: _jpeg_of_scans(SIDE, 16))


def _jpeg_with_exif(exif: bytes, empty: int = 0) -> bytes:
    jpeg = _saved(_picture("RGB", 64, 64), "JPEG")
    bodies = [b"Exif\0\0" + exif[i : i + 65_000] for i in range(0, len(exif), 65_000)]
    parts = [b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body for body in bodies]
    return jpeg[:2] + b"".join(parts) + b"\xff\xe5\0\2" * empty + jpeg[2:]


def _jpeg_of_scans(side: int, scans: int) -> bytes:
    """A progressive JPEG whose last, small scan comes again and again."""
    data = _saved(_picture("L", side, side), "JPEG", progressive=True)
    last, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    return data[:last] + data[last:end] * min(scans, 19 * 2**20 // (end - last)) + b"\xff\xd9"


def _webp() -> Iterator[Bomb]:
    width, height = 6000, 4000
    for mode in ("RGB", "RGBA"):
        yield _save(f"{mode} lossy", mode, "WEBP", width, height, method=0)
        yield _save(f"{mode} lossless", mode, "WEBP", width, height, method=0, lossless=True, quality=0)
    yield _save("animated", "RGBA", "WEBP", width, height, method=0, save_all=True,
                append_images=[Image.new("RGBA", (width, height), "red")])  # fmt: skip
    yield _save("16,383 wide", "RGBA", "WEBP", 16_383, 1_464, method=0, lossless=True, quality=0)


def _avif() -> Iterator[Bomb]:
    yield Bomb("AVIF 1 MB of EXIF tags", _avif_with_exif)
    for width, height in ((4000, 4000), (SIDE, 4000), (SIDE, SIDE)):
        for mode, sampling in (("RGB", "4:2:0"), ("RGB", "4:4:4"), ("RGBA", "4:4:4")):
            yield _save(f"{mode} {sampling} {width} x {height}", mode, "AVIF", width, height, speed=10,
                        subsampling=sampling)  # fmt: skip


def _avif_with_exif() -> bytes:
    tags = _exif_bomb(2**20)
    harmless = b"II*\0\x08\0\0\0\0\0".ljust(len(tags), b"\x07")
    return _saved(_picture("RGB", 64, 64), "AVIF", exif=harmless).replace(harmless, tags)


def _gif() -> Iterator[Bomb]:
    for mode in ("L", "P"):
        yield _save(mode, mode, "GIF")
    yield _save("transparent", "P", "GIF", transparency=0)
    yield _save("animated", "P", "GIF", save_all=True, append_images=[Image.new("P", (SIDE, SIDE), 1)])
    yield Bomb("GIF small frame on a large screen", lambda: _gif_on_screen(SIDE, SIDE))
    yield Bomb("GIF frame beyond its screen", lambda: _gif_on_screen(10, 10, left=SIDE, top=SIDE))
    yield Bomb("GIF 19 MB of comments", _gif_of_comments)


def _gif_on_screen(width: int, height: int, left: int = 0, top: int = 0) -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF0, 0, 0) + bytes(6)
    return head + b"," + struct.pack("<HHHHB", left, top, 1, 1, 0) + b"\x02\x02\x44\x01\x00;"


def _gif_of_comments() -> bytes:
    small = _gif_on_screen(16, 16)
    block = b"\xff" + b"c" * 255
    return small[:19] + b"!\xfe" + block * (19 * 2**20 // 256) + b"\0" + small[19:]


def _bmp() -> Iterator[Bomb]:
    for bits in (1, 8, 24, 32):
        side = int(min(SIDE, (19.9 * 2**20 * 8 / bits) ** 0.5)) // 32 * 32
        yield Bomb(f"BMP {bits} bits", lambda s=side, b=bits: raw_bmp(s, s, b, 0, bytes(s * s * b // 8)))
    for bits, packing in ((8, 1), (4, 2)):
        for side in (SIDE, 2000):
            row = b"\xff\x01" * (side // 255) + bytes([side % 255, 1, 0, 0])
            yield Bomb(f"BMP RLE{bits} {side}", lambda s=side, b=bits, p=packing, r=row: raw_bmp(s, s, b, p, r * s))
            yield Bomb(f"BMP RLE{bits} {side}, ends of line",
                       lambda s=side, b=bits, p=packing: raw_bmp(s, s, b, p, b"\x01\x01\0\0" * s))  # fmt: skip
    yield Bomb("BMP RLE8 2000, runs of one", lambda: raw_bmp(2000, 2000, 8, 1, b"\x01\x01" * 4_000_000))


def raw_bmp(width: int, height: int, bits: int, packing: int, body: bytes) -> bytes:
    colours = 4 * 2**bits if bits <= 8 else 0
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, packing, len(body), 0, 0, 0, 0)
    at = 14 + len(head) + colours
    return b"BM" + struct.pack("<IHHI", at + len(body), 0, 0, at) + head + bytes(colours) + body


def _tiff() -> Iterator[Bomb]:
    one_strip = {278: SIDE}
    for packing in ("tiff_lzw", "tiff_adobe_deflate", "packbits"):
        for mode in ("L", "RGB", "RGBA", "CMYK", "I;16", "F"):
            if packing != "packbits" or mode == "RGB":
                yield _save(f"{mode} {packing}", mode, "TIFF", compression=packing)
    for mode in ("L", "P", "RGB", "RGBA", "F"):
        yield _save(f"{mode} deflate, one strip", mode, "TIFF", compression="tiff_adobe_deflate", tiffinfo=one_strip)
    yield _save("RGB deflate, one strip, 6600 x 6600", "RGB", "TIFF", 6600, 6600, compression="tiff_adobe_deflate",
                tiffinfo={278: 6600})  # fmt: skip
    yield _save("YCbCr LZW, one strip", "YCbCr", "TIFF", 5000, 5000, compression="tiff_lzw", tiffinfo={278: 5000})
    yield _save("YCbCr uncompressed", "YCbCr", "TIFF", 2600, 2600)
    yield _save("1 group4", "1", "TIFF", 6000, 6000, compression="group4")
    yield _save("RGB jpeg", "RGB", "TIFF", compression="jpeg")
    yield _save("RGB jpeg, one strip", "RGB", "TIFF", 5000, 5000, compression="jpeg", tiffinfo={278: 5000})
    for packing in ("zstd", "lzma"):
        yield _save(f"RGB {packing}", "RGB", "TIFF", 4000, 4000, compression=packing)
    yield Bomb("TIFF tile of 40,000 x 40,000", lambda: _tile_bomb(40_000))
    yield Bomb("TIFF 19 MB of tags", lambda: _tiff_of_tags(19 * 2**20))


def _tile_bomb(side: int) -> bytes:
    packed = zlib.compress(bytes(2**28), 1)
    tags = {256: 64, 257: 64, 258: 8, 259: 8, 262: 1, 277: 1, 322: side, 323: side, 324: 0, 325: len(packed)}
    tags[324] = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(struct.pack("<HHLL", number, 4, 1, value) for number, value in tags.items())
    return b"II*\0" + struct.pack("<LH", 8, len(tags)) + entries + bytes(4) + packed


def _tiff_of_tags(size: int) -> bytes:
    return _exif_bomb(size)


def _ppm() -> Iterator[Bomb]:
    pixels = 19 * 2**20
    for kind, channels in ((b"P5", 1), (b"P6", 3)):
        for most in (255, 65_535, 100):
            size = channels * (2 if most > 255 else 1)
            side = int((pixels / size) ** 0.5)
            head = b"%s %d %d %d\n" % (kind, side, side, most)
            yield Bomb(f"PPM {kind.decode()} up to {most}", lambda h=head, n=side * side * size: h + bytes(n))
    yield Bomb("PPM P4", lambda: b"P4 %d %d\n" % (SIDE, SIDE) + bytes(SIDE * SIDE // 8))
    yield Bomb("PPM P1 in ASCII", lambda: b"P1 4400 4400\n" + b"1" * 4400 * 4400)
    yield Bomb("PPM P2 in ASCII", lambda: b"P2 3000 3000 255\n" + b"7 " * 9_000_000)
    yield Bomb("PPM P3 in ASCII", lambda: b"P3 1800 1800 255\n" + b"7 " * 9_720_000)
    yield Bomb("PPM P3 as large as is read", lambda: b"P3 1150 1150 255\n" + b"7 " * 3_967_500)
    yield Bomb("PPM P6 up to 100, as large as is read", lambda: b"P6 1150 1150 100\n" + bytes(3_967_500))
    yield Bomb("PPM 19 MB of comment", lambda: b"P5 #" + b"c" * 19 * 2**20 + b"\n4 4 255\n" + bytes(16))
    for depth, most in ((1, 255), (4, 255), (3, 65_535)):
        side = int((pixels / depth / (2 if most > 255 else 1)) ** 0.5)
        head = b"P7\nWIDTH %d\nHEIGHT %d\nDEPTH %d\nMAXVAL %d\nENDHDR\n" % (side, side, depth, most)
        yield Bomb(f"PPM PAM of depth {depth} up to {most}", lambda h=head: h + bytes(pixels))
    yield Bomb("PPM PFM in colour", lambda: b"PF\n1250 1250\n-1.0\n" + np.full(3 * 1250 * 1250, 0.5, "<f4").tobytes())
    yield Bomb("PPM PFM", lambda: b"Pf\n2200 2200\n-1.0\n" + np.full(2200 * 2200, 0.5, "<f4").tobytes())


def _refused() -> Iterator[Bomb]:
    yield _save("of few bytes", "RGB", "JPEG2000", irreversible=True, quality_mode="rates", quality_layers=[5000])


def main() -> int:
    """Measure them all."""
    if sys.argv[1:] == ["-"]:
        print(json.dumps(asdict(_measure_here(sys.stdin.buffer.read()))))
        return 0
    worst = []
    only = sys.argv[1].lower() if len(sys.argv) > 1 else ""
    print(f"{'picture':42} {'file MB':>8} {'memory MB':>10} {'seconds':>8}  result")
    for bomb in bombs():
        if only not in bomb.name.lower():
            continue
        data = bomb.make()
        cost = measure(data)
        over = cost.memory > MOST_MEMORY or cost.seconds > MOST_SECONDS
        worst += [bomb.name] if over else []
        size = f"{len(data) / 2**20:8.2f}"
        print(
            f"{bomb.name:42} {size} {cost.memory:10.0f} {cost.seconds:8.2f}  {'OVER ' * over}{cost.result[:70]}",
            flush=True,
        )
    print(f"over the limits: {', '.join(worst) or 'none'}")
    return 1 if worst else 0


if __name__ == "__main__":
    sys.exit(main())
