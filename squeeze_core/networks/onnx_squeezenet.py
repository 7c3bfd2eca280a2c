"""A SqueezeNet on a processor, by ONNX Runtime: PyTorch's answers in a fraction of its time.

The graph is written layer by layer from the network itself, so that no export is needed and every part
that `SqueezeNet.parts` names can be an output of it.
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

from squeeze_core.networks.architecture import Fire, Parts, SqueezeNet
from squeeze_core.networks.onnx_runtime import onnxruntime, open_session

_OPSET = 17
_IR_VERSION = 8  # what the oldest ONNX Runtime that is asked for reads


class Graph:
    """An ONNX model of one SqueezeNet: float32 "pictures" [N, 3, H, W] → "logits" [N, classes].

    `parts`: every named part is an output too. `kept`: each branch is multiplied with an input of its
    name and "/kept", float32 [channels, 1, 1].
    """

    def __init__(self, network: SqueezeNet, parts: bool = False, kept: bool = False) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []
        self._kept = kept
        self.inputs = ["pictures"]
        self.outputs: list[str] = []
        self._build(network)
        named = [name for name in self.outputs if parts or name == "logits"]
        graph = helper.make_graph(
            self._nodes,
            "SqueezeNet",
            [_value(name) for name in self.inputs],
            [_value(name) for name in named],
            self._weights,
        )
        opset = [helper.make_opsetid("", _OPSET)]
        self.model = helper.make_model(graph, opset_imports=opset, ir_version=_IR_VERSION)
        self.outputs = named

    def _build(self, network: SqueezeNet) -> None:
        x = "pictures"
        for name, layer in zip(network.layer_names, network.features, strict=True):
            if isinstance(layer, Fire):
                x = self._fire(layer, x, name)
            elif isinstance(layer, nn.Conv2d):
                x = self._conv(layer, x, f"{name}/sum")
            elif isinstance(layer, nn.ReLU):
                x = self._add("Relu", [x], "conv1")
            else:
                assert isinstance(layer, nn.MaxPool2d)
                x = self._add("MaxPool", [x], name, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
            if name != "conv1":
                self.outputs.append(x)
        conv10 = network.layer("conv10")
        assert isinstance(conv10, nn.Conv2d)
        maps = self._add("Relu", [self._conv(conv10, x, "conv10/sum")], "conv10")
        mean = self._add("GlobalAveragePool", [maps], "conv10/mean")
        self.outputs += [maps, self._add("Flatten", [mean], "logits")]

    def _fire(self, fire: Fire, x: str, name: str) -> str:
        def branch(kind: str, given: str) -> str:
            part = f"{name}/{kind}"
            whole = self._conv(getattr(fire, kind), given, f"{part}/sum")
            if not self._kept:
                self.outputs.append(self._add("Relu", [whole], part))
                return part
            self.inputs.append(f"{part}/kept")
            rectified = self._add("Relu", [whole], f"{part}/whole")
            self.outputs.append(self._add("Mul", [rectified, f"{part}/kept"], part))
            return part

        squeezed = branch("squeeze", x)
        expands = [branch(kind, squeezed) for kind in fire.branches[1:]]
        if fire.bypass is None:
            return self._add("Concat", expands, name, axis=1)
        joined = self._add("Concat", expands, f"{name}/expands", axis=1)
        by = self._conv(fire.bypass, x, f"{name}/bypass") if isinstance(fire.bypass, nn.Conv2d) else x
        return self._add("Add", [joined, by], name)

    def _conv(self, conv: nn.Conv2d, x: str, out: str) -> str:
        given = [x]
        for kind, value in (("weight", conv.weight), ("bias", conv.bias)):
            if value is not None:
                array = np.ascontiguousarray(value.detach().float().cpu().numpy())
                self._weights.append(numpy_helper.from_array(array, f"{out}/{kind}"))
                given.append(f"{out}/{kind}")
        pads = [int(side) for side in conv.padding] * 2
        shape: dict[str, Any] = {"kernel_shape": list(conv.kernel_size), "strides": list(conv.stride)}
        return self._add("Conv", given, out, pads=pads, **shape)

    def _add(self, kind: str, given: list[str], out: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(kind, given, [out], out, **attributes))
        return out


class OnnxSqueezeNet(SqueezeNet):
    """`network`, with its weights, computed by ONNX Runtime wherever no gradient is wanted.

    In inference mode, on float32 pictures in the processor's memory; otherwise by PyTorch, as before.
    """

    def __init__(self, network: SqueezeNet) -> None:
        nn.Module.__init__(self)
        self.__dict__.update(network.__dict__)
        self._opening = threading.Lock()
        # The one that every answer needs is made with the network; the others when first asked for.
        self._session = _open(Graph(self))

    @property
    def sessions(self) -> int:
        """How many hold the weights once more."""
        return 1 + ("_tracing" in self.__dict__) + ("_switching" in self.__dict__)

    @cached_property
    def _tracing(self) -> tuple[list[str], onnxruntime.InferenceSession]:
        graph = Graph(self, parts=True)
        return graph.outputs, _open(graph)

    @cached_property
    def _switching(self) -> tuple[list[str], onnxruntime.InferenceSession]:
        graph = Graph(self, kept=True)
        return graph.inputs[1:], _open(graph)

    def forward(self, x: Tensor) -> Tensor:
        if not fits(x):
            return super().forward(x)
        (logits,) = self._session.run(None, {"pictures": x.contiguous().numpy()})
        return torch.from_numpy(logits)

    def parts(self, x: Tensor, kept: Mapping[str, Tensor] | None = None) -> Parts:
        if kept or not fits(x):
            return super().parts(x, kept)
        with self._opening:
            names, session = self._tracing
        found = session.run(names, {"pictures": x.contiguous().numpy()})
        return dict(zip(names, map(torch.from_numpy, found), strict=True))

    def without(self, x: Tensor, kept: Mapping[str, Tensor]) -> Tensor:
        if not fits(x):
            return super().without(x, kept)
        with self._opening:
            names, session = self._switching
        factors = {name: kept.get(name.removesuffix("/kept")) for name in names}
        given = {
            name: _ONE if factor is None else factor.contiguous().numpy()
            for name, factor in factors.items()
        }
        (logits,) = session.run(None, {"pictures": x.contiguous().numpy(), **given})
        return torch.from_numpy(logits)


def _value(name: str) -> onnx.ValueInfoProto:
    shape: list[str | int | None] | None = ["N", 3, "H", "W"] if name == "pictures" else None
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)


_ONE = np.ones((1, 1, 1), np.float32)


def _open(graph: Graph) -> onnxruntime.InferenceSession:
    return open_session(graph.model.SerializeToString())


def fits(x: Tensor) -> bool:
    """Whether ONNX Runtime can take these pictures, and nobody will ask for a gradient."""
    return torch.is_inference_mode_enabled() and x.device.type == "cpu" and x.dtype == torch.float32
