"""Folders to Parquet: every input once, whatever is killed on the way."""

import errno
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.waiting import program, wait_for
from zoo.inference import batch, batch_backends
from zoo.inference.batch import BatchError, BatchRequest
from zoo.labels import SEVEN

parquet = pytest.importorskip("pyarrow.parquet", reason="no pyarrow: pip install -r requirements.txt")
MODELS = "first,second"


@pytest.fixture(scope="module")
def small(portrait) -> np.ndarray:
    return cv2.resize(portrait[:384], (160, 120), interpolation=cv2.INTER_AREA)


@pytest.fixture
def folder(tmp_path, small) -> Path:
    """Ten pictures, one of them broken, one without a face, in two folders."""
    root = tmp_path / "archive"
    (root / "deep er").mkdir(parents=True)
    for i in range(8):
        Image.fromarray(np.roll(small, i, axis=1)).save(root / ("deep er" if i % 2 else "") / f"{i:03d}.jpg")
    Image.new("RGB", (80, 60)).save(root / "no-face.png")
    (root / "broken.png").write_bytes(b"no picture")
    (root / "notes.txt").write_text("skip me")
    return root


@pytest.fixture
def job(two_models, folder, tmp_path):
    return BatchRequest(str(folder), str(tmp_path / "out"), str(two_models), ("first", "second"), "7", 15.0)


def read(out: Path) -> list[dict]:
    """All rows of all parts."""
    return [row for part in sorted(out.glob("part-*.parquet")) for row in parquet.read_table(part).to_pylist()]


def assert_each_once(out: Path, files: list[str]) -> None:
    """Every input is in one part, and a picture's rows are there once a face and model."""
    found = [{row["file"] for row in parquet.read_table(part).to_pylist()} for part in out.glob("part-*.parquet")]
    assert sorted(file for part in found for file in part) == sorted(files)
    keys = [(row["file"], row["time"], row["face"], row["model"]) for row in read(out)]
    assert len(set(keys)) == len(keys)


def command(folder: Path, out: Path, checkpoints: Path, *more: str) -> list[str]:
    call = [
        "predict",
        folder,
        "--parquet",
        out,
        "--models",
        MODELS,
        "--checkpoints",
        checkpoints,
        "--chunk",
        "1",
        *more,
    ]
    return [sys.executable, "-m", "zoo", *map(str, call)]


def wait_for_parts(out: Path, count: int, process: subprocess.Popen) -> None:
    parts = lambda: len(list(out.glob("part-*.parquet"))) >= count
    assert wait_for(lambda: parts() or process.poll() is not None, 60), "no part came"
    assert process.poll() is None, "ended before it was to be killed"


# --- The plan --------------------------------------------------------------------------------


def test_the_same_inputs_make_the_same_chunks(folder, job, write_clip, small):
    write_clip(folder / "b.mp4", [small] * 3)
    files = batch.inputs(folder)
    assert len(files) == 11 and files == sorted(files) and "deep er/001.jpg" in files
    chunks = batch.plan(files, job, 4)
    assert chunks == batch.plan(files, job, 4) == batch.plan(batch.inputs(folder), job, 4)
    assert [len(chunk.files) for chunk in chunks] == [4, 4, 2, 1] and chunks[-1].files == ("b.mp4",)
    assert sorted(file for chunk in chunks for file in chunk.files) == files


@pytest.mark.parametrize("change", ["labels", "models", "file", "file of the same size", "size"])
def test_another_wish_has_other_parts_and_is_refused_in_the_same_folder(folder, job, change):
    chunks = batch.plan(batch.inputs(folder), job, 4)
    batch.begin(chunks, job)
    size = 5 if change == "size" else 4
    if change == "file":
        (folder / "broken.png").write_bytes(b"another")
    if change == "file of the same size":
        before = (folder / "broken.png").stat()
        (folder / "broken.png").write_bytes(b"no PICTURE")
        os.utime(folder / "broken.png", ns=(before.st_atime_ns, before.st_mtime_ns + 1_000_000))
        assert (folder / "broken.png").stat().st_size == before.st_size
    other = {"labels": {"labels": "6"}, "models": {"models": ("first",)}}.get(change, {})
    changed = BatchRequest(**{**job.__dict__, **other})
    others = batch.plan(batch.inputs(folder), changed, size)
    assert not {chunk.part for chunk in chunks} & {chunk.part for chunk in others}
    with pytest.raises(BatchError, match="was begun with other"):
        batch.begin(others, changed)
    assert len(batch.begin(chunks, job)) == len(chunks)


