"""Many people at once: `python -m tests.load --help`."""
