"""The device that networks run on, and the networks, each loaded once per process."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeVar

import torch
from torch import Tensor, nn

from squeeze_core.errors import UserError
from squeeze_core.networks.queue import Queue, slots

DeviceChoice = Literal["auto", "cpu", "cuda", "mps"]

# Of loaded networks' weights together; the least recently used are dropped first.
MOST_BYTES = 3_000_000_000


class DeviceError(UserError):
    """The device is not on this machine; the message is one sentence for people."""


class Loadable(Protocol):
    """A record that loads its network. Equal keys mean the same network."""

    @property
    def key(self) -> str: ...

    def load_on(self, device: torch.device) -> nn.Module: ...


Result = TypeVar("Result")


def choose_device(choice: DeviceChoice = "auto") -> torch.device:
    """CUDA, else MPS, else the CPU; or the chosen one. DeviceError when that one is not here."""
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if choice == "auto":
        return torch.device(next(name for name, present in here.items() if present))
    if not here[choice]:
        raise DeviceError(f"This machine has no {choice} device; use --device auto or cpu.")
    return torch.device(choice)


def computes_bfloat16(device: torch.device) -> bool:
    """True if that device has bfloat16 instructions; a CPU without them takes ten times as long."""
    capabilities = torch.cpu.get_capabilities()
    return device.type != "cpu" or bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


class Engine:
    """Runs networks on one device, for any number of threads at once.

    `notice` is None, or one sentence saying that the GPU ran out of memory and the CPU took over.
    """

    def __init__(self, choice: DeviceChoice = "auto") -> None:
        self.device = choose_device(choice)
        self.notice: str | None = None
        self._loaded: OrderedDict[tuple[str, str], nn.Module] = OrderedDict()
        self._loading: dict[tuple[str, str], threading.Lock] = {}
        self._lock = threading.Lock()
        self.queue = Queue(slots() if self.device.type == "cpu" else 1)

    def __repr__(self) -> str:
        return f"Engine(device={self.device.type}, networks={[key for key, _ in list(self._loaded)]})"

    @property
    def batch_size(self) -> int:
        """Pictures to run at once: a CPU gains nothing from batches."""
        return 1 if self.device.type == "cpu" else 32

    def get(self, network: Loadable) -> nn.Module:
        """The record's network in the device's memory, loaded once and shared: not to be changed.

        Threads that need the same network wait for one load; others do not wait.
        """
        device = self.device
        try:
            return self._get(network, device)
        except RuntimeError as error:
            self._fall_back(device, error)
        return self.get(network)

    def run(self, network: Loadable, batch: Tensor) -> Tensor:
        """The network's output tensor for a batch, float32 on the CPU; falls back as `work` does."""

        def forward(loaded: nn.Module, device: torch.device) -> Tensor:
            with torch.inference_mode():
                return loaded(batch.to(device)).float().cpu()

        return self.work(network, forward)

    def work(
        self, network: Loadable, function: Callable[[Any, torch.device], Result], large: bool = False
    ) -> Result:
        """The result of `function` for the loaded network and its device.

        `function` uses that device and not the engine's, which another thread may change. When the GPU runs
        out of memory, this and every later call runs on the CPU, and `notice` says so; other errors of
        `function` are raised. Each call is a turn of `queue`; `large`: work of many passes, which calls
        `queue.rest` between them.
        """
        device = self.device
        try:
            loaded = self._get(network, device)
            with self.queue.turn(large):
                return function(loaded, device)
        except RuntimeError as error:
            self._fall_back(device, error)
        return self.work(network, function, large)

    def _get(self, network: Loadable, device: torch.device) -> nn.Module:
        place = (network.key, device.type)
        with self._lock:
            loading = self._loading.setdefault(place, threading.Lock())
        with loading:
            with self._lock:
                if place in self._loaded:
                    self._loaded.move_to_end(place)
                    return self._loaded[place]
            # The first request may be in inference mode, and a later one may want gradients.
            with torch.inference_mode(False):
                loaded = network.load_on(device)
            with self._lock:
                self._loaded[place] = loaded
                self._forget()
        return loaded

    def _forget(self) -> None:
        """Drop networks until the rest fits; the one used last always stays."""
        total = sum(map(_bytes, self._loaded.values()))
        while total > MOST_BYTES and len(self._loaded) > 1:
            place, oldest = self._loaded.popitem(last=False)
            self._loading.pop(place, None)
            total -= _bytes(oldest)

    def _fall_back(self, device: torch.device, error: RuntimeError) -> None:
        """Change to the CPU when the GPU ran out of memory; any other error is raised again."""
        # Only CUDA has an error class of its own for this; MPS says it in the message.
        if device.type == "cpu" or "out of memory" not in str(error).lower():
            raise error
        with self._lock:
            self._loaded = OrderedDict((k, v) for k, v in self._loaded.items() if k[1] != device.type)
            self.device = torch.device("cpu")
            self.notice = f"The {device.type.upper()} device ran out of memory, so the CPU is used now."
        if device.type == "cuda":
            torch.cuda.empty_cache()


def _bytes(network: nn.Module) -> int:
    """Bytes of a network's weights: PyTorch's, and the copies in its ONNX Runtime sessions."""
    weights = sum(weight.numel() * weight.element_size() for weight in network.parameters())
    return weights * (1 + getattr(network, "sessions", 0))
