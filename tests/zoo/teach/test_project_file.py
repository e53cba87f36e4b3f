import io
import json
import struct
import unicodedata
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from zoo.teach import project as p
from zoo.teach import project_file
from zoo.teach.project import ProjectError
from zoo.teach.project_file import Archive, ArchiveError, open_project, pictures, renamed, save
from zoo.teach.samples import Photo, Samples


def jpeg(side=40, colour=(200, 120, 90)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(buffer, "JPEG")
    return buffer.getvalue()


def zipped(members: dict[str, bytes], compression=zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def project(make_project):
    made = p.enable(p.rename(make_project(bursts=2, each=2), 0, "微笑 <b>/.."), 2, False)
    photos = tuple(Photo(jpeg(), photo.box) for photo in made.samples.photos)
    return replace(made, samples=Samples(made.faces, made.samples.boxed, photos))


@pytest.fixture(scope="module")
def saved(project):
    return save(project)


def test_a_project_comes_back_as_it_was(project, saved):
    back = open_project(saved)
    assert back.classes == project.classes
    for name in ("targets", "bursts"):
        np.testing.assert_array_equal(getattr(back, name), getattr(project, name))
    np.testing.assert_array_equal(back.faces.images, project.faces.images)
    np.testing.assert_array_equal(back.faces.landmarks, project.faces.landmarks)
    np.testing.assert_array_equal(back.faces.to_crop, project.faces.to_crop)
    np.testing.assert_array_equal(back.samples.boxed, project.samples.boxed)
    assert back.samples.photos == project.samples.photos
    assert len(set(back.ids)) == len(back) == back.made
    assert len(open_project(save(p.start("7")))) == 0


def test_the_zip_is_readable_by_hand_and_on_any_system(saved):
    members = unzipped(saved)
    assert json.loads(members["manifest.json"])["classes"][0]["name"] == "微笑 <b>/.."
    crops = [name for name in members if name.startswith("crops/") and name.endswith(".png")]
    assert not [name for name in members if set(name) & set('<>:"\\|?*')] and ".." not in "".join(members)
    assert Image.open(io.BytesIO(members[crops[0]])).size == (72, 72)


def with_manifest(saved: bytes, change) -> bytes:
    members = unzipped(saved)
    manifest = json.loads(members["manifest.json"])
    change(manifest)
    return zipped(members | {"manifest.json": json.dumps(manifest).encode()})


def first(key, value):
    return lambda manifest: manifest["samples"][0].__setitem__(key, value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m.update(version=2), "version 2"),
        (lambda m: m.update(format="x"), "does not belong to a Face-off project"),
        (lambda m: m.pop("classes"), "is inconsistent"),
        (lambda m: m.update(classes={}), "lacks its list of classes"),
        (lambda m: m.update(classes=[{"name": "a", "enabled": True}] * 2), "already"),
        (lambda m: m.update(classes=[{"name": str(i), "enabled": True} for i in range(31)]), "more than 30"),
        (lambda m: m["align"].update(size=64), "Collect them again"),
        (lambda m: m["align"].update(nonsense=1), "is inconsistent"),
        (lambda m: m.update(samples=[m["samples"][0]] * 1001), "more than 1000"),
        (lambda m: m["samples"].pop(), "bytes"),
        (first("class", 3), "class that it does not have"),
        (first("class", -1), "class that it does not have"),
        (first("class", True), "is inconsistent"),
        (first("burst", 1e9), "is inconsistent"),
        (first("file", "../../etc/passwd"), "lacks the file"),
        (first("file", {}), "lacks the file"),
        (first("box", [0, 0, 2, 1]), "four numbers"),
        (first("box", ["x"] * 4), "is inconsistent"),
        (first("box", [float("nan")] * 4), "four numbers"),
        (lambda m: m.update(version="x" * 10**6), "of version"),
        (lambda m: m["align"].update({"x" * 10**6: 1}), "is inconsistent"),
        (lambda m: m["align"].update(registration="x" * 10**6), "."),
        (first("file", "x" * 10**6), "lacks the file"),
        (first("class", "x" * 10**6), "is inconsistent"),
    ],
)
def test_a_changed_manifest_is_refused_with_a_reason(saved, change, words):
    with pytest.raises(ProjectError, match=words) as raised:
        open_project(with_manifest(saved, change))
    assert len(str(raised.value)) < 600


@pytest.mark.parametrize(
    ("member", "data", "words"),
    [
        (".png", b"not a picture", "not a PNG"),
        (".png", jpeg(), "not a PNG"),
        ("-photo.jpg", jpeg(400), "pixels"),
        ("-photo.jpg", b"\0" * 20_000, "at most 12,000"),
        ("landmarks.f32", b"", "need"),
        ("to_crop.f32", struct.pack("<f", np.nan) * 6 * 12, "values that are impossible for a face"),
        ("manifest.json", b"[" * 100_000, "cannot be read"),
        ("manifest.json", b"[]", "does not belong to a Face-off project"),
    ],
)
def test_a_changed_member_is_refused_with_a_reason(saved, member, data, words):
    members = unzipped(saved)
    name = next(name for name in members if name.endswith(member))
    with pytest.raises(ArchiveError, match=words):
        open_project(zipped(members | {name: data}))


