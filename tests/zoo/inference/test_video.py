import csv
import errno
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from features.clips import TURNED, Clip, ClipError, Limits
from features.faces import Faces
from tests.waiting import program, wait_for
from zoo.cli.predict import CAUTION
from zoo.inference import video
from zoo.inference.live_stream import LiveFace, LiveFrame
from zoo.inference.timeline import COLUMNS, Recorder, as_json, rows
from zoo.inference.video import Disagreements, VideoOptions, annotate, distance, thumbnail
from zoo.labels import SEVEN, SIX, own_labels
from zoo.models import registry
from zoo.prediction import Prediction

REAL = ("hog-svm", "cnn")


def small(picture: np.ndarray) -> np.ndarray:
    return cv2.resize(picture[:384], (320, 240), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def face(portrait) -> np.ndarray:
    return small(portrait)


@pytest.fixture(scope="module")
def pair(face) -> np.ndarray:
    left = face[:, 60:220]
    return np.ascontiguousarray(np.concatenate([left, left[:, ::-1]], axis=1))


def moving(picture: np.ndarray, count: int) -> list[np.ndarray]:
    return [np.roll(picture, round(6 * np.sin(i / 6)), axis=1) for i in range(count)]


@pytest.fixture(scope="module")
def clip(tmp_path_factory, write_clip, face) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "portrait.mp4", moving(face, 25))


@pytest.fixture
def ask(two_models):
    """``ask(clip, target=None, **options) -> VideoResult`` of two made models."""
    models = [registry.load(name, two_models) for name in ("first", "second")]
    cards = {name: registry.card(name, two_models) for name in ("first", "second")}

    def call(path, target=None, tick=lambda now, whole, drawing: None, **options):
        return annotate(path, target, models, cards, VideoOptions(**options), tick)

    return call


def test_the_portrait_looks_happy_to_both(root, clip, tmp_path):
    folder = root / "checkpoints"
    cards = {name: registry.card(name, folder) for name in REAL}
    result = annotate(clip, tmp_path / "out.mp4", [registry.load(n, folder) for n in REAL], cards, VideoOptions())
    assert result.timeline.faces == [1] and result.timeline.agreement == 1.0 and result.key_frames == ()
    assert [result.timeline.shares(j) for j in range(2)] == [{"happy": 1.0}, {"happy": 1.0}]
    assert result.note == "" and result.frames == 25 and result.seconds == pytest.approx(0.96, abs=0.01)


def test_what_is_written_is_an_enlarged_annotated_clip(ask, clip, face, tmp_path):
    ask(clip, tmp_path / "out.mp4")
    with Clip(tmp_path / "out.mp4") as written:
        frames = list(written.frames())
    assert len(frames) == 25 and frames[0].image.shape == (480, 640, 3)
    plain = cv2.resize(face, (640, 480), interpolation=cv2.INTER_CUBIC)
    changed = np.abs(frames[0].image.astype(int) - plain).mean(axis=2) > 40
    assert 0.1 < changed.mean() < 0.7
    assert changed[-12:].mean() > 0.5, "the caution along the lower edge"


def test_not_more_frames_are_analysed_than_asked(ask, clip):
    assert [len(ask(clip, rate=rate).timeline.moments) for rate in (0, 15, 5)] == [25, 13, 5]


def test_the_annotated_clip_has_both_answers_and_the_frames_of_rest_are_kept(ask, clip, tmp_path):
    plain = ask(clip, tmp_path / "plain.mp4", rate=0)
    both = ask(clip, tmp_path / "both.mp4", rate=0, rest="auto")
    np.testing.assert_array_equal(both.timeline.probs, plain.timeline.probs)
    (found,) = both.rested
    assert found.moments[1] == tuple(round(one.time, 3) for one in both.references) and plain.rested == ()
    assert {one.image.shape for one in both.references} == {(video.THUMBNAIL, video.THUMBNAIL, 3)}
    with Clip(tmp_path / "plain.mp4") as one, Clip(tmp_path / "both.mp4") as other:
        frames = [(a.image.astype(int), b.image.astype(int)) for a, b in zip(one.frames(), other.frames(), strict=True)]
    assert len(frames) == 25 and all(np.abs(a - b).max() > 100 for a, b in frames)  # a line of words more
    record = video.record(both, "x.mp4")
    assert record["resting"]["reference"] == "auto" and video.record(plain, "x.mp4")["resting"] is None
    assert ask(clip, None, rest=0.5).references == ()


