"""How the detector is made: examples, loss, optimiser, averaging."""
