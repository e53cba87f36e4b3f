"""Imports models from a zip as classifiers."""
