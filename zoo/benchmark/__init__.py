"""Milliseconds per stage, for pictures, camera frames and Teach."""
