import json
from dataclasses import replace

import pytest

from zoo.cards import CardError, Figures, read_card
from zoo.pairs import PairResult, find_pair, keep_pairs, read_pairs, weights_of

LINE = Figures("FER2013", "PrivateTest", "7", 9, 0.7, (0.5, 0.9), 0.7, 0.68, 0.8, 0.4, 0.02)


@pytest.fixture
def cards(two_models):
    return [read_card(two_models / name) for name in ("first", "second")]


@pytest.fixture
def pair(cards):
    weights = tuple(weights_of(card) for card in cards)
    return PairResult("first", "second", weights, "FER2013", "PrivateTest", "7", 0.03, (0.01, 0.05), 0.004)


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