def test_whatever_is_cut_or_flipped_gives_one_sentence(saved):
    rng = np.random.default_rng(0)
    broken = 0
    for _ in range(120):
        data = bytearray(saved[: rng.integers(1, len(saved))] if rng.random() < 0.3 else saved)
        for at in rng.integers(0, len(data), rng.integers(1, 30)):
            data[at] = rng.integers(0, 256)
        try:
            open_project(bytes(data))
        except ProjectError as error:
            broken += 1
            assert 20 < len(str(error)) < 500
    assert broken > 60


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"../a.jpg": b""}, "leads elsewhere"),
        ({"/etc/a.jpg": b""}, "leads elsewhere"),
        ({"..\\..\\a.jpg": b""}, "leads elsewhere"),
        ({"C:/a.jpg": b""}, "leads elsewhere"),
        ({"/".join("abcdefgh") + "/a.jpg": b""}, "more than 6 folders deep"),
        ({f"a/{n}.jpg": b"" for n in range(5001)}, "more than 5,000 files"),
        ({f"a/{n}.jpg": b"\0" * 50_000_000 for n in range(9)}, "unpacks to"),
    ],
)
def test_archives_that_lead_elsewhere_or_are_too_large_are_not_opened(members, words):
    with pytest.raises(ArchiveError, match=words):
        Archive(zipped(members))


def test_other_files_are_no_archives(monkeypatch):
    for data in (b"", b"PK", jpeg(), b"PK\x05\x06" + b"\xff" * 18):
        with pytest.raises(ArchiveError, match="not a zip"):
            Archive(data)
    monkeypatch.setattr(project_file, "MAX_ARCHIVE", 10)
    with pytest.raises(ArchiveError, match="at most"):
        Archive(b"x" * 11)


def test_a_member_that_lies_about_its_size_is_not_read(saved):
    data = zipped({"a/1.jpg": b"\0" * 1000}, zipfile.ZIP_STORED)
    with Archive(data) as archive, pytest.raises(ArchiveError, match="at most 10"):
        archive.read("a/1.jpg", 10)
    lying = data.replace(struct.pack("<II", 1000, 1000), struct.pack("<II", 1000, 5))
    with Archive(lying) as archive, pytest.raises(ArchiveError):
        archive.read("a/1.jpg", 10)


# ---- pictures


def found(members: dict[str, bytes]) -> list[tuple[str, str]]:
    with Archive(zipped(members)) as archive:
        return [(one.label, one.name) for one in pictures(archive)]


def test_folders_are_classes():
    members = {"faces/smile/1.jpg": jpeg(), "faces/smile/2.PNG": b"x", "wink left/3.jpg": b"x", "notes.txt": b"x"}
    hidden = {"__MACOSX/smile/1.jpg": b"x", "smile/.1.jpg": b"x"}
    assert found(members | hidden) == [("smile", "1.jpg"), ("smile", "2.PNG"), ("wink left", "3.jpg")]


def test_a_zip_without_folders_says_what_to_do():
    with pytest.raises(ArchiveError, match="folder named after it"):
        found({"1.jpg": jpeg(), "a/readme.md": b""})


def test_a_teachable_machine_project_is_read_by_its_manifest_or_its_folders():
    entries = [{"name": "Left wink", "samples": ["0/a.jpg"]}, {"label": "No", "files": [{"name": "1/b.jpg"}]}]
    members = {"0/a.jpg": jpeg(), "1/b.jpg": jpeg(), "manifest.json": json.dumps({"classes": entries}).encode()}
    assert found(members) == [("Left wink", "a.jpg"), ("No", "b.jpg")]
    nameless = json.dumps({"classes": [3, None, {"name": 1, "samples": ["0/a.jpg"]}]}).encode()
    for strange in (b"", b"{}", b"[" * 99_999, nameless):
        assert found(members | {"manifest.json": strange}) == [("0", "a.jpg"), ("1", "b.jpg")]


def test_labels_find_their_class_or_make_one():
    project, places = renamed(p.start("6"), ["Happy", "wink  left", "happy", "wink left"])
    assert len(project.classes) == 7 and project.classes[6].name == "wink left"
    assert places == {"Happy": 3, "wink  left": 6, "happy": 3, "wink left": 6}
    with pytest.raises(ProjectError, match="too many classes: a project can have at most"):
        renamed(p.start("6"), [f"class {n}" for n in range(25)])


def test_folders_with_accents_as_a_mac_zips_them():
    nfc, nfd = ("glücklich", "étonné"), tuple(unicodedata.normalize("NFD", name) for name in ("glücklich", "étonné"))
    members = {f"{name}/{i}.jpg": jpeg() for name in nfd for i in range(2)}
    labels = [label for label, _ in found(members)]
    assert labels == [nfc[0]] * 2 + [nfc[1]] * 2
    project, places = renamed(p.start(), labels)
    assert [one.name for one in project.classes] == list(nfc) and places == {nfc[0]: 0, nfc[1]: 1}


def test_labels_in_any_form_find_their_class():
    persian = "می\u200cخندد"
    project = p.add_class(p.add_class(p.start(), "étonné"), persian)
    labels = [unicodedata.normalize("NFD", "Étonné"), persian.replace("\u200c", ""), " \u200fétonné "]
    _, places = renamed(project, labels)
    assert list(places.values()) == [0, 1, 0]
    with pytest.raises(ProjectError, match="already"):
        p.add_class(project, unicodedata.normalize("NFD", "étonné"))


def test_folders_as_windows_writes_them():
    assert found({"faces\\smile\\1.jpg": jpeg()}) == [("smile", "1.jpg")]


def test_a_member_without_a_name_is_refused_with_a_reason():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a/1.jpg", jpeg())
        info = zipfile.ZipInfo("x")
        info.filename = ""
        archive.writestr(info, b"")
    with pytest.raises(ArchiveError, match="without a name"):
        Archive(buffer.getvalue())
