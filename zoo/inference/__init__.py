"""From pictures, camera frames, clips and folders to predictions."""
