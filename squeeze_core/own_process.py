"""For processes that are our own, to be imported before PyTorch; in another's process nothing is set."""

import os

# On busy cores, OpenMP threads that spin while they wait make one forward pass take seconds.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
