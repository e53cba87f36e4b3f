"""Products on bytes: the same numbers as float32 to four digits, and floats wherever that cannot be had."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from zoo.models import byte_product, registry, svm
from zoo.models.byte_product import ByteProduct, Steps, as_steps

KERNELS = {"hog-svm": lambda model: model.machine, "cnn-rbf": lambda model: model.kernel_head}


@pytest.fixture(scope="module")
def whole():
    return np.random.default_rng(0).integers(-127, 128, (600, 500)).astype(np.int8)


def rows(count, seed=1):
    return np.random.default_rng(seed).normal(size=(count, 500)).astype(np.float32)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_it_is_the_product(whole, count, scale):
    x = rows(count) * np.float32(scale)
    x[0, 3] *= 5  # a row's largest number sets how finely the others are told apart
    expected = x.astype(np.float64) @ whole.T * 0.01
    assert ByteProduct(whole, 0.01, count)(x) == pytest.approx(expected, abs=5e-4 * expected.std())


def test_nothing_times_anything_is_nothing(whole):
    assert not ByteProduct(whole, 0.01)(np.zeros((1, 500), np.float32)).any()


def test_it_can_be_asked_by_several_threads(whole):
    product, asked = ByteProduct(whole, 0.01), [rows(1, seed) for seed in range(2000)]
    alone = [product(x) for x in asked]
    with ThreadPoolExecutor(8) as pool:
        for got, expected in zip(pool.map(product, asked), alone, strict=True):
            assert np.array_equal(got, expected)


def test_only_large_tables_of_whole_steps_are_taken(whole):
    table, x = whole * np.float32(0.01), rows(1)
    assert byte_product.byte_product(table) is not None
    assert byte_product.byte_product(table, 1, 3.0)(x) == pytest.approx(3 * x @ table.T, abs=0.1)
    assert byte_product.byte_product(table[:300]) is None
    assert byte_product.byte_product(table + rows(600)) is None


def test_floats_are_kept_where_litert_rounds_otherwise(whole, monkeypatch):
    monkeypatch.setattr(byte_product, "ENDS", np.array([-90, 90], np.float32))
    assert byte_product.byte_product(whole * np.float32(0.01)) is None


def test_steps_are_found_again(whole):
    found, step = as_steps(whole * np.float32(0.03))
    assert np.array_equal(found, whole) and step == pytest.approx(0.03)
    assert as_steps(np.zeros((2, 2), np.float32)) is None and as_steps(rows(2)) is None


def test_a_table_in_steps_is_the_same_table(whole):
    steps, table = Steps(whole, np.float32(0.01)), whole * np.float32(0.01)
    assert np.array_equal(np.asarray(steps), table) and np.array_equal(np.asarray(steps.T), table.T)
    assert np.asarray(steps).dtype == np.float32 and len(steps) == 600 and steps.shape == np.shape(table)
    product, x = byte_product.byte_product(steps), rows(1)
    assert product is not None and product(x) == pytest.approx(x @ table.T, abs=0.05)


@pytest.mark.parametrize("name", KERNELS)
def test_the_shipped_machines_keep_their_tables_in_bytes_only(name):
    """As floats beside them, hog-svm's took 50 MB."""
    served = KERNELS[name](registry.load(name))
    assert isinstance(served.components, Steps) and isinstance(served.vectors, Steps)
    served(np.ones((1, len(served.components)), np.float32))
    large = [key for key, kept in vars(served).items() if isinstance(kept, np.ndarray) and kept.nbytes > 2**20]
    assert not large


@pytest.mark.parametrize("name", KERNELS)
def test_the_shipped_machines_say_the_same_on_bytes_and_on_floats(name, monkeypatch, crops):
    served = KERNELS[name](registry.load(name))
    assert served._projection and served._byte_vectors
    seen = served.components.shape[0]
    x = registry.load(name).descriptor(crops) if name == "hog-svm" else registry.load(name).middle(crops)
    monkeypatch.setattr(svm, "byte_product", lambda table, *_: None)
    fields = {field: getattr(served, field) for field in served.__dataclass_fields__}
    tables = {field: np.asarray(fields[field]) for field in ("components", "vectors")}
    floats = svm.Kernel(**fields | tables)
    assert floats._projection is None and floats._byte_vectors is None
    x = x.reshape(len(crops), seen)
    assert served(x) == pytest.approx(floats(x), abs=1e-3)
