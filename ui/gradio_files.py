"""Adapts how Gradio receives and keeps files.

Checked with Gradio 6.31.0. Each replacement names a test of plain Gradio in `tests/ui/test_gradio_defaults.py`; if that
test fails, Gradio no longer does what the replacement is for.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
from gradio import processing_utils, route_utils, routes
from gradio.data_classes import ImageData
from gradio.route_utils import FileUploadProgress
from gradio.utils import get_upload_folder
from pydantic import ValidationError

TEMP_DIR = "GRADIO_TEMP_DIR"
MOST_TRACKED = 1000  # uploads whose progress is remembered


def upload_folder() -> Path:
    """The folder in which Gradio keeps uploads and the files that pages show."""
    return Path(get_upload_folder())


def keep_uploads_in(folder: Path | None) -> None:
    """Set Gradio's folder; None restores its default."""
    if folder is None:
        os.environ.pop(TEMP_DIR, None)
        return
    os.environ[TEMP_DIR] = str(folder)
    # Gradio makes a folder there for an editor that is off; another user's may be in the way.
    routes.DEFAULT_TEMP_DIR = str(folder)


class OwnUpload(route_utils.GradioUploadFile):
    """An upload with a path of its own. Gradio's depends on name and content only: whoever uploads the same file would
    share it, and lose it when the other one is done with it."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.sha.update(secrets.token_bytes(16))


def keep_uploads_apart() -> None:
    """Give every upload a path of its own, which nobody can guess.

    Replaces ``route_utils.GradioUploadFile``. Needed as long as `test_gradio_gives_the_same_file_the_same_path` passes.
    """
    route_utils.GradioUploadFile = OwnUpload  # type: ignore[misc]  # what Gradio's parser of uploads makes


def fetch_nothing(refusal: str) -> None:
    """Refuse URLs that a script sends instead of files, so that no request leaves this machine.

    Replaces ``processing_utils.async_ssrf_protected_download``: Gradio would download them before any function of this
    app is called, and has no setting against it. Needed as long as
    `test_gradio_fetches_addresses_that_a_script_sends` passes.

    Parameters
    ----------
    refusal : str
        The message, with ``{}`` for the URL.
    """

    async def refuse(url: str, cache_dir: str) -> str:
        raise gr.Error(refusal.format(url[:80]), print_exception=False)

    processing_utils.async_ssrf_protected_download = refuse


def check_images(box: gr.Image, refusal: Callable[[], gr.Error]) -> None:
    """Make an image box say why it refuses a script's value; Gradio checks the form first, without a message.

    Replaces the box's `data_model`. Needed as long as `test_gradio_names_no_reason_for_what_is_no_picture` passes.
    """

    class Sent(ImageData):
        @classmethod
        def model_validate(cls, *given: Any, **options: Any) -> Sent:
            try:
                return super().model_validate(*given, **options)
            except ValidationError:
                raise refusal() from None

    box.data_model = Sent


class UploadProgress(FileUploadProgress):
    """Gradio's record of the progress of uploads, limited; Gradio keeps every name it was ever asked about."""

    async def is_tracked(self, upload_id: str) -> bool:
        """Wait for an upload to begin. Nothing is kept if the client gives up."""
        try:
            return await super().is_tracked(upload_id)
        finally:
            if upload_id not in self._statuses:
                self._signals.pop(upload_id, None)

    def track(self, upload_id: str) -> None:
        """Record the start of an upload; if there are too many, the oldest is dropped."""
        while len(self._statuses) >= MOST_TRACKED and upload_id not in self._statuses:
            self.stop_tracking(next(iter(self._statuses)))
        super().track(upload_id)

    def stop_tracking(self, upload_id: str) -> None:
        """Drop an upload from the record."""
        super().stop_tracking(upload_id)
        self._signals.pop(upload_id, None)


def forget_progress() -> None:
    """Replace Gradio's record of uploads, ``routes.file_upload_statuses``, by a limited one.

    Needed as long as `test_gradio_remembers_every_upload_that_anybody_asks_about` passes.
    """
    routes.file_upload_statuses = UploadProgress()


def forget_deleted(app: gr.Blocks) -> None:
    """Remove deleted files from Gradio's list of uploads."""
    uploaded = app.upload_file_set
    uploaded.difference_update([path for path in list(uploaded) if not os.path.exists(path)])
