"""Training: architectures, loops, SVM fits, calibration, and one recipe per model."""
