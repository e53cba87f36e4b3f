from dataclasses import replace

import pytest

from zoo.cards import Figures, read_card
from zoo.models import registry
from zoo.reports.leaderboard import BEGIN, END, TableError, has_marks, model_table, with_interval, with_table


def line(data="FER2013", accuracy=0.7123):
    return Figures(data, "PrivateTest", "7", 3589, accuracy, (0.697, 0.727), 0.68, 0.6789, 0.8, 0.4, 0.02)


@pytest.fixture
def cards(two_models):
    first, second = (read_card(two_models / name) for name in ("first", "second"))
    fresh = line("FER2013 without near-duplicates", 0.6912)
    return [replace(first, figures=(line(), fresh), size_bytes=3 * 2**20, milliseconds=1.94), second]


def test_best_model_comes_last_with_its_numbers(cards):
    rows = model_table(cards).splitlines()
    assert len(rows) == 4 and "`second`" in rows[2]
    expected = "| `first` | Weights drawn by chance. | 71.2 % (69.7–72.7) | 69.1 % | 0.679 | - | 3.0 MB | 1.9 |"
    assert rows[3] == expected
    assert rows[2].endswith("| - | - | - | - | 0.0 MB | - |")


def test_not_measured_is_a_dash():
    assert with_interval(None) == "-"


def test_only_what_is_between_the_marks_changes():
    text = f"# Zoo\n{BEGIN}\nold\n{END}\nrest {END}\n"
    new = with_table(text, "| new |")
    assert new == f"# Zoo\n{BEGIN}\n| new |\n{END}\nrest {END}\n"
    assert with_table(new, "| new |") == new


@pytest.mark.parametrize("text", ["", BEGIN, END, f"{END}\n{BEGIN}"])
def test_a_readme_without_marks_is_refused(text):
    with pytest.raises(TableError, match=r"README\.md has no lines"):
        with_table(text, "table")


@pytest.mark.parametrize("name", ["README.md", "checkpoints/README.md"])
def test_the_readmes_say_what_the_cards_say(root, name):
    text = (root / name).read_text(encoding="utf-8")
    if not has_marks(text):
        pytest.skip(f"{name} has no table of models")
    table = model_table([registry.card(model) for model in registry.names()])
    assert with_table(text, table, name) == text, f"{name} is stale; run: python -m zoo table"
