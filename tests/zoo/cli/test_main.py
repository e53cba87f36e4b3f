import json
import os
import shutil
import subprocess
import sys
import types

import numpy as np
import pytest
from PIL import Image

from zoo.benchmark import teaching
from zoo.cards import read_card
from zoo.cli import predict, train
from zoo.cli.main import COMMANDS, main
from zoo.evaluation.paired import find_pair, read_pairs
from zoo.labels import EIGHT, SEVEN, SIX
from zoo.models import registry
from zoo.models.cnn import CnnClassifier
from zoo.reports.leaderboard import BEGIN, END
from zoo.training.recipes import RECIPES

# --- evaluate --------------------------------------------------------------------------------


def test_evaluate_a_fer2013_file_and_keep_the_figures(run, two_models, fer2013_csv, tmp_path):
    target = tmp_path / "figures.json"
    status, out, err = run(
        *("evaluate", "first", "second", "--data", fer2013_csv, "--labels", "all"),
        *("--json", target, "--write-cards"),
    )
    assert status == 0, err
    assert "FER2013, PrivateTest" in out and "FER2013 without near-duplicates, PrivateTest" in out
    assert "McNemar p =" in out and "not those of Kaggle" in err
    lines = json.loads(target.read_text())["models"]["first"]
    card = read_card(two_models / "first")
    assert {(line["data"], line["labels"]): line["accuracy"] for line in lines} == {
        (line.data, line.labels): line.accuracy for line in card.figures
    }
    assert card.figure(labels="6").n == 2
    pairs = read_pairs(two_models)
    assert {(pair.first, pair.second, pair.split) for pair in pairs} == {("first", "second", "PrivateTest")}
    assert "Label by label, no difference is more than chance." in out
    assert {pair.labels: len(pair.by_label) for pair in pairs}["7"] == 7
    (said,) = [pair for pair in json.loads(target.read_text())["pairs"] if pair["labels"] == "7"]
    assert said["together"]["accuracy"] == pairs[-1].together.accuracy and list(said["by_label"]) == list(SEVEN)
    assert "With their probabilities averaged, the two are right on" in out
    assert find_pair(pairs, card, read_card(two_models / "second"), card.figure(labels="6")).labels == "6"
    registry.load.cache_clear()
    assert registry.load("first", two_models).name == "first"


def test_evaluate_prints_json_and_nothing_else(run, fer2013_csv):
    status, out, _ = run("evaluate", "first", "--data", fer2013_csv, "--split", "PublicTest", "--json", "-")
    (line,) = [line for line in json.loads(out)["models"]["first"] if line["data"] == "FER2013"]
    assert status == 0 and line["split"] == "PublicTest" and line["n"] == 2


@pytest.fixture
def photos(tmp_path, photo):
    root = tmp_path / "photos"
    (root / "happy").mkdir(parents=True)
    (root / "sad").mkdir()
    photo.rename(root / "happy/a.jpg")
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(root / "sad/b.png")
    return root


def test_evaluate_photos(run, photos):
    status, out, err = run("evaluate", "first", "--data", photos, "--json", photos.parent / "said.json")
    record = json.loads((photos.parent / "said.json").read_text())
    assert status == 0 and record["no_face"] == [str(photos / "sad/b.png")]
    assert record["models"]["first"][1]["by_label"][4]["n"] == 1
    assert "photos, face found" in out and "photos, all" in out
    assert "no face was found in 1 (50.0%)" in err
    (photos / "sad/c.jpg").write_bytes(b"broken")
    status, _, err = run("evaluate", "first", "--data", photos)
    assert status == 1 and "c.jpg: This is not a picture" in err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["first", "--data", "absent.csv"], "absent.csv does not exist"),
        (["fisrt", "--data", "."], "no model 'fisrt'; did you mean first"),
        (["first"], "required: --data"),
        (["first", "--data", "PHOTOS", "--split", "PublicTest"], "are for FER2013's CSV"),
        (["first", "--data", "PHOTOS", "--labels", "3"], "no label set '3'"),
        (["first", "--data", "x.csv", "--split", "Training"], "invalid choice: 'Training'"),
        (["first", "--data", "PHOTOS/happy/a.jpg"], "is not a CSV file, nor a .gz, .xz, .bz2, .zip or .tar with one"),
    ],
)
def test_evaluate_bad_options(run, photos, options, sentence):
    status, out, err = run("evaluate", *(option.replace("PHOTOS", str(photos)) for option in options))
    assert status == 2 and out == "" and sentence in err


