"""Pixels to faces, aligned crops and descriptors. Knows no label and no model."""
