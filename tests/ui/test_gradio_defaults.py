"""What Gradio does by itself, and why `ui.gradio_state`, `ui.gradio_calls` and `ui.gradio_files` replace it.

One test of plain Gradio for each replacement. If one fails after an upgrade, Gradio has changed there: check whether
the replacement is still needed, and whether it still fits.
"""

import asyncio
import contextlib
import inspect
import io
import re
from collections.abc import Callable

import gradio as gr
import pytest
from gradio import networking, processing_utils, route_utils
from gradio.data_classes import PredictBodyInternal
from gradio.queueing import Queue
from gradio.state_holder import StateHolder
from starlette.routing import Mount

from ui import gradio_calls, gradio_files, gradio_state

MODULES = (gradio_state, gradio_calls, gradio_files)
CHECKED = re.compile(r"Checked with Gradio ([\d.]+)\.")
NEEDED = re.compile(r"Needed as long as `(\w+)`(?: and `(\w+)`)? (?:passes|pass)\.")


@pytest.fixture
def plain():
    """An app without anything of Face-off's."""
    with gr.Blocks() as app:
        number, words, double = gr.Number(), gr.Textbox(), gr.Button()
        double.click(lambda value, _: 2 * value, [number, words], number, api_name="double")
    return app


def endpoint(app: gr.Blocks):
    return next(fn for fn in app.fns.values() if fn.api_name == "double")


def failure(call: Callable[[], object]) -> Exception | None:
    """What a call raises."""
    try:
        call()
    except Exception as error:
        return error
    return None


# ---- gradio_state


def test_gradio_looks_for_a_login_before_every_call(plain):
    routes = [*plain.app.routes, *(r for m in plain.app.routes if isinstance(m, Mount) for r in m.routes)]
    routers = [getattr(one, "original_router", None) for one in plain.app.routes]
    routes += [route for router in routers if router for route in router.routes]
    calls = [one for one in routes if getattr(one, "path", "").rstrip("/").endswith("/component_server")]
    assert len(routes) > 50 and calls and all(one.dependencies for one in calls)


def test_gradio_runs_a_job_whose_client_has_left(plain, done):
    async def jobs() -> list[str]:
        queue = Queue(True, 1, 1, None, plain, default_concurrency_limit=1)
        gone = PredictBodyInternal(session_hash="gone", fn_index=endpoint(plain)._id, data=[1, ""])
        await queue.push(gone, None, None)
        events, *_ = queue.get_events()
        return [event.session_hash for event in events]

    assert done(jobs()) == ["gone"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_gradio_tabulates_its_recent_jobs_with_pandas(plain):
    jobs = [{"time": 1.0, "status": "failed", "process_time": 0.1, "function": "double", "session_hash": "a"}]
    plain_queue = Queue(True, 1, 1, None, plain, default_concurrency_limit=1)
    fair = gradio_state.FairQueue(plain, gradio_state.Pages())
    for queue in (plain_queue, fair):
        queue.events_recorded, queue.ANAYLTICS_CACHE_FREQUENCY = 1, 1
    assert plain_queue.compute_analytics_summary(jobs)["functions"]["double"]["total_requests"] == 1
    assert fair.compute_analytics_summary(jobs) == {"functions": {}}


def test_gradio_remembers_ten_thousand_sessions_under_any_name(plain):
    states = StateHolder()
    states.set_blocks(plain)
    states["a" * 100_000]
    assert states.capacity == 10_000 and len(states.session_data) == 1


def test_gradio_keeps_the_settings_of_every_component_for_each_session(plain):
    states = StateHolder()
    states.set_blocks(plain)
    assert len(states["a"].config_values) >= 3


def test_gradio_gives_up_if_the_page_takes_three_seconds(plain):
    assert "timeout=3" in inspect.getsource(networking.url_ok)
    assert "networking.url_ok(self.local_url)" in inspect.getsource(type(plain).launch)


# ---- gradio_calls


def test_gradio_refuses_calls_with_fewer_values_than_inputs(plain):
    with pytest.raises(ValueError, match="didn't receive enough input values"):
        plain.validate_inputs(endpoint(plain), [1])


def test_gradio_has_no_sentence_for_a_value_in_an_unexpected_form(done):
    with gr.Blocks() as app:
        box, name = gr.Image(), gr.Textbox()
        box.change(lambda image: "", box, name, api_name="double")
    failed = failure(lambda: done(app.preprocess_data(endpoint(app), [3], None)))
    assert failed is not None and not isinstance(failed, gr.Error)


# ---- gradio_files


def test_gradio_gives_the_same_file_the_same_path():
    plain_upload = gradio_files.OwnUpload.__base__
    assert plain_upload.__module__ == route_utils.__name__
    first, second = (plain_upload(io.BytesIO(), filename="smile.jpg") for _ in range(2))
    assert first.sha.hexdigest() == second.sha.hexdigest()


def test_gradio_fetches_addresses_that_a_script_sends(monkeypatch, done, tmp_path):
    asked = []

    async def fetch(url: str, cache_dir: str) -> str:
        asked.append(url)
        raise ConnectionError

    monkeypatch.setattr(processing_utils, "async_ssrf_protected_download", fetch)
    sent = {"path": "http://elsewhere/a.png", "url": None, "meta": {"_type": "gradio.FileData"}}
    with contextlib.suppress(Exception):
        done(processing_utils.async_move_files_to_cache(sent, gr.Image(render=False), check_in_upload_folder=True))
    assert asked == ["http://elsewhere/a.png"]


def test_gradio_names_no_reason_for_what_is_no_picture():
    failed = failure(lambda: gr.Image(render=False).data_model.model_validate(3))
    assert failed is not None and not isinstance(failed, gr.Error)


def test_gradio_remembers_every_upload_that_anybody_asks_about(done):
    progress = route_utils.FileUploadProgress()

    async def ask() -> None:
        with contextlib.suppress(TimeoutError, asyncio.TimeoutError):
            await asyncio.wait_for(progress.is_tracked("never sent"), 0.001)

    done(ask())
    assert list(progress._signals) == ["never sent"]


# ---- what the docstrings say


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_each_module_says_with_which_gradio_it_was_checked(module):
    assert CHECKED.findall(module.__doc__) == [gr.__version__]


def test_every_test_here_is_named_by_a_replacement_and_no_other_is():
    sources = " ".join(re.sub(r"\s+", " ", inspect.getsource(module)) for module in MODULES)
    named = {test for tests in NEEDED.findall(sources) for test in tests if test}
    assert named == {name for name in globals() if name.startswith("test_gradio_")} != set()