def test_evaluate_unknown_folders_and_broken_rows(run, photos, fer2013_csv):
    (photos / "happy").rename(photos / "smug")
    status, _, err = run("evaluate", "first", "--data", photos)
    assert status == 2 and "no class is called smug" in err
    (photos / "smug").rename(photos / "happy")
    shutil.copy(next(path for path in photos.rglob("*.*") if path.is_file()), photos)
    status, _, err = run("evaluate", "first", "--data", photos)
    assert status == 2 and f"{photos} holds pictures outside class folders" in err
    with fer2013_csv.open("a") as rows:
        rows.write("3,1 2 3,Training\n")
    status, _, err = run("evaluate", "first", "--data", fer2013_csv)
    assert status == 2 and "line 10: 3 pixels; expected 2304" in err


def test_evaluate_a_model_that_knows_other_labels(run, make_checkpoint, photos):
    root = make_checkpoint("eight", labels=EIGHT)
    make_checkpoint("six", labels=SIX)
    status, out, _ = run("evaluate", "eight", "--data", photos, checkpoints=root)
    assert status == 0 and "eight" in out
    status, _, err = run("evaluate", "six", "--data", photos, checkpoints=root)
    assert status == 2 and "No model can answer in label set 7" in err


# --- train -----------------------------------------------------------------------------------


@pytest.fixture
def recipe(monkeypatch):
    """A recipe that only notes what it is given."""
    module = types.ModuleType("toy_recipe", "Trains a toy.")
    module.configure = lambda parser: parser.add_argument("--epochs", type=int, default=3)
    module.seen = []
    module.train = module.seen.append
    monkeypatch.setitem(sys.modules, "toy_recipe", module)
    monkeypatch.setitem(RECIPES, "toy", "toy_recipe")
    return module


def test_train_hands_over_to_the_recipe(run, recipe, fer2013_csv, tmp_path):
    folder = tmp_path / "run"
    status, _, err = run("train", "toy", "--data", fer2013_csv, "--run", folder, "--epochs", 5, "--seed", 7, "--resume")
    (args,) = recipe.seen
    assert status == 0 and folder.is_dir() and "python -m zoo evaluate toy" in err
    assert (args.data, args.votes, args.run, args.resume) == (fer2013_csv, None, folder, True)
    assert (args.epochs, args.seed, args.out) == (5, 7, registry.CHECKPOINTS)


def test_a_run_is_not_begun_on_top_of_another(run, recipe, fer2013_csv, tmp_path):
    (tmp_path / "run/state").mkdir(parents=True)
    status, _, err = run("train", "toy", "--data", fer2013_csv, "--run", tmp_path / "run")
    assert status == 2 and "already holds a run. Continue it (--resume), delete it" in err
    assert run("train", "toy", "--data", fer2013_csv, "--run", tmp_path / "run", "--resume")[0] == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["tyo", "--data", "x"], "invalid choice: 'tyo'"),
        (["toy"], "required: --data"),
        (["toy", "--data", "absent.csv"], "file absent.csv not found"),
        (["toy", "--data", "."], "--data: . is a folder, not a file"),
        (["toy", "--data", "CSV", "--votes", "absent.csv"], "--votes: file absent.csv not found"),
        (["toy", "--data", "CSV", "--epochs", "many"], "invalid int value: 'many'"),
        (["toy", "--data", "CSV", "--layers", "3"], "unrecognized arguments: --layers 3"),
    ],
)
def test_train_bad_options(run, recipe, fer2013_csv, options, sentence):
    status, _, err = run("train", *(option.replace("CSV", str(fer2013_csv)) for option in options))
    assert status == 2 and sentence in err
    assert not recipe.seen


