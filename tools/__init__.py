"""Scripts that made the shipped files and the recorded figures; see README.md beside this file."""
