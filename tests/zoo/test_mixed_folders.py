"""Folders as people have them: pictures under any name, and much else beside them."""

import io
import json
import zipfile

import pytest
from PIL import Image

from features.file_listing import look
from zoo.datasets.folders import read_folder
from zoo.teach.project_file import Archive, pictures

USED = ["a.jpg", "b.jfif", "c.jpe", "d.avif", "e.jp2", "f.heic", "g.dat", "h"]


@pytest.fixture
def mixed(tmp_path, jpeg):
    """Pictures with and without a usual suffix, two of formats that are not read, and what is no picture."""
    root = tmp_path / "mixed"
    (root / "__MACOSX").mkdir(parents=True)
    (root / ".thumbnails").mkdir()
    kinds = dict.fromkeys(USED, jpeg)
    stored = io.BytesIO()
    Image.new("RGB", (64, 64)).save(stored, "WEBP")
    kinds["d.avif"] = stored.getvalue()  # not what its name says, but a picture
    kinds["e.jp2"] = b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(80)
    kinds["f.heic"] = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(80)
    kinds |= {"notes.txt": b"words", "._a.jpg": b"\0\5\x16\7", "__MACOSX/a.jpg": jpeg, ".thumbnails/a.jpg": jpeg}
    for name, data in kinds.items():
        (root / name).write_bytes(data)
    return root


def test_pictures_are_known_by_their_content(mixed):
    found = look(mixed)
    assert [path.name for path in found.pictures] == USED
    assert [path.name for path in found.others] == ["notes.txt"]
    assert found.skipped(mixed) == "1 file skipped: 1 not a picture (notes.txt)."


def test_predict_reads_them_and_names_the_others(run, mixed):
    (mixed / "f.heic").unlink()
    status, out, err = run("predict", mixed, "--models", "second", "--json")
    answer = json.loads(out)
    failed = {one["file"].rpartition("mixed/")[2].rpartition("mixed\\")[2]: one["error"] for one in answer["failed"]}
    assert status == 1 and len(answer["pictures"]) == 6
    assert "JPEG 2000" in failed["e.jp2"]
    assert "1 file skipped: 1 not a picture (notes.txt)" in err and "._a.jpg" not in err + out


def test_batch_has_a_row_for_each(run, mixed, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    _, out, err = run("predict", mixed, "--models", "second", "--parquet", tmp_path / "out")
    rows = [row for part in (tmp_path / "out").glob("*.parquet") for row in parquet.read_table(part).to_pylist()]
    assert sorted({row["file"] for row in rows}) == USED
    assert "JPEG 2000" in next(row["error"] for row in rows if row["file"] == "e.jp2")
    assert "8 files" in out and "1 neither a picture nor a clip (notes.txt)" in err


def test_data_sets_in_folders_read_them(mixed):
    (mixed / "happy").mkdir()
    for name in USED:
        (mixed / name).rename(mixed / "happy" / name)
    folder = read_folder(mixed)
    assert [path.name for path in folder.paths] == USED and "notes.txt" in folder.skipped


def test_archives_of_the_teach_tab_give_them(mixed):
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        for path in mixed.rglob("*"):
            if path.is_file():
                archive.write(path, f"happy/{path.relative_to(mixed).as_posix()}")
    with Archive(stored.getvalue()) as archive:
        found = {one.name: one.data for one in pictures(archive)}
    assert sorted(name for name, data in found.items() if data) == USED
    assert [name for name, data in found.items() if data is None] == ["notes.txt"]
