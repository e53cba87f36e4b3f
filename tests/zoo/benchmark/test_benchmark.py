from pathlib import Path

import cv2
import pytest
from threadpoolctl import threadpool_info

from features import images
from zoo.benchmark.live import Soak, bench_live, camera, soak
from zoo.benchmark.patch import bench_cover
from zoo.benchmark.stages import WARM_UP, _cores, bench, bench_models, one_core, one_thread, portrait, ratios
from zoo.inference.live_stream import read_frame
from zoo.models import registry


def test_every_stage_is_timed(two_models):
    models = [registry.load(name, two_models) for name in ("first", "second")]
    result = bench(models, two_models, repeats=3)
    assert list(result.stages) == ["decode", "mesh", "align", "first", "second"]
    assert all(0 < timing.p50 <= timing.p95 for timing in result.stages.values())
    parts = [timing.p50 for name, timing in result.stages.items() if name != "decode"]
    assert result.total.p50 == pytest.approx(sum(parts), rel=0.6)
    assert 0 < result.startup.import_seconds <= result.startup.ready_seconds
    assert set(result.ratios) == {*result.stages, "total"}
    assert result.ratios["total"] == pytest.approx(result.total.p50 / result.bare_mesh.p50, abs=0.01)
    assert result.startup.megabytes is None or 50 < result.startup.megabytes < 2000


def test_models_alone_are_timed_on_one_crop(two_models, monkeypatch):
    models, seen = [registry.load(name, two_models) for name in ("first", "second")], []
    for model in models:
        ask = model.predict_proba
        monkeypatch.setattr(model, "predict_proba", lambda faces, ask=ask: seen.append(faces) or ask(faces))
    took = bench_models(models, repeats=3)
    assert list(took) == ["first", "second"] and all(0 < timing.p50 <= timing.p95 for timing in took.values())
    assert len(seen) == 2 * (WARM_UP + 3) and len(seen[0]) == 1 and all(faces is seen[0] for faces in seen)


def test_one_thread_on_one_core_and_back():
    before, cores = cv2.getNumThreads(), _cores()
    with one_thread():
        assert _cores() == cores
        with one_core():
            assert len(_cores()) == min(1, len(cores))
        assert cv2.getNumThreads() == 1
        assert {pool["num_threads"] for pool in threadpool_info()} == {1}
    assert cv2.getNumThreads() == before and _cores() == cores


def test_a_camera_is_timed_stage_by_stage(two_models):
    models = [registry.load(name, two_models) for name in ("first", "second")]
    result = bench_live(models, repeats=6)
    assert list(result) == ["decode", "mesh", "align", "first", "second", "steady", "total", "bare mesh"]
    assert ratios(result, result["bare mesh"])["total"] >= ratios(result, result["bare mesh"])["mesh"] > 0
    assert all(0 < timing.p50 <= timing.p95 for timing in result.values())
    assert result["total"].p50 >= max(result[name].p50 for name in list(result)[:-2])


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux tells memory this way")
def test_a_soak_tells_memory_before_and_after(two_models):
    result = soak([registry.load("first", two_models)], 20)
    assert result.frames == 20 and 50 < result.before < 4000 and 50 < result.after < 4000
    assert result.growth == pytest.approx(result.after / result.before - 1)
    assert Soak(1, 200.0, 210.0).growth == pytest.approx(0.05)


def test_the_cameras_frames_differ():
    frames = [read_frame(text) for text in camera(3)]
    assert all(frame.shape == (240, 320, 3) for frame in frames)
    assert (frames[0] != frames[1]).any()


def test_the_portrait_is_512_pixels():
    assert images.load(portrait()).shape == (512, 512, 3)
    assert images.load(portrait(close_up=True)).shape == (256, 256, 3)


def test_a_dragged_patch_is_timed(two_models):
    models = [registry.load(name, two_models) for name in ("first", "second")]
    result = bench_cover(models, repeats=3)
    assert list(result) == ["cover", "first", "second", "total"]
    assert all(0 < timing.p50 <= timing.p95 for timing in result.values())
