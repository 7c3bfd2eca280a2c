"""The parts of the page "Fire modules"."""
