"""`python -m squeeze_core.detector.train`: see `--help` and `training.train`."""

from __future__ import annotations

import sys

import squeeze_core.own_process  # noqa: F401 – before PyTorch
from squeeze_core.detector.training.train import main

if __name__ == "__main__":
    sys.exit(main())
