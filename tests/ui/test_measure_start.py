"""The script that measures the start."""

import sys

import pytest

from scripts import measure_start
from scripts.measure_start import Start, medians

SERVER = (
    "import http.server, sys\n"
    "class H(http.server.BaseHTTPRequestHandler):\n"
    "    def do_GET(self): self.send_response(200); self.end_headers()\n"
    "http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), H).serve_forever()\n"
)


def test_a_start_is_timed_until_the_page_answers():
    port = measure_start.free_port()
    one = measure_start.start([sys.executable, "-c", f"import time; time.sleep(0.5)\n{SERVER}", str(port)], port)
    assert one.seconds > 0.5


def test_a_server_that_ends_is_told():
    with pytest.raises(RuntimeError, match="did not answer"):
        measure_start.start([sys.executable, "-c", "pass"], measure_start.free_port())


def test_the_median_of_each_counts_and_the_bound_decides(monkeypatch, capsys):
    starts = [Start(1.0, 0.5), Start(3.0, 0.4), Start(2.0, 0.3)]
    assert medians(starts) == Start(2.0, 0.4)
    monkeypatch.setattr(measure_start, "measure", lambda runs: (starts, [Start(2.5, 0.5)]))
    assert (measure_start.main([]), measure_start.main(["--most", "1.2"]), measure_start.main(["--most", "1.3"])) == (
        (0, 1, 0)
    )
    assert "ratio" in capsys.readouterr().out
