"""Programs of their own, started for one job each; they know nothing of the rest."""
