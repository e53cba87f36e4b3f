import re

import numpy as np

from tests.plain_html import bare
from ui.components import probability_bars
from zoo.labels import EIGHT, FIVE, OTHER, SEVEN, LabelSet, colour
from zoo.prediction import Prediction

PREDICTION = Prediction(np.array([[0.05, 0.0, 0.1, 0.6, 0.05, 0.1, 0.1]]), SEVEN)


def test_every_label_is_there_in_order_with_its_number_in_words():
    html = probability_bars.bars(PREDICTION, 0)
    assert re.findall(r'fo-label">(\w+)<', bare(html)) == list(SEVEN)
    assert re.findall(r'fo-share">([\d.]+)<', bare(html)) == ["0.05", "0.00", "0.10", "0.60", "0.05", "0.10", "0.10"]


def test_only_the_most_probable_is_marked():
    html = probability_bars.bars(PREDICTION, 0)
    assert html.count("fo-best") == 1
    assert re.search(r'fo-best"><span class="fo-label">happy<', bare(html))


def test_lengths_follow_the_probabilities():
    assert 'width:60.0%;background:#e69f00"' in probability_bars.bars(PREDICTION, 0)


def test_colours_are_one_a_label_and_all_different():
    colours = [colour(label) for label in EIGHT]
    assert len(set(colours)) == len(EIGHT)
    assert colour("wink left") == OTHER


def test_a_label_cannot_smuggle_html_in():
    labels = LabelSet("mine", ("<script>alert(1)</script>", '"onload="x'))
    prediction = Prediction(np.array([[0.5, 0.5]]), labels)
    for html in (probability_bars.bars(prediction, 0), probability_bars.stack(prediction, 0)):
        assert "<script" not in html
        assert '"onload' not in html


def test_the_stack_is_read_out_as_numbers():
    html = probability_bars.stack(PREDICTION, 0)
    assert 'aria-label="angry 0.05, disgust 0.00, fear 0.10, happy 0.60' in html
    widths = [float(w) for w in re.findall(r"width:([\d.]+)%", html)]
    assert sum(widths) == 100


def test_a_label_the_model_never_learned_is_not_a_zero():
    five = Prediction(np.array([[0.1, 0.2, 0.3, 0.1, 0.3]]), FIVE).onto(SEVEN)
    html = probability_bars.bars(five, 0)
    assert html.count("cannot answer: never learned") == html.count("fo-unknown") == 2
    assert html.count("fo-track") == 5 and "0.00" not in html
