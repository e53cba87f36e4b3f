"""Exports as a zip: all formats, programs and a page."""
