"""PyTorch's networks on their device, in their fastest form there, and as ONNX models."""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from operator import itemgetter

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from squeeze_core.networks.architecture import Parts, SqueezeNet
from squeeze_core.networks.onnx_network import Arrays, OnnxGraph, OnnxNetwork

# Larger weights are not exported, which would take several times their memory.
LARGEST_BYTES = 120_000_000
# Held while anything is exported or traced: PyTorch's exporters keep their state in globals.
_EXPORTING = threading.Lock()


def fastest(
    build: Callable[[], nn.Module], device: str, size: int
) -> OnnxNetwork | OnnxGraph | TorchNetwork:
    """The network that `build` makes in eval mode, as that device runs pictures of `size` fastest."""
    module = build()
    if isinstance(module, SqueezeNet) and device == "cpu":
        layers = module.plan.layers(module.classes)
        return OnnxNetwork(layers, numpy_arrays(module.state_dict()), itemgetter("logits"), lambda: module)
    if device == "cpu" and _weight_bytes(module) <= LARGEST_BYTES:
        with suppress(Exception):  # exporters fail in any way
            return OnnxGraph(to_onnx(module, size).SerializeToString(), {}, build)
    with torch.inference_mode(False):  # as in `load_state`
        module = placed(module, device)
        if device == "cuda":
            from squeeze_core.networks.on_gpu import quick

            return TorchNetwork(module, device, quick(module))
    return TorchNetwork(module, device)


def placed(module: nn.Module, device: str) -> nn.Module:
    """The module moved to that device, in the layout that is fastest for convolutions."""
    return module.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def numpy_arrays(state: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """A state dict as float32 arrays, which share its memory where that is float32 on the CPU."""
    return {name: tensor.detach().float().cpu().numpy() for name, tensor in state.items()}


def without_weights(build: Callable[[], nn.Module]) -> nn.Module:
    """The module on the meta device: no random weights, which would be replaced at once."""
    try:
        with torch.device("meta"):
            return build()
    except NotImplementedError:  # torchvision reads a RegNet's widths from a tensor
        return build()


def load_state(build: Callable[[], nn.Module], state: Arrays) -> nn.Module:
    """The module that `build` makes, in eval mode, with a copy of those weights, without gradients."""
    # The first request may be in inference mode, and a later one may want gradients.
    with torch.inference_mode(False):
        module = without_weights(build)
        tensors = {name: torch.from_numpy(array.copy()) for name, array in state.items()}
        module.load_state_dict(tensors, assign=True)
        return module.eval().requires_grad_(False)


def computes_bfloat16(device: str) -> bool:
    """True if that device has bfloat16 instructions; a CPU without them takes ten times as long."""
    capabilities = torch.cpu.get_capabilities()
    return device != "cpu" or bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def to_onnx(network: nn.Module, size: int) -> onnx.ModelProto:
    """The model from float32 "pictures" [N, 3, size, size] to the network's output, "answers".

    `network`: in eval mode, on the CPU.
    """
    buffer = io.BytesIO()
    with _EXPORTING, warnings.catch_warnings():
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
    return onnx.load_model_from_string(buffer.getvalue())


class TorchNetwork:
    """`module`, in eval mode on its device: a `Runner` of the engine.

    `answer`: what is quicker than the module itself where no gradient is wanted.
    """

    def __init__(
        self, module: nn.Module, device: str, answer: Callable[[Tensor], Tensor] | None = None
    ) -> None:
        self.module, self.device, self.answer = module, device, answer or module

    @property
    def bytes(self) -> int:
        return _weight_bytes(self.module)

    def __call__(self, batch: np.ndarray, channel_mask: Arrays | None = None) -> np.ndarray:
        """As `OnnxNetwork`'s."""
        with torch.inference_mode():
            masks = {name: self._tensor(factors) for name, factors in (channel_mask or {}).items()}
            x = self._tensor(batch)
            return (self.module(x, masks) if masks else self.answer(x)).float().cpu().numpy()

    def parts(self, batch: np.ndarray) -> Arrays:
        """As `OnnxNetwork.parts`."""
        with torch.inference_mode():
            found: Parts = self.module.parts(self._tensor(batch))  # type: ignore[operator]
            return {name: part.float().cpu().contiguous().numpy() for name, part in found.items()}

    def _tensor(self, array: np.ndarray) -> Tensor:
        tensor = torch.from_numpy(array)
        if self.device == "cuda":  # channels_last is faster there, and the copy does not block
            tensor = tensor.pin_memory().to(self.device, non_blocking=True)
            return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor
        return tensor.to(self.device)


def _weight_bytes(module: nn.Module) -> int:
    return sum(weight.numel() * weight.element_size() for weight in module.parameters())
