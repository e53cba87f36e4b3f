"""Separate programs, each started for one task; they import nothing from the rest of the app."""
