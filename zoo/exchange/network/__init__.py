"""Networks as layers with weights, validated and evaluated in NumPy."""
