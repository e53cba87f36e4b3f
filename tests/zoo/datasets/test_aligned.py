import errno
import gzip
import lzma
import re
import zipfile

import numpy as np
import pytest
from PIL import Image

from features.align import AlignSpec
from zoo.datasets import aligned, fer2013
from zoo.datasets.aligned import DataError
from zoo.datasets.fer2013 import FER2013_COUNTS, class_counts, is_standard_fer2013, load_fer2013, read_fer2013
from zoo.datasets.ferplus import read_ferplus, shares_of_seven, votes_for
from zoo.datasets.folders import read_folder

HEADING = "emotion,pixels,Usage"
GOOD = f"3,{' '.join(['7'] * 2304)},Training"


def write_csv(path, rows, heading=HEADING):
    path.write_text("\n".join([heading, *rows]) + "\n", encoding="ascii")
    return path


def compressed(path, kind):
    """The file again, packed as `kind`."""
    content, packed = path.read_bytes(), path.with_name(f"packed.csv.{kind}")
    if kind == "zip":
        packed = path.with_name("packed.zip")
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("fer2013/fer2013.csv", content)
    else:
        packed.write_bytes({"xz": lzma.compress, "gz": gzip.compress}[kind](content))
    return packed


@pytest.mark.parametrize("kind", ["plain", "xz", "gz", "zip"])
def test_all_four_packings_read_the_same(fer2013_csv, kind):
    data = read_fer2013(fer2013_csv if kind == "plain" else compressed(fer2013_csv, kind))
    assert data.pixels.shape == (8, 48, 48) and data.pixels.dtype == np.uint8
    assert data.targets.tolist() == [0, 3, 4, 2, 3, 0, 6, 1]
    assert data.splits.tolist() == ["Training"] * 3 + ["PublicTest"] * 2 + ["PrivateTest"] * 3
    assert np.array_equal(data.pixels[0], data.pixels[5])


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("3,1 2 3,Training", "line 3: 3 pixels; expected 2304"),
        (GOOD.replace("7 7 7", "7 x 7", 1), "line 3: pixels, value 2 is 'x'; expected a whole number from 0 to 255"),
        (
            GOOD.replace("7 7 7", "7 256 7", 1),
            "line 3: pixels, value 2 is '256'; expected a whole number",
        ),
        (GOOD.replace("7 7 7", "7 7 -1", 1), "line 3: pixels, value 3 is '-1'"),
        (GOOD.replace("7 7 7", f"7 7 {10**30}", 1), "line 3: pixels, value 3 is '1000"),
        ("9" + GOOD[1:], "line 3: emotion 9; expected 0 to 6"),
        ("happy" + GOOD[1:], "line 3: emotion 'happy' is not a whole number from 0 to 6"),
        (GOOD.replace("Training", "Test"), "line 3: Usage 'Test'; expected one of Training"),
        ("3", "line 3: the row breaks off before pixels"),
        ("3,,Training", "line 3: 0 pixels"),
    ],
)
def test_a_broken_row_is_named(tmp_path, row, sentence):
    path = write_csv(tmp_path / "fer.csv", [GOOD, row, GOOD])
    with pytest.raises(DataError, match=sentence) as raised:
        read_fer2013(path)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"emotion,pixels,Usage\n", "no row"),
        ("a.csv", b"label,image\n1,2\n", "expected emotion, pixels, Usage"),
        ("a.csv", b"\x89PNG\r\n\xff\xff", "is not a CSV file"),
        ("a.csv.xz", b"\xfd7zXZ\x00 cut", "damaged"),
        ("a.csv.gz", b"\x1f\x8b\x08 cut", "damaged"),
        ("a.zip", b"PK\x03\x04 cut", "damaged"),
        ("a.csv.xz", b"emotion,pixels,Usage\n", "no row"),  # it is known by its content, not by its name
        ("a.parquet", b"PAR1\x15\x04\x00\x00", "is not a CSV file"),
    ],
)
def test_what_is_not_fer2013_is_refused(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        read_fer2013(tmp_path / name)


def test_a_cut_off_archive_is_refused(fer2013_csv):
    packed = compressed(fer2013_csv, "xz")
    packed.write_bytes(packed.read_bytes()[:-200])
    with pytest.raises(DataError, match="damaged"):
        read_fer2013(packed)


def test_a_zip_without_csv_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    with pytest.raises(DataError, match=r"holds no \.csv"):
        read_fer2013(tmp_path / "a.zip")


@pytest.mark.parametrize("reader", [read_fer2013, read_ferplus, lambda path: load_fer2013(path, AlignSpec())])
def test_a_missing_file_is_named(tmp_path, reader):
    with pytest.raises(DataError, match=r"absent\.csv does not exist"):
        reader(tmp_path / "absent.csv")


def test_a_folder_where_a_table_belongs_is_called_a_folder(tmp_path):
    with pytest.raises(DataError, match=f"{re.escape(tmp_path.name)} is a folder, not a table"):
        read_ferplus(tmp_path)


def test_counts(fer2013_csv):
    data = read_fer2013(fer2013_csv)
    assert class_counts(data.targets) == (2, 1, 1, 2, 1, 0, 1)
    assert not is_standard_fer2013(data)


def test_aligned_once_then_from_the_cache(fer2013_csv, spec, monkeypatch):
    first = load_fer2013(fer2013_csv, spec)
    assert len(first) == 8 and first.faces.images.shape == (8, 72, 72)
    assert first.found[[1, 4]].all() and not first.found[[0, 2, 3]].any()

    def refuse(*_):
        raise AssertionError("aligned again")

    monkeypatch.setattr(fer2013, "align_pictures", refuse)
    again = load_fer2013(fer2013_csv, spec)
    for name in ("targets", "splits", "found"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
    assert np.array_equal(first.faces.images, again.faces.images)
    with pytest.raises(AssertionError, match="aligned again"):
        load_fer2013(fer2013_csv, type(spec)(size=64))


def test_crops_that_cannot_all_be_kept_leave_nothing(crops, tmp_path, monkeypatch):
    def full(part, **_):
        part.write_bytes(b"a half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    data = aligned.AlignedSet(crops, np.arange(5), np.full(5, "Training"), np.ones(5, bool))
    with pytest.raises(OSError, match="No space left"):
        aligned.write_aligned(tmp_path / "crops.npz", data)
    assert not list(tmp_path.iterdir())


def test_splits_of_an_aligned_set(crops):
    splits = np.array(["Training", "Training", "PublicTest", "PublicTest", "PublicTest"])
    data = aligned.AlignedSet(crops, np.arange(5), splits, np.ones(5, bool))
    assert data.split("PublicTest").targets.tolist() == [2, 3, 4]
    with pytest.raises(DataError, match="'PrivateTest'; there are PublicTest, Training"):
        data.split("PrivateTest")


# --- FER+ ------------------------------------------------------------------------------------

VOTES = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


def test_votes_of_pictures_without_a_name_are_none(tmp_path):
    path = write_csv(
        tmp_path / "votes.csv", ["Training,a.png,4,6,0,0,0,0,0,0,0,0", "Training,,0,0,0,0,0,0,0,0,0,10"], VOTES
    )
    assert read_ferplus(path).tolist() == [[4, 6, 0, 0, 0, 0, 0, 0, 0, 0], [0] * 10]


def test_shares_of_seven_leave_contempt_out_and_take_the_label_where_nobody_chose_one():
    votes = np.array(
        [[4, 2, 0, 1, 0, 0, 0, 3, 0, 0], [0, 0, 0, 0, 0, 0, 0, 4, 5, 1], [0] * 10, [0, 0, 1, 0, 2, 3, 4, 0, 0, 0]]
    )
    labels = np.eye(7, dtype=np.float32)[[0, 5, 2, 3]]
    shares = shares_of_seven(votes, labels)
    assert shares.dtype == np.float32 and shares.sum(axis=1) == pytest.approx(1)
    assert shares[0] == pytest.approx(np.array([0, 0, 0, 2, 1, 0, 4]) / 7)
    assert (shares[1:3] == labels[1:3]).all()
    assert shares[3] == pytest.approx(np.array([2, 3, 4, 0, 0, 1, 0]) / 10)


def test_votes_for_other_pictures_are_refused(tmp_path, crops):
    data = aligned.AlignedSet(crops, np.arange(5), np.full(5, "Training"), np.ones(5, bool))
    path = write_csv(tmp_path / "votes.csv", ["Training,a.png,4,6,0,0,0,0,0,0,0,0"], VOTES)
    with pytest.raises(DataError, match="has 1 rows, the data 5"):
        votes_for(data, path)
    assert not votes_for(data, None).any()


def test_another_csv_is_not_votes(fer2013_csv):
    with pytest.raises(DataError, match="expected Image name, neutral, happiness"):
        read_ferplus(fer2013_csv)


# --- Trees of class folders ------------------------------------------------------------------


def plant(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(path)
    return root


def test_folders_spelt_as_data_sets_spell_them(tmp_path):
    root = plant(tmp_path / "d", "train/anger/a.png", "train/3/b.jpg", "test/NE/c.webp", "test/Surprised/d.PNG")
    folder = read_folder(root)
    assert [p.name for p in folder.paths] == ["c.webp", "d.PNG", "b.jpg", "a.png"]
    assert folder.targets.tolist() == [6, 5, 3, 0]
    assert folder.read_as == {"NE": "neutral", "Surprised": "surprise", "3": "happy", "anger": "angry"}


def test_contempt_stands_behind_the_seven(tmp_path):
    folder = read_folder(plant(tmp_path / "d", "contempt/a.png", "neutral/b.png"))
    assert (folder.targets.tolist(), folder.read_as) == ([7, 6], {})


def test_hidden_files_and_texts_are_no_pictures(tmp_path):
    root = plant(tmp_path / "d", "happy/a.png", "happy/._a.png", ".thumbs/x/a.png")
    (root / "happy/notes.txt").write_text("hello")
    assert len(read_folder(root).paths) == 1


def test_unknown_folders_are_refused_by_name(tmp_path):
    root = plant(tmp_path / "d", "happy/a.png", "bored/b.png", "train/smug/c.png")
    with pytest.raises(DataError, match=r"bored, train.smug"):
        read_folder(root)


def test_no_folder_and_no_picture(tmp_path):
    with pytest.raises(DataError, match="is not a folder"):
        read_folder(tmp_path / "absent")
    (tmp_path / "d" / "happy").mkdir(parents=True)
    with pytest.raises(DataError, match="holds no picture"):
        read_folder(tmp_path / "d")


# --- The real thing --------------------------------------------------------------------------


@pytest.mark.data
def test_the_real_fer2013_is_kaggles(fer2013):
    assert is_standard_fer2013(fer2013)
    assert {name: int((fer2013.splits == name).sum()) for name in FER2013_COUNTS} == {
        "Training": 28709,
        "PublicTest": 3589,
        "PrivateTest": 3589,
    }
