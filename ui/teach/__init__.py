"""The Teach tab: classes, samples, training, preview, and import and export of models as zips."""
