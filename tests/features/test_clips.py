import errno
import io
import shutil
import struct
import subprocess
import wave
from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest

from features import clips
from features.clips import Clip, ClipError, ClipWriter, Frame, Limits

RED, GREEN, BLUE = (230, 20, 20), (20, 200, 20), (20, 20, 230)


def corners(width=96, height=64) -> np.ndarray:
    """Red top left, green top right, blue below."""
    image = np.full((height, width, 3), BLUE, np.uint8)
    image[: height // 2, : width // 2], image[: height // 2, width // 2 :] = RED, GREEN
    return image


def numbered(count: int) -> list[np.ndarray]:
    """Frames that tell which one they are by their brightness."""
    return [np.full((64, 96, 3), 20 + 4 * i, np.uint8) for i in range(count)]


def close(pixel, colour) -> bool:
    return bool(np.abs(pixel.astype(int) - colour).max() < 75)  # a GIF has few colours


def read(path, limits=None) -> tuple[list[Frame], str]:
    with Clip(path, limits) as clip:
        return list(clip.frames()), clip.note


CONTAINERS = [
    ("mp4", "libx264"),
    ("mov", "libx264"),
    ("m4v", "libx264"),
    ("mkv", "libx264"),
    ("webm", "libvpx-vp9"),
    ("avi", "mpeg4"),
    ("gif", "gif"),
]


@pytest.mark.parametrize(("suffix", "codec"), CONTAINERS)
def test_every_container_gives_all_frames_upright_in_order(tmp_path, write_clip, suffix, codec):
    assert f".{suffix}" in clips.SUFFIXES
    frames, note = read(write_clip(tmp_path / f"x.{suffix}", [corners()] * 20, codec=codec))
    assert note == "" and len(frames) == 20
    for frame in frames:
        assert frame.image.shape == (64, 96, 3) and frame.image.dtype == np.uint8
        assert close(frame.image[8, 8], RED) and close(frame.image[8, -8], GREEN) and close(frame.image[-8, 8], BLUE)
    assert np.allclose([frame.time for frame in frames], np.arange(20) / 25, atol=0.02)


def test_what_a_file_is_called_does_not_matter(tmp_path, write_clip):
    write_clip(tmp_path / "x.mp4", numbered(5)).rename(tmp_path / "x.txt")
    assert len(read(tmp_path / "x.txt")[0]) == 5


@pytest.mark.parametrize(("turned", "top_left"), [(90, GREEN), (-90, BLUE), (180, BLUE)])
def test_clips_are_turned_as_their_display_matrix_says(tmp_path, write_clip, turned, top_left):
    """Counterclockwise, as FFmpeg counts: at 90 degrees what was on the right comes to the top."""
    frames, _ = read(write_clip(tmp_path / "x.mp4", [corners()] * 3, turned=turned))
    image = frames[0].image
    assert image.shape == ((64, 96, 3) if turned == 180 else (96, 64, 3))
    assert close(image[8, 8], top_left)
    assert close(image[8, -8], {90: BLUE, -90: RED, 180: BLUE}[turned])
    assert close(image[-8, 8], {90: RED, -90: BLUE, 180: GREEN}[turned])


def test_times_of_a_variable_rate_are_kept(tmp_path, write_clip):
    times = np.cumsum([0.1, 0.04, 0.3, 0.04, 0.04, 1.0])
    frames, note = read(write_clip(tmp_path / "x.mp4", numbered(6), times))
    assert np.allclose([frame.time for frame in frames], times - times[0], atol=0.002)
    assert note == ""


def test_more_than_thirty_frames_a_second_are_thinned(tmp_path, write_clip):
    frames, _ = read(write_clip(tmp_path / "x.mp4", numbered(50), np.arange(50) / 60))
    assert len(frames) == 25 and np.allclose(np.diff([f.time for f in frames]), 1 / 30, atol=0.003)


@pytest.mark.parametrize("size", [(97, 65), (17, 33), (3000, 20), (1, 1)])
def test_odd_sizes_become_even_and_large_ones_small(tmp_path, write_clip, size):
    frames, _ = read(write_clip(tmp_path / "x.mkv", [np.full((size[1], size[0], 3), 99, np.uint8)] * 3, codec="ffv1"))
    height, width = frames[0].image.shape[:2]
    assert height % 2 == width % 2 == 0 and max(height, width) <= clips.MAX_SIDE
    assert abs(frames[0].image.mean() - 99) < 3


@pytest.mark.parametrize(("suffix", "codec"), [c for c in CONTAINERS if c[0] in ("mkv", "webm", "avi", "gif")])
@pytest.mark.parametrize("part", [0.4, 0.8])
def test_a_truncated_clip_keeps_what_was_decoded_and_says_so(tmp_path, write_clip, suffix, codec, part):
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (64, 96, 3), dtype=np.uint8) for _ in range(75)]
    data = write_clip(tmp_path / f"x.{suffix}", noise, codec=codec).read_bytes()
    (tmp_path / "cut").write_bytes(data[: int(part * len(data))])
    frames, note = read(tmp_path / "cut")
    assert 0 < len(frames) < 75
    assert "breaks off" in note or "damaged" in note


