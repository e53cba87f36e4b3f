"""Export of models to other programs' formats, and import from them. Uploads are never executed."""
