import pytest

from zoo.labels import (
    EIGHT,
    FIVE,
    LABEL_SETS,
    OWN,
    SEVEN,
    SIX,
    LabelSet,
    UnknownLabelsError,
    colour,
    colours,
    label_from_spelling,
    label_set,
    own_labels,
)


def test_sets_are_the_ones_people_know():
    assert SEVEN.labels == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    assert "neutral" not in SIX.labels and len(SIX) == 6
    assert set(SEVEN) - set(FIVE) == {"disgust", "fear"}
    assert EIGHT.labels[:7] == SEVEN.labels and EIGHT.labels[7] == "contempt"


@pytest.mark.parametrize("name", ["7", "6", "5", 7])
def test_label_set_by_name(name):
    assert label_set(name) is LABEL_SETS[str(name)]


@pytest.mark.parametrize("name", ["9", "", None, "seven"])
def test_unknown_label_set_names_those_there_are(name):
    with pytest.raises(UnknownLabelsError, match="7, 6, 5"):
        label_set(name)


@pytest.mark.parametrize("labels", [(), ("a", "a")])
def test_a_set_has_different_labels(labels):
    with pytest.raises(UnknownLabelsError, match="different labels"):
        LabelSet("mine", labels)


def test_positions_and_index():
    assert FIVE.positions(SEVEN).tolist() == [0, 3, 4, 5, 6]
    assert SEVEN.index("happy") == 3
    with pytest.raises(UnknownLabelsError, match="'bored'.*angry, disgust"):
        SEVEN.index("bored")
    with pytest.raises(UnknownLabelsError, match="neutral"):
        SEVEN.positions(SIX)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("angry", "angry"),
        ("Anger", "angry"),
        ("AN", "angry"),
        ("0", "angry"),
        (" DISGUSTED ", "disgust"),
        ("1_disgust", "disgust"),
        ("AF", "fear"),
        ("3_happy", "happy"),
        ("03-Happiness", "happy"),
        ("5", "surprise"),
        ("NE", "neutral"),
        ("6", "neutral"),
        ("7", None),
        ("contempt", None),
        ("train", None),
        ("", None),
    ],
)
def test_spellings(text, label):
    assert label_from_spelling(text) == label
    assert label_from_spelling(text, EIGHT) == ("contempt" if text == "contempt" else label)


def test_made_up_labels_stay_what_they_are_and_have_colours():
    own = own_labels(["wink", "happy", "nothing"])
    assert own.name == OWN and own.answering(SEVEN) is own and SEVEN.answering(SIX) is SIX
    assert own_labels(SIX.labels) is SIX
    inks = colours(own)
    assert inks["happy"] == colour("happy") and len(set(colours(map(str, range(8))).values())) == 8
    assert list(colours(map(str, range(30)))) == list(map(str, range(30)))
