"""captum's explanation methods, imported without a trace: the one place that imports it.

captum brings in matplotlib, which is not used here but leaves a list of this machine's fonts in the
person's home; it gets a folder to leave it in that goes again.
"""

from __future__ import annotations

import os
import tempfile

_before = os.environ.get("MPLCONFIGDIR")
with tempfile.TemporaryDirectory() as _folder:
    os.environ["MPLCONFIGDIR"] = _folder
    from captum.attr import IntegratedGradients, Occlusion
if _before is None:
    del os.environ["MPLCONFIGDIR"]
else:
    os.environ["MPLCONFIGDIR"] = _before

__all__ = ["IntegratedGradients", "Occlusion"]
