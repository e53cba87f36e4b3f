"""Wrong input is answered with a sentence in every tab."""

import pytest

from features.images import ImageError
from features.phrase import Phrase
from ui.compare import tab as compare_tab
from ui.components import errors
from ui.live import tab as live_tab
from ui.teach import tab as teach_tab
from ui.video import tab as video_tab


@pytest.mark.parametrize("tab", [compare_tab, live_tab, teach_tab, video_tab], ids=lambda tab: tab.__name__)
def test_every_tab_answers_the_same_wrong_input(tab):
    assert set(errors.BAD_INPUT) <= set(tab.BAD_INPUT)


def test_a_sentence_begins_with_a_capital_and_keeps_its_key():
    assert errors.sentence(ValueError("no model chosen")) == "No model chosen"
    assert errors.sentence(ImageError(Phrase("teach.no_picture", "Not {0}.", "read"))).key == "teach.no_picture"


def test_a_refusal_is_shown_and_not_printed():
    refusal = errors.refusal("No image came.")
    assert str(refusal.message) == "No image came." and not refusal.print_exception