def test_labels_and_models_are_as_asked(ask, clip):
    timeline = ask(clip, labels=SIX).timeline
    assert timeline.models == ("first", "second") and timeline.labels == SIX
    assert timeline.probs.shape == (len(timeline), 2, 6)
    assert np.allclose(timeline.probs.sum(axis=2), 1, atol=1e-3)


def test_two_faces_keep_their_numbers(ask, tmp_path, write_clip, pair):
    result = ask(write_clip(tmp_path / "x.webm", moving(pair, 40), codec="libvpx-vp9"), tmp_path / "out.mp4")
    assert sorted(result.timeline.faces) == [1, 2]
    lefts = [result.timeline.of(number).boxes[:, 0] for number in (1, 2)]
    assert all(np.ptp(left) < 40 for left in lefts) and abs(lefts[0].mean() - lefts[1].mean()) > 60


def test_no_face_is_a_result(ask, tmp_path, write_clip):
    path = write_clip(tmp_path / "x.gif", [np.full((50, 70, 3), 20 * i, np.uint8) for i in range(8)], codec="gif")
    result = ask(path, tmp_path / "out.mp4")
    assert len(result.timeline) == 0 and result.timeline.agreement is None and result.key_frames == ()
    assert len(result.timeline.moments) > 1 and (tmp_path / "out.mp4").stat().st_size > 1000


def test_a_clip_from_a_turned_phone_is_read_upright(ask, tmp_path, write_clip, face):
    lying = [np.ascontiguousarray(np.rot90(image, 1)) for image in moving(face, 10)]
    result = ask(write_clip(tmp_path / "x.mp4", lying, turned=-90))
    assert result.size == (320, 240) and result.timeline.faces == [1]
    upright = ask(write_clip(tmp_path / "y.mp4", moving(face, 10)))
    assert np.abs(result.timeline.boxes - upright.timeline.boxes).max() < 4


def test_answers_of_a_variable_rate_stand_at_their_times(ask, tmp_path, write_clip, face):
    times = np.cumsum([0, 0.04, 0.04, 0.5, 0.04, 0.9, 0.04])
    result = ask(write_clip(tmp_path / "x.mkv", moving(face, 7), times), tmp_path / "out.mp4", rate=0)
    assert np.allclose(result.timeline.moments, times, atol=0.002)
    with Clip(tmp_path / "out.mp4") as written:
        assert np.allclose([frame.time for frame in written.frames()], times, atol=0.002)


@pytest.fixture(scope="module")
def cut(tmp_path_factory, write_clip, face) -> Path:
    """A clip that breaks off."""
    folder = tmp_path_factory.mktemp("cut")
    data = write_clip(folder / "x.mkv", moving(face, 75)).read_bytes()
    (folder / "cut.mkv").write_bytes(data[: int(0.8 * len(data))])
    return folder / "cut.mkv"


def test_a_truncated_clip_is_answered_as_far_as_it_goes(ask, tmp_path, cut):
    result = ask(cut, tmp_path / "out.mp4")
    assert result.note and 0 < result.frames < 75 and result.timeline.faces == [1]
    assert (tmp_path / "out.mp4").is_file()


def test_stopping_really_stops_and_leaves_nothing(ask, clip, tmp_path):
    seen = []

    def stop(now, whole, drawing):
        seen.append((now, whole))
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(clip, tmp_path / "out.mp4", stop)
    assert len(seen) == 3 and seen[0] == (0.0, pytest.approx(1.0, abs=0.05))
    assert list(tmp_path.glob("*.mp4")) == list(tmp_path.glob(".*.mp4")) == []


class Made:
    """A model of two classes of one's own, sure of one of them."""

    def __init__(self, name, align, share):
        self.name, self.align, self.share = name, align, share
        self.labels = own_labels(("Wink", "No wink"))

    def predict_proba(self, faces):
        return Prediction(np.tile(np.float32([self.share, 1 - self.share]), (len(faces), 1)), self.labels)


