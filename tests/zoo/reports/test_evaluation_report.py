import re
from dataclasses import replace
from html import unescape
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.plain_html import bare
from zoo.cards import read_card
from zoo.evaluation.metrics import Scored, figures
from zoo.evaluation.paired import Recall, Together
from zoo.labels import SEVEN
from zoo.prediction import Prediction
from zoo.reports import charts, svg
from zoo.reports.evaluation_report import panels, together_words, verdict, where_words


@pytest.fixture(scope="module")
def line():
    """Figures of 300 made answers, calmer before calibration than after."""
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 7, 300)
    logits = rng.normal(size=(300, 7)) + 1.5 * np.eye(7)[targets]
    sharp, flat = (np.exp(logits * heat) for heat in (1.0, 0.3))
    made = [
        Scored(Prediction(p / p.sum(axis=1, keepdims=True), SEVEN), targets, np.ones(300, bool), np.arange(300))
        for p in (sharp, flat)
    ]
    return figures(made[0], "made", "all", made[1])


def drawing(html: str):
    return ElementTree.fromstring(re.search(r"<svg.*?</svg>", html, re.DOTALL)[0])


def test_a_cell_is_a_sentence(line):
    line = replace(line, confusion=((1, 55), (0, 9)), counts=(528, 9))
    said = charts.cell_sentence(line, ("fear", "sad"), 0, 1)
    assert said == "55 of 528 pictures labelled fear were called sad (10 %)."
    assert charts.cell_sentence(line, ("fear", "sad"), 0, 0) == "1 of 528 pictures labelled fear was called fear (0 %)."


def test_every_cell_of_the_matrix_carries_its_sentence(line):
    said = re.findall(r"data-say aria-label=\"([^\"]+)\"", charts.confusion(line, SEVEN.labels))
    assert len(said) == 49
    assert unescape(said[3]) == charts.cell_sentence(line, SEVEN.labels, 0, 3)
    assert sum(int(sentence.split()[0]) for sentence in said) == line.n


def test_labels_are_escaped(line):
    names = ("<b>", *SEVEN.labels[1:])
    for html in (charts.confusion(line, names), charts.class_bars(line, names)):
        assert "<b>" not in bare(html).replace("<b>0", "") and "&lt;b&gt;" in html


def test_dots_of_the_reliability_diagram_lie_where_the_numbers_say(line):
    drawn = drawing(charts.reliability(line))
    dots = [dot for dot in drawn.iter("circle") if dot.get("class") == "fz-dot-a"]
    expected = [svg.Axes("", "").place(sure, right) for sure, right, _ in line.reliability]
    assert [(float(d.get("cx")), float(d.get("cy"))) for d in dots] == [pytest.approx(p, abs=0.06) for p in expected]
    assert f"as served: {line.ece:.3f}" in drawn.get("aria-label")
    assert len([dot for dot in drawn.iter("circle") if dot.get("class") == "fz-dot-b"]) == len(line.reliability_before)


def test_without_what_was_said_before_calibration_there_is_one_line(line):
    assert "fz-dot-b" not in charts.reliability(replace(line, reliability_before=()))


def test_coverage_is_told_in_words(line):
    words = drawing(charts.coverage(line)).get("aria-label")
    assert f"{line.coverage[3]:.0%} right of the surest 20%" in words
    assert f"{line.accuracy:.0%} right of the surest 100%" in words


@pytest.mark.parametrize(
    ("ends", "ticks"), [((0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1]), ((0.6, 1), [0.6, 0.7, 0.8, 0.9, 1]), ((3, 3), [3])]
)
def test_ticks_are_round(ends, ticks):
    assert svg._ticks(ends) == pytest.approx(ticks)


def test_epochs_are_whole():
    assert svg._ticks((1, 3), whole=True) == [1, 2, 3]


def test_bars_name_every_number(line):
    html = charts.class_bars(line, SEVEN.labels)
    for name, values in (("precision", line.precision), ("recall", line.recall), ("F1", line.f1)):
        said = re.findall(rf'aria-label="{name} ([\d.]+), 95 % interval ([\d.]+) to ([\d.]+)"', html)
        assert [value for value, *_ in said] == [f"{value:.2f}" for value in values]
        assert all(float(low) < float(value) < float(high) for value, low, high in said)
    without = charts.class_bars(replace(line, confusion=()), SEVEN.labels)
    assert "<u " not in without and "interval" not in without and html.count("<u ") == 21


