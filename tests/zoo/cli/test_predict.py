import csv
import errno
import io
import json
import os
import pathlib

import numpy as np
import pytest
import skimage.data
from PIL import Image

from features.align import AlignSpec
from zoo.cli import predict
from zoo.datasets.folders import Folder
from zoo.evaluation import test_sets
from zoo.labels import SIX

# --- list ------------------------------------------------------------------------------------


def test_list(run):
    status, out, _ = run("list")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == ["name", "first", "second"]


def test_list_as_json(run):
    status, out, err = run("list", "--json")
    records = json.loads(out)
    assert status == 0 and err == ""
    assert [record["name"] for record in records] == ["first", "second"]
    assert records[0]["labels"][3] == "happy" and records[0]["threshold"] == 0.5


def test_a_broken_card_does_not_hide_the_others(run, two_models):
    (two_models / "first/card.json").write_text("{}")
    status, out, err = run("list")
    assert status == 1 and "second" in out and "is not a model card" in err


def test_no_model(run, tmp_path):
    status, out, err = run("list", checkpoints=tmp_path / "nowhere")
    assert status == 2 and out == "" and "contains no models" in err


# --- predict ---------------------------------------------------------------------------------


def test_predict_in_words(run, photo):
    status, out, _ = run("predict", photo)
    assert status == 0
    assert out.startswith(f"{photo}: 1 face\nFace 1 at (")
    assert out.count("looks most like pictures people labelled") == 2
    assert "The models agree." in out or "The models disagree." in out
    assert out.rstrip().endswith(predict.CAUTION)
    assert "you are" not in out.lower()


def test_predict_as_json(run, photo):
    status, out, _ = run("predict", photo, "--models", "second", "--labels", "6", "--json")
    answer = json.loads(out)
    assert status == 0 and answer["failed"] == []
    (picture,) = answer["pictures"]
    assert picture["models"] == ["second"] and picture["labels"] == list(SIX)
    assert sum(picture["faces"][0]["answers"]["second"]["probabilities"].values()) == pytest.approx(1, abs=1e-3)


def test_predict_as_csv_to_stdout_and_file(run, photo, tmp_path):
    status, out, _ = run("predict", photo, "--csv", "-")
    table = list(csv.DictReader(io.StringIO(out)))
    assert status == 0 and [row["model"] for row in table] == ["first", "second"]
    status, quiet, _ = run("predict", photo, "--csv", tmp_path / "faces.csv")
    assert status == 0 and quiet == ""
    assert (tmp_path / "faces.csv").read_text() == out


def test_predict_a_folder_with_a_broken_file(run, photo):
    folder = photo.parent / "album" / "deep"
    folder.mkdir(parents=True)
    photo.rename(folder / "b.jpg")
    (folder.parent / "a.png").write_bytes(b"not a picture")
    (folder / "notes.txt").write_text("skip me")
    Image.new("RGB", (1, 1)).save(folder / "c.png")
    status, out, err = run("predict", folder.parent, "--json", "-")
    answer = json.loads(out)
    assert status == 1
    assert [(picture["file"][-5:], len(picture["faces"])) for picture in answer["pictures"]] == [
        ("b.jpg", 1),
        ("c.png", 0),
    ]
    assert answer["failed"][0]["file"].endswith("a.png") and "not a picture" in answer["failed"][0]["error"]
    assert "a.png: This is not a picture" in err


NAMES = ["a\x1b[2Jb", "a\x9b2Jb", "a\rb", "a\nb", os.fsdecode(b"caf\xe9")]  # the last is not UTF-8


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_names_of_files_cannot_control_the_terminal(run, photo, name):
    folder = photo.parent / "album" / name
    try:
        folder.mkdir(parents=True)
    except OSError:
        pytest.skip("no such name on this system")
    photo.rename(folder / f"{name}.jpg")
    (folder / f"{name}.png").write_bytes(b"not a picture")
    (folder / f"{name}.txt").write_text("skip me")
    status, out, err = run("predict", folder.parent)
    assert status == 1 and "Face 1 at" in out and err.count("\n") == 3
    assert (out + err).replace("\n", "").isprintable()
    status, out, err = run("predict", folder / "none.jpg")
    assert status == 1 and err.replace("\n", "").isprintable()


def test_more_faces_than_are_shown_are_counted(run, tmp_path):
    path = tmp_path / "class.png"
    Image.fromarray(np.tile(skimage.data.astronaut()[20:230, 120:330], (4, 7, 1))).save(path)
    _, out, _ = run("predict", path)
    assert out.startswith(f"{path}: 20 of 28 faces (all of them with --max-faces 28)\n") and "Face 21" not in out
    _, out, _ = run("predict", path, "--max-faces", "28")
    assert out.startswith(f"{path}: 28 faces\n") and "Face 28 at" in out
    _, out, _ = run("predict", path, "--max-faces", "2", "--json", "-")
    (picture,) = json.loads(out)["pictures"]
    assert (len(picture["faces"]), picture["faces_found"]) == (2, 28)


