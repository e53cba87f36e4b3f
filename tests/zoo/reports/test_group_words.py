"""Results by group and relative to resting faces, as cards and reports say them."""

from dataclasses import replace

import pytest

from tests.plain_html import words
from zoo.cards import LIMITS, Figures, GroupSlice, PeopleResult, read_card
from zoo.evaluation.metrics import Paired
from zoo.evaluation.people import Relative
from zoo.models import registry
from zoo.models.resting import MARGIN
from zoo.reports import model_card
from zoo.reports.evaluation_report import _people
from zoo.reports.group_words import CREDITS, HEADING, by_group_words, group_rows, resting_words

WOMEN = GroupSlice(
    "gender", "female", "happy", 49, 49, 0.86, (0.73, 0.94), 0.0001, {"neutral": 6}, 0.98, (0.89, 1.0), 0.03
)
MEN = GroupSlice("gender", "male", "happy", 53, 53, 0.36, (0.23, 0.49), 0.0001, {"neutral": 34}, 0.91, (0.8, 0.98), 0.0)
OLD = GroupSlice("age", "35 and over", "happy", 17, 17, 0.76, (0.53, 0.94), 0.4, {})
PEOPLE = PeopleResult("london", 0.5, ((0.0, 0.96), (0.5, 0.94)), (WOMEN, MEN, OLD))


def test_no_group_is_shown_without_n_and_interval():
    women, men, old = (dict(zip(HEADING, row, strict=True)) for row in group_rows(PEOPLE.groups))
    assert (women["group"], women["label"], women["n"]) == ("gender: female", "happy", "49")
    assert women["as is"] == "86.0 % (73.0–94.0)" and women["resting face"] == "98.0 % (89.0–100.0)"
    assert men["against the others"] == "differs from the others (p < 0.001)" and men["wrong labels"] == "neutral 34"
    assert old["against the others"] == "no difference detected at n = 17"
    assert (old["wrong labels"], old["resting face"], old["against as is"]) == ("-", "-", "-")


def test_a_card_names_source_people_margin_and_what_is_not_known(two_models):
    card = replace(read_card(two_models / "first"), people=PEOPLE)
    (factors,) = (one for one in model_card.sections(card) if one.title == "Factors")
    said = dict(factors.entries)
    assert (
        CREDITS["london"] in said["Age, gender, skin tone"] and "There are 102 people" in said["Age, gender, skin tone"]
    )
    assert "does not mean there is none" in said["Age, gender, skin tone"]
    assert "a margin of 0.5" in said["Resting face"] and "0: 96.0 %, 0.5: 94.0 %" in said["Resting face"]
    assert [len(table.rows) for table in factors.tables if table.heading == HEADING] == [3]
    unknown = replace(card, people=None)
    (factors,) = (one for one in model_card.sections(unknown) if one.title == "Factors")
    assert "not measured" in dict(factors.entries)["Age, gender, skin tone"]
    assert dict(factors.entries)["Resting face"] == resting_words(None) and f"{MARGIN:g}" in resting_words(None)
    assert by_group_words(None) is None


@pytest.mark.parametrize("name", registry.names())
def test_every_shipped_card_says_its_limits_in_the_words_that_are_translated(name):
    assert set(registry.card(name).limits) >= set(LIMITS)


def test_a_report_has_groups_margins_and_gains(two_models):
    card = read_card(two_models / "first")
    as_is = Figures("london, the same pictures as is", "photos", "7", 102, 0.5, (0.4, 0.6), 0.5, 0.5, 1.0, 0.5, 0.1)
    rested = replace(as_is, data="london, resting face")
    gain = Paired(0.4, (0.3, 0.5), 0.0001)
    html = words(_people(card, Relative((as_is, rested), (gain,), PEOPLE.margins, PEOPLE.groups)))
    assert CREDITS["london"] in html
    assert "right +40.0 points more often than as is (+30.0 to +50.0; McNemar p < 0.001): more than chance." in html
    assert "no difference detected at n = 17" in html and "36.0 % (23.0–49.0)" in html
