"""FER2013 and FER+ in every form they are handed out in, and whatever else a decoder may be given."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import numpy as np
import pytest

from zoo.datasets import tables
from zoo.datasets.aligned import DataError
from zoo.datasets.fer2013 import load_fer2013, read_fer2013
from zoo.datasets.ferplus import FERPLUS_VOTES, read_ferplus
from zoo.datasets.folders import read_folder

PIXELS = " ".join(["7"] * 2303 + ["255"])
ROWS = [("3", PIXELS, "Training"), ("0", PIXELS, "PublicTest"), ("6", PIXELS, "PrivateTest")]


def table(rows=ROWS, columns=("emotion", "pixels", "Usage"), order=(0, 1, 2), end="\n", mark=",") -> str:
    lines = [[columns[i] for i in order], *([row[i] for i in order] for row in rows)]
    return end.join(map(mark.join, lines)) + end


GOOD = table().encode()


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def tarred(members: dict[str, bytes], kind: str = "gz") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=f"w:{kind}") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


FORKS = {"__MACOSX/._fer2013.csv": b"\0\5\x16\7", "._fer2013.csv": b"\0\5\x16\7", "fer2013/.DS_Store": b"\0"}
CHALLENGE = {
    "example_submission.csv": b"emotion\n0\n",
    "icml_face_data.csv": table(columns=("emotion", " pixels", " Usage"), order=(0, 2, 1)).encode(),
    "test.csv": b"pixels\n1 2\n",
    "train.csv": b"emotion,pixels\n0,1 2\n",
}
FORMS = {
    "fer2013.csv": GOOD,
    "FER2013.CSV": GOOD,
    "no suffix": GOOD,
    "bom.csv": GOOD.decode().encode("utf-8-sig"),
    "utf16.csv": GOOD.decode().encode("utf-16"),
    "utf16be.csv": GOOD.decode().encode("utf-16-be"),
    "windows.csv": table(end="\r\n").encode(),
    "old mac.csv": table(end="\r").encode(),
    "blank lines.csv": b"\n" + GOOD + b"\n\n,,\n  \n",
    "semicolons.csv": table(mark=";").encode(),
    "icml_face_data.csv": CHALLENGE["icml_face_data.csv"],
    "any order.csv": table(order=(1, 2, 0)).encode(),
    "more columns.csv": b"id," + GOOD.replace(b"\n3", b"\n1,3").replace(b"\n0", b"\n2,0").replace(b"\n6", b"\n3,6"),
    "floats.csv": GOOD.replace(b"\n3,", b"\n3.0,").replace(b"7 7 ", b"7.0 7 ", 1),
    "quoted.csv": GOOD.replace(PIXELS.encode(), b'"' + PIXELS.encode() + b'"').replace(b"Training", b" Training "),
    "fer2013.csv.gz": gzip.compress(GOOD),
    "fer2013.csv.xz": lzma.compress(GOOD),
    "fer2013.csv.bz2": bz2.compress(GOOD),
    "fer2013.tar.gz": tarred({"fer2013/README": b"x", "fer2013/fer2013.bib": b"x", "fer2013/fer2013.csv": GOOD}),
    "fer2013.tgz": tarred({"fer2013.csv": GOOD}),
    "fer2013.tar": tarred({"fer2013/fer2013.csv": GOOD}, ""),
    "fer2013.tar.xz": tarred({"fer2013/fer2013.csv": GOOD}, "xz"),
    "fer2013.zip": zipped({"fer2013/fer2013.csv": GOOD}),
    "mac.zip": zipped(FORKS | {"fer2013.csv": GOOD}),
    "upper.zip": zipped({"FER2013.CSV": GOOD}),
    "challenge.zip": zipped(CHALLENGE),
    "challenge with tar.zip": zipped({"a.csv": b"x\n1\n", "fer2013.tar.gz": tarred({"fer2013/fer2013.csv": GOOD})}),
    "zip in zip.zip": zipped({"fer2013.csv.zip": zipped({"fer2013.csv": GOOD})}),
    "gz in zip.zip": zipped({"fer2013.csv.gz": gzip.compress(GOOD)}),
    "called csv.csv": gzip.compress(GOOD),
    "upper case.csv": GOOD.replace(b"emotion,pixels,Usage", b"Emotion,PIXELS,usage"),
    "lower case.csv": GOOD.replace(b"Training", b"training").replace(b"PublicTest", b"publictest"),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_fer2013_reads_the_same(tmp_path, name):
    (tmp_path / name).write_bytes(FORMS[name])
    data = read_fer2013(tmp_path / name)
    assert data.targets.tolist() == [3, 0, 6] and data.splits.tolist() == ["Training", "PublicTest", "PrivateTest"]
    assert data.pixels.shape == (3, 48, 48) and (data.pixels[:, -1, -1] == 255).all() and (data.pixels[:, 0] == 7).all()


def gz_bomb(block: bytes, times: int) -> bytes:
    out = io.BytesIO()
    with gzip.open(out, "wb", compresslevel=1) as packed:
        for _ in range(times):
            packed.write(block)
    return out.getvalue()


DAMAGED = {
    "quote.csv": GOOD.replace(b"3,7 7", b'3,"7 7') * 60,
    "cut.csv.gz": gzip.compress(GOOD)[:-20],
    "flipped.csv.gz": bytes([*gzip.compress(GOOD)[:30], *[255] * 40]),
    "cut.csv.xz": lzma.compress(GOOD)[:-20],
    "cut.csv.bz2": bz2.compress(GOOD)[:-20],
    "cut.zip": zipped({"a.csv": GOOD})[:-30],
    "cut.tar.gz": tarred({"a.csv": GOOD})[:-60],
    "cut.tar": tarred({"a.csv": GOOD}, "")[:5000],
    "password.zip": zipped({"a.csv": GOOD}).replace(b"\x14\0\0\0\x08\0", b"\x14\0\1\0\x08\0"),
    "odd method.zip": zipped({"a.csv": GOOD}).replace(b"\x14\0\0\0\x08\0", b"\x14\0\0\0\x63\0"),
    "latin.csv": GOOD.replace(b"Training", "Tr\xe4ining".encode("latin-1")),
    "nul.csv": GOOD.replace(b"7 7", b"7\x007", 1),
    "one line.csv": b"7 " * 10**6,
    "one line.csv.gz": gz_bomb(b"7 " * 2**20, 100),
    "one long row.csv": b"emotion,pixels,Usage\n3," + b"7 " * 10**6 + b",Training\n",
    "blank lines.csv.gz": gz_bomb(b"\n", 10),
    "pictures only.zip": zipped({"train/happy/1.jpg": b"\xff\xd8"}),
    "no column.zip": zipped({"a.csv": b"a,b\n1,2\n", "b.csv": b"c\n1\n"}),
    "many columns.csv": b",".join(b"column%d" % i for i in range(5000)) + b"\n1\n",
    "gz in gz.csv.gz": gzip.compress(gzip.compress(gzip.compress(gzip.compress(gzip.compress(GOOD))))),
    "empty.zip": zipped({}),
    "long number.csv": GOOD.replace(b"\n3,", b"\n" + b"9" * 6000 + b","),
    "long usage.csv": GOOD.replace(b"Training", b"x\x1b" * 3000),
    "breaks off.csv": b"emotion,pixels,Usage\n3",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_cannot_be_read_is_one_short_sentence(tmp_path, name):
    (tmp_path / name).write_bytes(DAMAGED[name])
    for reader in (read_fer2013, read_ferplus):
        with pytest.raises(DataError) as raised:
            reader(tmp_path / name)
        assert len(str(raised.value)) <= 300 and str(raised.value).isprintable()
        assert name in str(raised.value) or "archives inside" in str(raised.value)


def test_the_command_says_it_in_one_sentence(run, tmp_path):
    for name in ("quote.csv", "cut.csv.gz", "cut.zip", "latin.csv"):
        (tmp_path / name).write_bytes(DAMAGED[name])
        status, out, err = run("data", "--data", tmp_path / name, "--out", tmp_path / "out")
        assert status == 2 and out == "" and name in err


def test_no_table_is_read_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "MAX_TEXT", 10**6)
    (tmp_path / "a.csv.gz").write_bytes(gz_bomb(b"\n" * 2**20, 3))
    with pytest.raises(DataError, match="far too long"):
        read_fer2013(tmp_path / "a.csv.gz")
    monkeypatch.setattr("zoo.datasets.fer2013.MAX_ROWS", 2)
    (tmp_path / "b.csv").write_bytes(GOOD)
    with pytest.raises(DataError, match="more than 2 rows"):
        read_fer2013(tmp_path / "b.csv")


def votes(*rows: str) -> str:
    return "\n".join([f"Usage,Image name,{','.join(FERPLUS_VOTES)}", *rows]) + "\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize(
    "row",
    ["Training,a.png,4,6,0,0,0,0,0,0,0,0", "Training,a.png,4.0,6.0,0.0,,,,,,,", "x, a.png , 4 ,6.0,0,0,0,0,0,0,0,0"],
)
def test_votes_as_whole_numbers_or_floats_in_any_encoding(tmp_path, encoding, row):
    path = tmp_path / "votes.csv"
    path.write_bytes(votes(row, "Training,,0,0,0,0,0,0,0,0,0,10").encode(encoding))
    assert read_ferplus(path).tolist() == [[4, 6, *[0] * 8], [0] * 10]


@pytest.mark.parametrize("value", ["-1", "4.5", "nan", "1e3", "many", "99999", "４"])
def test_what_is_not_a_number_of_votes_is_named(tmp_path, value):
    path = tmp_path / "votes.csv"
    path.write_text(votes(f"Training,a.png,4,{value},0,0,0,0,0,0,0,0"), encoding="utf-8")
    with pytest.raises(DataError, match="line 2: happiness is"):
        read_ferplus(path)


def test_a_damaged_cache_is_made_again(fer2013_csv, spec, tmp_path):
    first = load_fer2013(fer2013_csv, spec)
    (store,) = (tmp_path / "cache").rglob("fer2013-*.npz")
    for content in (b"", b"PK\x03\x04", store.read_bytes()[:5000]):
        store.write_bytes(content)
        again = load_fer2013(fer2013_csv, spec)
        assert np.array_equal(first.faces.images, again.faces.images)


def test_many_unknown_folders_are_one_short_sentence(tmp_path, photo):
    for i in range(300):
        (tmp_path / "d" / f"unknown folder {i:040d}").mkdir(parents=True)
        (tmp_path / "d" / f"unknown folder {i:040d}" / "a.jpg").write_bytes(photo.read_bytes())
    with pytest.raises(DataError, match="and 295 more") as raised:
        read_folder(tmp_path / "d")
    assert len(str(raised.value)) < 500


def test_a_table_with_a_crowd_of_columns_is_refused_before_its_rows_are_read(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text(f"emotion,pixels,Usage{',x' * 60_000}\n" + "0,1,Training\n" * 1000)
    with pytest.raises(DataError, match="60,003 columns; expected at most 1,000"):
        read_fer2013(path)
