"""The parts of the page Compress."""
