"""A network of `plan` layers on a processor, by ONNX Runtime: PyTorch's answers in a fraction of its time.

The graph is written from the layers and NumPy weights: neither PyTorch nor an export is needed, and every
layer can be an output of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from squeeze_core.networks.onnx_runtime import onnxruntime, open_session
from squeeze_core.networks.plan import BRANCHES, Layer, last_reads

if TYPE_CHECKING:
    from torch import nn

# Layer name → its output, or the factors for it, float32.
Arrays = Mapping[str, np.ndarray]

_OPSET = 18  # the first whose Resize takes axes
_IR_VERSION = 8  # readable by the oldest ONNX Runtime in the requirements


def write_onnx(
    layers: Sequence[Layer], weights: Arrays, outputs: Sequence[str] = ("logits",), masked: bool = False
) -> onnx.ModelProto:
    """An ONNX model of those layers: float32 "pictures" [N, 3, H, W] → the outputs of that name.

    `weights`: a state dict. `masked`: each branch of a Fire module is multiplied with an input of its name
    and "/mask", float32 [channels, 1, 1]. A convolution's node is named after its layer, with "/sum" where
    a ReLU follows.
    """
    nodes: list[onnx.NodeProto] = []
    stored: list[onnx.TensorProto] = []
    masks: list[str] = []

    def add(kind: str, inputs: Sequence[str], out: str, **attributes: Any) -> None:
        nodes.append(helper.make_node(kind, inputs, [out], out, **attributes))

    for layer in layers:
        name, inputs = layer.name, layer.inputs
        if layer.kind == "conv":
            out = f"{name}/sum" if layer.relu else name
            for kind in ("weight", "bias"):
                array = np.ascontiguousarray(weights[f"{layer.path}.{kind}"], np.float32)
                stored.append(numpy_helper.from_array(array, f"{out}/{kind}"))
            given = (*inputs, f"{out}/weight", f"{out}/bias")
            sides = {"kernel_shape": layer.weight[2:], "strides": [layer.stride] * 2}
            add("Conv", given, out, pads=[layer.padding] * 4, **sides)
            if layer.relu and masked and layer.branch in BRANCHES:
                add("Relu", [f"{name}/sum"], f"{name}/whole")
                add("Mul", [f"{name}/whole", f"{name}/mask"], name)
                masks.append(f"{name}/mask")
            elif layer.relu:
                add("Relu", [f"{name}/sum"], name)
        elif layer.kind == "max_pool":
            pads, ceil = [layer.padding] * 4, int(not layer.padding)
            add("MaxPool", inputs, name, kernel_shape=[3, 3], strides=[2, 2], pads=pads, ceil_mode=ceil)
        elif layer.kind == "concat_enlarged":
            features, coarser = inputs
            add("Shape", [features], f"{name}/size", start=2)
            how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
            add("Resize", [coarser, "", "", f"{name}/size"], f"{name}/enlarged", axes=[2, 3], **how)
            add("Concat", [features, f"{name}/enlarged"], name, axis=1)
        elif layer.kind == "concat":
            add("Concat", inputs, name, axis=1)
        else:
            add({"mean": "GlobalAveragePool", "add": "Add", "flatten": "Flatten"}[layer.kind], inputs, name)
    read = [_value(name) for name in ("pictures", *masks)]
    graph = helper.make_graph(nodes, "SqueezeNet", read, list(map(_value, outputs)), stored)
    opset = [helper.make_opsetid("", _OPSET)]
    return helper.make_model(graph, opset_imports=opset, ir_version=_IR_VERSION)


def _value(name: str) -> onnx.ValueInfoProto:
    shape: list[str | int | None] | None = ["N", 3, "H", "W"] if name == "pictures" else None
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)


class OnnxNetwork:
    """A network on the CPU, computed by ONNX Runtime: a `Runner` of the engine.

    `answer`: the outputs that no layer reads → the network's answer. `build`: its PyTorch module with the
    same weights, which `module` holds from its first use on, for gradients.
    """

    device = "cpu"

    def __init__(
        self,
        layers: Sequence[Layer],
        weights: Arrays,
        answer: Callable[[Arrays], np.ndarray],
        build: Callable[[], nn.Module],
    ) -> None:
        self._layers, self._weights, self._answer, self._build = layers, weights, answer, build
        self._opening = threading.Lock()
        # The session that every answer needs is opened here, the others on their first use.
        self._opened = {"": self._open("")}

    @cached_property
    def module(self) -> nn.Module:
        return self._build()

    @property
    def bytes(self) -> int:
        """Of the weights and of the copy of them in each session."""
        return sum(array.nbytes for array in self._weights.values()) * (1 + len(self._opened))

    def _open(self, kind: str) -> onnxruntime.InferenceSession:
        read = {name for names in last_reads(self._layers).values() for name in names}
        outputs = [layer.name for layer in self._layers if kind == "parts" or layer.name not in read]
        model = write_onnx(self._layers, self._weights, outputs, masked=kind == "masked")
        return open_session(model.SerializeToString())

    def _run(self, kind: str, given: dict[str, np.ndarray]) -> Arrays:
        if kind not in self._opened:
            with self._opening:
                self._opened[kind] = self._opened.get(kind) or self._open(kind)
        session = self._opened[kind]
        names = [one.name for one in session.get_outputs()]
        for name in (one.name for one in session.get_inputs()[1:]):
            given.setdefault(name, np.ones((1, 1, 1), np.float32))
        return dict(zip(names, session.run(names, given), strict=True))

    def __call__(self, batch: np.ndarray, channel_mask: Arrays | None = None) -> np.ndarray:
        """Pictures, float32 [N, 3, H, W] → the answer, float32; `channel_mask` as `SqueezeNet.parts`."""
        masks = {f"{name}/mask": factors for name, factors in (channel_mask or {}).items()}
        return self._answer(self._run("masked" if masks else "", {"pictures": batch, **masks}))

    def parts(self, batch: np.ndarray) -> Arrays:
        """Every layer's output, by name, as `SqueezeNet.parts`."""
        return self._run("parts", {"pictures": batch})


class OnnxGraph:
    """A network on the CPU whose ONNX graph is given: a `Runner` of the engine.

    `weights`: by name, of the initializers that the graph names but does not hold.
    """

    device = "cpu"

    def __init__(self, graph: bytes, weights: Arrays, build: Callable[[], nn.Module]) -> None:
        self._build = build
        initializers = onnx.load_model_from_string(graph).graph.initializer if weights else ()
        left_out = {one.name: weights[one.name] for one in initializers}
        self.bytes = len(graph) + sum(array.nbytes for array in left_out.values())
        self._session = open_session(graph, left_out=left_out)

    @cached_property
    def module(self) -> nn.Module:
        return self._build()

    def __call__(self, batch: np.ndarray, channel_mask: Arrays | None = None) -> np.ndarray:
        """Pictures, float32 [N, 3, size, size] → the answer, float32."""
        (answers,) = self._session.run(None, {"pictures": batch})
        return answers

    def parts(self, batch: np.ndarray) -> Arrays:
        """The answer alone."""
        return {"answers": self(batch)}
