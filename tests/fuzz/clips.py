"""Damaged clips, always the same ones: each gives frames, or is refused with the one error.

    python -m tests.fuzz.clips --count 3000

prints what came of them, as `tests.fuzz.images` does for pictures.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from features.clips import Clip, Limits
from tests.fuzz import harness

KINDS = "clips"
_CODECS = (
    ("mp4", "libx264"),
    ("mp4", "libx265"),
    ("mov", "mjpeg"),
    ("mkv", "libx264"),
    ("mkv", "ffv1"),
    ("webm", "libvpx-vp9"),
    ("webm", "libvpx"),
    ("avi", "mpeg4"),
    ("avi", "mjpeg"),
    ("gif", "gif"),
)
_FORMATS = {"gif": "rgb8", "ffv1": "bgr0", "mjpeg": "yuvj420p"}


def seeds() -> dict[str, bytes]:
    """A short clip of every container and codec, by name."""
    return dict(_seeds())


def _seeds() -> Iterator[tuple[str, bytes]]:
    y, x = np.mgrid[:48, :64]
    with tempfile.TemporaryDirectory() as folder:
        for suffix, codec in _CODECS:
            path = Path(folder) / f"{codec}.{suffix}"
            with av.open(str(path), "w") as container:
                stream = container.add_stream(codec, rate=25)
                stream.width, stream.height, stream.pix_fmt = 64, 48, _FORMATS.get(codec, "yuv420p")
                for i in range(6):
                    image = np.stack([x * 4, y * 5, (x + 8 * i) * 3], axis=2).astype(np.uint8)
                    container.mux(stream.encode(av.VideoFrame.from_ndarray(image)))
                container.mux(stream.encode(None))
            yield f"{suffix} {codec}", path.read_bytes()


def read(data: bytes) -> bool:
    """Go through a clip; whether its frames are RGB, of one shape, with growing times."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip"
        path.write_bytes(data)
        with Clip(path, Limits(seconds=60)) as clip:
            frames = list(clip.frames())
    times = [frame.time for frame in frames]
    return len({frame.image.shape for frame in frames}) == 1 and times == sorted(times)


if __name__ == "__main__":
    sys.exit(harness.main("clips", 3000))
