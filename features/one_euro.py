"""Smooths points over time: still ones stop jittering, moving ones hardly lag."""

from __future__ import annotations

import math

import numpy as np


class OneEuro:
    """One-Euro filter for a set of points: the faster they move, the less they are smoothed.

    One instance per tracked object (face). A gap longer than `patience` resets it.

    Parameters
    ----------
    min_cutoff : float
        Hz; cutoff frequency for still points. Lower is smoother.
    beta : float
        Increase of the cutoff in Hz per unit of speed, in object sizes per second.
    speed_cutoff : float
        Hz; cutoff frequency for the speed.
    patience : float
        Seconds.

    Notes
    -----
    The paper filters every coordinate by its own speed. Here all share one speed, the mean over the points
    in object sizes per second: a face keeps its shape while it moves, and
    near and far faces are treated alike. Measured times replace the paper's fixed rate.

    References
    ----------
    Casiez, Roussel and Vogel, "1 € Filter: A Simple Speed-based Low-pass Filter for Noisy Input
    in Interactive Systems", CHI 2012.
    """

    def __init__(
        self, min_cutoff: float = 1.0, beta: float = 12.0, speed_cutoff: float = 1.0, patience: float = 0.5
    ) -> None:
        self.min_cutoff = min_cutoff
        self.beta = beta
        self.speed_cutoff = speed_cutoff
        self.patience = patience
        self._at = -math.inf
        self._points = self._velocity = np.zeros(0)

    def __call__(self, points: np.ndarray, size: float, now: float) -> np.ndarray:
        """The points, smoothed.

        Parameters
        ----------
        points : ndarray
            ``(n, d)``, the same points in every call.
        size : float
            Of the object, in the points' unit; the unit of speed.
        now : float
            Seconds, increasing.

        Returns
        -------
        ndarray
            ``(n, d)`` of the points' dtype.
        """
        step = now - self._at
        if step > self.patience or points.shape != self._points.shape:
            self._at, self._points, self._velocity = now, points.astype(np.float64), np.zeros(points.shape)
        elif step > 0:
            self._move(points, size, step)
            self._at = now
        return self._points.astype(points.dtype)

    def _move(self, points: np.ndarray, size: float, step: float) -> None:
        velocity = (points - self._points) / step
        self._velocity += smoothing(self.speed_cutoff, step) * (velocity - self._velocity)
        speed = np.linalg.norm(self._velocity.mean(axis=0)) / max(size, 1e-9)
        self._points += smoothing(self.min_cutoff + self.beta * float(speed), step) * (points - self._points)


def smoothing(cutoff: float, step: float) -> float:
    """Weight of the newest value in a low-pass filter of `cutoff` Hz after `step` seconds."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff * step))