def test_an_mp4_that_can_be_streamed_can_be_cut_off(tmp_path):
    rng = np.random.default_rng(0)
    with ClipWriter(tmp_path / "x.mp4", (96, 64)) as writer:
        for i in range(60):
            writer.write(Frame(rng.integers(0, 256, (64, 96, 3), dtype=np.uint8), i / 25))
    data = (tmp_path / "x.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) // 2])
    frames, note = read(tmp_path / "cut.mp4")
    assert 5 < len(frames) < 55 and ("damaged" in note or "breaks off" in note)


def sound() -> bytes:
    stored = io.BytesIO()
    with wave.open(stored, "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        out.writeframes(bytes(16000))
    return stored.getvalue()


def png() -> bytes:
    from PIL import Image

    stored = io.BytesIO()
    Image.new("RGB", (64, 64)).save(stored, "PNG")
    return stored.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "0 bytes"),
        (b"I am no clip, only words " * 40, "not a clip that can be read"),
        (bytes(5000), "not a clip that can be read"),
        (png(), "not a clip that can be read"),
        (sound(), "only sound or other data"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n", "not a clip that can be read"),
        (b"ffconcat version 1.0\nfile '/etc/passwd'\n", "not a clip that can be read"),
    ],
)
def test_what_is_not_a_clip_is_refused(tmp_path, data, words):
    (tmp_path / "x.mp4").write_bytes(data)
    with pytest.raises(ClipError, match=words):
        Clip(tmp_path / "x.mp4")


def test_a_clip_cut_off_before_its_index_is_refused(tmp_path, write_clip):
    data = write_clip(tmp_path / "x.mp4", numbered(30)).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: data.index(b"moov") - 4])
    with pytest.raises(ClipError, match="cut off"):
        Clip(tmp_path / "cut.mp4")


