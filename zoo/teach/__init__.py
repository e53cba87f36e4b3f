"""Teach: classes of one's own, samples in memory, a classical and a deep model trained on them in seconds."""
