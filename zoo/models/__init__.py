"""Loading checkpoints and predicting with them."""
