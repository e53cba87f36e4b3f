import shutil
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from features.align import AlignSpec, align
from zoo.datasets.aligned import DataError
from zoo.datasets.duplicates import find_duplicates, load_duplicates
from zoo.datasets.fer2013 import Fer2013
from zoo.datasets.ferplus import ferplus_majority, read_ferplus
from zoo.datasets.folders import holds_photos, read_folder
from zoo.evaluation.evaluate import evaluate, predict, score
from zoo.evaluation.test_sets import NO_FACE, TestSet, View, fer2013_test, photo_test
from zoo.labels import EIGHT, FIVE, SEVEN, SIX
from zoo.models import registry
from zoo.prediction import Prediction


@pytest.fixture
def models(two_models):
    return [registry.load(name, two_models) for name in ("first", "second")]


# --- Scoring ---------------------------------------------------------------------------------


def test_views_within_a_smaller_set_drop_pictures_and_renumber():
    view = View("made", np.arange(4), np.array([1, 3, 6, 0])).within(FIVE)
    assert view.rows.tolist() == [1, 2, 3]
    assert [FIVE.labels[target] for target in view.targets] == ["happy", "neutral", "angry"]


def test_a_picture_without_face_has_even_probabilities_and_is_wrong():
    prediction = Prediction(np.eye(7, dtype=np.float32)[[3, 4]], SEVEN)
    view = View("made", np.array([1, NO_FACE, 0]), np.array([4, 0, 3]))
    scored = score(prediction, view, np.array([5, 5]))
    assert scored.right.tolist() == [True, False, True]
    assert scored.prediction.probs[1] == pytest.approx([1 / 7] * 7)
    assert scored.groups[0] == scored.groups[2] != scored.groups[1]


def test_batches_give_what_one_call_gives(models, crops):
    many = crops[np.arange(300) % 5]
    assert np.abs(predict(models[0], many).probs - models[0].predict_proba(many).probs).max() <= 1e-5
    assert len(predict(models[0], crops[:0])) == 0


def test_before_calibration_is_recorded_where_it_is_known(models, crops):
    for model in models:
        model.scale = np.full(7, 0.2, np.float32)  # makes the machine much less sure
    test = TestSet("made", crops, np.arange(5), (View("all", np.arange(5), np.arange(5)),))
    line = evaluate(models, test, [SEVEN]).figures["first"][0]
    calm, loud = ([sure for sure, _, _ in bins] for bins in (line.reliability, line.reliability_before))
    assert np.mean(calm) < np.mean(loud)

    class Plain:
        name, labels, align = "first", models[0].labels, models[0].align
        predict_proba = models[0].predict_proba

    assert evaluate([Plain()], test, [SEVEN]).figures["first"][0].reliability_before == ()


def test_each_model_gets_a_line_a_view_and_label_set(models, crops):
    targets = np.array([0, 3, 3, 6, 2])
    views = (View("all", np.arange(5), targets), View("some", np.arange(2), targets[:2]))
    result = evaluate(models, TestSet("made", crops, np.arange(5), views), [SEVEN, SIX, FIVE])
    assert list(result.figures) == ["first", "second"]
    lines = {(line.data, line.labels): line for line in result.figures["first"]}
    assert {key: line.n for key, line in lines.items()} == {
        ("all", "7"): 5,
        ("all", "6"): 4,
        ("all", "5"): 4,
        ("some", "7"): 2,
        ("some", "6"): 2,
        ("some", "5"): 2,
    }
    best = models[0].predict_proba(crops).to(FIVE).names
    right = [best[i] == SEVEN.labels[targets[i]] for i in (0, 1, 2, 3)]
    assert lines["all", "5"].accuracy == pytest.approx(np.mean(right), abs=1e-4)
    last = {(line.model, line.labels): line.accuracy[-1] for line in result.coverage}
    assert last["first", "5"] == lines["all", "5"].accuracy and len(last) == 6
    assert [(pair.first, pair.second, pair.data, pair.labels) for pair in result.pairs] == [
        ("first", "second", "all", name) for name in ("7", "6", "5")
    ]


