import json
from dataclasses import replace

import pytest

from zoo.cards import CardError, Figures, read_card
from zoo.evaluation.paired import (
    PairResult,
    Recall,
    Together,
    beyond_chance,
    find_pair,
    keep_pairs,
    read_pairs,
    weights_of,
)

LINE = Figures("FER2013", "PrivateTest", "7", 9, 0.7, (0.5, 0.9), 0.7, 0.68, 0.8, 0.4, 0.02)


@pytest.fixture
def cards(two_models):
    return [read_card(two_models / name) for name in ("first", "second")]


@pytest.fixture
def pair(cards):
    weights = tuple(weights_of(card) for card in cards)
    by_label = (Recall(0.2, 0.1, 0.3, 1e-4), Recall(-0.1, -0.3, 0.1, 0.4))
    both = Together(0.75, 0.7, 0.8, 0.02, 0.01, both=0.6, only_first=0.13, only_second=0.1)
    usual = ("FER2013", "PrivateTest", "7", 0.03, (0.01, 0.05), 0.004)
    return PairResult("first", "second", weights, *usual, by_label, both)


def test_nothing_was_compared_yet(two_models):
    assert read_pairs(two_models) == ()


def test_kept_and_read_again_and_new_results_replace_old(two_models, pair):
    keep_pairs(two_models, [pair, replace(pair, labels="6")])
    keep_pairs(two_models, [replace(pair.turned(), p_value=0.5)])
    kept = read_pairs(two_models)
    assert [(one.labels, one.p_value, one.significant) for one in kept] == [("6", 0.004, True), ("7", 0.5, False)]


def test_found_from_either_side(cards, pair):
    first, second = cards
    assert find_pair([pair], first, second, LINE) == pair
    other = find_pair([pair], second, first, LINE)
    assert (other.first, other.difference, other.interval, other.p_value) == ("second", -0.03, (-0.05, -0.01), 0.004)
    assert (other.together.only_first, other.together.only_second, other.together.accuracy) == (0.1, 0.13, 0.75)
    assert other.together.neither == pytest.approx(0.17)
    assert other.turned() == pair


def test_results_of_other_weights_or_pictures_are_not_shown(cards, pair):
    first, second = cards
    assert find_pair([replace(pair, weights=("0" * 12, pair.weights[1]))], first, second, LINE) is None
    assert find_pair([pair], first, second, replace(LINE, data="FER+ majority")) is None
    assert find_pair([pair], first, replace(second, name="third"), LINE) is None


@pytest.mark.parametrize("text", ["{", "[{}]", "[1]"])
def test_a_broken_file_is_named(two_models, text):
    (two_models / "pairs.json").write_text(text)
    with pytest.raises(CardError, match=r"pairs\.json cannot be read"):
        read_pairs(two_models)


def test_the_file_is_plain_json(two_models, pair):
    keep_pairs(two_models, [pair])
    (line,) = json.loads((two_models / "pairs.json").read_text())
    assert line["interval"] == [0.01, 0.05]
    assert read_pairs(two_models) == (pair,)


def test_older_files_know_of_no_two_together(two_models, pair):
    keep_pairs(two_models, [pair])
    path = two_models / "pairs.json"
    lines = [{key: value for key, value in line.items() if key != "together"} for line in json.loads(path.read_text())]
    path.write_text(json.dumps(lines))
    assert read_pairs(two_models) == (replace(pair, together=None),)
    assert read_pairs(two_models)[0].turned().together is None


def test_labels_are_seen_from_the_second_too(two_models, cards, pair):
    keep_pairs(two_models, [pair])
    found = find_pair(read_pairs(two_models), *cards[::-1], LINE)
    assert found.by_label == (Recall(-0.2, -0.3, -0.1, 1e-4), Recall(0.1, -0.1, 0.3, 0.4))


def test_a_file_from_before_labels_were_compared(two_models, pair):
    keep_pairs(two_models, [pair])
    path = two_models / "pairs.json"
    lines = json.loads(path.read_text())
    del lines[0]["by_label"]
    path.write_text(json.dumps(lines))
    assert read_pairs(two_models) == (replace(pair, by_label=()),)


def test_holms_correction_by_hand():
    """0.01 x 4, 0.015 x 3 and 0.024 x 2 are below 0.05, 0.06 is not; 0.02 x 3 is not, and ends the search."""

    def beyond(*p_values):
        return beyond_chance([Recall(0.1, 0.0, 0.2, p) for p in p_values])

    assert beyond(0.024, 0.01, 0.06, 0.015) == (True, True, False, True)
    assert beyond(0.01, 0.02, 0.024, 0.9) == (True, False, False, False)
    assert beyond() == ()


def test_weights_are_all_that_is_served(cards):
    card = replace(cards[0], files={"model.tflite": "a" * 64, "model.npz": "b" * 64, "log.csv": "c" * 64})
    assert weights_of(card) == 12 * "a" + 12 * "b"
