"""The scripts that measure the Live tab, at the app the tests run."""

import gc
import json
import os
import sys
from collections import Counter

import numpy as np
import pytest
from gradio.state_holder import SessionState

from scripts import load_live
from scripts.load_live import Load, LoadError, Spread, clip, find_place, width_of
from tests.waiting import wait_for
from ui import gradio_state
from zoo.inference.live_stream import Viewer, read_frame


def test_a_short_load_is_told_in_numbers(url, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(load_live, "GONE_SECONDS", 0.1)
    told = tmp_path / "load.json"
    call = ["--url", url, "--pid", str(os.getpid()), "--viewers", "1", "3", "--seconds", "1.5", "--json", str(told)]
    call += ["--after", "0.1", "--calls", "20"]
    assert load_live.main(call) == 0
    one, three = json.loads(told.read_text())["loads"]
    assert one["frames"] > 0 and len(three["rates"]) == 3 and min(three["rates"]) > 0
    assert 0 < three["fair"] <= 1 and three["errors"] == []
    assert 0 < one["latency"]["p50"] <= one["latency"]["p95"] <= one["latency"]["most"]
    said = capsys.readouterr().out
    assert sys.platform != "linux" or "for each of 20 calls that ask no model" in said
    assert "3 viewers" in said and (sys.platform != "linux" or "MB 0 s later" in said)


def alive() -> Counter:
    """What there is of what is made for every viewer."""
    gc.collect()
    return Counter(kind for kind in map(type, gc.get_objects()) if kind in (SessionState, Viewer))


def test_nothing_that_was_made_for_viewers_outlives_them(app, url, monkeypatch):
    monkeypatch.setattr(load_live, "GONE_SECONDS", 0.1)
    before = alive()
    assert load_live.load(find_place(url), 4, 1.5, None).errors == ()
    assert alive()[SessionState] >= before[SessionState] + 4  # they may come back
    assert wait_for(lambda: gradio_state.tidy(app, 0) or alive() <= before)


def test_an_answer_that_is_another_viewers_is_noticed(url, monkeypatch):
    session = load_live.Session(find_place(url), 5)
    session.send(session.place.connect()).close()
    assert session.errors == [] and len(session.latencies) == 1
    monkeypatch.setattr(load_live, "width_of", lambda number: 300)
    session.send(session.place.connect()).close()
    assert "not this viewer's" in session.errors[0] and len(session.latencies) == 1


def test_every_viewer_has_a_clip_of_its_own():
    clips = [clip(number) for number in (0, 1, 6, 12)]
    first = [read_frame(frames[0]) for frames in clips]
    assert [image.shape for image in first] == [(240, width_of(number), 3) for number in (0, 1, 6, 12)]
    assert all(len({*frames}) == len(frames) for frames in clips)
    assert len({width_of(number) for number in range(64)}) == 64


@pytest.mark.parametrize(
    "url", ["http://example.org", "https://127.0.0.1:7860", "http://192.0.2.1:80", "ftp://localhost"]
)
def test_only_this_computer_is_put_under_load(url, capsys):
    with pytest.raises(LoadError, match="not on this computer"):
        find_place(url)
    assert load_live.main(["--url", url]) == 2 and "not on this computer" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong", [["--viewers", "0"], ["--viewers", "65"], ["--seconds", "0"], ["--seconds", "1e9"], ["--after", "-1"]]
)
def test_it_is_bounded(wrong):
    with pytest.raises(SystemExit):
        load_live.main(wrong)


def test_spreads_and_the_report():
    assert Spread.of([]) == Spread(0, 0, 0)
    assert Spread.of(np.arange(1, 101) / 1000) == Spread(50.5, 95.0, 100.0)
    load = Load(2, 10.0, 100, Spread(10, 20, 30), (4.0, 6.0), 0.667, ("broken",), Spread(1, 2, 3), 9.0, 1.0, (1, 3, 1))
    text = load_live.report([load])
    assert "4.0, 5.0, 6.0" in text and "broken" in text and "9.0 ms of processor" in text and "(1.0 each)" in text


def test_a_browsers_times_become_figures():
    pytest.importorskip("playwright")
    from scripts.measure_live import figures

    times = [{"captured": 40 * i, "sent": 40 * i + 5, "answered": 40 * i + 25, "drawn": 40 * i + 30} for i in range(26)]
    result = figures(times)
    assert result["fps"] == 25.0 and result["frames"] == 26
    assert result["glass_to_result"] == {"p50": 30.0, "p95": 30.0, "most": 30.0}
    assert result["sent_to_answered"]["p50"] == 20.0