def test_models_with_classes_of_their_own_answer_in_them_and_agree_only_among_themselves(two_models, clip, tmp_path):
    first = registry.load("first", two_models)
    card = registry.card("first", two_models)
    made = [Made("left", first.align, 0.9), Made("right", first.align, 0.2)]
    cards = dict.fromkeys(("first", "left", "right"), card)
    result = annotate(clip, tmp_path / "out.mp4", [made[0], first, made[1]], cards, VideoOptions(SIX))
    asked, own = result.timelines
    assert asked is result.timeline and (asked.models, asked.labels) == (("first",), SIX)
    assert (own.models, own.labels) == (("left", "right"), made[0].labels)
    assert asked.agreement is None and own.agreement == 0.0
    assert [own.shares(j) for j in range(2)] == [{"Wink": 1.0}, {"No wink": 1.0}]
    assert {tuple(one.shown) for one in result.key_frames} == {("left", "right")}
    (other,) = video.record(result, "x.mp4")["others"]
    assert other["labels"] == ["Wink", "No wink"] and other["models"] == ["left", "right"]


def test_limits_hold(ask, clip, tmp_path):
    with pytest.raises(ClipError, match="at most 0.3 s"):
        ask(clip, tmp_path / "out.mp4", limits=Limits(seconds=0.3))
    assert not list(tmp_path.glob("*.mp4"))


# --- What is kept ----------------------------------------------------------------------------


def live_face(number=1, first=(0.8, 0.2), second=(0.3, 0.7)) -> LiveFace:
    fill = lambda pair: np.array([*pair, 0, 0, 0, 0, 0], np.float32)
    answers = {"first": fill(first), "second": fill(second)}
    shown = {name: SEVEN.labels[int(probs.argmax())] for name, probs in answers.items()}
    return LiveFace(number, np.array([10.0, 20, 50, 80]), None, answers, shown, 1.0, False)


def live_frame(*faces: LiveFace) -> LiveFrame:
    return LiveFrame((100, 100), SEVEN, faces, 0.0, {})


@pytest.fixture
def timeline():
    recorder = Recorder(("first", "second"), SEVEN)
    for i in range(4):
        faces = [live_face(1), live_face(2, second=(0.9, 0.1))][: 0 if i == 2 else 1 + i % 2]
        recorder.add(live_frame(*faces), i / 10)
    return recorder.timeline()


def test_a_timeline_counts_agreement(timeline):
    assert len(timeline) == 5 and timeline.faces == [1, 2]
    assert timeline.agreement == pytest.approx(2 / 5) and timeline.of(2).agreement == 1.0
    assert timeline.of(1).shares(1) == {"disgust": 1.0}


def test_the_table_has_every_moment(timeline):
    table = list(rows(timeline, {"first": 0.5, "second": 0.75}))
    assert {len(row) for row in table} == {len(COLUMNS) + 7}
    assert [(row[0], row[1]) for row in table if row[1] == 0] == [(0.2, 0)]
    assert len(table) == 2 * 5 + 1
    by_name = dict(zip(COLUMNS, table[1], strict=False))
    assert (by_name["model"], by_name["label"], by_name["probability"], by_name["sure"]) == (
        *("second", "disgust"),
        *(0.7, False),
    )


def test_json_holds_the_same(timeline):
    record = json.loads(json.dumps(as_json(timeline)))
    assert record["analysed"] == 4 and [face["number"] for face in record["faces"]] == [1, 2]
    first = record["faces"][0]
    assert first["times"] == [0.0, 0.1, 0.3] and first["answers"]["second"]["shown"] == ["disgust"] * 3
    assert first["answers"]["first"]["probabilities"]["angry"] == [0.8] * 3


def test_distances():
    assert distance([np.array([1.0, 0]), np.array([0.0, 1])]) == 1
    assert distance([np.array([0.6, 0.4]), np.array([0.4, 0.6]), np.array([0.5, 0.5])]) == pytest.approx(0.2)


def test_only_the_widest_disagreements_are_kept_and_not_all_of_one_second():
    kept = Disagreements(most=3, apart=2.0)
    image = np.zeros((100, 100, 3), np.uint8)
    for i in range(200):
        lead = 0.5 + 0.4 * ((i * 37) % 200) / 200
        kept.offer(video.Frame(image, i / 10), live_face(first=(lead, 1 - lead), second=(1 - lead, lead)), SEVEN)
        kept.offer(video.Frame(image, i / 10), live_face(2, first=(0.9, 0.1), second=(0.8, 0.2)), SEVEN)
    found = kept.kept()
    assert len(found) == 3 and {key.number for key in found} == {1}
    assert [key.time for key in found] == sorted(key.time for key in found)
    assert min(key.apart for key in found) > 0.7
    assert found[0].shown["first"][0] == "angry" and found[0].shown["second"][0] == "disgust"


