"""The table of a Live session that the page makes by itself."""

import csv
import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest

import ui
from zoo.filenames import cell

NODE = shutil.which("node")
ASK = "import {{ sessionFile }} from './session_file.mjs'; console.log(await sessionFile('csv', {}, '').text());"
NAMES = ["=1", "a;=HYPERLINK(1)", "a\n=1", "\t@b", '"x",y', "happy", "a; b"]


@pytest.mark.skipif(NODE is None, reason="no Node")
def test_names_that_a_spreadsheet_would_run_are_escaped_as_in_other_tables(tmp_path):
    shutil.copy(Path(ui.__file__).parent / "live/session_file.js", tmp_path / "session_file.mjs")
    rows = [{"seconds": -0.5, "face": 1, "model": name, "label": name, "probability": 0.5} for name in NAMES]
    (tmp_path / "ask.mjs").write_text(ASK.format(json.dumps(rows)))
    done = subprocess.run([NODE, "ask.mjs"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    read = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["model"] for row in read] == [row["label"] for row in read] == list(map(cell, NAMES))
    assert {row["seconds"] for row in read} == {"-0.5"}
