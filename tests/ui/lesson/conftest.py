"""Pages of a classroom."""

import pytest

CODE = "ABC234"  # the teacher's, in the app behind `classroom_url`


@pytest.fixture
def in_class(classroom_url, browser, visits):
    """``in_class(path="", **options)``: a pupil's or the teacher's page, on the Lesson tab."""
    with visits() as visit:

        def page(path="", **options):
            opened = visit(browser, classroom_url + path, wait=60, **options)
            opened.wait_for_selector(".fl-game [name=fl-label]", state="attached")
            return opened

        yield page
