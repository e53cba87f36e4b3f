import cv2
import pytest
from threadpoolctl import threadpool_info

from features import images
from zoo import registry
from zoo.bench import _cores, bench, one_core, one_thread, portrait


def test_every_stage_is_timed(two_models):
    models = [registry.load(name, two_models) for name in ("first", "second")]
    result = bench(models, two_models, repeats=3)
    assert list(result.stages) == ["decode", "mesh", "align", "first", "second"]
    assert all(0 < timing.p50 <= timing.p95 for timing in result.stages.values())
    parts = [timing.p50 for name, timing in result.stages.items() if name != "decode"]
    assert result.total.p50 == pytest.approx(sum(parts), rel=0.6)
    assert 0 < result.startup.import_seconds <= result.startup.ready_seconds
    assert result.startup.megabytes is None or 50 < result.startup.megabytes < 2000


def test_one_thread_on_one_core_and_back():
    before, cores = cv2.getNumThreads(), _cores()
    with one_thread():
        assert _cores() == cores
        with one_core():
            assert len(_cores()) == min(1, len(cores))
        assert cv2.getNumThreads() == 1
        assert {pool["num_threads"] for pool in threadpool_info()} == {1}
    assert cv2.getNumThreads() == before and _cores() == cores


def test_the_portrait_is_512_pixels():
    assert images.load(portrait()).shape == (512, 512, 3)
