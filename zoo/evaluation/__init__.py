"""Metrics with intervals, paired tests, slices and corrupted pictures."""