def test_parquet_of_something_else_is_not_touched(folder, job):
    Path(job.out).mkdir()
    (Path(job.out) / "sales.parquet").touch()
    with pytest.raises(BatchError, match="something else"):
        batch.begin(batch.plan(batch.inputs(folder), job), job)
    assert [path.name for path in Path(job.out).iterdir()] == ["sales.parquet"]


# --- What is written -------------------------------------------------------------------------


def test_pictures_clips_and_failures_are_rows(folder, job, write_clip, small, run):
    write_clip(folder / "clip.mp4", [small] * 10)
    status, out, err = run("predict", folder, "--parquet", job.out, "--models", MODELS, "--chunk", "4")
    assert status == 1 and "11 files, 9 faces" in out and "broken.png: This is not a picture" in err
    rows = read(Path(job.out))
    by_file = {file: [row for row in rows if row["file"] == file] for file in batch.inputs(folder)}
    assert [row["model"] for row in by_file["000.jpg"]] == ["first", "second"]
    one = by_file["000.jpg"][0]
    assert one["time"] is None and one["face"] == 1 and one["yaw"] is not None and one["error"] is None
    assert sum(one[label] for label in SEVEN) == pytest.approx(1, abs=1e-2)
    assert [(row["face"], row["error"]) for row in by_file["no-face.png"]] == [(0, None)]
    assert by_file["broken.png"][0]["error"].startswith("This is not a picture")
    clip = by_file["clip.mp4"]
    assert {row["time"] for row in clip} > {0.0} and {row["face"] for row in clip} == {1}
    assert_each_once(Path(job.out), batch.inputs(folder))


def test_a_second_run_does_nothing_again(folder, job, run):
    call = ("predict", folder, "--parquet", job.out, "--models", MODELS, "--chunk", "4")
    assert run(*call)[0] == 1
    before = {path: path.stat().st_mtime_ns for path in Path(job.out).iterdir()}
    status, out, _ = run(*call)
    assert status == 1 and "10 files" in out
    assert {path: path.stat().st_mtime_ns for path in Path(job.out).iterdir()} == before


def test_a_part_with_the_wrong_inputs_is_noticed(folder, job):
    chunks = batch.plan(batch.inputs(folder), job, 5)
    for part in batch_backends.local(batch.begin(chunks, job), job):
        assert (Path(job.out) / part).is_file()
    assert batch.outcome(chunks, job).inputs == 10
    shutil.copy(Path(job.out) / chunks[0].part, Path(job.out) / chunks[1].part)
    with pytest.raises(BatchError, match="does not hold its inputs"):
        batch.outcome(chunks, job)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["{photo}", "--parquet", "{out}"], "needs exactly one folder"),
        (["{folder}", "{folder}", "--parquet", "{out}"], "needs exactly one folder"),
        (["{empty}", "--parquet", "{out}"], "no pictures or clips"),
        (["{folder}", "--engine", "dask"], "go with --parquet"),
        (["{folder}", "--engine", "magic", "--parquet", "{out}"], "invalid choice"),
        (["{folder}", "--parquet", "{out}", "--chunk", "0"], "whole number"),
        (["{folder}", "--parquet", "{out}", "--models", "nobody"], "no model 'nobody'"),
    ],
)
def test_bad_calls_are_told_in_one_sentence(run, folder, tmp_path, argv, words):
    (tmp_path / "empty").mkdir()
    places = {"photo": folder / "000.jpg", "folder": folder, "empty": tmp_path / "empty", "out": tmp_path / "out"}
    status, _, err = run("predict", *(word.format(**places) for word in argv))
    assert status == 2 and words in err and not (tmp_path / "out").exists()


# --- What is killed --------------------------------------------------------------------------


def test_a_run_that_was_killed_goes_on_where_it_was(root, folder, two_models, tmp_path, run):
    out = tmp_path / "out"
    with program(command(folder, out, two_models), cwd=root, stderr=subprocess.DEVNULL) as process:
        wait_for_parts(out, 2, process)
    done = {path: path.stat().st_mtime_ns for path in out.glob("part-*.parquet")}
    assert 2 <= len(done) < 10
    (out / ".part-00009-left.parquet.1-2").write_bytes(b"half a part")
    status, _, _ = run("predict", folder, "--parquet", out, "--models", MODELS, "--chunk", "1")
    assert status == 1, "of the broken picture"
    assert {path: path.stat().st_mtime_ns for path in done} == done, "finished parts are left as they are"
    assert not list(out.glob(".part-*"))
    assert_each_once(out, batch.inputs(folder))


