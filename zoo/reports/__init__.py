"""Charts, model cards, the leaderboard and the evaluation report."""
