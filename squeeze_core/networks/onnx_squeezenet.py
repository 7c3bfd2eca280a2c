"""A SqueezeNet on a processor, by ONNX Runtime: PyTorch's answers in a fraction of its time.

The graph is written from `SqueezeNet.layers`, so that no export is needed and every part that
`SqueezeNet.parts` names can be an output of it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

from squeeze_core.networks.architecture import BRANCHES, Layer, Parts, SqueezeNet
from squeeze_core.networks.onnx_runtime import onnxruntime, open_session

_OPSET = 17
_IR_VERSION = 8  # what the oldest ONNX Runtime that is asked for reads


class Graph:
    """An ONNX model of one SqueezeNet: float32 "pictures" [N, 3, H, W] → "logits" [N, classes].

    `parts`: every named part is an output too. `masked`: each branch of a Fire module is multiplied with an
    input of its name and "/mask", float32 [channels, 1, 1].
    """

    def __init__(self, network: SqueezeNet, parts: bool = False, masked: bool = False) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []
        self._masked = masked
        self.inputs = ["pictures"]
        layers = network.layers()
        for layer in layers:
            self._write(layer)
        self.outputs = [layer.name for layer in layers if parts or layer.name == "logits"]
        graph = helper.make_graph(
            self._nodes,
            "SqueezeNet",
            [_value(name) for name in self.inputs],
            [_value(name) for name in self.outputs],
            self._weights,
        )
        opset = [helper.make_opsetid("", _OPSET)]
        self.model = helper.make_model(graph, opset_imports=opset, ir_version=_IR_VERSION)

    def _write(self, layer: Layer) -> None:
        name, function, inputs = layer.name, layer.function, list(layer.inputs)
        if isinstance(function, nn.Conv2d):
            out = f"{name}/sum" if layer.relu else name
            self._conv(function, inputs[0], out)
            if layer.relu and self._masked and name.rpartition("/")[2] in BRANCHES:
                self._add("Relu", [out], f"{name}/whole")
                self._add("Mul", [f"{name}/whole", f"{name}/mask"], name)
                self.inputs.append(f"{name}/mask")
            elif layer.relu:
                self._add("Relu", [out], name)
        elif layer.kind == "pool":
            self._add("MaxPool", inputs, name, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
        elif layer.kind == "concat":
            self._add("Concat", inputs, name, axis=1)
        else:
            self._add(
                {"add": "Add", "mean": "GlobalAveragePool", "flatten": "Flatten"}[layer.kind], inputs, name
            )

    def _conv(self, conv: nn.Conv2d, x: str, out: str) -> None:
        given = [x]
        for kind, value in (("weight", conv.weight), ("bias", conv.bias)):
            if value is not None:
                array = np.ascontiguousarray(value.detach().float().cpu().numpy())
                self._weights.append(numpy_helper.from_array(array, f"{out}/{kind}"))
                given.append(f"{out}/{kind}")
        pads = [int(side) for side in conv.padding] * 2
        shape: dict[str, Any] = {"kernel_shape": list(conv.kernel_size), "strides": list(conv.stride)}
        self._add("Conv", given, out, pads=pads, **shape)

    def _add(self, kind: str, given: list[str], out: str, **attributes: Any) -> None:
        self._nodes.append(helper.make_node(kind, given, [out], out, **attributes))


class OnnxSqueezeNet(SqueezeNet):
    """`network`, with its weights, computed by ONNX Runtime wherever no gradient is wanted.

    In inference mode, on float32 pictures in the processor's memory; otherwise by PyTorch, as before.
    """

    def __init__(self, network: SqueezeNet) -> None:
        nn.Module.__init__(self)
        self.__dict__.update(network.__dict__)
        self._opening = threading.Lock()
        # The session that every answer needs is opened here, the others when they are first asked for.
        self._session = _open(Graph(self))

    @property
    def sessions(self) -> int:
        """The number of open sessions; each holds a copy of the weights."""
        return 1 + ("_parts_session" in self.__dict__) + ("_masked_session" in self.__dict__)

    @cached_property
    def _parts_session(self) -> tuple[list[str], onnxruntime.InferenceSession]:
        graph = Graph(self, parts=True)
        return graph.outputs, _open(graph)

    @cached_property
    def _masked_session(self) -> tuple[list[str], onnxruntime.InferenceSession]:
        graph = Graph(self, masked=True)
        return graph.inputs[1:], _open(graph)

    def forward(self, x: Tensor, channel_mask: Mapping[str, Tensor] | None = None) -> Tensor:
        if not fits(x):
            return super().forward(x, channel_mask)
        session, masks = self._session, {}
        if channel_mask:
            with self._opening:
                names, session = self._masked_session
            masks = {name: channel_mask.get(name.removesuffix("/mask"), _ONE).numpy() for name in names}
        (logits,) = session.run(None, {"pictures": x.contiguous().numpy(), **masks})
        return torch.from_numpy(logits)

    def parts(self, x: Tensor, channel_mask: Mapping[str, Tensor] | None = None) -> Parts:
        if channel_mask or not fits(x):
            return super().parts(x, channel_mask)
        with self._opening:
            names, session = self._parts_session
        found = session.run(names, {"pictures": x.contiguous().numpy()})
        return dict(zip(names, map(torch.from_numpy, found), strict=True))


def _value(name: str) -> onnx.ValueInfoProto:
    shape: list[str | int | None] | None = ["N", 3, "H", "W"] if name == "pictures" else None
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)


_ONE = torch.ones(1, 1, 1)


def _open(graph: Graph) -> onnxruntime.InferenceSession:
    return open_session(graph.model.SerializeToString())


def fits(x: Tensor) -> bool:
    """Whether ONNX Runtime can compute this input: float32 on the CPU, and no gradient is wanted."""
    return torch.is_inference_mode_enabled() and x.device.type == "cpu" and x.dtype == torch.float32