def test_a_cluster_loses_and_doubles_nothing_when_a_worker_is_killed(root, folder, two_models, small, tmp_path):
    pytest.importorskip("distributed", reason="no Dask: pip install -r requirements-batch.txt")
    import psutil

    (folder / "broken.png").unlink()
    for i in range(10, 60):
        Image.fromarray(np.roll(small, i, axis=1)).save(folder / f"{i:03d}.jpg")
    out = tmp_path / "out"
    call = command(folder, out, two_models, "--engine", "dask", "--workers", "2")
    with program(call, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_for_parts(out, 3, process)
        workers = [child for child in psutil.Process(process.pid).children(recursive=True) if works(child)]
        before = len(list(out.glob("part-*.parquet")))
        workers[0].kill()
        said, complained = process.communicate(timeout=60)
    files = batch.inputs(folder)
    assert len(workers) == 2 and before < len(files) == 59
    assert process.returncode == 0, complained
    assert f"{len(files)} files" in said
    assert_each_once(out, files)
    assert json.loads((out / "_plan.json").read_text())["models"] == ["first", "second"]


def works(process) -> bool:
    """Whether this is a worker, not a helper that Python starts beside it."""
    return "spawn_main" in " ".join(process.cmdline())


def test_nobody_at_the_schedulers_address_is_said(root, folder, two_models, tmp_path):
    pytest.importorskip("distributed", reason="no Dask: pip install -r requirements-batch.txt")
    call = command(folder, tmp_path / "out", two_models, "--engine", "dask", "--scheduler", "tcp://127.0.0.1:9")
    done = subprocess.run(call, cwd=root, capture_output=True, text=True, timeout=50)
    assert done.returncode == 2 and "No Dask scheduler answers at tcp://127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_to_install_is_said(run, folder, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    status, _, err = run("predict", folder, "--parquet", tmp_path / "out")
    assert status == 2 and "pyarrow is not installed; run: pip install -r requirements.txt" in err


def test_a_picture_that_is_a_program_is_not_run(job, eps):
    job = replace(job, root=str(eps.parent))
    (chunk,) = batch.begin(batch.plan(["z.png"], job), job)
    batch.work(chunk, job)
    (row,) = read(Path(job.out))
    assert "not a picture that can be read" in row["error"]


@pytest.mark.parametrize("kind", [RuntimeError, KeyError, AssertionError, MemoryError])
def test_whatever_an_input_raises_is_one_row_and_the_rest_goes_on(job, folder, monkeypatch, kind):
    load = batch.images.load

    def failing(path):
        if path.name == "003.jpg":
            raise kind("of a decoder")
        return load(path)

    monkeypatch.setattr(batch.images, "load", failing)
    chunks = batch.plan(batch.inputs(folder), job)
    list(batch_backends.local(batch.begin(chunks, job), job))
    found = batch.outcome(chunks, job)
    assert found.inputs == 10 and {file for file, _ in found.failed} == {"deep er/003.jpg", "broken.png"}
    assert "of a decoder" in dict(found.failed)["deep er/003.jpg"]
    assert batch.begin(chunks, job) == []


NOT_UTF_8 = b"fr\xf6hlich.jpg"


@pytest.fixture
def latin_1(tmp_path, small) -> Path:
    """A folder with one good picture and two whose names are not UTF-8, one of them broken."""
    root = tmp_path / "latin-1"
    root.mkdir()
    Image.fromarray(small).save(root / "plain.jpg")
    try:
        (root / os.fsdecode(NOT_UTF_8)).write_bytes((root / "plain.jpg").read_bytes())
        (root / os.fsdecode(b"\xe9.png")).write_bytes(b"no picture")
    except (OSError, ValueError):
        pytest.skip("this file system takes UTF-8 names only")
    return root


def test_file_names_that_are_not_utf_8(run, latin_1, tmp_path):
    names = {r"fr\xf6hlich.jpg", "plain.jpg", r"\xe9.png"}
    status, out, err = run("predict", latin_1, "--parquet", tmp_path / "out", "--chunk", "1")
    assert status == 1 and "3 files" in out and r"\xe9.png: " in err
    assert {row["file"] for row in read(tmp_path / "out")} == names
    assert run("predict", latin_1, "--parquet", tmp_path / "out", "--chunk", "1")[0] == 1  # nothing is done again
    assert {row["file"] for row in read(tmp_path / "out")} == names

    _, out, _ = run("predict", latin_1, "--json")
    answer = json.loads(out)
    files = [one["file"] for one in (*answer["pictures"], *answer["failed"])]
    assert {file.removeprefix(f"{latin_1}{os.sep}") for file in files} == names
    json.dumps(answer, ensure_ascii=False).encode("utf-8")  # no lone surrogate

    _, out, _ = run("predict", latin_1, "--csv", "-")
    assert r"fr\xf6hlich.jpg,1," in out


def test_a_part_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    full = lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device"))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        batch._replace(tmp_path / "part-00000.parquet", b"rows")
    assert not list(tmp_path.iterdir())
