"""Pixels to faces, aligned crops and descriptors. Does not depend on labels or models."""
