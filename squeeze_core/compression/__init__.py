"""Compression of SqueezeNets: presets of stages, and measurements; files are `networks.weights.sqz`."""
