"""Decodes clips into upright RGB frames with their times, and encodes frames as clips that browsers play.

The only module that uses PyAV. Frames are streamed, so memory does not grow with a clip's length.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, SupportsFloat

import cv2
import numpy as np

from features import file_kinds
from features.clip_words import COVER, SOUND, breaks_off
from features.file_kinds import CLIP_SUFFIXES
from features.images import ImageError
from features.phrase import Phrase, joined, number

if TYPE_CHECKING:  # PyAV is imported where a clip is opened: the page starts without it
    import av
    from av.container import InputContainer
    from av.video.stream import VideoStream

SUFFIXES = CLIP_SUFFIXES
# No format that refers to other files or addresses, as playlists do.
FORMATS = "mov,mp4,matroska,webm,avi,gif"
MAX_SECONDS = 600.0
MAX_BYTES = 2**30
MAX_PIXELS = 4096 * 2304
MAX_SIDE = 1280
MAX_RATE = 30.0
THREADS = 2
TURNED = {  # by quarter turns counterclockwise
    1: Phrase("video.turned_left", "No upright face was found, so the clip was turned a quarter turn to the left."),
    2: Phrase("video.turned_over", "No upright face was found, so the clip was turned upside down."),
    3: Phrase("video.turned_right", "No upright face was found, so the clip was turned a quarter turn to the right."),
}
# Frames between two collections of young objects. In PyAV 17, the newest for Python 3.10, a frame whose side data was
# read refers to itself, and the pixels of hundreds would wait for Python's own collection.
COLLECT = 16
_BACK = 0.5  # seconds; a larger step back is taken for the beginning of another recording
_TICKS = Fraction(1, 90_000)
_LEAST_SIDE = 16


class ClipError(ImageError):
    """The file cannot be read as a clip. The message says why, and what to do."""


@dataclass(frozen=True)
class Limits:
    """Upper limits for reading a clip.

    Parameters
    ----------
    seconds : float
    size : int
        Bytes.
    side : int
        Longer sides are shrunk to this many pixels.
    rate : float
        Frames per second; those in between are skipped.
    """

    seconds: float = MAX_SECONDS
    size: int = MAX_BYTES
    side: int = MAX_SIDE
    rate: float = MAX_RATE


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture, ``uint8 (H, W, 3)`` RGB, and its time in seconds since the first frame."""

    image: np.ndarray
    time: float