def test_a_thumbnail_holds_the_face_in_the_middle(portrait, mesher):
    box = mesher.find(portrait).boxes[0]
    image = thumbnail(portrait, box, 256)
    assert image.shape == (256, 256, 3)
    found: Faces = mesher.find(image)
    assert len(found) == 1 and np.abs((found.boxes[0, :2] + found.boxes[0, 2:]) / 2 - 128).max() < 20


# --- The command -----------------------------------------------------------------------------


def test_the_command_writes_clip_csv_and_json(run, clip, tmp_path):
    out, table, record = (tmp_path / f"x.{suffix}" for suffix in ("mp4", "csv", "json"))
    status, words, _ = run("video", clip, "--labels", "5", "--out", out, "--csv", table, "--json", record)
    assert status == 0 and out.stat().st_size > 1000
    assert "Face 1, 0.0 s to" in words and "pictures people labelled" in words and words.rstrip().endswith(CAUTION)
    assert "you are" not in words.lower()
    lines = list(csv.DictReader(io.StringIO(table.read_text())))
    assert len(lines) == 26 and {line["model"] for line in lines} == {"first", "second"}
    assert list(lines[0])[-5:] == ["angry", "happy", "sad", "surprise", "neutral"]
    answer = json.loads(record.read_text())
    assert (answer["width"], answer["height"], answer["frames"], answer["analysed"]) == (320, 240, 25, 13)


def test_one_result_may_go_to_stdout(run, clip):
    status, out, _ = run("video", clip, "--models", "first", "--csv", "-", "--fps", "5")
    assert status == 0 and len(list(csv.DictReader(io.StringIO(out)))) == 5
    status, out, _ = run("video", clip, "--models", "first", "--json", "--fps", "5", "--flicker")
    assert status == 0 and json.loads(out)["agreement"] is None


@pytest.mark.parametrize("name", ["a\x1b[2Jb.mp4", os.fsdecode(b"caf\xe9.mp4")], ids=ascii)
def test_a_clips_name_cannot_control_the_terminal_nor_end_the_run(run, write_clip, tmp_path, name):
    clip = write_clip(tmp_path / "x.mp4", [np.zeros((64, 64, 3), np.uint8)] * 3)
    try:
        clip = clip.rename(tmp_path / name)
    except OSError:
        pytest.skip("no such name on this system")
    status, out, _ = run("video", clip)
    assert status == 0 and "No face found" in out and out.replace("\n", "").isprintable()
    out.encode("utf-8")


def test_no_face_is_said(run, tmp_path, write_clip):
    status, out, _ = run("video", write_clip(tmp_path / "x.mp4", [np.zeros((64, 64, 3), np.uint8)] * 3))
    assert status == 0 and "No face found" in out


def test_a_clip_that_breaks_off_is_told_by_the_exit_status(run, tmp_path, cut):
    status, out, err = run("video", cut, "--out", tmp_path / "out.mp4")
    assert status == 1 and "cut.mkv: The clip" in err and "Face 1" in out and (tmp_path / "out.mp4").is_file()


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["nowhere.mp4"], "No such file"),
        (["{words}"], "not a clip that can be read"),
        (["{empty}"], "0 bytes"),
        (["{picture}"], "not a clip that can be read"),
        (["{clip}", "--minutes", "0.005"], "at most 0.3 s"),
        (["{clip}", "--out", "{clip}"], "is the input itself"),
        (["{clip}", "--out", "nowhere/x.mp4"], "the folder nowhere does not exist"),
        (["{clip}", "--out", "x.avi"], "nor a file ending in .mp4"),
        (["{clip}", "--out", "-"], "needs a file"),
        (["{clip}", "--out", "/proc/x.mp4"], "Cannot write /proc/x.mp4"),
        (["{clip}", "--csv", "/proc/x.csv"], "Cannot write /proc/x.csv"),
        (["{clip}", "--fps", "fast"], "not a number"),
        (["{clip}", "--labels", "nine"], "no label set"),
        (["{clip}", "--models", "nobody"], "no model 'nobody'"),
    ],
)
def test_bad_calls_are_told_in_one_sentence(run, clip, tmp_path, argv, words):
    (tmp_path / "words.mp4").write_bytes(b"only words " * 99)
    (tmp_path / "empty.mp4").touch()
    Image.new("RGB", (64, 64)).save(tmp_path / "picture.png")
    files = {"words": "words.mp4", "empty": "empty.mp4", "picture": "picture.png"}
    names = {name: str(tmp_path / file) for name, file in files.items()} | {"clip": str(clip)}
    before = clip.read_bytes()
    status, out, err = run("video", *(word.format(**names) for word in argv))
    assert status == 2 and out == "" and words in err
    assert clip.read_bytes() == before


