"""The parts of the page "Detect"."""
