from dataclasses import replace

import pytest

from zoo.cards import Figures, read_card
from zoo.labels import FIVE
from zoo.models import registry
from zoo.reports import leaderboard, model_card
from zoo.reports.leaderboard import model_table

NINE = (
    *("Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data"),
    *("Quantitative analyses", "Ethical considerations", "Caveats and recommendations"),
)


def line(**changes) -> Figures:
    made = Figures(
        *("FER2013", "PrivateTest", "5", 9, 0.7778, (0.5, 0.9), 0.7, 0.68, 0.8, 0.4, 0.02),
        recall=(1.0, 0.5, 0.0, 1.0, 1.0),
        precision=(0.5, 1.0, 0.0, 1.0, 1.0),
        counts=(1, 2, 0, 3, 3),
    )
    return replace(made, **changes)


@pytest.fixture
def card(two_models):
    return read_card(two_models / "first")


def section(card, title):
    return next(one for one in model_card.sections(card) if one.title == title)


def test_the_nine_sections_in_mitchells_order(card):
    assert tuple(one.title for one in model_card.sections(card)) == NINE
    text = model_card.markdown(card)
    assert [row[3:] for row in text.splitlines() if row.startswith("## ")] == list(NINE)


def test_what_is_unknown_says_so(card):
    assert dict(section(card, "Quantitative analyses").entries) == {"Figures": "not measured"}
    details = dict(section(card, "Model details").entries)
    assert details["Size"] == details["Time for a face"] == "not measured"
    assert "FER2013 PrivateTest: not measured." in model_card.markdown(card)


def test_what_is_known_is_told_to_the_last_digit(card):
    fresh = line(data="FER2013 without near-duplicates", labels="7", accuracy=0.7)
    card = replace(card, figures=(line(labels="7"), line(), fresh), milliseconds=1.94, size_bytes=3 * 2**20)
    text = model_card.markdown(card)
    assert "7 labels: 77.8 % (50.0–90.0); without near-duplicates 70.0 %." in text
    assert "1.9 ms on one thread" in text and "3.0 MB" in text
    overall, by_label = section(card, "Quantitative analyses").tables
    assert [row[1] for row in overall.rows] == ["7", "5", "7"]
    assert overall.rows[1][4:] == ("0.700", "0.680", "0.800", "0.400", "0.020", "-")


def test_labels_stand_in_the_order_they_were_scored_in(card):
    rows = model_card.by_label(card, line()).rows
    assert rows[1] == ("happy", "2", "1.000", "0.500", "0.667")
    assert [row[0] for row in rows] == ["angry", "happy", "sad", "surprise", "neutral"]


def test_limits_and_purpose_are_never_missing(card):
    text = model_card.markdown(replace(card, limits=("It is small.",)))
    assert "- It is small." in text and "cannot know how anyone feels" in text and "Not for" in text


@pytest.mark.parametrize("name", registry.names())
def test_models_readmes_say_what_their_cards_say(name):
    path = registry.CHECKPOINTS / name / model_card.README
    if not path.is_file():
        pytest.skip(f"{name} has no README yet; run: python -m zoo table")
    assert path.read_text(encoding="utf-8") == model_card.markdown(registry.card(name)), "run: python -m zoo table"


def test_the_share_of_near_duplicates_is_the_one_on_the_cards():
    card = registry.card("hog-svm")
    every, fresh = card.figure(), card.figure("FER2013 without near-duplicates")
    assert f"About {1 - fresh.n / every.n:.0%}".replace("%", " %") in model_card.markdown(card)


def test_a_model_of_five_labels_is_told_in_five(make_checkpoint):
    root = make_checkpoint("five", labels=FIVE, figures=(line(labels="5", accuracy=0.7),))
    card = registry.card("five", root)
    assert "FER2013 PrivateTest, 5 labels: 70.0 %" in model_card.markdown(card)
    assert "**Cannot answer:** disgust, fear: it never learned them" in model_card.markdown(card)
    assert "70.0 % (50.0–90.0), 5 labels |" in model_table([card])


def test_a_small_model_has_a_size():
    assert (leaderboard.megabytes(2452), leaderboard.megabytes(3 * 2**20)) == ("0.002", "3.0")
