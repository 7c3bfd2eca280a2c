from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper


@pytest.fixture
def yolox(tmp_path: Path) -> Path:
    """An ONNX file with every kind of node of YOLOX's export and its three levels, random weights."""
    build(tmp_path / "yolox.onnx")
    return tmp_path / "yolox.onnx"


def build(file: Path) -> None:
    random = np.random.default_rng(0)
    nodes, constants = [], []

    def constant(name: str, value: np.ndarray) -> str:
        constants.append(numpy_helper.from_array(value, name))
        return name

    def add(kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def convolve(source: str, output: str, out: int, into: int, stride: int = 1, group: int = 1) -> str:
        weight = random.normal(0, 0.3, (out, into // group, 3, 3)).astype(np.float32)
        names = [constant(f"{output}.weight", weight), constant(f"{output}.bias", weight[:, 0, 0, 0])]
        sizes = {"kernel_shape": [3, 3], "strides": [stride] * 2, "pads": [1] * 4, "dilations": [1, 1]}
        return add("Conv", [source, *names], output, group=group, **sizes)

    one, end = constant("one", np.array([2])), constant("end", np.array([2**31]))
    two, first = constant("axis3", np.array([3])), constant("axis2", np.array([2]))
    starts = [constant(f"start{i}", np.array([i])) for i in (0, 1)]
    quarters = []
    for row in (0, 1):
        rows = add("Slice", ["pictures", starts[row], end, first, one], f"rows{row}")
        quarters += [
            add("Slice", [rows, starts[column], end, two, one], f"q{row}{column}") for column in (0, 1)
        ]
    focus = add("Concat", quarters, "focus", axis=1)
    scale = constant("scale", np.array([1 / 255], np.float32))
    base = convolve(add("Mul", [focus, scale], "scaled"), "base", 4, 12, 2)
    base = add("Mul", [base, add("Sigmoid", [base], "gate")], "swish")
    base = add("MaxPool", [base], "pooled", kernel_shape=[5, 5], strides=[1, 1], pads=[2] * 4)
    p8 = convolve(base, "p8", 4, 4, 2, group=4)
    p16 = convolve(p8, "p16", 4, 4, 2)
    factor = constant("factor", np.array([1, 1, 2, 2], np.float32))
    nearest = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    p8 = add("Add", [p8, add("Resize", [p16, "", factor], "up", **nearest)], "sum")
    flat = []
    for name, source in (("a", p8), ("b", p16), ("c", convolve(p16, "p32", 4, 4, 2))):
        answers = [convolve(source, f"box{name}", 4, 4)]
        for kind, channels in (("objectness", 1), ("classes", 80)):
            logits = convolve(source, f"{kind}{name}", channels, 4)
            answers.append(add("Sigmoid", [logits], f"{kind}{name}s"))
        level = add("Concat", answers, f"level{name}", axis=1)
        shape = constant(f"shape{name}", np.array([1, 85, -1]))
        flat.append(add("Reshape", [level, shape], f"flat{name}"))
    add("Transpose", [add("Concat", flat, "all", axis=2)], "output", perm=[0, 2, 1])
    pictures = helper.make_tensor_value_info("pictures", TensorProto.FLOAT, [1, 3, 64, 64])
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, None, 85])
    graph = helper.make_graph(nodes, "yolox", [pictures], [output], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, file)