def test_each_recipe_shows_its_own_help(run, recipe):
    status, out, _ = run("train", "toy", "--help")
    assert status == 0 and "Trains a toy." in out and "--epochs" in out and "--resume" in out


def test_recipes_are_named_as_the_models(root):
    for name, module in RECIPES.items():
        assert name.replace("-", "_") == module.rpartition(".")[2]


def test_a_missing_library_is_a_sentence(run, recipe, monkeypatch, fer2013_csv):
    def absent(_name):
        raise ModuleNotFoundError("No module named 'keras'", name="keras")

    monkeypatch.setattr(train, "import_module", absent)
    status, _, err = run("train", "toy", "--data", fer2013_csv)
    assert status == 2 and "keras is not installed; run: pip install -r requirements.txt" in err


# --- bench and table -------------------------------------------------------------------------


def test_bench_and_keep_the_times(run, two_models):
    status, out, _ = run("bench", "--repeats", 2, "--models", "first", "--json", "--write-cards")
    stages = json.loads(out)["stages"]
    assert status == 0 and list(stages) == ["decode", "mesh", "align", "first"]
    assert read_card(two_models / "first").milliseconds == stages["first"]["p50"]
    assert read_card(two_models / "second").milliseconds == 0


def test_bench_of_a_camera(run, two_models):
    status, out, _ = run("bench", "--live", "--repeats", 3, "--models", "first")
    assert status == 0 and [line.split()[0] for line in out.splitlines()][-3:] == ["steady", "total", "bare"]
    status, _, err = run("bench", "--live", "--write-cards", "--models", "first")
    assert status == 2 and "--write-cards" in err
    status, out, err = run("bench", "--live", "--soak", 20, "--models", "first", "--json")
    assert (status, json.loads(out)["frames"]) == (0, 20) if sys.platform == "linux" else status == 2
    status, _, err = run("bench", "--soak", 20, "--models", "first")
    assert status == 2 and "--live" in err


def test_bench_of_teaching(run, monkeypatch):
    looked, after = [], []
    embedding, teach = CnnClassifier.embedding, teaching.teach
    monkeypatch.setattr(CnnClassifier, "embedding", lambda self, faces: looked.append(1) or embedding(self, faces))
    monkeypatch.setattr(teaching, "teach", lambda *given: (teach(*given), after.append(len(looked)))[0])
    monkeypatch.setattr("zoo.cli.bench.TAUGHT", (2, 4))
    status, out, _ = run("bench", "--teach", "--json")
    seconds = json.loads(out)
    assert status == 0 and min(seconds["first"], seconds["again"]) > 0
    assert after[0] > 0 and after == [after[0]] * 2  # the second time every feature is known
    status, _, err = run("bench", "--teach", "--write-cards")
    assert status == 2 and "--write-cards" in err


def test_bench_refuses_no_rounds(run):
    status, _, err = run("bench", "--repeats", "0")
    assert status == 2 and "'0' is not a whole number from 1 up" in err


def test_table_is_checked_and_written(run, two_models, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"# Zoo\n{BEGIN}\n{END}\nrest\n")
    status, _, err = run("table", "--check", "--file", readme)
    assert status == 1 and "out of date; run: python -m zoo table" in err and "first" not in readme.read_text()
    assert run("table", "--file", readme)[0] == 0
    assert "| `first` |" in readme.read_text() and readme.read_text().endswith(f"{END}\nrest\n")
    assert run("table", "--check", "--file", readme)[0] == 0
    own = two_models / "first/README.md"
    own.write_text(own.read_text() + "and much better than any other.\n")
    status, _, err = run("table", "--check", "--file", readme)
    assert status == 1 and f"{own} is out of date" in err
    readme.write_text("nothing")
    status, _, err = run("table", "--file", readme)
    assert status == 2 and "No README has the lines" in err


