"""SqueezeNet for classification and detection, seen inside and compared. Usable without a screen."""

import os

# On busy cores, OpenMP threads that spin while they wait make one forward pass take seconds.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"
