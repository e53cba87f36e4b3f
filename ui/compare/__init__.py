"""The Compare tab: one picture, every model, side by side."""
