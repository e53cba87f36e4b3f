"""Imports a zip as a classifier."""