def test_a_full_disk_is_told_with_the_clip_that_was_to_be_written(run, clip, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("features.clips.ClipWriter.write", full)
    target = tmp_path / "annotated.mp4"
    status, _, words = run("video", clip, "--out", target)
    assert status == 2 and f"Cannot write {target} (No space left on device). Choose another place." in words
    assert not list(tmp_path.glob("*annotated*"))


def test_what_a_killed_run_left_is_removed_by_the_next_one_to_the_same_file(run, clip, tmp_path):
    left = tmp_path / ".x.part.mp4"
    left.write_bytes(b"half a clip")
    status, _, _ = run("video", clip, "--models", "nobody", "--out", tmp_path / "x.mp4")
    assert status == 2 and left.exists()  # it was not begun
    (tmp_path / "words.mp4").write_bytes(b"only words " * 99)
    status, _, _ = run("video", tmp_path / "words.mp4", "--out", tmp_path / "x.mp4")
    assert status == 2 and not left.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without a signal")
def test_a_run_that_is_told_to_end_leaves_nothing(root, two_models, clip, tmp_path):
    command = [sys.executable, "-c", SLOW, "video", str(clip), "--out", str(tmp_path / "x.mp4")]
    with program([*command, "--checkpoints", str(two_models)], cwd=root, stderr=subprocess.PIPE) as process:
        assert wait_for(lambda: (tmp_path / ".x.part.mp4").exists() or process.poll() is not None, 60)
        process.terminate()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and b"Stopped." in said and b"Traceback" not in said
    assert [path.name for path in tmp_path.iterdir() if "x." in path.name] == []


SLOW = """
import sys, time
from zoo.cli.main import main
from zoo.inference import video
add = video._Drawing.add
def slowly(*args):
    time.sleep(0.5)
    add(*args)
video._Drawing.add = slowly
sys.exit(main(sys.argv[1:]))
"""


# --- Memory ----------------------------------------------------------------------------------

PEAK = """
import sys
from pathlib import Path
from zoo.cli.main import main
status = main(sys.argv[1:])
# getrusage would count the memory of the process that started this one, too.
print(next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")).split()[1])
sys.exit(status)
"""


def peak(root: Path, *argv) -> int:
    """Peak resident memory of the command in a process of its own, in MB."""
    command = [sys.executable, "-c", PEAK, "video", *map(str, argv)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.splitlines()[-1]) // 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process's own peak")
def test_memory_does_not_grow_with_length(root, tmp_path, write_clip, face):
    large = cv2.resize(face, (800, 600))
    sizes = []
    for count in (40, 160):
        path = write_clip(tmp_path / f"{count}.avi", moving(large, count), codec="mpeg4")
        sizes.append(peak(root, path, "--models", "hog-linear-svm", "--out", tmp_path / "out.mp4"))
    decoded = 120 * large.nbytes / 2**20
    assert sizes[1] - sizes[0] < 0.3 * decoded, f"{sizes} MB; all frames kept would be {decoded:.0f} MB more"


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_clip_on_its_side_or_upside_down_finds_its_face(tmp_path, write_clip, portrait, ask, turns):
    """Recorded so, without a word in the file: the face is found, upright or turned upright once."""
    square = cv2.resize(portrait[:384, :384], (256, 256), interpolation=cv2.INTER_AREA)
    turned = [np.ascontiguousarray(np.rot90(image, turns)) for image in moving(square, 12)]
    result = ask(write_clip(tmp_path / "turned.mp4", turned), tmp_path / "out.mp4")
    assert len(result.timeline.numbers) and set(result.timeline.numbers) == {1}
    assert (result.note == TURNED[2]) == (turns == 2)


def test_a_clip_without_any_face_is_gone_through_once(tmp_path, write_clip, ask):
    seen = []
    result = ask(
        write_clip(tmp_path / "x.mp4", [np.full((120, 160, 3), 90, np.uint8)] * 12), tick=lambda *at: seen.append(at)
    )
    assert result.note == "" and not len(result.timeline.numbers) and len(seen) == 12