def test_two_together_are_their_probabilities_averaged(models, crops):
    """On crops of noise, so that the two do not always agree."""
    rng = np.random.default_rng(0)
    shape = (200, *crops.images.shape[1:])
    many = replace(crops[np.arange(200) % 5], images=rng.integers(0, 256, shape, np.uint8))
    first, second = (model.predict_proba(many).probs for model in models)
    targets = np.where(rng.random(200) < 0.5, first.argmax(axis=1), second.argmax(axis=1))
    test = TestSet("made", many, np.arange(200), (View("all", np.arange(200), targets),))
    (pair,) = evaluate(models, test, [SEVEN]).pairs
    right = [probs.argmax(axis=1) == targets for probs in (first, second, (first + second) / 2)]
    both = pair.together
    assert both.accuracy == pytest.approx(right[2].mean()) and both.low <= both.accuracy <= both.high
    assert both.gain == pytest.approx(right[2].mean() - max(right[0].mean(), right[1].mean()))
    assert both.only_first == pytest.approx((right[0] & ~right[1]).mean()) and both.only_first > 0
    assert both.both + both.only_first == pytest.approx(right[0].mean())
    assert both.both + both.only_second == pytest.approx(right[1].mean())


def test_the_surest_answers_come_first(models, crops):
    best = models[0].predict_proba(crops).best
    surest = models[0].predict_proba(crops).confidence.argmax()
    targets = np.where(np.arange(5) == surest, best, (best + 1) % 7)
    test = TestSet("made", crops, np.arange(5), (View("all", np.arange(5), targets),))
    (line,) = evaluate(models[:1], test, [SEVEN]).coverage
    assert line.accuracy == pytest.approx((1, 1 / 2, 1 / 3, 1 / 4, 1 / 5), abs=1e-4)


def test_models_are_scored_only_on_labels_they_know(make_checkpoint, crops):
    make_checkpoint("small", labels=SIX)
    root = make_checkpoint("large", labels=EIGHT)
    models = [registry.load(name, root) for name in ("small", "large")]
    views = (View("made", np.arange(5), np.arange(5)), View("FER+ majority", np.arange(5), np.arange(3, 8), EIGHT))
    result = evaluate(models, TestSet("made", crops, np.arange(5), views), [SEVEN, SIX])
    assert [(line.data, line.labels) for line in result.figures["small"]] == [("made", "6")]
    assert [(line.data, line.labels) for line in result.figures["large"]] == [
        ("made", "7"),
        ("made", "6"),
        ("FER+ majority", "8"),
    ]
    assert [pair.labels for pair in result.pairs] == ["6"]


# --- FER2013 ---------------------------------------------------------------------------------


def test_near_duplicates_across_splits():
    rng = np.random.default_rng(0)
    one, two, three, blank = (rng.integers(60, 190, (48, 48)).astype(np.uint8) for _ in range(4))
    blank[:] = 0
    darker, noisy = (one * 0.8).astype(np.uint8), one + rng.integers(0, 5, (48, 48)).astype(np.uint8)
    pixels = np.stack([one, blank, two, darker, two, blank, three, noisy, noisy[:, ::-1]])
    splits = np.array(["Training"] * 2 + ["PublicTest"] * 1 + ["PrivateTest"] * 6)
    data = Fer2013(pixels, np.zeros(9, int), splits)
    private = find_duplicates(data, "PrivateTest")
    assert private.seen.tolist() == [True, True, True, False, True, False]
    assert private.groups[0] == private.groups[4]
    assert len(set(private.groups.tolist())) == 5
    assert find_duplicates(data, "PublicTest").seen.tolist() == [False]


def test_duplicates_are_looked_for_once(fer2013_csv, monkeypatch):
    first = load_duplicates(fer2013_csv, "PrivateTest")
    assert first.seen.tolist() == [True, False, False]
    monkeypatch.setattr("zoo.datasets.duplicates.read_fer2013", None)
    assert load_duplicates(fer2013_csv, "PrivateTest").seen.tolist() == [True, False, False]


def test_a_fer2013_file_end_to_end(fer2013_csv, tmp_path, models, spec):
    votes = tmp_path / "votes.csv"
    heading = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    votes.write_text("\n".join([heading, *["Training,a.png,0,0,0,0,0,0,0,9,1,0"] * 8]) + "\n")
    test = fer2013_test(fer2013_csv, spec, "PrivateTest", votes)
    assert [(view.data, len(view.rows)) for view in test.views] == [
        ("FER2013", 3),
        ("FER2013 without near-duplicates", 2),
        ("FER+ majority", 3),
    ]
    assert test.views[2].targets.tolist() == [7, 7, 7]
    assert any("not those of Kaggle" in note for note in test.notes)
    assert any("1 (33.3%) have a near-duplicate" in note for note in test.notes)
    result = evaluate(models, test, [SEVEN])
    assert [line.n for line in result.figures["second"]] == [3, 2]
    votes.write_text("\n".join([heading, "Training,a.png,0,0,0,0,0,0,0,9,1,0"]) + "\n")
    with pytest.raises(DataError, match="has 1 rows, the data 8"):
        fer2013_test(fer2013_csv, spec, "PrivateTest", votes)
    with pytest.raises(DataError, match="Unknown split 'Test'; choose one of Training"):
        fer2013_test(fer2013_csv, spec, "Test")


