"""The Zoo tab: leaderboard, model cards, and two models compared."""
