"""The Lesson tab and classroom mode."""
