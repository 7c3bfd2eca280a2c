"""The detector on a CPU, by ONNX Runtime: the same outputs in about half of PyTorch's time.

A weights file carries the network's ONNX graph without weights: those are in the file once.
"""

from __future__ import annotations

import onnx
import torch
from torch import Tensor, nn

from squeeze_core.detector.network import Detector
from squeeze_core.networks.onnx_export import to_onnx
from squeeze_core.networks.onnx_runtime import open_session


def export_graph(network: Detector, size: int) -> bytes:
    """The network as an ONNX model for float32 [N, 3, size, size], its weights named but left out."""
    model = to_onnx(network, size)
    weights = network.state_dict()
    for initializer in model.graph.initializer:
        if initializer.name in weights:
            initializer.ClearField("raw_data")
            initializer.data_location = onnx.TensorProto.EXTERNAL
            initializer.external_data.add(key="location", value="weights")
    return model.SerializeToString()


class OnnxDetector(nn.Module):
    """`network`, computed by ONNX Runtime while it is on a CPU; `graph` is from `export_graph`."""

    def __init__(self, network: Detector, graph: bytes) -> None:
        super().__init__()
        self.network = network
        weights = network.state_dict()
        initializers = onnx.load_model_from_string(graph).graph.initializer
        left_out = [i.name for i in initializers if i.data_location == onnx.TensorProto.EXTERNAL]
        self.session = open_session(graph, {name: weights[name] for name in left_out})

    def forward(self, pictures: Tensor) -> Tensor:
        """As `Detector`'s, for pictures of the graph's size."""
        if pictures.device.type != "cpu":
            return self.network(pictures)
        (answers,) = self.session.run(["answers"], {"pictures": pictures.contiguous().numpy()})
        return torch.from_numpy(answers)
