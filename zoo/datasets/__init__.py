"""FER2013, FER+ and class folders; aligned crops and their cache; near-duplicates."""
