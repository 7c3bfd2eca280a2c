"""A taught network as files for other runtimes. PyTorch is imported when one is made."""

from __future__ import annotations

import numpy as np

from squeeze_core.networks.catalogue import Network
from squeeze_core.progress import Progress, ignore
from squeeze_core.teaching.taught import Taught

# As many bits a weight as the shipped file of 496,077 bytes. With far fewer a network of two classes still
# gives its answers on the pictures taught, but not on others.
_BYTES_A_PARAMETER = 0.4


def onnx(network: Network) -> bytes:
    """float32 "pictures" [N, 3, H, W] → "logits" [N, classes], with labels and preprocessing."""
    from squeeze_core.compression import runtime

    return runtime.to_onnx(network, runtime.PRECISIONS["float32"])


def sqz(network: Network, taught: Taught, progress: Progress = ignore) -> bytes:
    """A tenth of the bytes, calibrated by half of the pictures taught."""
    from squeeze_core.compression.fit import fit
    from squeeze_core.compression.pictures import Pictures

    views = tuple(np.asarray(network.preprocess.view(one.image())) for one in taught.examples)
    names = tuple(one.name for one in taught.examples)
    parameters = sum(array.size for array in network.weights.state().values())
    pictures = Pictures(names, views, taught.truth)
    return fit(network, pictures, _BYTES_A_PARAMETER * parameters / 1000, progress=progress).made.data
