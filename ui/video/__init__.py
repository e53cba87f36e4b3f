"""The Video tab: annotates a clip and charts its faces over time."""
