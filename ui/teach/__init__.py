"""The Teach tab: classes, samples, training and preview, and models in and out as zips."""
