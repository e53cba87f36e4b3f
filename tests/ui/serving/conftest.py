"""The small app, served once."""

import os

import pytest

from tests.ui.serving.small import launched, policy
from ui.serving.bodies import Limits


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    before = os.environ.get("GRADIO_TEMP_DIR")
    path = tmp_path_factory.mktemp("uploads")
    os.environ["GRADIO_TEMP_DIR"] = str(path)
    yield path
    del os.environ["GRADIO_TEMP_DIR"]
    if before is not None:
        os.environ["GRADIO_TEMP_DIR"] = before


@pytest.fixture(scope="module")
def small(folder):
    """The small app's address, with the limits that the real one has, but little patience."""
    with launched(policy(limits=Limits(silence=0.6, file=3 * 2**20, request=4 * 2**20))) as address:
        yield address
