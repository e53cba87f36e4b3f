"""A zip that comes in, as a classifier."""
