"""Teach: user-defined classes, samples in memory, and a classical and a deep model trained on them in seconds."""
