"""A taught network as files for other runtimes. PyTorch is imported when one is made."""

from __future__ import annotations

from squeeze_core.networks.catalogue import Network
from squeeze_core.teaching.taught import Taught

_CALIBRATING = 64  # pictures


def onnx(network: Network) -> bytes:
    """float32 "pictures" [N, 3, H, W] → "logits" [N, classes], with labels and preprocessing."""
    from squeeze_core.compression import runtime

    return runtime.to_onnx(network, runtime.PRECISIONS["float32"])


def sqz(network: Network, taught: Taught) -> bytes:
    """The smallest file that keeps the answers, calibrated by the pictures taught, 64 of them at most."""
    from squeeze_core.compression.pictures import evenly
    from squeeze_core.compression.presets import compress

    chosen = [taught.examples[place].image() for place in evenly(len(taught.examples), _CALIBRATING)]
    return compress(network, inputs=network.preprocess(chosen)).data