def test_sound_alone_is_not_a_clip(tmp_path):
    import av

    with av.open(str(tmp_path / "x.mkv"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), "s16", "mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(ClipError, match="only sound"):
        Clip(tmp_path / "x.mkv")


def test_a_folder_and_nothing_at_all(tmp_path):
    with pytest.raises(ClipError, match="folder"):
        Clip(tmp_path)
    with pytest.raises(ClipError, match="No such file"):
        Clip(tmp_path / "nowhere.mp4")
    with pytest.raises(ClipError, match="Cannot read"):
        Clip("nul\0l.mp4")


def test_limits_are_told_before_anything_is_decoded(tmp_path, write_clip, monkeypatch):
    path = write_clip(tmp_path / "x.mp4", numbered(50))
    monkeypatch.setattr(Clip, "frames", None)
    with pytest.raises(ClipError, match=r"2 s long; at most 1 s"):
        Clip(path, Limits(seconds=1.0))
    with pytest.raises(ClipError, match=r"at most 0 MB"):
        Clip(path, Limits(size=100))
    monkeypatch.setattr(clips, "MAX_PIXELS", 1000)
    with pytest.raises(ClipError, match="96 x 64 pixels"):
        Clip(path)


def test_a_clip_that_hides_its_length_stops_at_the_limit(tmp_path, write_clip):
    path = write_clip(tmp_path / "x.mp4", numbered(50))
    with Clip(path, Limits(seconds=10)) as clip:
        clip.seconds, clip.limits = None, Limits(seconds=0.5)
        assert list(clip.frames())[-1].time < 1.0 + 1e-3
        assert "goes on after" in clip.note


def test_frames_go_back_into_a_clip_with_their_times(tmp_path):
    times = [0.0, 0.1, 0.5, 0.54, 2.0]
    with ClipWriter(tmp_path / "x.mp4", (96, 64)) as writer:
        for image, time in zip(numbered(5), times, strict=True):
            writer.write(Frame(image, time))
    frames, note = read(tmp_path / "x.mp4")
    assert [round(frame.time, 3) for frame in frames] == times and note == ""
    assert np.allclose([f.image.mean() for f in frames], [20 + 4 * i for i in range(5)], atol=4)
    data = (tmp_path / "x.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "browsers want the index first"
    assert [path.name for path in tmp_path.iterdir()] == ["x.mp4"]


def test_what_is_given_up_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), ClipWriter(tmp_path / "x.mp4", (96, 64)) as writer:
        writer.write(Frame(numbered(1)[0], 0.0))
        1 / 0  # noqa: B018
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("aborted", [False, True])
def test_nothing_remains_of_a_clip_that_a_full_disk_ends(tmp_path, aborted):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    writer = ClipWriter(tmp_path / "x.mp4", (96, 64))
    writer._container.close()
    writer._partial.touch()
    writer._container = SimpleNamespace(mux=full, close=full)
    with pytest.raises(KeyboardInterrupt if aborted else OSError), writer:
        if aborted:
            raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


# --- As players show it ----------------------------------------------------------------------------

# (a, b, c, d) of x' = a x + c y, y' = b x + d y, and where red, green and blue (the corners' colours) are then.
MATRICES = {
    "upright": (1, 0, 0, 1),
    "mirrored": (-1, 0, 0, 1),
    "upside down": (-1, 0, 0, -1),
    "flipped": (1, 0, 0, -1),
    "turned right": (0, 1, -1, 0),
    "turned left": (0, -1, 1, 0),
    "transposed": (0, 1, 1, 0),
    "transverse": (0, -1, -1, 0),
}


def with_matrix(path, matrix):
    """Write a display matrix into an mp4's track header."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    a, b, c, d = (65_536 * value for value in matrix)
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 2**30)
    path.write_bytes(data)
    return path


def moved(image, matrix):
    """The image's pixels where the matrix says, by its definition."""
    height, width = image.shape[:2]
    a, b, c, d = matrix
    y, x = np.mgrid[:height, :width]
    across, down = a * x + c * y, b * x + d * y
    across, down = across - across.min(), down - down.min()
    shown = np.zeros((down.max() + 1, across.max() + 1, 3), np.uint8)
    shown[down, across] = image
    return shown


@pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES)
def test_every_display_matrix_is_followed(tmp_path, write_clip, matrix):
    path = with_matrix(write_clip(tmp_path / "x.mp4", [corners()] * 3), matrix)
    image = read(path)[0][0].image
    expected = moved(corners(), matrix)
    assert image.shape == expected.shape
    for y in (8, -8):
        for x in (8, -8):
            assert close(image[y, x], expected[y, x])


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="needs ffmpeg")
@pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES)
def test_ffmpeg_shows_the_same(tmp_path, write_clip, matrix):
    path = with_matrix(write_clip(tmp_path / "x.mp4", [corners()] * 3), matrix)
    call = ["ffmpeg", "-v", "error", "-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    shown = subprocess.run(call, capture_output=True, check=True, timeout=60).stdout
    image = read(path)[0][0].image
    assert len(shown) == image.size
    assert np.abs(np.frombuffer(shown, np.uint8).reshape(image.shape).astype(int) - image).mean() < 4


def test_a_clip_may_be_turned_further(tmp_path, write_clip):
    path = write_clip(tmp_path / "x.mp4", [corners()] * 3)
    with Clip(path, turn=1) as clip:
        image = next(clip.frames()).image
    assert (image == np.rot90(read(path)[0][0].image)).all()


def joined(path, parts, offset=0.0, container="matroska", times=None):
    """A Matroska file of frames of several sizes, each its own key frame."""
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream("mjpeg", rate=25)
        stream.pix_fmt = "yuvj420p"
        stream.height, stream.width = parts[0].shape[:2]
        stream.codec_context.time_base = Fraction(1, 1000)
        for i, image in enumerate(parts):
            encoder = av.CodecContext.create("mjpeg", "w")
            encoder.height, encoder.width = image.shape[:2]
            encoder.pix_fmt, encoder.time_base = "yuvj420p", Fraction(1, 25)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image)).reformat(format="yuvj420p")
            frame.pts, frame.time_base = i, Fraction(1, 25)
            for packet in [*encoder.encode(frame), *encoder.encode(None)]:
                at = offset + (i / 25 if times is None else times[i])
                packet.stream, packet.time_base = stream, Fraction(1, 1000)
                packet.pts = packet.dts = round(1000 * at)
                packet.duration = 40
                out.mux(packet)
    return path


