"""Exports models to other programs' formats, and imports models from them. Code in uploads is never executed."""
