"""The Video tab: a clip in, an annotated clip and charts over time out."""