@pytest.mark.parametrize("option", [[], ["--check"]])
def test_a_table_goes_into_a_text_file(run, two_models, tmp_path, option):
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"\xff\xd8\xff")
    status, _, err = run("table", *option, "--file", photo)
    assert status == 2 and f"{photo} is not a text file in UTF-8" in err
    for path in (tmp_path, tmp_path / "absent.md"):
        status, _, err = run("table", *option, "--file", path)
        assert status == 2 and f"{path} is not a file." in err


# --- The whole -------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples(run, capsys, command):
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    out = capsys.readouterr().out
    assert stopped.value.code == 0 and f"python -m zoo {command}" in out and "Examples:" in out


def test_no_command_and_an_unknown_one(capsys):
    for argv in ([], ["dance"]):
        with pytest.raises(SystemExit) as stopped:
            main(argv)
        assert stopped.value.code == 2 and len(capsys.readouterr().err.splitlines()) == 1


def test_ctrl_c(run, photo, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(predict, "compare", interrupted)
    status, _, err = run("predict", photo)
    assert status == 130


def shell(root, *argv, **options):
    command = [sys.executable, "-m", "zoo", *argv]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, **options)


def test_as_a_program(root, two_models, tmp_path):
    listed = shell(root, "list", "--checkpoints", str(two_models), "--json")
    assert listed.returncode == 0 and len(json.loads(listed.stdout)) == 2
    (tmp_path / "x.jpg").write_bytes(b"no picture")
    failed = shell(root, "predict", str(tmp_path / "x.jpg"), "--checkpoints", str(two_models))
    assert failed.returncode == 1 and failed.stdout == ""
    assert "x.jpg: This is not a picture" in failed.stderr and "Traceback" not in failed.stderr
    wrong = shell(root, "predict", str(tmp_path / "x.jpg"), "--models", "third", "--checkpoints", str(two_models))
    assert wrong.returncode == 2 and wrong.stdout == ""
    assert wrong.stderr == "python -m zoo: no model 'third'; did you mean first?\n"


@pytest.mark.skipif(os.name == "nt", reason="closed by a POSIX shell")
def test_errors_do_not_go_to_stdout_if_stderr_is_closed(root):
    command = ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-m", "zoo", "list", "--checkpoints", "absent"]
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stdout) == (2, b"")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a name be any bytes")
def test_names_a_console_cannot_show(root, two_models, jpeg, tmp_path):
    photo = tmp_path / "\udcff\u2603.jpg"
    photo.write_bytes(jpeg)
    for options in ([], ["--json"], ["--csv", "-"]):
        done = shell(
            root,
            "predict",
            tmp_path,
            *options,
            "--checkpoints",
            two_models,
            env={**os.environ, "PYTHONIOENCODING": "ascii"},
        )
        assert (
            done.returncode == 0 and "xff\\u2603.jpg" in done.stdout
        )  # a byte that is not UTF-8 is shown as its value


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGPIPE on Windows")
def test_a_reader_that_stops_early_is_not_an_error(root, two_models):
    command = f"set -o pipefail; {sys.executable} -m zoo list --json --checkpoints {two_models} | true"
    done = subprocess.run(["bash", "-c", command], cwd=root, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr


def test_rows_say_the_label_mix_and_a_folder_is_scored_with_labels_equally_common(
    run, make_checkpoint, photos, fer2013_csv
):
    root = make_checkpoint("mixed", 1, label_counts=(3995, 436, 4097, 7215, 4830, 3171, 4965))

    def rows(*options):
        status, out, _ = run("evaluate", "mixed", *options, "--json", "-", checkpoints=root)
        assert status in (0, 1)
        return json.loads(out)["models"]["mixed"]

    assert {row["mix"] for row in rows("--data", fer2013_csv)} == {"fer2013"}
    assert {row["mix"] for row in rows("--data", fer2013_csv, "--mix", "equal")} == {"equal"}
    learned, equal = rows("--data", photos, "--mix", "fer2013"), rows("--data", photos)
    assert {row["mix"] for row in learned} == {"fer2013"} and {row["mix"] for row in equal} == {"equal"}
    assert [row["nll"] for row in learned] != [row["nll"] for row in equal]
