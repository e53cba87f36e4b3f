"""What the page shows of a refusal: the sentence, not a broken connection."""

import pytest

from tests.ui.serving.test_guard import Disk
from ui.serving import storage


@pytest.fixture
def choose(small, visits, browser, tmp_path):
    """``choose(size)``: the page, after a file of so many bytes was chosen."""
    with visits() as visit:

        def chosen(size):
            (tmp_path / "a.bin").write_bytes(bytes(size))
            page = visit(browser, small, wait=20)
            page.locator("#small >> text=HELLO").wait_for()
            page.locator("input[type=file]").first.set_input_files(tmp_path / "a.bin")
            return page

        yield chosen


@pytest.mark.browser
@pytest.mark.parametrize("size", [3 * 2**20 + 1, 60 * 2**20])
def test_a_file_that_is_too_large(choose, size):
    choose(size).get_by_text("too large").first.wait_for()


@pytest.mark.browser
def test_a_full_disk(choose, monkeypatch):
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda _: Disk(2**40, 2**40, 2**27))
    choose(10).get_by_text(storage.FULL).first.wait_for()
