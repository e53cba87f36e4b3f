import re

import numpy as np
import pytest

from zoo.inference.timeline import Timeline
from zoo.labels import FIVE, colour
from zoo.reports.timeline_charts import HEIGHT, WIDTH, areas, disagreement, face_over_time, key


def face(times, first, second) -> Timeline:
    """One face, two models, each sure of the labels at these positions."""
    shown = np.array([first, second], np.uint8).T
    n = len(times)
    return Timeline(
        ("a", "b"),
        FIVE,
        np.array(times, np.float32),
        np.array(times, np.float32),
        np.ones(n, np.int32),
        np.zeros((n, 4), np.float32),
        np.eye(5, dtype=np.float32)[shown],
        shown,
        np.zeros(n, np.float32),
    )


def xs(path: str) -> list[float]:
    return [float(x) for x in re.findall(r"[MLH]([\d.]+)", path)]


def test_each_label_fills_its_time_in_its_colour():
    html = areas(face(np.arange(10) / 10, [1] * 5 + [2] * 5, [1] * 10), 0, "A", 1.0)
    paths = dict(re.findall(r"<path fill='(#\w+)' d='([^']+)'", html))
    assert set(paths) == {colour("happy"), colour("sad")}
    heights = re.findall(r"L([\d.]+),([\d.]+)H([\d.]+)", paths[colour("happy")])
    full = [(float(a), float(b)) for a, top, b in heights if float(top) == 0]
    assert full[0][0] == 0 and full[-1][1] == pytest.approx(WIDTH / 2, abs=1) and len(heights) == 10
    assert "happy 50 %, sad 50 %." in html and f"viewBox='0 0 {WIDTH} {HEIGHT}'" in html


def test_a_lost_face_leaves_a_gap():
    html = areas(face([0, 0.1, 0.2, 3.0, 3.1], [1] * 5, [1] * 5), 0, "A", 4.0)
    first, second = re.findall(r" d='([^']+)'", html)
    assert max(xs(first)) < 0.3 / 4 * WIDTH + 1 and min(xs(second)) == pytest.approx(0.75 * WIDTH, abs=0.1)


def test_many_answers_make_no_large_page():
    html = face_over_time(face(np.arange(9000) / 15, [0, 1, 2] * 3000, [1] * 9000), {"a": "A", "b": "B"}, 600.0)
    assert len(html) < 200_000 and "10:00" in html and html.count("<svg") == 3


def test_disagreement_is_marked_where_it_is():
    html = disagreement(face(np.arange(10) / 10, [1] * 10, [1] * 4 + [2] * 3 + [1] * 3), 1.0)
    ((x, width),) = re.findall(r"ft-apart' x='([\d.]+)' y='0' width='([\d.]+)'", html)
    assert float(x) == pytest.approx(0.4 * WIDTH, abs=0.2) and float(width) == pytest.approx(0.3 * WIDTH, abs=0.2)
    assert "30 % of the time" in html


def test_one_answer_is_enough():
    html = face_over_time(face([0.0], [1], [3]), {"a": "<b>", "b": "B"}, 0.0)
    assert "nan" not in html and "<b>" not in html


def test_the_key_names_every_label():
    assert all(label in key(FIVE) and colour(label) in key(FIVE) for label in FIVE)
