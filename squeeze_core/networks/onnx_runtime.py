"""ONNX Runtime with its maker's telemetry off: the one place that imports it.

Its telemetry would write a device id into the user's cache and look up a server of its maker.
"""

from __future__ import annotations

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read when the library is loaded

import onnxruntime

__all__ = ["onnxruntime"]
