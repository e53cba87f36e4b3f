"""The layers of an imported network, evaluated in NumPy."""
