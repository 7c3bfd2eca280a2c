"""How the shipped files and the recorded figures were made; uses squeeze_core, is no part of it."""
