"""Models that answer: loading a checkpoint and serving it."""