def test_recall_differences_lean_to_the_better(line):
    better = replace(line, recall=tuple(min(1, r + 0.05) for r in line.recall))
    assert "fz-second" not in charts.recall_differences(better, line, SEVEN.labels)
    assert "5.0 points" in charts.recall_differences(line, better, SEVEN.labels)


def test_differences_that_may_be_chance_are_pale(line):
    better = replace(line, recall=tuple(min(1, r + 0.05) for r in line.recall))
    tested = [Recall(-0.05, -0.07, -0.03, 1e-5)] + [Recall(-0.05, -0.15, 0.05, 0.3)] * 6
    html = charts.recall_differences(line, better, SEVEN.labels, tested)
    assert html.count("more than chance") == 1 and html.count("may be chance") == html.count("fz-pale") == 6
    # The widest end, 0.15, is half of the row: the first interval is from .03 / .15 to .07 / .15 right of the middle.
    assert re.search(r"<u style='left:([\d.]+)%;width:([\d.]+)%'", html).groups() == ("60.0", "13.3")
    assert "<u " not in charts.recall_differences(line, better, SEVEN.labels)


def test_where_the_differences_are_in_words():
    tested = [Recall(0.2, 0.1, 0.3, 1e-5), Recall(-0.1, -0.2, -0.05, 1e-4), Recall(0.3, -0.1, 0.6, 0.2)]
    said = where_words("A", "B", tested, ("angry", "fear", "disgust"))
    assert said == (
        "Label by label, A finds more pictures of angry (+20.0); B finds more pictures of fear (+10.0); "
        "other differences may be chance."
    )
    assert "no difference is more than chance" in where_words("A", "B", tested[2:], ("disgust",))


def test_old_lines_have_fewer_panels(line):
    assert len(panels(line, SEVEN)) == 4
    old = replace(line, reliability=(), reliability_before=(), coverage=())
    assert [panel.title for panel in panels(old, SEVEN)] == ["Confusion matrix", "Label by label"]
    assert panels(replace(old, confusion=(), recall=()), SEVEN) == []


def test_the_verdict_in_words():
    more = verdict("A", "B", -0.031, (-0.05, -0.012), 0.002)
    assert more == "B is right 3.1 points more often than A (+1.2 to +5.0; McNemar p = 0.002): more than chance."
    less = verdict("A", "B", 0.002, (-0.01, 0.014), 0.7)
    assert less.startswith("A is right 0.2 points more often than B (-1.0 to +1.4") and "may well be chance" in less
    assert "p < 0.0001" in verdict("A", "B", 0.2, (0.1, 0.3), 1e-9)
    assert verdict("A", "B", 0.0, (-0.1, 0.1), 1.0) == "A and B are right equally often."


def test_two_together_in_words():
    both = Together(0.741, 0.727, 0.755, 0.016, 1e-6, 0.64, 0.08, 0.09)
    assert together_words(both) == (
        "With their probabilities averaged, the two are right on 74.1 % (72.7 to 75.5), 1.6 points more often than "
        "the better one alone (McNemar p < 0.0001): more than chance."
    )
    worse = together_words(both._replace(gain=-0.004, p_value=0.4))
    assert worse.endswith("0.4 points less often than the better one alone (McNemar p = 0.4): that may well be chance.")
    assert together_words(both._replace(gain=0.0)).endswith("as often as the better one alone.")


def test_one_bar_holds_all_pictures():
    html = charts.rights(Together(0.7, 0.6, 0.8, 0.1, 0.01, 0.5, 0.2, 0.1), "A", "<B>")
    widths = [float(width) for width in re.findall(r"width:([\d.]+)%", html)]
    assert widths == [50.0, 20.0, 10.0, 20.0]
    assert "only A right <b>20.0 %" in bare(html) and "only &lt;B&gt; right <b>10.0 %" in bare(html)


def test_evaluate_writes_one_file_that_needs_nothing_else(run, two_models, fer2013_csv, tmp_path):
    path = tmp_path / "report.html"
    status, out, _ = run("evaluate", "first", "second", "--data", fer2013_csv, "--html", path)
    text = path.read_text(encoding="utf-8")
    assert status == 0 and "McNemar p =" in out
    assert text.count("<svg") == 4 and text.count(" data-say ") == 2 * 49
    assert "FER2013 without near-duplicates" in text and "Who is better?" in text
    assert not re.findall(r"(?:src|href)=|https?://", text)
    assert read_card(two_models / "first").title in text


def test_a_report_is_html_by_name(run, fer2013_csv):
    status, _, err = run("evaluate", "first", "--data", fer2013_csv, "--html", "report.pdf")
    assert status == 2 and "neither - nor a file ending in .html" in err