def test_ferplus_majority_by_hand():
    votes = np.array(
        [
            [0, 9, 0, 0, 0, 0, 0, 0, 1, 0],  # happiness
            [0, 5, 0, 0, 5, 0, 0, 0, 0, 0],  # no more than half
            [3, 2, 1, 1, 1, 1, 1, 0, 0, 0],  # neutral: single votes are dropped
            [0, 0, 0, 0, 0, 0, 0, 1, 9, 0],  # unknown
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 10],  # no face
            [0, 0, 0, 0, 0, 0, 0, 6, 4, 0],  # contempt
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0],  # nobody voted
        ]
    )
    names = [EIGHT.labels[i] if i >= 0 else None for i in ferplus_majority(votes)]
    assert names == ["happy", None, "neutral", None, None, "contempt", None]


@pytest.mark.data
def test_real_near_duplicates_and_majorities(fer2013, fer2013_file):
    found = find_duplicates(fer2013, "PrivateTest")
    assert found.seen.sum() == 358  # 328 of them in Training
    votes = fer2013_file.parent / "fer2013new.csv"
    if not votes.is_file():
        pytest.skip(f"no FER+ votes at {votes.name} beside FER2013")
    clear = ferplus_majority(read_ferplus(votes)) >= 0
    counts = [int((clear & (fer2013.splits == name)).sum()) for name in ("Training", "PublicTest", "PrivateTest")]
    assert counts == [25060, 3199, 3153]  # Barsoum et al.'s


# --- Photos ----------------------------------------------------------------------------------