def test_no_face_is_said(run, tmp_path):
    Image.new("RGB", (64, 64)).save(tmp_path / "wall.png")
    status, out, _ = run("predict", tmp_path / "wall.png")
    assert status == 0 and "no face found" in out


def test_answers_below_the_threshold_are_not_sure():
    answer = {"label": "happy", "probability": 0.41, "sure": False, "probabilities": {}}
    assert predict.in_words(answer) == "is not sure: looks most like pictures people labelled happy (0.41)"
    assert predict.in_words({**answer, "sure": True}).startswith("says: looks most like")


def gif(folder, _jpeg):
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    frames[0].save(folder / "x.gif", save_all=True, append_images=frames[1:])


def write(content):
    return lambda folder, jpeg: (folder / "x.jpg").write_bytes(content(jpeg))


def huge(folder, _jpeg):
    Image.new("1", (20_000, 20_000)).save(folder / "x.png")


@pytest.mark.parametrize(
    ("make", "status", "sentence"),
    [
        (write(lambda jpeg: b"hello, I am a text"), 1, "not a picture"),
        (write(lambda jpeg: jpeg[: len(jpeg) // 3]), 1, "damaged or cut off"),
        (write(lambda jpeg: b""), 1, "0 bytes"),
        (write(lambda jpeg: jpeg + bytes(50 * 2**20)), 1, "at most 20 MB"),
        (huge, 1, "at most 64,000,000"),
        (lambda folder, jpeg: Image.new("RGB", (1, 1)).save(folder / "x.png"), 0, ""),
        (gif, 0, ""),
    ],
    ids=["text", "truncated", "0 bytes", "50 MB", "20,000 x 20,000", "1 x 1", "animated GIF"],
)
def test_bad_pictures(run, tmp_path, jpeg, make, status, sentence):
    folder = tmp_path / "in"
    folder.mkdir()
    make(folder, jpeg)
    actual, _, err = run("predict", folder, "--models", "first")
    assert actual == status and sentence in err


def test_a_file_that_was_written_is_named_and_what_is_in_it_counted(run, photo):
    for option, name in (("--csv", "faces.csv"), ("--json", "faces.json")):
        status, out, err = run("predict", photo, option, photo.with_name(name))
        assert status == 0 and out == "" and err.endswith(f"{name}: 1 face in 1 picture\n")


def test_no_older_answer_stays_when_no_picture_can_be_read(run, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    (tmp_path / "faces.csv").write_text("an older answer")
    status, _, err = run("predict", tmp_path / "bad.png", "--labels", "6", "--csv", tmp_path / "faces.csv")
    assert status == 1 and "bad.png" in err
    (heading,) = (tmp_path / "faces.csv").read_text().splitlines()
    assert heading.startswith("file,face,left,top") and heading.endswith("happy,sad,surprise")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--models", "frist"], "no model 'frist'; did you mean first"),
        (["--models", ","], "--models is empty; available models: first, second"),
        (["--labels", "9"], "no label set '9'; choose one of 7, 6, 5"),
        (["--json", "photo.jpg"], "'photo.jpg' is neither - nor a file ending in .json"),
        (["--csv", "photo.jpg"], "'photo.jpg' is neither - nor a file ending in .csv"),
        (["--csv", "-", "--json"], "not allowed with"),
        (["--csv", "no/such/folder/a.csv"], "the folder no/such/folder does not exist; create it"),
        (["--json", "no/such/folder/a.json"], "the folder no/such/folder does not exist; create it"),
        (["--colour"], "unrecognized arguments: --colour"),
        (["--a\x1b[2J\nb"], "unrecognized arguments: --a\\x1b[2J\\nb."),
        (["--chunk", "3"], "--engine, --workers, --scheduler and --chunk go with --parquet FOLDER"),
        (["--workers", "3"], "--engine, --workers, --scheduler and --chunk go with --parquet FOLDER"),
    ],
)
def test_bad_options(run, photo, options, sentence):
    status, out, err = run("predict", photo, *options)
    assert status == 2 and out == "" and sentence in err


def test_a_name_that_is_too_long_does_not_stop_the_others(run, photo):
    status, out, err = run("predict", "x" * 5000, photo)
    assert status == 1 and "Face 1 at" in out and "1 of 2 pictures read" in err


def test_missing_file_and_folder_without_pictures(run, tmp_path):
    status, _, err = run("predict", tmp_path / "absent.jpg")
    assert status == 1 and "absent.jpg" in err
    (tmp_path / "empty").mkdir()
    status, _, err = run("predict", tmp_path / "empty")
    assert status == 2 and "holds no picture" in err


def test_models_without_the_labels(run, make_checkpoint, photo):
    root = make_checkpoint("small", labels=SIX)
    status, _, err = run("predict", photo, "--models", "small", checkpoints=root)
    assert status == 2 and "small does not have the labels neutral" in err


def test_a_checkpoint_with_a_wrong_hash_and_without_card(run, two_models, photo):
    with (two_models / "first/model.npz").open("ab") as weights:
        weights.write(b"x")
    status, _, err = run("predict", photo)
    assert status == 2 and "SHA-256" in err
    (two_models / "second/card.json").write_text("{}")
    status, _, err = run("predict", photo, "--models", "second")
    assert status == 2 and "is not a model card" in err
    (two_models / "second/card.json").unlink()
    status, _, err = run("predict", photo, "--models", "second")
    assert status == 2 and "no model 'second'" in err


def test_a_picture_that_is_a_program_is_not_run(run, eps):
    status, _, err = run("predict", eps, "--models", "second")
    assert status == 1 and "not a picture that can be read" in err


def test_nor_in_a_folder_that_is_judged(eps):
    found = test_sets._find_all(Folder(eps.parent, (eps,), np.zeros(1, int)), AlignSpec())
    assert not found.readable[0] and "not a picture that can be read" in found.failed[0]


def test_whatever_a_picture_raises_the_others_are_answered(run, photo, monkeypatch):
    load = predict.images.load

    def failing(path):
        if path.name == "bad.jpg":
            raise RuntimeError("of a decoder")
        return load(path)

    monkeypatch.setattr(predict.images, "load", failing)
    status, out, err = run("predict", photo.with_name("bad.jpg"), photo, "--models", "second", "--json")
    answer = json.loads(out)
    assert status == 1 and "bad.jpg: of a decoder" in err
    assert len(answer["pictures"]) == 1 and answer["failed"][0]["error"] == "of a decoder"


# --- places of inputs and results ------------------------------------------------------------


@pytest.mark.parametrize(("option", "name"), [("--json", "photo.json"), ("--csv", "photo.csv")])
@pytest.mark.parametrize("given", ["photo", "folder", "link", "rest"])
def test_a_photo_with_any_name_is_not_overwritten(run, photo, tmp_path, option, name, given):
    """Pictures are known by their content, so a photo may have the suffix of a result."""
    folder = tmp_path / "photos"
    folder.mkdir()
    other = folder / name
    other.write_bytes(photo.read_bytes())
    link = tmp_path / name
    link.hardlink_to(other)
    asked = {"photo": [other], "folder": [folder], "link": [other], "rest": [photo, "--rest", other]}[given]
    status, _, err = run("predict", *asked, "--models", "second", option, link if given == "link" else other)
    assert status == 2 and "is the input itself" in err and err.count("\n") == 1
    assert other.read_bytes() == photo.read_bytes()


def test_a_table_that_is_read_is_not_overwritten(run, tmp_path):
    table = tmp_path / "fer2013.json"
    table.write_text("emotion,pixels,Usage\n")
    status, _, err = run("evaluate", "second", "--data", table, "--json", table)
    assert status == 2 and "is the input itself" in err and table.read_text().startswith("emotion")


@pytest.mark.parametrize("argv", [["predict", ""], ["predict", "a.jpg", "--rest", ""], ["video", ""]])
def test_an_empty_path_is_not_the_current_folder(run, argv):
    status, _, err = run(*argv)
    assert status == 2 and "the path is empty" in err


@pytest.mark.parametrize("argv", [["predict", "{photo}", "--csv"], ["predict", "{photo}", "--json"]])
def test_a_full_disk_is_told_by_the_name_of_the_file(run, photo, tmp_path, argv, monkeypatch):
    target = tmp_path / f"out.{argv[-1].strip('-')}"
    full = lambda *_, **__: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device"))
    monkeypatch.setattr(pathlib.Path, "write_text", full)
    status, _, err = run(*(part.format(photo=photo) for part in argv), target)
    assert status == 2 and err.endswith(f"Cannot write {target} (No space left on device). Choose another place.\n")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "Reading or writing: No space left on device."),
        (OSError(errno.EIO, "Input/output error", "a\nb"), "a\\nb: Input/output error."),
    ],
)
def test_an_error_of_the_system_is_a_sentence_without_its_number(run, monkeypatch, error, sentence):
    monkeypatch.setattr("zoo.cli.listing.run", lambda _: (_ for _ in ()).throw(error))
    assert run("list") == (2, "", f"python -m zoo: {sentence}\n")
