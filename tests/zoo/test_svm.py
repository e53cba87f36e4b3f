import numpy as np
import pytest
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.svm import SVC

from zoo.classical import KernelSettings, fit_kernel, fit_linear
from zoo.svm import Kernel, Linear, rbf, softmax


@pytest.fixture(scope="module")
def blobs():
    """Three clouds of points: ``(90, 6)`` float32 and their labels."""
    rng = np.random.default_rng(0)
    targets = np.repeat(np.arange(3), 30)
    centres = rng.normal(size=(3, 6)) * 2
    return (centres[targets] + rng.normal(size=(90, 6))).astype(np.float32), targets


def test_rbf_is_scikit_learns(blobs):
    x, _ = blobs
    assert rbf(x, x[:7], 0.3) == pytest.approx(rbf_kernel(x, x[:7], gamma=0.3), abs=1e-5)


def test_softmax_rows_sum_to_one_even_when_large():
    probs = softmax(np.array([[1000.0, 0.0], [0.0, 0.0]]))
    assert probs == pytest.approx(np.array([[1.0, 0.0], [0.5, 0.5]]))


def test_linear_machine_is_a_product():
    machine = Linear(np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([0.0, 1.0]))
    assert machine(np.array([[3.0, 4.0]])).tolist() == [[3.0, 9.0]]


def test_linear_fit_tells_the_clouds_apart(blobs):
    x, targets = blobs
    assert (fit_linear(x, targets, 1.0, 0)(x).argmax(axis=1) == targets).mean() > 0.9


def test_summed_pairs_are_libsvms_decision_values(blobs):
    x, targets = blobs
    vectors, coefficients, bias, gamma = fit_kernel(x, targets, 3, KernelSettings(c=2.0, gamma=1.0))
    machine = Kernel(np.zeros(6, np.float32), np.eye(6, dtype=np.float32), vectors, coefficients, bias, gamma)
    pairs = SVC(C=2.0, gamma=gamma, decision_function_shape="ovo").fit(x, targets).decision_function(x)
    first, second, third = pairs.T  # scikit-learn's 0-1, 0-2 and 1-2, positive for the first
    expected = np.stack([first + second, third - first, -second - third], axis=1)
    assert machine(x) == pytest.approx(expected, abs=2e-2)
