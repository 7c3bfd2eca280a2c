"""PyTorch's networks on a CPU: exported to ONNX Runtime, the fastest there."""

from __future__ import annotations

import threading

import torch
from torch import Tensor, nn

from squeeze_core.networks.onnx_export import to_onnx
from squeeze_core.networks.onnx_runtime import onnxruntime, open_session

# A larger network stays with PyTorch: its weights would be in memory twice.
LARGEST_BYTES = 120_000_000


def on_cpu(network: nn.Module) -> nn.Module:
    """The network, in eval mode on the processor, in its fastest form."""
    size = sum(weight.numel() * weight.element_size() for weight in network.parameters())
    return ExportedNetwork(network) if size <= LARGEST_BYTES else network


class ExportedNetwork(nn.Module):
    """`network`, exported for the first pictures' size and then computed by ONNX Runtime.

    PyTorch computes pictures of another size, gradients, and a network that cannot be exported.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self._opening = threading.Lock()
        self._sessions: dict[int, onnxruntime.InferenceSession | None] = {}

    @property
    def sessions(self) -> int:
        """The number of open sessions; each holds a copy of the weights."""
        return sum(session is not None for session in self._sessions.values())

    def forward(self, x: Tensor) -> Tensor:
        fits = torch.is_inference_mode_enabled() and x.dtype == torch.float32 and x.shape[-1] == x.shape[-2]
        session = self._session(x.shape[-1]) if fits else None
        if session is None:
            return self.network(x)
        (answers,) = session.run(None, {"pictures": x.contiguous().numpy()})
        return torch.from_numpy(answers)

    def _session(self, side: int) -> onnxruntime.InferenceSession | None:
        with self._opening:
            if not self._sessions:
                try:
                    session = open_session(to_onnx(self.network, side).SerializeToString())
                except Exception:  # exporters fail in any way
                    session = None
                self._sessions[side] = session
            return self._sessions.get(side)