class Clip:
    """An open clip. Use it in a ``with`` statement, and iterate over its frames once.

    Parameters
    ----------
    path : path
        An mp4, mov, mkv, webm, avi or GIF, recognised by its content; the name does not matter.
    limits : Limits
    turn : int
        Quarter turns counterclockwise, in addition to the clip's own rotation: for clips that were
        recorded upside down or on their side.

    Raises
    ------
    ClipError
        Not a clip, empty, too long or too large. Checked before any frame is decoded.

    Attributes
    ----------
    seconds : float or None
        Duration as stated in the clip; None if it is not.
    note : str
        A sentence about problems while frames were read; empty if there were none.
    """

    def __init__(self, path: str | os.PathLike, limits: Limits | None = None, turn: int = 0) -> None:
        self.limits = limits or Limits()
        self.note = ""
        self._turn = turn
        self._file = _open_file(Path(path), self.limits)
        try:
            self._container, self._stream = _open_stream(self._file)
            self.seconds = _duration(self._container, self._stream)
            self._check()
        except BaseException:
            self.close()
            raise

    def _check(self) -> None:
        context = self._stream.codec_context
        _check_pixels(context.width, context.height)
        if self.seconds and self.seconds > self.limits.seconds + 0.5:
            raise ClipError(
                Phrase(
                    "video.long",
                    "The clip is {0} long; at most {1} are read. Cut it and try again.",
                    _duration_words(self.seconds),
                    _duration_words(self.limits.seconds),
                )
            )

    def __enter__(self) -> Clip:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the decoder. Closing twice is harmless."""
        if getattr(self, "_container", None):
            self._container.close()
        self._file.close()

    def frames(self) -> Iterator[Frame]:
        """Every frame within the limits, upright, with increasing times.

        A truncated or damaged clip gives the frames that can be decoded, and a `note`.

        Raises
        ------
        ClipError
            No frame can be decoded.
        """
        last, end, shape, gap = None, 0.0, None, 0.9 / self.limits.rate
        for decoded, now in self._timed():
            end = max(end, now + float((decoded.duration or 0) * (decoded.time_base or 0)))
            if last is not None and now - last < gap:
                continue
            if now >= self.limits.seconds + 0.5:
                length = _duration_words(self.limits.seconds)
                self._add_note(Phrase("video.goes_on", "The clip goes on after {0}; the rest was not read.", length))
                break
            try:
                image = self._upright(decoded)
            except Exception as error:
                self._add_note(Phrase("video.bad_frame", "A frame is damaged and left out ({0}).", _reason(error)))
                continue
            last = now
            if shape is not None and image.shape != shape:
                self._add_note(
                    Phrase(
                        "video.sizes",
                        "The size of the frames changes; they are fitted into the shape of the first one.",
                    )
                )
            shape = shape or image.shape
            yield Frame(_fitted(image, shape), now)
        if last is None:
            raise ClipError(
                Phrase(
                    "video.no_frame",
                    "Not one frame of this clip can be decoded: it is damaged or cut off. Save it again.",
                )
            )
        if not self.note and (_misses_its_end(self._file) or end < (self.seconds or 0) * 0.97 - 0.3):
            self.note = breaks_off(end, self.seconds)

    def _add_note(self, sentence: str) -> None:
        if sentence not in self.note:
            self.note = joined([self.note, sentence], " ") if self.note else sentence

    def _timed(self) -> Iterator[tuple[av.VideoFrame, float]]:
        """Intact frames and their times, increasing from 0."""
        start, before = None, 0.0
        for decoded, at in self._decoded():
            start = at if start is None else start
            if at - start < before - _BACK:  # times start again, where recordings were joined
                start = at - before - 1 / self._rate
            before = max(before, at - start)
            yield decoded, at - start

    @property
    def _rate(self) -> float:
        return float(self._stream.average_rate or 25)

    def _decoded(self) -> Iterator[tuple[av.VideoFrame, float]]:
        """Intact frames and their times as stored in the clip."""
        step = 1 / self._rate
        at, damaged = -step, 0
        for index, packet in enumerate(self._packets()):
            if index % COLLECT == 0:
                gc.collect(1)
            try:
                decoded = packet.decode()
            except Exception:  # FFmpeg's errors, and PyAV's about codecs that a damaged header names
                damaged += 1
                continue
            for frame in decoded:
                if frame.is_corrupt:
                    damaged += 1
                    continue
                _check_pixels(frame.width, frame.height)
                at = at + step if frame.time is None else float(frame.time)
                yield frame, at
        if damaged:
            self._add_note(
                Phrase("video.left_out_n", "{0} frames are damaged and left out.", damaged)
                if damaged > 1
                else Phrase("video.left_out", "1 frame is damaged and left out.")
            )

    def _upright(self, frame: av.VideoFrame) -> np.ndarray:
        """RGB with square pixels, within the size limit, oriented as players show it."""
        aspect = self._stream.codec_context.sample_aspect_ratio or self._stream.sample_aspect_ratio
        width, height = _target(frame, aspect, self.limits.side)
        image = frame.to_ndarray(format="rgb24", width=width, height=height, interpolation="BILINEAR")
        return np.ascontiguousarray(np.rot90(_turned(image, _matrix(frame)), self._turn))

    def _packets(self) -> Iterator[av.Packet]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except Exception as error:
                self.note = Phrase(
                    "video.damaged",
                    "The clip is damaged or cut off ({0}); what was read until there is kept.",
                    _reason(error),
                )
                return
            if packet is None:
                return
            yield packet


def partial(path: str | os.PathLike) -> Path:
    """Path of a clip while it is written; a killed run leaves this file behind."""
    path = Path(path)
    return path.with_name(f".{path.stem}.part.mp4")


class ClipWriter:
    """Writes frames as H.264 in an mp4 that browsers can play while loading; without sound.

    Parameters
    ----------
    path : path
        Appears once everything is written. Nothing remains of an aborted clip.
    size : (int, int)
        Width and height of every frame in pixels, both even.
    """

    def __init__(self, path: str | os.PathLike, size: tuple[int, int]) -> None:
        self.path = Path(path)
        self._partial = partial(self.path)
        import av

        self._container = av.open(str(self._partial), "w", format="mp4", options={"movflags": "+faststart"})
        self._stream = self._container.add_stream("libx264", rate=30)
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "yuv420p"
        self._stream.options = {"preset": "veryfast", "crf": "23", "g": "90"}
        context = self._stream.codec_context
        context.time_base, context.thread_count = _TICKS, THREADS

    def __enter__(self) -> ClipWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_exc: object) -> None:
        ignored = () if kind is None else (Exception,)  # why it was aborted matters more than that it has no end
        try:
            with contextlib.suppress(*ignored), contextlib.closing(self._container):
                if kind is None:
                    self._container.mux(self._stream.encode(None))
            if kind is None:
                os.replace(self._partial, self.path)
        finally:
            self._partial.unlink(missing_ok=True)

    def write(self, frame: Frame) -> None:
        """Add a frame; times must increase."""
        from av import VideoFrame

        picture = VideoFrame.from_ndarray(np.ascontiguousarray(frame.image), format="rgb24")
        picture.pts, picture.time_base = round(frame.time / _TICKS), _TICKS
        self._container.mux(self._stream.encode(picture))


def _open_file(path: Path, limits: Limits) -> BinaryIO:
    try:
        if path.is_dir():
            raise ClipError(f"{path} is a folder, not a clip.")
        if file_kinds.is_special(path):
            raise ClipError(file_kinds.special_words(path))
        size = path.stat().st_size
        if not size:
            raise ClipError(
                Phrase("video.empty", "The file is empty (0 bytes). Choose an mp4, webm, mov, mkv, avi or GIF clip.")
            )
        if size > limits.size:
            raise ClipError(
                Phrase(
                    "video.large_n",
                    "The file has {0:,.1f} MB; at most {1:,.0f} MB are read. Save a "
                    "shorter or smaller copy and try again.",
                    size / 2**20,
                    limits.size / 2**20,
                )
            )
        _refuse_other_kinds(path)
        return path.open("rb")
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        if isinstance(error, ClipError):
            raise
        raise ClipError(f"Cannot read {path}: {getattr(error, 'strerror', None) or error}.") from error


def _refuse_other_kinds(path: Path) -> None:
    kind = file_kinds.of_file(path)
    if kind == "audio":
        raise ClipError(SOUND)
    if kind in file_kinds.UNREAD_CLIPS:
        raise ClipError(
            Phrase(
                "video.other_kind",
                "This app cannot read clips of this kind ({0}). Save the clip as mp4, webm, mov, mkv, avi or GIF.",
                kind,
            )
        )
    if kind not in file_kinds.CLIPS and file_kinds.names_picture(kind, ""):
        raise ClipError(
            Phrase("video.picture", "This is a picture ({0}), not a clip that can be read. Open it as a picture.", kind)
        )


def _misses_its_end(file: BinaryIO) -> bool:
    """Whether a GIF or an avi is truncated, which its times do not show."""
    place = file.tell()
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(12)
    file.seek(max(0, size - 16))
    tail = file.read().rstrip(b"\0")
    file.seek(place)
    if head.startswith(b"GIF8"):
        return not tail.endswith(b";")
    return head[:4] == b"RIFF" and int.from_bytes(head[4:8], "little") + 8 > size


def _open_stream(file: BinaryIO) -> tuple[InputContainer, VideoStream]:
    """Container and picture stream. PyAV gets an open file, so that it never opens another one."""
    import av
    from av.stream import Disposition

    try:
        container = av.open(file, options={"format_whitelist": FORMATS}, **_lenient(av.__version__))
    except Exception as error:
        other = getattr(error, "errno", None) == errno.EINVAL  # FFmpeg's word for a format that is not on the list
        raise ClipError(
            Phrase(
                "video.unreadable",
                "This is not a clip that can be read, or it is cut off ({0}). Use mp4, webm, mov, mkv, avi or GIF.",
                Phrase("video.unknown", "an unknown kind of file") if other else _reason(error),
            )
        ) from error
    moving = [one for one in container.streams.video if not one.disposition & Disposition.attached_pic]
    stream = container.streams.best("video")
    stream = stream if stream in moving else next(iter(moving), None)
    if stream is None or stream.codec_context is None:
        cover = container.streams.video and not moving
        container.close()
        raise ClipError(COVER if cover else SOUND)
    stream.thread_type, stream.codec_context.thread_count = "AUTO", THREADS
    return container, stream


def _lenient(version: str) -> dict[str, Any]:
    """Titles that are not UTF-8 are an error in PyAV before 18, unless it is told to ignore them."""
    return {"metadata_errors": "ignore"} if int(version.partition(".")[0]) < 18 else {}


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__).rstrip(".").lower()


def _duration(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration:  # the container's includes the sound
        return float(stream.duration * stream.time_base)
    if not container.duration:
        return None
    # Matroska and WebM state when the clip ends; a recording cut out of a stream starts late.
    start = max(0, container.start_time or 0) if "matroska" in container.format.name else 0
    return (container.duration - (start if start < container.duration else 0)) / 1_000_000


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ClipError(
            Phrase(
                "video.pixels_n",
                "The clip has frames of {0} x {1} pixels; at most {2:,} are read (4096 x 2304). "
                "Save a smaller copy and try again.",
                width,
                height,
                MAX_PIXELS,
            )
        )


def _duration_words(seconds: float) -> Phrase:
    value, unit = (seconds, "s") if seconds < 120 else (seconds / 60, "min")
    return number(f"{{0}} {unit}", int(value) if value == int(value) else round(value, 1))


def _target(frame: av.VideoFrame, aspect: SupportsFloat | None, side: int) -> tuple[int, int]:
    """Width and height of a frame before rotation: square pixels, even, at most `side`."""
    width, height = frame.width * float(aspect or 1), float(frame.height)
    shrink = min(1.0, side / max(width, height))
    even = lambda length: max(_LEAST_SIDE, round(length * shrink / 2) * 2)
    return even(width), even(height)


def _matrix(frame: av.VideoFrame) -> tuple[int, int, int, int]:
    """The display matrix: ``(a, b, c, d)`` of x' = a x + c y, y' = b x + d y, y downwards."""
    from av.sidedata.sidedata import Type as DataType

    told = frame.side_data.get(DataType.DISPLAYMATRIX)
    if told is None:
        return 1, 0, 0, 1
    a, b, _, c, d = struct.unpack_from("=5i", bytes(told))
    return a, b, c, d


def _turned(image: np.ndarray, matrix: tuple[int, int, int, int]) -> np.ndarray:
    """The image, rotated and mirrored by a display matrix, rounded to the nearest of eight orientations."""
    a, b, c, d = matrix
    across, down = a, d
    if abs(b) + abs(c) > abs(a) + abs(d):
        image, across, down = np.swapaxes(image, 0, 1), c, b
    image = image[:, ::-1] if across < 0 else image
    return image[::-1] if down < 0 else image


def _fitted(image: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The image scaled to fit a shape, with its aspect ratio kept, on black."""
    if image.shape == shape:
        return image
    height, width = shape[:2]
    scale = min(width / image.shape[1], height / image.shape[0])
    size = tuple(max(1, round(side * scale)) for side in image.shape[1::-1])
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    fitted = np.zeros(shape, np.uint8)
    fitted[top : top + size[1], left : left + size[0]] = small
    return fitted
