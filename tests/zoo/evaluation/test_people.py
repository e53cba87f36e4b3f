"""Resting faces and groups, on pictures whose people are known."""

import json

import numpy as np
import pytest

from features.align import AlignedFaces, AlignSpec
from zoo.datasets.aligned import DataError
from zoo.evaluation.people import Answers, _interval, _shuffled, clustered, known, read_people, relative
from zoo.evaluation.test_sets import TestSet, View
from zoo.labels import SEVEN, SIX
from zoo.models.resting import MARGIN, Reference
from zoo.prediction import Prediction

HAPPY, NEUTRAL = SEVEN.index("happy"), SEVEN.index("neutral")


def write(path, *lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def made(people=8):
    """Each person: a neutral picture that leans to one label of their own, and a weak smile on top of that."""
    rng = np.random.default_rng(0)
    probs, targets, files = [], [], []
    for i in range(people):
        rest = np.full(7, 0.02)
        rest[rng.integers(3)], rest[NEUTRAL] = 0.5, 0.4
        smile = rest.copy()
        smile[HAPPY] = 0.3
        probs += [rest / rest.sum(), smile / smile.sum()]
        targets += [NEUTRAL, HAPPY]
        files += [f"neutral/{i}.jpg", f"happy/{i}.jpg"]
    n = len(files)
    faces = AlignedFaces(
        np.zeros((n, 72, 72), np.uint8), np.zeros((n, 468, 3), np.float32), np.zeros((n, 2, 3), np.float32), AlignSpec()
    )
    rows, targets = np.arange(n), np.array(targets)
    views = (View("set, face found", rows, targets),)
    test = TestSet("photos", faces, rows, views, files=tuple(files), rows=rows, targets=targets)
    return test, Prediction(np.array(probs), SEVEN)


@pytest.fixture
def people(tmp_path):
    rows = [f"{label}/{i}.jpg,p{i},{'a' if i < 6 else ''}" for i in range(8) for label in ("neutral", "happy")]
    return read_people(write(tmp_path / "people.csv", "file,person,side", *rows))


def test_each_smile_is_read_relative_to_its_own_neutral_picture(people):
    test, said = made()
    pictures, note = known(test, people)
    found = relative(Answers(said, said, "fer2013"), pictures, [SEVEN])
    plain, rested = found.lines
    assert (plain.data, rested.data) == ("set, the same pictures as is", "set, resting face")
    assert (plain.mix, rested.mix) == ("fer2013", "equal")
    assert plain.n == rested.n == 8 and plain.counts[NEUTRAL] == 0
    assert (plain.accuracy, rested.accuracy) == (0.0, 1.0) and rested.macro_f1 == 1.0
    assert found.gains[0].difference == 1.0 and [margin for margin, _ in found.margins][2] == MARGIN
    expected = Reference.of(said[0]).applied(said[1]).names
    assert expected == ["happy"] and "8 in 16 pictures" in note


def test_a_neutral_picture_is_reference_of_the_other_neutral_one_and_never_of_itself(tmp_path):
    test, said = made(1)
    targets = np.array([NEUTRAL, NEUTRAL])
    test = TestSet("photos", test.faces, test.groups, test.views, files=test.files, rows=test.rows, targets=targets)
    rows = ("file,person", "neutral/0.jpg,p", "happy\\0.jpg,p")
    pictures, _ = known(test, read_people(write(tmp_path / "two.csv", *rows)))
    assert sorted(zip(*(one.tolist() for one in pictures.pairs()), strict=True)) == [(0, 1), (1, 0)]


def test_nobody_has_two_pictures_or_the_model_knows_no_label_set(tmp_path, people):
    test, said = made(2)
    pictures, _ = known(test, read_people(write(tmp_path / "p.csv", "file,person", "happy/0.jpg,a", "happy/1.jpg,b")))
    assert relative(Answers(said, said, "fer2013"), pictures, [SEVEN]) is None
    both, _ = known(test, people)
    assert relative(Answers(said.to(SIX), said.to(SIX), "fer2013"), both, [SEVEN]) is None


def test_groups_have_intervals_wrong_labels_and_tests(people):
    test, said = made()
    pictures, _ = known(test, people)
    groups = relative(Answers(said, said, "fer2013"), pictures, [SEVEN]).groups
    assert {(one.column, one.group, one.label) for one in groups} == {("side", "a", "happy"), ("side", "a", "neutral")}
    smile = next(one for one in groups if one.label == "happy")
    assert smile.n == smile.people == 6 and sum(smile.called.values()) == 6 and smile.resting == 1.0
    low, high = smile.resting_interval
    assert low < 0.7 and high == 1.0 and smile.resting_p_value == pytest.approx(2 / 2**6, abs=1e-4)
    neutral = next(one for one in groups if one.label == "neutral")
    assert neutral.resting is None and neutral.interval[0] == 0.0 and neutral.interval[1] > 0.3


def test_all_right_is_not_certain_and_many_pictures_of_a_person_are_not_many_people():
    alone = _interval(np.ones(10, bool), np.arange(10))
    assert _interval(np.ones(100, bool), np.repeat(np.arange(10), 10)) == alone and alone[0] < 0.75


def test_a_group_that_is_always_wrong_differs_and_chance_does_not():
    persons = np.arange(40)
    right = persons >= 20
    assert _shuffled(right, persons, np.arange(20), np.arange(20, 40)) < 0.001
    assert _shuffled(persons % 2 == 0, persons, np.arange(20), np.arange(20, 40)) > 0.5
    assert _shuffled(right, persons, np.arange(40), np.arange(0)) == 1.0


def test_people_are_one_cluster_and_strangers_their_own(people):
    test, _ = made(9)
    groups = clustered(test, known(test, people)[0]).groups
    assert len(set(groups.tolist())) == 10 and groups[0] == groups[1] and groups[16] != groups[17]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["picture,person", "a,b"], "expected file, person"),
        (["file,person,age,age", "a,b,1,2"], "expected file, person"),
        (["file,person", "a.jpg,p,more"], "line 2: 3 cells; expected 2"),
        (["file,person", "a.jpg,"], "line 2"),
        (["file,person", "a.jpg,p", "./a.jpg,q"], "line 3"),
        ([""], "expected file, person"),
    ],
)
def test_what_is_not_a_list_of_people_is_refused_by_line(tmp_path, lines, sentence):
    with pytest.raises(DataError, match=sentence):
        read_people(write(tmp_path / "people.csv", *lines))


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_lists_as_spreadsheets_write_them(tmp_path, mark, encoding):
    """Other separators and encodings, Windows' line ends, and empty rows at the end."""
    rows = [["file", "person", "Größe"], ["happy\\a.jpg", "p 1", "groß"], ["", "", ""], ["", "", ""]]
    text = "".join(mark.join(row) + "\r\n" for row in rows)
    (tmp_path / "people.csv").write_bytes(text.encode(encoding))
    found = read_people(tmp_path / "people.csv")
    assert found.persons == {"happy/a.jpg": "p 1"} and found.columns == ("Größe",)
    assert found.groups == {"happy/a.jpg": ("groß",)}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no heading"),
        ("file,person\na.jpg,K\xf6ln\n".encode("latin-1"), "Save it as CSV UTF-8"),
        (b"file,person\na.jpg,1\0\n", "Save it as CSV UTF-8"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "Save it as CSV UTF-8"),
        (b"file,person,g\x1b[2J\na.jpg,1,x\n", "at most 100 letters"),
        (b"file,person,g\na.jpg,1,\x1b]0;x\x07\n", "line 2: .* at most 100 letters"),
        (b"file,person\na.jpg,%s\n" % (b"x" * 101), "line 2: .* at most 100 letters"),
        (b"file,person,%s\na.jpg,1,2\n" % (b"x" * 101), "at most 100 letters"),
        (b"file,person,%s\n" % b",".join(b"c%d" % i for i in range(50)), "52 columns; expected at most 50"),
        (b"file,person\na.jpg,%s\n" % (b"x" * 200_000), "field larger than"),
        (b'file,person\n"a.jpg,1\nb.jpg,2\n', "cannot be read as CSV"),
    ],
)
def test_what_no_card_or_terminal_could_show_is_refused_in_a_short_sentence(tmp_path, content, sentence):
    (tmp_path / "people.csv").write_bytes(content)
    with pytest.raises(DataError, match=sentence) as raised:
        read_people(tmp_path / "people.csv")
    said = str(raised.value)
    assert len(said.replace(str(tmp_path), "")) < 200 and said.isprintable()


