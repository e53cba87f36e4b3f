"""Names of test sets, parts and groups: known ones are phrases, so that a page can translate them."""

import pytest

from features.phrase import Phrase
from zoo.cards import read_card
from zoo.models import registry
from zoo.models.label_mix import EQUAL, with_mix
from zoo.reports import model_card
from zoo.reports.data_words import data_words, group_words, split_words

PROPER = ("FER2013", "PrivateTest", "PublicTest")  # the same in every language


def test_a_test_set_seen_through_two_views():
    assert data_words("london, face found") == "London, face found"
    assert data_words("my pictures, all") == "my pictures, all"
    assert data_words("rain, wind") == "rain, wind" and not isinstance(data_words("rain, wind"), Phrase)


def test_underscores_of_a_table_are_not_shown():
    assert group_words("ethnicity", "east_asian") == "ethnicity: East Asian"
    assert group_words("age", "18-24") == "age: 18-24"


def test_a_mix_is_said_in_the_language_of_the_page():
    said = with_mix("photos", EQUAL)
    assert isinstance(said, Phrase) and [type(value) for value in said.values] == [str, Phrase]


def _names(value: str) -> list[str]:
    """The parts of a text that no dictionary translates."""
    if not isinstance(value, Phrase):
        return [value]
    return [name for one in value.values if isinstance(one, str) for name in _names(one)]


@pytest.mark.parametrize("name", sorted(path.parent.name for path in registry.CHECKPOINTS.glob("*/card.json")))
def test_no_name_of_a_test_set_stays_english(name):
    card = read_card(registry.CHECKPOINTS / name)
    for line in card.figures:
        left = [*_names(data_words(line.data)), *_names(split_words(line.split))]
        assert set(left) <= set(PROPER), left
    for section in model_card.sections(card):
        for table in (one for one in section.tables if one.heading[0] in ("data", "group")):
            left = [name for row in table.rows for name in _names(row[0])]
            assert not [one for one in left if one[:1].isalpha() and one not in PROPER], left
