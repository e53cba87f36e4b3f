"""What Gradio keeps of uploads is nobody else's, and does not grow for ever."""

import asyncio
import contextlib
from pathlib import Path
from types import SimpleNamespace

import httpx

from ui import gradio_files, uploads
from ui.examples.portraits import PICTURES
from ui.uploads import take


def test_names_of_uploads_that_never_come_are_forgotten(done):
    progress = gradio_files.UploadProgress()

    async def ask():
        for name in map(str, range(20)):
            with contextlib.suppress(TimeoutError, asyncio.TimeoutError):
                await asyncio.wait_for(progress.is_tracked(name), 0.001)

    done(ask())
    assert not progress._signals and not progress._statuses


def test_an_upload_is_followed_from_before_it_begins_to_its_end(done):
    progress = gradio_files.UploadProgress()

    async def follow():
        waiting = asyncio.create_task(progress.is_tracked("a"))
        await asyncio.sleep(0)
        progress.append("a", "face.png", b"123")
        assert await waiting
        assert progress.pop("a").chunk_size == 3
        progress.set_done("a")
        assert progress.is_done("a")
        progress.stop_tracking("a")

    done(follow())
    assert not progress._signals and not progress._statuses


def test_only_the_newest_of_many_uploads_that_nobody_follows_are_remembered():
    progress = gradio_files.UploadProgress()
    for name in map(str, range(gradio_files.MOST_TRACKED + 5)):
        progress.set_done(name)
    assert len(progress._statuses) == len(progress._signals) == gradio_files.MOST_TRACKED
    assert "4" not in progress._statuses and "5" in progress._statuses


def test_the_app_uses_it(monkeypatch):
    monkeypatch.setattr(gradio_files.routes, "file_upload_statuses", None)
    monkeypatch.setattr(gradio_files.route_utils, "GradioUploadFile", None)
    monkeypatch.setattr(gradio_files.processing_utils, "async_ssrf_protected_download", None)
    uploads.only_from_here()
    assert isinstance(gradio_files.routes.file_upload_statuses, gradio_files.UploadProgress)
    assert gradio_files.route_utils.GradioUploadFile is gradio_files.OwnUpload


def test_two_visitors_who_upload_the_same_file_do_not_share_it(url):
    photo = (PICTURES / "photo.jpg").read_bytes()
    files = [("files", ("smile.jpg", photo)), ("files", ("smile.jpg", photo))]
    sent = [httpx.post(f"{url}gradio_api/upload", files=files).json() for _ in range(2)]
    paths = {Path(path) for paths in sent for path in paths}
    assert len(paths) == 4 and {path.name for path in paths} == {"smile.jpg"}
    first, *others = paths
    assert take(str(first), len(photo)) == photo and not first.exists()
    assert all(path.read_bytes() == photo for path in others)


def test_deleted_files_leave_the_list_of_uploads(tmp_path):
    kept = tmp_path / "a.png"
    kept.touch()
    app = SimpleNamespace(upload_file_set={str(kept), str(tmp_path / "gone.png")})
    gradio_files.forget_deleted(app)
    assert app.upload_file_set == {str(kept)}
