"""captum's explanation methods: the one place that imports captum.

captum imports matplotlib, which is not used here but writes a list of this machine's fonts to the user's
home; it is given a temporary folder instead.
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
