"""A SqueezeNet on a processor, by ONNX Runtime: PyTorch's answers in a fraction of its time.

The graph is written from `SqueezeNet.layers`, so that no export is needed and every part that
`SqueezeNet.parts` names can be an output of it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

from squeeze_core.networks.architecture import BRANCHES, Parts, SqueezeNet, concat
from squeeze_core.networks.onnx_runtime import onnxruntime, open_session

_OPSET = 17
_IR_VERSION = 8  # readable by the oldest ONNX Runtime in the requirements


def write_onnx(network: SqueezeNet, parts: bool = False, masked: bool = False) -> onnx.ModelProto:
    """An ONNX model of a SqueezeNet: float32 "pictures" [N, 3, H, W] → "logits" [N, classes].

    `parts`: every named part is an output too. `masked`: each branch of a Fire module is multiplied with an
    input of its name and "/mask", float32 [channels, 1, 1]. A convolution's node is named after its layer,
    with "/sum" where a ReLU follows.
    """
    nodes: list[onnx.NodeProto] = []
    weights: list[onnx.TensorProto] = []
    masks: list[str] = []

    def add(kind: str, inputs: Sequence[str], out: str, **attributes: Any) -> None:
        nodes.append(helper.make_node(kind, inputs, [out], out, **attributes))

    def convolve(conv: nn.Conv2d, x: str, out: str) -> None:
        given = [x]
        for kind, value in (("weight", conv.weight), ("bias", conv.bias)):
            if value is not None:
                array = np.ascontiguousarray(value.detach().float().cpu().numpy())
                weights.append(numpy_helper.from_array(array, f"{out}/{kind}"))
                given.append(f"{out}/{kind}")
        shape: dict[str, Any] = {"kernel_shape": list(conv.kernel_size), "strides": list(conv.stride)}
        add("Conv", given, out, pads=[int(side) for side in conv.padding] * 2, **shape)

    layers = network.layers()
    for layer in layers:
        name, function = layer.name, layer.function
        if isinstance(function, nn.Conv2d):
            convolve(function, layer.inputs[0], f"{name}/sum" if layer.relu else name)
            if layer.relu and masked and name.rpartition("/")[2] in BRANCHES:
                add("Relu", [f"{name}/sum"], f"{name}/whole")
                add("Mul", [f"{name}/whole", f"{name}/mask"], name)
                masks.append(f"{name}/mask")
            elif layer.relu:
                add("Relu", [f"{name}/sum"], name)
        elif isinstance(function, nn.MaxPool2d):
            add("MaxPool", layer.inputs, name, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
        elif isinstance(function, nn.AdaptiveAvgPool2d):
            add("GlobalAveragePool", layer.inputs, name)
        elif function is concat:
            add("Concat", layer.inputs, name, axis=1)
        else:
            add("Add" if function is torch.add else "Flatten", layer.inputs, name)
    outputs = [layer.name for layer in layers if parts or layer.name == "logits"]
    inputs = [_value(name) for name in ("pictures", *masks)]
    graph = helper.make_graph(nodes, "SqueezeNet", inputs, list(map(_value, outputs)), weights)
    opset = [helper.make_opsetid("", _OPSET)]
    return helper.make_model(graph, opset_imports=opset, ir_version=_IR_VERSION)


def _value(name: str) -> onnx.ValueInfoProto:
    shape: list[str | int | None] | None = ["N", 3, "H", "W"] if name == "pictures" else None
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)


class OnnxSqueezeNet(SqueezeNet):
    """`network`, with its weights, computed by ONNX Runtime wherever no gradient is wanted.

    In inference mode, on float32 pictures in the processor's memory; otherwise by PyTorch.
    """

    def __init__(self, network: SqueezeNet) -> None:
        nn.Module.__init__(self)
        self.__dict__.update(network.__dict__)
        self._opening = threading.Lock()
        # The session that every answer needs is opened here, the others on their first use.
        self._opened = {"": self._open()}

    @property
    def sessions(self) -> int:
        """The number of open sessions; each holds a copy of the weights."""
        return len(self._opened)

    def _open(self, **options: bool) -> onnxruntime.InferenceSession:
        return open_session(write_onnx(self, **options).SerializeToString())

    def _session(self, kind: str) -> onnxruntime.InferenceSession:
        if kind not in self._opened:
            with self._opening:
                self._opened[kind] = self._opened.get(kind) or self._open(**{kind: True})
        return self._opened[kind]

    def forward(self, x: Tensor, channel_mask: Mapping[str, Tensor] | None = None) -> Tensor:
        if not fits(x):
            return super().forward(x, channel_mask)
        session = self._session("masked" if channel_mask else "")
        given = {"pictures": x.contiguous().numpy()}
        for name in (one.name for one in session.get_inputs()[1:]):
            given[name] = (channel_mask or {}).get(name.removesuffix("/mask"), torch.ones(1, 1, 1)).numpy()
        (logits,) = session.run(None, given)
        return torch.from_numpy(logits)

    def parts(self, x: Tensor, channel_mask: Mapping[str, Tensor] | None = None) -> Parts:
        if channel_mask or not fits(x):
            return super().parts(x, channel_mask)
        session = self._session("parts")
        names = [one.name for one in session.get_outputs()]
        found = session.run(names, {"pictures": x.contiguous().numpy()})
        return dict(zip(names, map(torch.from_numpy, found), strict=True))


def fits(x: Tensor) -> bool:
    """True if ONNX Runtime can compute this input: float32 on the CPU, and no gradient is wanted."""
    return torch.is_inference_mode_enabled() and x.device.type == "cpu" and x.dtype == torch.float32
