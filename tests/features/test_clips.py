import io
import wave

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
        (sound(), "not a clip that can be read"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n", "not a clip that can be read"),
        (b"ffconcat version 1.0\nfile '/etc/passwd'\n", "not a clip that can be read"),
    ],
)
def test_what_is_no_clip_is_refused(tmp_path, data, words):
    (tmp_path / "x.mp4").write_bytes(data)
    with pytest.raises(ClipError, match=words):
        Clip(tmp_path / "x.mp4")


def test_a_clip_cut_off_before_its_index_is_refused(tmp_path, write_clip):
    data = write_clip(tmp_path / "x.mp4", numbered(30)).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: data.index(b"moov") - 4])
    with pytest.raises(ClipError, match="cut off"):
        Clip(tmp_path / "cut.mp4")


def test_sound_alone_is_no_clip(tmp_path):
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
