"""Exports models to other programs' formats, and imports them from these. Code in uploads is never executed."""
