from __future__ import annotations

import onnx
import pytest
import torch

from squeeze_core.detector.network import Detector
from squeeze_core.detector.onnx_detector import OnnxDetector, export_graph
from squeeze_core.detector.pretrained import load_detector
from squeeze_core.images import Picture


@pytest.mark.parametrize("pictures", [1, 2, 5])
def test_answers_as_the_network_does(samples: dict[str, Picture], pictures: int) -> None:
    loaded = load_detector()
    batch = loaded.preprocess([picture.image for picture in samples.values()][:pictures])
    with torch.inference_mode():
        there, here = OnnxDetector(loaded.network, loaded.graph)(batch), loaded.network(batch)
    assert torch.allclose(there[..., :4], here[..., :4], atol=0.05)  # pixels
    assert torch.allclose(there[..., 4:].sigmoid(), here[..., 4:].sigmoid(), atol=1e-3)


def test_the_graph_holds_no_weights() -> None:
    torch.manual_seed(0)
    network = Detector(classes=3, width=32).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.05)  # equal ones would be stored once
    graph = export_graph(network, 64)
    assert len(graph) < 100_000
    initializers = onnx.load_model_from_string(graph).graph.initializer
    left_out = {i.name for i in initializers if not i.raw_data}
    assert left_out == network.state_dict().keys() - {"level_scale"}
    picture = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        assert torch.allclose(OnnxDetector(network, graph)(picture), network(picture), atol=1e-3)


def test_elsewhere_than_on_a_cpu_the_network_itself_answers() -> None:
    network = Detector(classes=3, width=32).eval()
    detector = OnnxDetector(network, export_graph(network, 64)).to("meta")
    answers = detector(torch.zeros(2, 3, 64, 64, device="meta"))
    assert answers.device.type == "meta" and answers.shape == (2, 64 + 16 + 4 + 1, 4 + 3)


def test_what_becomes_of_the_network_does_not_touch_the_answers() -> None:
    """As when the engine lays the network's weights out anew, and their old memory is used again."""
    network = Detector(classes=3, width=32).eval()
    detector = OnnxDetector(network, export_graph(network, 64))
    picture = torch.randn(1, 3, 64, 64)
    before = detector(picture)
    for parameter in network.parameters():
        parameter.data.fill_(7)
    assert torch.equal(detector(picture), before)
