import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.svm import SVC

from zoo.models.svm import Kernel, Linear, rbf, softmax
from zoo.training.svm_fit import (
    KernelSettings,
    fit_kernel,
    fit_least_squares,
    fit_linear,
    project,
    stepped,
    steps_of,
)


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


def summed(pairs):
    """One-against-one decisions of three labels (0-1, 0-2, 1-2, positive for the first), summed by label."""
    first, second, third = pairs.T
    return np.stack([first + second, third - first, -second - third], axis=1)


def machine_of(fitted, even=None):
    space = np.zeros(6, np.float32), np.eye(6, dtype=np.float32)
    return Kernel(*space, fitted.vectors, fitted.coefficients, fitted.bias, fitted.gamma, even)


def test_summed_pairs_are_libsvms_decision_values(blobs):
    x, targets = blobs
    fitted = fit_kernel(x, 6, targets, KernelSettings(c=2.0, gamma=1.0))
    machine = SVC(C=2.0, gamma=fitted.gamma, decision_function_shape="ovo").fit(x, targets)
    assert machine_of(fitted)(x) == pytest.approx(summed(machine.decision_function(x)), abs=2e-2)


def test_a_mirroring_kernel_is_libsvms_on_the_averaged_kernel(blobs):
    x, targets = blobs
    mirror = np.array([1, 1, 1, 1, -1, -1], np.float32)
    fitted = fit_kernel(x, 4, targets, KernelSettings(c=2.0, gamma=1.0))
    gram = (rbf_kernel(x, gamma=fitted.gamma) + rbf_kernel(x * mirror, x, gamma=fitted.gamma)) / 2
    pairs = SVC(C=2.0, kernel="precomputed", decision_function_shape="ovo").fit(gram, targets).decision_function(gram)
    machine = machine_of(fitted, 4)
    assert machine(x) == pytest.approx(summed(pairs), abs=2e-2)
    assert machine(x * mirror) == pytest.approx(machine(x), abs=1e-4)


def test_least_squares_take_soft_targets_and_the_hinge_loss_refuses_them(blobs):
    x, targets = blobs
    settings = KernelSettings(ridge=0.3, gamma=1.0)
    hard, soft = (
        np.eye(3, dtype=np.float32)[targets],
        np.random.default_rng(1).dirichlet(np.ones(3), len(x)).astype(np.float32),
    )
    of_hard, of_soft, of_both = (fit_least_squares(x, 4, y, settings) for y in (targets, soft, 0.6 * hard + 0.4 * soft))
    ridge = KernelRidge(alpha=0.3, kernel="precomputed").fit(
        mirror_averaged(x, of_soft.gamma), soft - soft.mean(axis=0)
    )
    assert of_soft.coefficients == pytest.approx(ridge.dual_coef_, abs=1e-3)
    assert of_both.coefficients == pytest.approx(0.6 * of_hard.coefficients + 0.4 * of_soft.coefficients, abs=1e-3)
    with pytest.raises(ValueError, match="one label for each face"):
        fit_kernel(x, 4, soft, settings)


def mirror_averaged(x, gamma):
    mirror = np.array([1, 1, 1, 1, -1, -1], np.float32)
    return (rbf_kernel(x, gamma=gamma) + rbf_kernel(x * mirror, x, gamma=gamma)) / 2


def test_least_squares_are_kernel_ridge_regression_on_the_averaged_kernel(blobs):
    x, targets = blobs
    mirror = np.array([1, 1, 1, 1, -1, -1], np.float32)
    fitted = fit_least_squares(x, 4, targets, KernelSettings(ridge=0.3, gamma=1.0))
    gram = (rbf_kernel(x, gamma=fitted.gamma) + rbf_kernel(x * mirror, x, gamma=fitted.gamma)) / 2
    hot = np.eye(3)[targets]
    ridge = KernelRidge(alpha=0.3, kernel="precomputed").fit(gram, hot - hot.mean(axis=0))
    machine = machine_of(fitted, 4)
    assert machine(x) == pytest.approx(ridge.predict(gram) + hot.mean(axis=0), abs=1e-3)
    assert machine(x * mirror) == pytest.approx(machine(x), abs=1e-4)


def test_a_byte_a_number_gives_the_same_numbers_again():
    values = stepped(np.random.default_rng(0).normal(size=(300, 40)).astype(np.float32))
    whole, step = steps_of(values)
    assert whole.dtype == np.int8 and (whole.astype(np.float32) * step == values).all()
    assert np.abs(values).max() == pytest.approx(127 * step) and len(np.unique(whole)) > 100


def test_directions_are_even_or_odd_in_the_mirror():
    rng = np.random.default_rng(0)
    order = np.array([1, 0, 2, 4, 3, 5, 7, 6])
    x = (rng.normal(size=(400, 8)) * np.arange(1, 9)).astype(np.float32)
    projection = project(x, order, KernelSettings(components=6))
    mirror = np.where(np.arange(6) < projection.even, 1, -1)
    assert set(mirror) == {-1, 1}
    assert projection(x[:, order]) == pytest.approx(projection(x) * mirror, abs=1e-2)
    assert projection(x[:, order]) != pytest.approx(projection(x), abs=1)
