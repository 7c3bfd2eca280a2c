"""A PyTorch module on its device, in its fastest form there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter

import numpy as np
import torch
from torch import Tensor, nn

from squeeze_core.networks.architecture import Parts, SqueezeNet
from squeeze_core.networks.onnx_network import Arrays, OnnxNetwork


def fastest(module: nn.Module, device: str) -> OnnxNetwork | TorchNetwork:
    """A network in eval mode as that device runs it fastest."""
    if isinstance(module, SqueezeNet) and device == "cpu":
        layers = module.plan.layers(module.classes)
        return OnnxNetwork(layers, numpy_arrays(module.state_dict()), itemgetter("logits"), lambda: module)
    with torch.inference_mode(False):  # as in `load_state`
        module = placed(module, device)
        if device == "cuda":
            from squeeze_core.networks.on_gpu import on_gpu

            module = on_gpu(module)
        elif device == "cpu":
            from squeeze_core.networks.on_cpu import on_cpu

            module = on_cpu(module)
    return TorchNetwork(module, device)


def placed(module: nn.Module, device: str) -> nn.Module:
    """The module moved to that device, in the layout that is fastest for convolutions."""
    return module.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def numpy_arrays(state: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """A state dict as float32 arrays, which share its memory where that is float32 on the CPU."""
    return {name: tensor.detach().float().cpu().numpy() for name, tensor in state.items()}


def load_state(build: Callable[[], nn.Module], state: Arrays) -> nn.Module:
    """The module that `build` makes, in eval mode, with a copy of those weights, without gradients."""
    # The first request may be in inference mode, and a later one may want gradients.
    with torch.inference_mode(False):
        with torch.device("meta"):  # no random weights, which would be replaced at once
            module = build()
        tensors = {name: torch.from_numpy(array.copy()) for name, array in state.items()}
        module.load_state_dict(tensors, assign=True)
        return module.eval().requires_grad_(False)


def computes_bfloat16(device: str) -> bool:
    """True if that device has bfloat16 instructions; a CPU without them takes ten times as long."""
    capabilities = torch.cpu.get_capabilities()
    return device != "cpu" or bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


class TorchNetwork:
    """`module`, in eval mode on its device: a `Runner` of the engine."""

    def __init__(self, module: nn.Module, device: str) -> None:
        self.module, self.device = module, device

    @property
    def bytes(self) -> int:
        """Of the weights: PyTorch's, and the copies in a module's ONNX Runtime sessions."""
        weights = sum(weight.numel() * weight.element_size() for weight in self.module.parameters())
        return weights * (1 + getattr(self.module, "sessions", 0))

    def __call__(self, batch: np.ndarray, channel_mask: Arrays | None = None) -> np.ndarray:
        """As `OnnxNetwork`'s."""
        with torch.inference_mode():
            masks = {name: self._tensor(factors) for name, factors in (channel_mask or {}).items()}
            given = (self._tensor(batch), masks) if masks else (self._tensor(batch),)
            return self.module(*given).float().cpu().numpy()

    def parts(self, batch: np.ndarray) -> Arrays:
        """As `OnnxNetwork.parts`."""
        with torch.inference_mode():
            parts: Callable[[Tensor], Parts] = self.module.parts  # type: ignore[assignment]
            found = parts(self._tensor(batch))
            return {name: part.float().cpu().contiguous().numpy() for name, part in found.items()}

    def _tensor(self, array: np.ndarray) -> Tensor:
        tensor = torch.from_numpy(array)
        if self.device == "cuda":  # channels_last is faster there, and the copy does not block
            tensor = tensor.pin_memory().to(self.device, non_blocking=True)
            return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor
        return tensor.to(self.device)
