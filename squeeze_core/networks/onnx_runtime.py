"""ONNX Runtime with its maker's telemetry off: the one place that imports it.

Its telemetry would write a device id into the user's cache and look up a server of its maker.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read when the library is loaded

import numpy as np
import onnxruntime

__all__ = ["onnxruntime", "open_session"]


def open_session(
    model: bytes, left_out: Mapping[str, np.ndarray] | None = None
) -> onnxruntime.InferenceSession:
    """An ONNX model ready to run on this machine's processor.

    One run alone uses every core; several at once share them. `left_out`: float32 initializers that the
    model names but does not hold.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count() or 1
    # Threads that spin while they wait would slow down everything else in the process.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # A run's memory is returned, so that a rare large batch does not hold it.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    if left_out:
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(value) for value in left_out.values()]
        options.add_external_initializers(list(left_out), values)
    return onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
