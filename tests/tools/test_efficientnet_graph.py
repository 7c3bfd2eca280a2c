from __future__ import annotations

import onnx

from squeeze_core.networks.catalogue import named
from tools.efficientnet_graph import NAME, graph


def test_the_shipped_graph_is_the_one_written_here() -> None:
    file = named(NAME).graph
    assert file is not None
    shipped, written = (onnx.load_model_from_string(one) for one in (file.read_bytes(), graph()))
    assert [node.op_type for node in shipped.graph.node] == [node.op_type for node in written.graph.node]
    names = {one.name for one in shipped.graph.initializer}
    assert names == {one.name for one in written.graph.initializer} < named(NAME).weights.state().keys()
