"""Counting a network's cost by running it once on PyTorch's meta device: shapes only, no numbers, so that
VGG-19 costs neither its half gigabyte nor its seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry
from torchvision.models import VGG, AlexNet
from torchvision.models.swin_transformer import ShiftedWindowAttention

from squeeze_core.cost.profile import Layer, Profile
from squeeze_core.networks.catalogue import Network
from squeeze_core.networks.torch_network import without_weights

ATTENTION = (nn.MultiheadAttention, ShiftedWindowAttention)


def count(network: Network) -> Profile:
    """The cost of one picture at the network's own input size, layers by their papers' names."""
    built = without_weights(network.build)
    names = _paper_names(built) if isinstance(built, AlexNet | VGG) else {}
    return profile(built, network.preprocess.size, names)


def profile(network: nn.Module, size: int, names: Mapping[str, str] | None = None) -> Profile:
    """Count the layers of a network in eval mode for one RGB picture of size × size pixels.

    `names`: module path ("features.0") → the name that people know ("conv1"), where it is another.
    Best on a network without weights; RuntimeError when the picture is too small.
    """
    counter = _Counter(network, names or {})
    handles = [hook for path, module in _rows(network) for hook in counter.watch(path, module)]
    device = next(network.parameters()).device
    try:
        # Not inference mode: that hides the matrix products inside `linear` from the counter.
        with torch.no_grad(), counter:
            network(torch.empty(1, 3, size, size, device=device))
    finally:
        for handle in handles:
            handle.remove()
    return Profile((*counter.layers, *counter.unused()), size, counter.peak)


def _rows(network: nn.Module) -> list[tuple[str, nn.Module]]:
    """The modules that are a row of the table: leaves, whole ones, and blocks with own weights."""
    rows: list[tuple[str, nn.Module]] = []

    def walk(path: str, module: nn.Module) -> None:
        leaf = not any(True for _ in module.children())
        if leaf or _own_weights(module):
            rows.append((path, module))
        if not (_is_whole(module) and _own_weights(module)):
            for child_name, child in module.named_children():
                walk(f"{path}.{child_name}" if path else child_name, child)

    walk("", network)
    return rows


def _is_whole(module: nn.Module) -> bool:
    """Attention, which uses its children's weights without calling them, and modules such as a
    convolution with its own padding: no child has weights."""
    return isinstance(module, ATTENTION) or not any(
        True for child in module.children() for _ in child.parameters()
    )


def _own_weights(module: nn.Module) -> dict[str, nn.Parameter]:
    """The weights that the module's row counts: all of a whole one, the direct ones of a block."""
    return dict(module.named_parameters(recurse=_is_whole(module)))


def _weights(module: nn.Module) -> int:
    return sum(weight.numel() for weight in _own_weights(module).values())


class _Counter(TorchDispatchMode):
    """Sees every tensor operation: adds up MACs and follows how many bytes are alive."""

    def __init__(self, network: nn.Module, names: Mapping[str, str]) -> None:
        super().__init__()
        self.layers: list[Layer] = []
        self.peak = 0
        self._macs = 0
        self._held = 0
        self._names = names
        self._alive: dict[int, tuple[StorageWeakRef, int]] = {}
        self._pending = {path: module for path, module in _rows(network) if _own_weights(module)}
        tensors = [*network.parameters(), *network.buffers()]
        self._weights = {tensor.untyped_storage()._cdata for tensor in tensors}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is torch.ops.aten.native_batch_norm.default:
            # The meta kernel works out statistics that eval mode does not have: half of all the time.
            out = (torch.empty_like(args[0]), args[0].new_empty(0), args[0].new_empty(0))
        else:
            out = func(*args, **(kwargs or {}))
        formula = flop_registry.get(func._overloadpacket)
        if formula is not None:
            self._macs += formula(*args, **(kwargs or {}), out_val=out) // 2
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor):
                self._hold(tensor.untyped_storage())
        if self._held > self.peak:  # an upper bound, so that the dead are only sought when it matters
            self._alive = {key: row for key, row in self._alive.items() if not row[0].expired()}
            self._held = sum(nbytes for _, nbytes in self._alive.values())
            self.peak = max(self.peak, self._held)
        return out

    def _hold(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key not in self._weights and key not in self._alive:
            self._alive[key] = (StorageWeakRef(storage), storage.nbytes())
            self._held += storage.nbytes()

    def watch(self, path: str, module: nn.Module) -> list[Any]:
        """Hooks that add the module's row each time it runs."""
        if not _is_whole(module):
            return [module.register_forward_pre_hook(lambda *_: self._own_parameters(path, module))]
        started: list[int] = []

        def before(_module: nn.Module, inputs: Any) -> None:
            started.append(self._macs)

        def after(_module: nn.Module, _inputs: Any, output: Any) -> None:
            shape = tuple((output[0] if isinstance(output, tuple) else output).shape[1:])
            self._add(path, module, shape, self._macs - started.pop())

        return [module.register_forward_pre_hook(before), module.register_forward_hook(after)]

    def _own_parameters(self, path: str, module: nn.Module) -> None:
        """Weights that belong to a block itself, such as a position embedding or a layer scale."""
        if self._pending.pop(path, None) is not None:
            for key, weight in _own_weights(module).items():
                name = f"{path}.{key}" if path else key
                self.layers.append(Layer(name, "Parameter", tuple(weight.shape), weight.numel(), 0))

    def _add(self, path: str, module: nn.Module, shape: tuple[int, ...], macs: int) -> None:
        first = self._pending.pop(path, None) is not None
        parameters = _weights(module) if first else 0
        name = self._names.get(path, path)
        self.layers.append(Layer(name, type(module).__name__, shape, parameters, macs))

    def unused(self) -> list[Layer]:
        """Rows of the modules that have weights but did not run, such as Inception's second head."""
        return [
            Layer(self._names.get(path, path), type(module).__name__, (), _weights(module), 0)
            for path, module in self._pending.items()
        ]


def _paper_names(built: nn.Module) -> dict[str, str]:
    """Module paths of AlexNet and VGG → names as in the papers: conv1_1, pool1 … fully connected 1."""
    names: dict[str, str] = {}
    block, convolution, linear = 1, 0, 1
    for path, module in built.named_modules():
        if isinstance(module, nn.Conv2d):
            convolution += 1
            names[path] = f"conv{block}_{convolution}"
        elif isinstance(module, nn.BatchNorm2d):
            names[path] = f"bn{block}_{convolution}"
        elif isinstance(module, nn.MaxPool2d):
            names[path] = f"pool{block}"
            block, convolution = block + 1, 0
        elif isinstance(module, nn.Linear):
            names[path] = f"fully connected {linear}"
            linear += 1
    return names