@pytest.mark.parametrize("sizes", [((128, 64), (64, 128)), ((64, 128), (128, 64)), ((64, 64), (256, 128))])
def test_frames_of_another_size_are_fitted_undistorted(tmp_path, sizes):
    def square(width, height):
        image = np.full((height, width, 3), 255, np.uint8)
        side = min(width, height) // 2
        top, left = (height - side) // 2, (width - side) // 2
        image[top : top + side, left : left + side] = (200, 0, 0)
        return image

    frames, note = read(joined(tmp_path / "x.mkv", [square(*size) for size in sizes for _ in range(5)]))
    assert len(frames) == 10 and {frame.image.shape for frame in frames} == {(sizes[0][1], sizes[0][0], 3)}
    red = (frames[-1].image[..., 1] < 90) & (frames[-1].image[..., 0] > 120)
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    assert abs(np.ptp(rows) - np.ptp(columns)) <= 3 and np.ptp(rows) > 10
    assert "size of the frames changes" in note


@pytest.mark.parametrize("offset", [0.0, 3.0, 18_900.0])
def test_time_is_counted_from_the_first_frame(tmp_path, offset):
    path = joined(tmp_path / "x.mkv", [corners()] * 50, offset)
    with Clip(path) as clip:
        frames = list(clip.frames())
        assert clip.seconds == pytest.approx(2, abs=0.1) and clip.note == ""
    assert frames[0].time == 0 and frames[-1].time == pytest.approx(49 / 25, abs=0.002)


def test_gaps_are_kept(tmp_path):
    times = [0, 0.04, 0.08, 5.0, 5.04, 9.0]
    frames, note = read(joined(tmp_path / "x.mkv", [corners()] * 6, 100.0, times=times))
    assert np.allclose([frame.time for frame in frames], times, atol=0.002) and note == ""


def test_times_that_start_anew_go_on(tmp_path, write_clip, monkeypatch):
    path = write_clip(tmp_path / "x.mp4", numbered(40))
    decoded = Clip._decoded

    def twice(self):
        found = list(decoded(self))
        yield from found
        yield from found

    monkeypatch.setattr(Clip, "_decoded", twice)
    frames, _ = read(path)
    assert np.allclose([frame.time for frame in frames], np.arange(80) / 25, atol=0.002)


