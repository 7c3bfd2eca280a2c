"""Compression: stages, presets, and retraining for small files; the files are `networks.weights.sqz`'s."""
