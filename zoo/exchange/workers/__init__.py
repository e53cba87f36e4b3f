"""Separate programs, each started for one task; they import nothing else of the app."""