@pytest.mark.parametrize("code", [b"zzzz", b"encv"])
def test_pictures_that_no_decoder_knows_are_not_taken_for_a_sounds_cover(tmp_path, write_clip, code):
    path = write_clip(tmp_path / "x.mp4", [corners()] * 5)
    content = path.read_bytes()
    kind = next(kind for kind in (b"mp4v", b"avc1", b"vp09", b"av01", b"hvc1") if kind in content)
    path.write_bytes(content.replace(kind, code))
    with pytest.raises(ClipError, match="no moving pictures that can be decoded, only sound or other data"):
        read(path)


def test_the_picture_of_a_sound_is_not_a_clip(tmp_path):
    with av.open(str(tmp_path / "x.m4a"), "w", format="mp4") as out:
        sound_, cover = out.add_stream("aac", rate=8000), out.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))
        for packet in [*cover.encode(frame.reformat(format="yuvj420p")), *cover.encode(None)]:
            out.mux(packet)
        heard = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        heard.rate = 8000
        for packet in [*sound_.encode(heard), *sound_.encode(None)]:
            out.mux(packet)
    with pytest.raises(ClipError, match="no moving pictures .* only sound with a cover picture"):
        Clip(tmp_path / "x.m4a")


@pytest.mark.parametrize("head", [b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", b"\xff\xd8\xff\xe0", b"II*\0"])
def test_a_picture_is_named_as_one(tmp_path, head):
    (tmp_path / "x.mp4").write_bytes(head + bytes(100))
    with pytest.raises(ClipError, match="This is a picture"):
        Clip(tmp_path / "x.mp4")


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [
        (".mpg", "MPEG"),
        (".ts", "MPEG transport stream"),
        (".flv", "Flash video"),
        (".wmv", "Windows Media"),
        (".mxf", "an unknown kind of file"),
    ],
)
def test_other_kinds_of_clips_are_named(tmp_path, suffix, kind):
    """FFmpeg's word for a format that is not on the list, "invalid argument", says nothing."""
    codec, rate = {".flv": ("flv", 25), ".wmv": ("wmv2", 25)}.get(suffix, ("mpeg2video", 25))
    with av.open(str(tmp_path / f"clip{suffix}"), "w") as out:
        stream = out.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for _ in range(5):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 96, 3), np.uint8), format="rgb24")))
        out.mux(stream.encode(None))
    with pytest.raises(ClipError, match=rf"\({kind}\).*mp4, webm"):
        Clip(tmp_path / f"clip{suffix}")


def test_sound_is_called_sound(tmp_path):
    (tmp_path / "sound.mp3").write_bytes(b"ID3\4" + bytes(500))
    with pytest.raises(ClipError, match="only sound or other data"):
        Clip(tmp_path / "sound.mp3")


@pytest.mark.parametrize("kind", [ValueError, RuntimeError, MemoryError, KeyError])
def test_whatever_a_decoder_raises_becomes_the_one_error(tmp_path, write_clip, monkeypatch, kind):
    path = write_clip(tmp_path / "x.mp4", numbered(5))

    def fail(self, frame):
        raise kind("of the decoder")

    monkeypatch.setattr(Clip, "_upright", fail)
    with pytest.raises(ClipError, match="Not one frame"):
        read(path)


def test_a_codec_that_nobody_knows_is_refused(tmp_path, write_clip):
    """PyAV opens such a file and raises a ValueError when it is to be decoded."""
    path = write_clip(tmp_path / "x.mp4", numbered(5))
    data = path.read_bytes()
    assert data.count(b"avc1") >= 1
    path.write_bytes(data.replace(b"avc1", b"zzzz").replace(b"avcC", b"zzzC"))
    with pytest.raises(ClipError):
        read(path)
