"""Two hundred kinds of broken and hostile files: a clear sentence each, and nothing else happens."""

import time
import tracemalloc
import warnings

import numpy as np
import pytest

from features.align import AlignedFaces, AlignSpec
from tests.zoo.exchange import hostile
from zoo.exchange.errors import ModelFileError
from zoo.exchange.imports.reader import read_models
from zoo.exchange.network.graph import Graph

SLOWEST = 20.0  # seconds for one file on a machine that is busy with other things


@pytest.fixture(scope="module")
def cases(tm) -> dict[str, bytes]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns when a hostile zip is made
        return hostile.cases(tm)


@pytest.fixture(scope="module")
def outcomes(cases, tmp_path_factory) -> dict[str, tuple[object, float]]:
    """What each file led to, and how long it took."""
    found = {}
    for name, data in cases.items():
        start = time.perf_counter()
        try:
            came = read_models(data)
        except ModelFileError as error:
            came = error
        found[name] = came, time.perf_counter() - start
    return found


@pytest.fixture
def peak():
    """``peak(work)``: the most memory in bytes that Python and NumPy held at one time while it ran, beyond what was."""

    def measured(work) -> int:
        tracemalloc.start()
        try:
            work()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    return measured


def test_there_are_two_hundred_kinds_and_each_is_told_apart(cases):
    assert len(cases) >= 200 and len(set(cases.values())) > 0.97 * len(cases)


def test_each_is_one_clear_sentence(outcomes):
    refused = {name: str(came) for name, (came, _) in outcomes.items() if isinstance(came, ModelFileError)}
    for name, said in refused.items():
        assert 15 < len(said) < 600 and said[-1] in ".)" and "Traceback" not in said and "\n" not in said, (name, said)
    turned = [name for name in outcomes if "turned bits" in name]
    assert len(refused) >= len(outcomes) - len(turned) - 5, sorted(set(outcomes) - set(refused))


def test_what_is_not_refused_answers(outcomes):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (1, 72, 72), np.uint8)
    face = AlignedFaces(images, np.zeros((1, 468, 3), np.float32), np.zeros((1, 2, 3), np.float32), AlignSpec())
    for came, _ in outcomes.values():
        if not isinstance(came, ModelFileError):
            assert all(np.isfinite(file.classifier("x").predict_proba(face).probs).all() for file in came)


def test_none_takes_long(outcomes):
    slow = {name: seconds for name, (_, seconds) in outcomes.items() if seconds > SLOWEST}
    assert not slow


@pytest.mark.parametrize(
    "name",
    [
        *("a bomb", "many small bombs", "h5: terabytes never written", "channels that double", "a wide convolution"),
        *("weights: one file many times", "weights: more than any layer needs"),
        *("a MaxPooling2D of borders", "a AveragePooling2D of borders", "a convolution of borders"),
    ],
)
def test_memory_stays_small(cases, peak, name):
    def read() -> None:
        with pytest.raises(ModelFileError):
            read_models(cases[name])

    assert peak(read) < 200 * 2**20


def test_networks_that_would_hold_up_everybody_are_refused_unrun(cases, monkeypatch):
    monkeypatch.setattr(Graph, "run", None)
    slow = [name for name in cases if name.startswith("slow: ")]
    for name in slow:
        with pytest.raises(ModelFileError, match="too slow"):
            read_models(cases[name])
    assert len(slow) == 4


def test_nothing_is_written(cases, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    for name, data in cases.items():
        if name.startswith(("path", "a link", "weights elsewhere")):
            with pytest.raises(ModelFileError):
                read_models(data)
    assert hostile.names(tmp_path) == []
