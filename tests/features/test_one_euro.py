import numpy as np
import pytest

from features.one_euro import OneEuro, smoothing

RATE = 25.0
SIZE = 100.0


def run(frames: np.ndarray, rate: float = RATE, **settings) -> np.ndarray:
    """Frames ``(t, n, d)`` through one filter."""
    steady = OneEuro(**settings)
    return np.array([steady(points, SIZE, i / rate) for i, points in enumerate(frames)])


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.7, (100, 468, 3)).astype(np.float32)


def test_still_points_tremble_at_most_half_as_much(noise):
    smoothed = run(noise)
    assert smoothed.dtype == noise.dtype
    trembling = lambda frames: np.abs(np.diff(frames[25:], axis=0)).mean()
    assert trembling(smoothed) < 0.25 * trembling(noise)


def test_a_moving_face_lags_less_than_a_twentieth_of_its_size(noise):
    shift = np.arange(100)[:, None, None] / RATE * SIZE * np.array([1.0, 0, 0])  # one size a second
    lag = (noise + shift - run(noise + shift))[50:, :, 0].mean()
    assert 0 < lag < 0.05 * SIZE


def test_a_fixed_filter_of_the_same_steadiness_lags_more(noise):
    shift = np.arange(100)[:, None, None] / RATE * SIZE * np.array([1.0, 0, 0])
    lag = lambda **settings: (noise + shift - run(noise + shift, **settings))[50:, :, 0].mean()
    assert lag(beta=0.0) > 4 * lag()


def test_shape_is_kept_while_moving():
    square = np.array([[0.0, 0], [0, 10], [10, 0], [10, 10]])
    shift = (np.arange(40) ** 1.5)[:, None, None] * np.array([1.0, 0.5])
    smoothed = run(square + shift)
    np.testing.assert_allclose(smoothed - smoothed[:, :1], np.broadcast_to(square, smoothed.shape), atol=1e-9)


def test_after_a_pause_it_starts_afresh():
    steady = OneEuro(patience=0.5)
    steady(np.zeros((2, 2)), SIZE, 0.0)
    far = np.full((2, 2), 50.0)
    assert np.abs(steady(far, SIZE, 0.04) - far).max() > 1
    np.testing.assert_array_equal(steady(far, SIZE, 1.0), far)


def test_other_points_start_afresh_and_time_that_stands_still_changes_nothing():
    steady = OneEuro()
    first = steady(np.zeros((2, 2)), SIZE, 1.0)
    np.testing.assert_array_equal(steady(np.ones((2, 2)), SIZE, 1.0), first)
    np.testing.assert_array_equal(steady(np.ones((3, 2)), SIZE, 1.04), np.ones((3, 2)))


def test_the_input_is_not_changed():
    steady, points = OneEuro(), np.zeros((2, 2))
    steady(points, SIZE, 0.0)
    steady(points + 1, SIZE, 0.04)[:] = 9
    np.testing.assert_array_equal(points, 0)


def test_weights_agree_with_the_paper():
    # Casiez et al., algorithm 1: alpha = 1 / (1 + tau / Te), tau = 1 / (2 pi fc)
    assert smoothing(1.0, 0.1) == pytest.approx(0.1 / (0.1 + 0.15915494))
    assert smoothing(1.0, 1e9) == pytest.approx(1.0)