def test_a_file_too_large_for_a_list_is_not_read(tmp_path):
    with (tmp_path / "people.csv").open("wb") as file:
        file.truncate(64 * 2**20 + 1)
    with pytest.raises(DataError, match="64 MB"):
        read_people(tmp_path / "people.csv")


def test_headings_in_capitals_and_with_the_separator_in_a_name(tmp_path):
    (tmp_path / "people.csv").write_bytes(b'"File";"Person";"a,b"\rx.jpg;1;y\r')
    found = read_people(tmp_path / "people.csv")
    assert found.persons == {"x.jpg": "1"} and found.columns == ("a,b",) and found.groups == {"x.jpg": ("y",)}


def test_errors_about_many_columns_are_short(tmp_path):
    with pytest.raises(DataError) as raised:
        read_people(write(tmp_path / "people.csv", ",".join(f"column {i}" for i in range(999))))
    assert len(str(raised.value).replace(str(tmp_path), "")) < 200


def test_other_files_and_no_files_are_named(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_people(tmp_path / "none.csv")
    (tmp_path / "people.csv").write_bytes(b"file,person\n\xff\xfe,p\n")
    with pytest.raises(DataError, match="Save it as CSV UTF-8"):
        read_people(tmp_path / "people.csv")
    test, _ = made(1)
    with pytest.raises(DataError, match="such as neutral/0.jpg"):
        known(test, read_people(write(tmp_path / "people.csv", "file,person", "elsewhere/0.jpg,p")))


def test_the_command_scores_people_and_writes_the_card(run, two_models, tmp_path, jpeg):
    for label in ("neutral", "happy"):
        (tmp_path / "photos" / label).mkdir(parents=True)
        (tmp_path / "photos" / label / "a.jpg").write_bytes(jpeg)
    csv = write(tmp_path / "people.csv", "file,person,side", "neutral/a.jpg,a,x", "happy/a.jpg,a,x")
    told = tmp_path / "told.json"
    options = ("--people", csv, "--json", told, "--html", tmp_path / "report.html", "--write-cards")
    status, _, err = run("evaluate", "first", "--data", tmp_path / "photos", *options)
    assert status == 0, err
    record = json.loads(told.read_text())
    data = {row["data"]: row for row in record["models"]["first"]}
    assert data["photos, resting face"]["n"] == 1 and data["photos, resting face"]["mix"] == "equal"
    assert record["people"]["first"]["margin"] == MARGIN
    card = json.loads((two_models / "first" / "card.json").read_text())
    assert card["people"]["data"] == "photos" and len(card["people"]["margins"]) == 5


def test_people_are_for_folders(run, fer2013_csv, tmp_path):
    csv = write(tmp_path / "people.csv", "file,person", "a.jpg,a")
    status, _, err = run("evaluate", "first", "--data", fer2013_csv, "--people", csv)
    assert status == 2 and "--people is for a folder" in err