@pytest.fixture
def photos(tmp_path, portrait):
    """Two smiles, a small face beside a large one, a picture without face, and a broken file."""
    root = tmp_path / "photos"
    small = Image.fromarray(portrait[40:240, 110:340]).resize((161, 140))
    both = portrait.copy()
    both[372:512, 351:512] = np.array(small)
    pictures = {
        "happy/a.jpg": portrait,
        "happy/b.png": portrait[:, ::-1],
        "test/AN/c.png": both,
        "sad/d.png": np.full((200, 200, 3), 127, np.uint8),
    }
    for name, picture in pictures.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(root / name)
    (root / "sad/e.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    return root


def test_photos_found_only_and_all(photos, models, portrait, mesher, spec):
    test = photo_test(photos, spec)
    found, everything = test.views
    assert (found.data, everything.data) == ("photos, face found", "photos, all")
    assert found.targets.tolist() == [3, 3, 0]
    assert (everything.rows == NO_FACE).tolist() == [False, False, True, False]
    assert test.notes == (
        "4 pictures; no face was found in 1 (25.0%): sad 1. They are left out of 'photos, face found' and are wrong "
        "answers in 'photos, all'.",
        "More than one face: 1 of 4 pictures; the largest is judged.",
        "Near-duplicates of another face: 1; intervals count such a group once.",
        "Folders were read as: AN = angry.",
    )
    assert test.groups.tolist() == [0, 1, 0]
    assert [Path(path).name for path in test.no_face] == ["d.png"]
    assert len(test.failed) == 1 and "e.jpg" in test.failed[0]
    # The largest of two faces is the one that counts.
    whole = align(portrait, mesher.find(portrait), spec)
    assert np.abs(test.faces.to_crop[2] - whole.to_crop[0])[:, :2].max() < 0.02
    lines = evaluate(models, test, [SEVEN]).figures["first"]
    assert [line.n for line in lines] == [3, 4]
    assert lines[0].accuracy * 3 == pytest.approx(lines[1].accuracy * 4, abs=1e-3)


def test_a_zip_of_class_folders_is_the_same_as_the_folder(photos, tmp_path, spec):
    packed = tmp_path / "photos.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(photos.rglob("*.*")):
            archive.write(path, path.relative_to(photos).as_posix())
        archive.writestr("happy/damaged.jpg", (photos / "happy/a.jpg").read_bytes())
        archive.writestr("notes.txt", "words")
    data = bytearray(packed.read_bytes())
    at = data.index(b"happy/damaged.jpg") + 2000
    data[at] ^= 255
    packed.write_bytes(data)
    assert holds_photos(packed) and holds_photos(photos)
    test, other = photo_test(packed, spec), photo_test(photos, spec)
    assert [view.data for view in test.views] == ["photos, face found", "photos, all"]
    assert (test.faces.images == other.faces.images).all() and test.files == other.files
    assert sorted(failure.partition(":")[0] for failure in test.failed) == ["happy/damaged.jpg", "sad/e.jpg"]
    assert "1 file skipped: 1 not a picture (notes.txt)." in test.notes


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_part_of_an_archive(photos, tmp_path, spec, kind):
    """As Kaggle hands out FER2013 as pictures: train and test in one archive, both with the same class folders."""
    (photos / "train/fear").mkdir(parents=True)
    shutil.copy(photos / "happy/b.png", photos / "train/fear/1.png")
    shutil.rmtree(photos / "happy")
    shutil.rmtree(photos / "sad")
    packed = tmp_path / f"archive.{kind}"
    shutil.make_archive(str(tmp_path / "archive"), {"zip": "zip", "tar.gz": "gztar"}[kind], photos)
    assert holds_photos(packed / "test") and not holds_photos(tmp_path / "nowhere.zip/test")
    test = photo_test(packed / "test", spec)
    assert test.files == ("AN/c.png",) and not any("parts" in note for note in test.notes)
    assert (test.faces.images == photo_test(photos / "test", spec).faces.images).all()
    both = photo_test(packed, spec)
    assert len(both.files) == 2
    assert "All parts were used (test 1, train 1). To use one, add its name to the path, such as /test." in both.notes
    with pytest.raises(DataError, match="holds no picture"):
        read_folder(packed / "elsewhere")


@pytest.mark.parametrize("kind", ["", "gz", "bz2", "xz"])
def test_a_tar_of_class_folders_is_the_same_as_the_folder(photos, tmp_path, spec, kind):
    packed = tmp_path / f"photos.tar{'.' if kind else ''}{kind}"
    with tarfile.open(packed, f"w:{kind}") as archive:
        archive.add(photos, ".")  # as ``tar -C photos -c .`` names its members
    assert holds_photos(packed)
    folder, other = read_folder(packed), read_folder(photos)
    assert [path.as_posix() for path in folder.paths] == [p.relative_to(photos).as_posix() for p in other.paths]
    assert (folder.targets == other.targets).all()
    if kind == "gz":
        test, other = photo_test(packed, spec), photo_test(photos, spec)
        assert [view.data for view in test.views] == ["photos, face found", "photos, all"]
        assert (test.faces.images == other.faces.images).all() and test.files == other.files


def test_a_zip_of_a_table_holds_no_photos(tmp_path):
    with tarfile.open(tmp_path / "fer2013.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("fer2013/fer2013.csv"))
    assert not holds_photos(tmp_path / "fer2013.tar.gz")
    with zipfile.ZipFile(tmp_path / "fer2013.zip", "w") as archive:
        archive.writestr("fer2013/fer2013.csv", "emotion,pixels,Usage\n")
    (tmp_path / "words.zip").write_bytes(b"PK\x03\x04 and words")
    (tmp_path / "words.csv").write_text("words")
    assert not any(holds_photos(tmp_path / name) for name in ("fer2013.zip", "words.zip", "words.csv", "nowhere"))


def test_contempt_is_for_those_who_know_it(photos, make_checkpoint, spec):
    (photos / "sad").rename(photos / "contempt")
    root = make_checkpoint("seven")
    make_checkpoint("eight", labels=EIGHT)
    test = photo_test(photos, spec)
    assert [(view.data, len(view.rows)) for view in test.views] == [
        ("photos, face found", 3),
        ("photos, all", 3),
        ("photos, all, with contempt", 4),
    ]
    assert any("found in 1 (25.0%): contempt 1." in note for note in test.notes)
    assert any("Contempt: 2 pictures, only in" in note for note in test.notes)  # one of them cannot be read
    result = evaluate([registry.load(name, root) for name in ("seven", "eight")], test, [SEVEN])
    assert {name: [line.n for line in lines] for name, lines in result.figures.items()} == {
        "seven": [3, 3],
        "eight": [3, 3, 4],
    }


def test_photos_without_any_face(tmp_path):
    (tmp_path / "happy").mkdir()
    Image.new("RGB", (64, 64)).save(tmp_path / "happy/a.png")
    with pytest.raises(DataError, match="a face was found in none of 1 pictures"):
        photo_test(tmp_path, AlignSpec())
