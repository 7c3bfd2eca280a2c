"""A network as an ONNX model, to run without PyTorch."""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Mapping

import onnx
import torch
from torch import nn

# Held while anything is exported or traced: PyTorch's exporters keep their state in globals.
EXPORTING = threading.Lock()


def to_onnx(network: nn.Module, size: int, metadata: Mapping[str, str] | None = None) -> onnx.ModelProto:
    """The model from float32 "pictures" [N, 3, size, size] to the network's output, "answers".

    `network`: in eval mode, on the CPU. `metadata`: texts stored in the model.
    """
    buffer = io.BytesIO()
    with EXPORTING, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch recommends its other exporter, which takes ten seconds
        torch.onnx.export(
            network,
            (torch.zeros(1, 3, size, size),),
            buffer,  # type: ignore[arg-type]
            dynamo=False,
            input_names=["pictures"],
            output_names=["answers"],
            dynamic_axes={"pictures": {0: "N"}, "answers": {0: "N"}},
        )
    model = onnx.load_model_from_string(buffer.getvalue())
    onnx.helper.set_model_props(model, dict(metadata or {}))
    return model
