"""Class names from every script and keyboard: kept, or refused in one sentence; harmless in files of every system."""

import io
import random
import re
import unicodedata
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import zoo
from features.align import AlignedFaces, AlignSpec
from zoo.exchange.exports import bundle
from zoo.exchange.imports import reader
from zoo.labels import own_labels
from zoo.models import registry
from zoo.teach import project as p
from zoo.teach.project_file import open_project, save
from zoo.teach.samples import Photo

NAMES = [
    *("CON", "nul", "aux.txt", "COM1", "a/b", "..", "...", ".hidden", "name.", "a:b", "a\\b", "<b>", '"', "'", "*?|"),
    *("=1+1", "+SUM(A1)", "-2+3", "@cmd", "null", "None", "__proto__", "constructor", "%s {0} $x", "#"),
    *("עברית", "שָׁלוֹם", "مرحبا", "می\u200cخندد", "हँसी", "ﬁ", "①", "Ⅷ", "İstanbul", "ß", "한국어", "ไทย"),
    *("👩\u200d👩\u200d👧\u200d👦", "🏳️\u200d🌈", "😀" * 13, "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞", "e\u0301", "a" * 40, "ü" * 40, "1", "０"),
]
REFUSED = ["", " ", "\u200b", "\u2060", "\x00", "\ud800", "\ufffe", "a" * 41, "a" * 10**6, "\u202e"]
ALLOWED = re.compile(r"[^<>:\"/\\|?*\x00-\x1f]+")  # what Windows allows in a name
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


@pytest.fixture(scope="module")
def sample(make_samples):
    """One sample with a photo that can be opened."""
    stored = io.BytesIO()
    Image.new("RGB", (40, 40)).save(stored, "JPEG")
    made = make_samples(0, 1)
    return replace(made, photos=(Photo(stored.getvalue(), made.photos[0].box),))


@pytest.mark.parametrize("name", REFUSED)
def test_names_of_nothing_that_shows_and_long_ones_are_refused(name):
    with pytest.raises(p.ClassError) as raised:
        p.checked_name(name)
    assert str(raised.value).isprintable() and len(str(raised.value)) < 200


def test_projects_keep_every_name_and_their_zips_unpack_on_every_system(sample):
    for start in range(0, len(NAMES), p.MAX_CLASSES):
        project = p.start()
        for at, name in enumerate(NAMES[start : start + p.MAX_CLASSES]):
            project = p.add_samples(p.add_class(project, name), at, sample, p.next_burst(project))
        data = save(project)
        assert open_project(data).classes == project.classes
        for member in zipfile.ZipFile(io.BytesIO(data)).namelist():
            for part in member.split("/"):
                assert ALLOWED.fullmatch(part) and not RESERVED.fullmatch(part) and len(part.encode()) < 200
                assert part == part.strip(". ") == unicodedata.normalize("NFC", part)


def test_random_names_are_kept_or_refused(sample):
    chance = random.Random(7)
    blocks = (range(0x20, 0x250), range(0x300, 0x370), range(0x590, 0x700), range(0x900, 0x980), range(0x2000, 0x2070))
    blocks += (range(0xD7F0, 0xE010), range(0xFE00, 0x10010), range(0x1F300, 0x1F700))
    kept = 0
    for _ in range(300):
        text = "".join(chr(chance.choice(chance.choice(blocks))) for _ in range(chance.randint(1, 12)))
        try:
            name = p.checked_name(text)
        except p.ClassError as error:
            assert str(error).isprintable()
            continue
        kept += 1
        assert p.checked_name(name) == name  # one form: giving it again changes nothing
        project = p.add_samples(p.add_class(p.start(), name), 0, sample, 0)
        assert [one.name for one in open_project(save(project)).classes if one.name == name] == [name]
    assert kept > 50


@pytest.mark.parametrize("title", [*NAMES, "LPT1", "Com 9"])
def test_titles_as_file_names(title):
    word = bundle.identifier(title)
    assert re.fullmatch(r"[a-z][a-z0-9_]*", word) and not RESERVED.fullmatch(f"{word}.zip")


def test_exported_models_have_every_name_when_they_come_back():
    network, golden = zoo.load("cnn"), np.load(registry.CHECKPOINTS / "cnn" / "golden.npz")
    faces = AlignedFaces(golden["images"], golden["landmarks"], golden["to_crop"], AlignSpec())
    for start in range(0, len(NAMES) - 7, 14):
        labels = own_labels([p.checked_name(name) for name in NAMES[start : start + 7]])
        copy = object.__new__(type(network))
        copy.__dict__.update(network.__dict__, labels=labels)
        made = bundle.make(bundle.ExportRequest(NAMES[start], ("tfjs",), copy, None, faces.images))
        assert list(reader.read_models(made.data)[0].labels) == list(labels)
